//! `cargo run -- events republish`: current versions as events, for what the stream no longer holds.

use super::store_failure;
use crate::failure::{Context, Failure, Result};
use crate::record::Record;
use crate::stdout::say;
use aws_sdk_eventbridge::config::{Credentials, Region};
use chrono::DateTime;
use shared::clock::{SystemClock, Timestamp};
use shared::config::Settings;
use shared::events::{Change, Publisher};
use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;

/// A time as the command line takes it.
pub(super) fn time(text: &str) -> std::result::Result<Timestamp, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| Timestamp::from_millis(time.timestamp_millis()))
        .map_err(|_| "a time as RFC 3339 has it, for example 2026-04-03T12:00:00Z".to_owned())
}

pub(super) async fn run(record: &Record, from: Timestamp) -> Result<ExitCode> {
    let publisher = publisher(record).await?;
    let store = record.store().await;
    let (mut published, mut unreadable, mut next) = (0, 0, None);
    loop {
        let page = store.written_since(from, next).await.map_err(store_failure)?;
        unreadable += page.unreadable;
        let changes: Vec<Change> =
            page.images.iter().filter_map(|image| Change::between(None, image, publisher.values())).collect();
        // A publisher's patience is for one Lambda batch.
        for batch in changes.chunks(100) {
            let missing = publisher.publish(batch).await.len();
            published += batch.len() - missing;
            if missing > 0 {
                return Err(Failure::new(format!(
                    "the event bus did not take all; {published} versions are published, run it again for the rest"
                )));
            }
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    say(format_args!("{published} versions published"));
    if unreadable > 0 {
        eprintln!("{unreadable} items are no profiles that this version can read");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// The publisher of the running stack's `publish-changes`, with the settings of that function.
async fn publisher(record: &Record) -> Result<Publisher> {
    let function = record.functions.get("publish-changes");
    let environment = &function.ok_or_else(|| Failure::new("the stack publishes no events"))?.environment;
    let sdk = shared::sdk::sdk_config();
    let mut config = aws_sdk_eventbridge::config::Builder::from(&sdk)
        .region(Region::new(record.region.clone()))
        .credentials_provider(Credentials::new("local", "local", None, None, "local stack"));
    if let Some(endpoint) = environment.get("AWS_ENDPOINT_URL_EVENTBRIDGE") {
        config = config.endpoint_url(endpoint);
    }
    let client = aws_sdk_eventbridge::Client::from_conf(config.build());
    let values: HashMap<String, String> =
        environment.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut settings = Settings::new(values);
    let publisher = Publisher::configure(&mut settings, client, Arc::new(SystemClock));
    settings.finish().context("publish-changes")?;
    Ok(publisher)
}
