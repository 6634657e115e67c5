//! CloudBase: `POST /auth/v1/user/basic/edit`, `GET /auth/v1/user/me`, and the codes for proofs of contacts.

use super::people::e164;
use super::{Group, LESS, Site, Work, always, each, prepared};
use cloudbase::verification::POLICY;
use local::failure::Result;
use serde_json::json;
use shared::profile::{Attribute, Contact};
use std::sync::Arc;

const EDIT: &str = "edit-user-basic";

pub(super) async fn rows(site: &Site<'_>) -> Result<Vec<Work>> {
    let mut rows = edits(site).await?;
    site.people.settle_fully("bench-me").await?;
    let me = site.sample("get-user-me", "shown")?.bearer(&site.people.token("bench-me")?);
    rows.push(site.work(("get-user-me", "read"), 200, always(me.event()))?.of(Group::Function));
    rows.extend([proved(site).await?, send_verification(site)?, verify_code(site)?]);
    Ok(rows)
}

async fn edits(site: &Site<'_>) -> Result<Vec<Work>> {
    let user = "bench-cloudbase";
    let token = site.people.token(user)?;
    let plain = site.sample(EDIT, "edited")?.bearer(&token);
    let invalid = site.sample(EDIT, "invalid-gender")?.bearer(&token);
    let expired = plain.clone().bearer(&site.people.expired_token(user)?);
    let (same, phone) = ("bench-cloudbase-same", site.people.phone());
    site.people.settle(same, &[(Attribute::Phone, &e164(&phone))]).await?;
    let unchanged = plain.clone().bearer(&site.people.token(same)?);
    let unchanged = unchanged.body(&json!({"nickname": "Nick", "phone": international(&phone)}));
    Ok(vec![
        site.work((EDIT, "plain update"), 200, always(plain.event()))?.of(Group::Function),
        site.work((EDIT, "contact unchanged"), 200, always(unchanged.event()))?,
        site.work((EDIT, "refused token (expired)"), 401, always(expired.event()))?,
        site.work((EDIT, "refused body"), 400, always(invalid.event()))?,
    ])
}

/// Each time another phone, with the proof that a code was turned into.
async fn proved(site: &Site<'_>) -> Result<Work> {
    let user = "bench-cloudbase-changing";
    site.people.settle(user, &[(Attribute::Phone, &e164(&site.people.phone()))]).await?;
    let request = site.sample(EDIT, "edited")?.bearer(&site.people.token(user)?);
    let shared = Arc::clone(&site.people);
    let events = prepared(move || {
        let (people, request) = (Arc::clone(&shared), request.clone());
        async move {
            let phone = people.phone();
            let proof = people.proof(&POLICY, user, Contact::Phone, &e164(&phone)).await?;
            let body = json!({"phone": international(&phone), "verification_token": proof});
            Ok(request.body(&body).event())
        }
    });
    Ok(site.work((EDIT, "contact changed (phone and proof)"), 200, events)?.doing(LESS))
}

/// A code to a phone of its own each time, each time for another user, who may only have 20 a day; handing it to the
/// outbox, over plain HTTP, is a part of it.
fn send_verification(site: &Site<'_>) -> Result<Work> {
    let request = site.sample("send-verification", "sent")?;
    let people = Arc::clone(&site.people);
    let another = each(move || {
        let token = people.token(&format!("bench-asking-{}", people.number()))?;
        let body = json!({"phone_number": international(&people.phone()), "target": "ANY"});
        Ok(request.clone().bearer(&token).body(&body).event())
    });
    let work = site.work(("send-verification", "code sent"), 200, another)?;
    Ok(work.with_setting("SENDS_PER_SOURCE_A_DAY", "1000000").of(Group::Function).doing(LESS))
}

fn verify_code(site: &Site<'_>) -> Result<Work> {
    let user = "bench-verifying";
    let request = site.sample("verify-code", "unknown-id")?.bearer(&site.people.token(user)?);
    let shared = Arc::clone(&site.people);
    let events = prepared(move || {
        let (people, request) = (Arc::clone(&shared), request.clone());
        async move {
            let phone = e164(&people.phone());
            let (token, code) = people.code(&POLICY, Some(user), (Contact::Phone, &phone)).await?;
            let body = json!({"verification_id": token, "verification_code": code});
            Ok(request.body(&body).event())
        }
    });
    Ok(site.work(("verify-code", "right code"), 200, events)?.of(Group::Function).doing(LESS))
}

/// A phone number as this contract writes it.
fn international(phone: &str) -> String {
    format!("+86 {phone}")
}
