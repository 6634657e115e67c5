//! Functions that are not invoked over HTTP: consumers of the table's stream and of a queue, and Cognito's trigger.

use super::people::e164;
use super::{Group, LESS, Site, Work, always, each};
use crate::trial::{Expected, Load};
use local::failure::{Context, Failure, Result};
use local::template::{Source, Template};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Nothing has to come again.
const DONE: Expected = Expected::Text(r#"{"batchItemFailures":[]}"#);

/// A full batch is as much work as its records are.
const FULL: Load = Load { warm_up: 10, measured: 50 };

/// Events and letters go to the local stack's services, over plain HTTP.
pub(super) fn rows(site: &Site<'_>) -> Result<Vec<Work>> {
    let template = Template::read(&Template::default_path(), &BTreeMap::new())?;
    let full = |function| batch_size(&template, function);
    Ok(vec![
        publish_changes(site, "one record", 1)?.of(Group::Function),
        publish_changes(site, "full batch", full("publish-changes")?)?.doing(FULL),
        send_notices(site, "one record", 1)?.of(Group::Function),
        send_notices(site, "full batch", full("send-notices")?)?.doing(FULL),
        sync_profiles(site, "one request", 1)?.of(Group::Function),
        sync_profiles(site, "full batch", full("sync-profiles")?)?.doing(FULL),
        cognito_post_confirmation(site)?.of(Group::Function),
    ])
}

/// How many records or messages a function is handed at most.
fn batch_size(template: &Template, function: &str) -> Result<usize> {
    let of = template.functions.iter().find(|resource| resource.binary == function);
    let size = of.and_then(|resource| resource.sources.first()).map(|source| match source {
        Source::Stream(stream) => stream.batch_size,
        Source::Queue(queue) => queue.batch_size,
    });
    size.ok_or_else(|| Failure::new(format!("{function} is handed no batches")))
}

/// Changes of as many users, each of one attribute. The same batch each time: it is told and kept anew, as when the stream
/// brings it again.
fn publish_changes(site: &Site<'_>, path: &'static str, size: usize) -> Result<Work> {
    let sample = site.bed.sample("publish-changes", "good")?["Records"][1].take();
    let records =
        (0..size).map(|number| record(&sample, &format!("bench-published-{number}"), number as u64));
    let batch = json!({"Records": records.collect::<Vec<_>>()});
    site.other_work(("publish-changes", path), DONE, always(batch.to_string()))
}

/// Changed phones of as many users: a letter each. Each time other changes, since nobody is told twice of one.
fn send_notices(site: &Site<'_>, path: &'static str, size: usize) -> Result<Work> {
    let sample = site.bed.sample("send-notices", "changed")?["Records"][0].take();
    let people = Arc::clone(&site.people);
    let events = each(move || {
        let record = |number| {
            let mut record = record(&sample, &format!("bench-told-{number}"), people.number());
            record["dynamodb"]["NewImage"]["change_id"]["S"] = people.uuid().into();
            record
        };
        Ok(json!({"Records": (0..size).map(record).collect::<Vec<_>>()}).to_string())
    });
    site.other_work(("send-notices", path), DONE, events)
}

/// A stream record about another user, at another place in the stream.
fn record(sample: &Json, user: &str, place: u64) -> Json {
    let mut record = sample.clone();
    let key = json!({"S": format!("USER#{user}")});
    let change = &mut record["dynamodb"];
    change["SequenceNumber"] = format!("{:021}", place + 1).into();
    change["Keys"]["PK"] = key.clone();
    for image in ["OldImage", "NewImage"] {
        change[image]["PK"] = key.clone();
        change[image]["user_id"] = json!({"S": user});
    }
    record
}

/// Requests of a customer database about as many users, each of two attributes.
fn sync_profiles(site: &Site<'_>, path: &'static str, size: usize) -> Result<Work> {
    let sample = site.bed.sample("sync-profiles", "good")?["Records"][0].take();
    let envelope = sample["body"].as_str().unwrap_or_default();
    let envelope: Json = serde_json::from_str(envelope).context("the sample's sync request")?;
    let mut sequence = 0;
    let events = each(move || {
        sequence += 1;
        let message = |number| {
            let (mut message, mut envelope) = (sample.clone(), envelope.clone());
            envelope["detail"] = json!({
                "user_id": format!("bench-synced-{size}-{number}"), "operation": "upsert", "sequence": sequence,
                "attributes": {"nickname": format!("Ada {sequence}"), "city": "Lyon"},
            });
            message["messageId"] = format!("{sequence}-{number}").into();
            message["body"] = envelope.to_string().into();
            message
        };
        Ok(json!({"Records": (0..size).map(message).collect::<Vec<_>>()}).to_string())
    });
    site.other_work(("sync-profiles", path), DONE, events)
}

/// Each time another user signs up, with an e-mail address that the pool vouches for and a phone that it does not: two
/// changes.
fn cognito_post_confirmation(site: &Site<'_>) -> Result<Work> {
    let sample = site.bed.sample("cognito-post-confirmation", "good")?;
    let people = Arc::clone(&site.people);
    let another = each(move || {
        let mut event = sample.clone();
        let (sub, username) = (people.uuid(), format!("zoe{}", people.number()));
        let given = &mut event["request"]["userAttributes"];
        given["sub"] = sub.clone().into();
        given["email"] = people.email().into();
        given["phone_number"] = e164(&people.phone()).into();
        given["preferred_username"] = username.into();
        event["userName"] = sub.into();
        Ok(event.to_string())
    });
    let echo = Expected::Text("PostConfirmation_ConfirmSignUp");
    Ok(site.other_work(("cognito-post-confirmation", "sign-up"), echo, another)?.doing(LESS))
}
