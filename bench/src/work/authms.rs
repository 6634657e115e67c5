//! AuthMS: `PUT`, `GET`, `DELETE /profiles/{user_id}`, what a user may ask for, and the pages of errors.

use super::people::e164;
use super::{Group, LESS, Site, Work, always, each, prepared};
use crate::trial::Expected;
use local::failure::Result;
use serde_json::json;
use shared::profile::Attribute;
use std::sync::Arc;

const PUT: &str = "put-profile";

/// Versions of the user whose history is read: more than an answer shows.
const VERSIONS: u64 = 100;

pub(super) async fn rows(site: &Site<'_>) -> Result<Vec<Work>> {
    let mut rows = updates(site).await?;
    rows.extend(reads(site).await?);
    rows.push(erasure(site)?);
    let page = always(site.sample("describe-error", "json")?.event());
    rows.push(site.other_work(("describe-error", "read"), Expected::Status(200), page)?.of(Group::Function));
    Ok(rows)
}

async fn updates(site: &Site<'_>) -> Result<Vec<Work>> {
    let user = "bench-authms";
    let token = site.people.token(user)?;
    let plain = site.sample(PUT, "updated")?.at("user_id", user)?.bearer(&token);
    let invalid = site.sample(PUT, "invalid-birthdate")?.at("user_id", user)?.bearer(&token);
    let expired = plain.clone().bearer(&site.people.expired_token(user)?);

    let versioned = "bench-versions";
    site.people.settle(versioned, &[]).await?;
    let conditional = plain.clone().at("user_id", versioned)?.bearer(&site.people.token(versioned)?);
    let mut version = 0;
    let if_match = each(move || {
        version += 1;
        Ok(conditional.clone().header("if-match", &format!("\"{version}\"")).event())
    });

    let merged = "bench-merged";
    let merging = plain.clone().at("user_id", merged)?.bearer(&site.people.token(merged)?);
    let people = Arc::clone(&site.people);
    let custom_fields =
        each(move || Ok(merging.clone().body(&json!({"custom_fields": {"seen": people.number()}})).event()));

    let (keyed, people) = (plain.clone(), Arc::clone(&site.people));
    let idempotent = each(move || Ok(keyed.clone().header("idempotency-key", &people.uuid()).event()));

    Ok(vec![
        site.work((PUT, "plain update"), 200, always(plain.event()))?.of(Group::Function),
        site.work((PUT, "with If-Match"), 200, if_match)?,
        site.work((PUT, "custom fields"), 200, custom_fields)?,
        site.work((PUT, "with Idempotency-Key"), 200, idempotent)?,
        site.work((PUT, "refused token (expired)"), 401, always(expired.event()))?,
        site.work((PUT, "refused body"), 400, always(invalid.event()))?,
    ])
}

async fn reads(site: &Site<'_>) -> Result<[Work; 3]> {
    let user = "bench-read";
    site.people.settle_fully(user).await?;
    site.people.remember(user, VERSIONS).await?;
    let token = site.people.token(user)?;
    let read = |function: &'static str, case, path| {
        let request = site.sample(function, case)?.at("user_id", user)?.bearer(&token);
        site.work((function, path), 200, always(request.event())).map(|row| row.of(Group::Function))
    };
    Ok([
        read("get-profile", "shown", "read")?,
        read("get-history", "shown", "read")?,
        read("export-profile", "exported", "export of 100 versions")?.doing(LESS),
    ])
}

/// Each time another user leaves, whose phone and e-mail address become free.
fn erasure(site: &Site<'_>) -> Result<Work> {
    let request = site.sample("delete-profile", "erased")?;
    let shared = Arc::clone(&site.people);
    let events = prepared(move || {
        let (people, request) = (Arc::clone(&shared), request.clone());
        async move {
            let user = format!("bench-leaving-{}", people.number());
            let (phone, email) = (e164(&people.phone()), people.email());
            people.settle(&user, &[(Attribute::Phone, &phone), (Attribute::Email, &email)]).await?;
            Ok(request.at("user_id", &user)?.bearer(&people.token(&user)?).event())
        }
    });
    Ok(site.work(("delete-profile", "erasure"), 204, events)?.of(Group::Function).doing(LESS))
}
