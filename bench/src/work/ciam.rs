//! CIAM: `PATCH` and `GET /userinfo`, `POST /otp/send`.

use super::people::e164;
use super::{Group, LESS, Request, Site, Work, always, each, prepared};
use crate::bed::Bed;
use crate::tokens::{Algorithm, Issuer};
use crate::trial::Expected;
use ciam::send_otp::POLICY;
use local::failure::Result;
use serde_json::{Value as Json, json};
use shared::profile::{Attribute, Contact};
use std::sync::Arc;

const PATCH: &str = "patch-userinfo";

/// `PATCH /userinfo` with a token of this kind: one conditional `UpdateItem`, the claims in the answer.
///
/// # Errors
/// When its event cannot be made.
pub fn plain_update(bed: &Bed, issuer: &Issuer) -> Result<Work> {
    let path = match issuer.algorithm() {
        Algorithm::Hs256 => "plain update",
        Algorithm::Rs256 => "plain update, RS256",
        Algorithm::Es256 => "plain update, ES256",
        Algorithm::EdDsa => "plain update, EdDSA",
    };
    let group = if issuer.algorithm() == Algorithm::Hs256 { Group::Function } else { Group::Token };
    let request = Request::sample(bed, PATCH, "updated")?.bearer(&issuer.token("bench-plain", 24 * 3600)?);
    let spec = bed.function(PATCH, Some(issuer))?;
    Ok(Work::new((PATCH, path), spec, Expected::Status(200), always(request.event())).of(group))
}

pub(super) async fn rows(site: &Site<'_>) -> Result<Vec<Work>> {
    let mut rows = vec![plain_update(site.bed, site.people.issuer())?];
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        rows.push(plain_update(site.bed, &site.bed.issuer(algorithm)?)?);
    }
    rows.extend(refused(site)?);
    rows.extend([schema_attribute(site)?, idempotent(site)?]);
    rows.extend(proved(site).await?);
    rows.extend([get_userinfo(site).await?, send_otp(site)?]);
    Ok(rows)
}

/// Refused before the store.
fn refused(site: &Site<'_>) -> Result<[Work; 3]> {
    let (good, bad) = (site.sample(PATCH, "updated")?, site.sample(PATCH, "illegal-locale")?);
    let malformed = good.clone().bearer("malformed");
    let expired = good.bearer(&site.people.expired_token("bench-plain")?);
    let bad = bad.bearer(&site.people.token("bench-plain")?);
    Ok([
        site.work((PATCH, "refused token (malformed)"), 401, always(malformed.event()))?,
        site.work((PATCH, "refused token (expired)"), 401, always(expired.event()))?,
        site.work((PATCH, "refused body"), 400, always(bad.event()))?,
    ])
}

/// An attribute of the stack's schema is merged: it is read before it is written.
fn schema_attribute(site: &Site<'_>) -> Result<Work> {
    let request = site.sample(PATCH, "updated")?.bearer(&site.people.token("bench-schema")?);
    let people = Arc::clone(&site.people);
    let another = each(move || {
        let newsletter = people.number().is_multiple_of(2);
        Ok(request.clone().body(&json!({"newsletter": newsletter})).event())
    });
    site.work((PATCH, "attribute of the schema"), 200, another)
}

/// The plain update under a new `Idempotency-Key`: its answer is kept.
fn idempotent(site: &Site<'_>) -> Result<Work> {
    let request = site.sample(PATCH, "updated")?.bearer(&site.people.token("bench-idempotent")?);
    let people = Arc::clone(&site.people);
    let another = each(move || Ok(request.clone().header("idempotency-key", &people.uuid()).event()));
    site.work((PATCH, "with Idempotency-Key"), 200, another)
}

/// Contacts with the code that was sent there: the same phone again, another phone, another e-mail address.
async fn proved(site: &Site<'_>) -> Result<[Work; 3]> {
    let (same, first, email) = (site.people.phone(), site.people.phone(), site.people.email());
    site.people.settle("bench-same-phone", &[(Attribute::Phone, &e164(&same))]).await?;
    site.people.settle("bench-phone", &[(Attribute::Phone, &e164(&first))]).await?;
    site.people.settle("bench-email", &[(Attribute::Email, &email)]).await?;
    let (phones, emails) = (Arc::clone(&site.people), Arc::clone(&site.people));
    Ok([
        proving(
            site,
            "contact unchanged (phone and code)",
            ("bench-same-phone", Contact::Phone),
            move || same.clone(),
        )?,
        proving(site, "contact changed (phone and code)", ("bench-phone", Contact::Phone), move || {
            phones.phone()
        })?,
        proving(site, "contact changed (e-mail and code)", ("bench-email", Contact::Email), move || {
            emails.email()
        })?,
    ])
}

fn proving(
    site: &Site<'_>,
    path: &'static str,
    (user, contact): (&str, Contact),
    mut next: impl FnMut() -> String + Send + 'static,
) -> Result<Work> {
    let request = site.sample(PATCH, "updated")?.bearer(&site.people.token(user)?);
    let people = Arc::clone(&site.people);
    let events = prepared(move || {
        let (people, request, address) = (Arc::clone(&people), request.clone(), next());
        async move {
            let stored = if contact == Contact::Phone { e164(&address) } else { address.clone() };
            let (token, code) = people.code(&POLICY, None, (contact, &stored)).await?;
            Ok(request.body(&with_code(contact, &address, &token, &code)).event())
        }
    });
    Ok(site.work((PATCH, path), 200, events)?.doing(LESS))
}

fn with_code(contact: Contact, address: &str, token: &str, code: &str) -> Json {
    match contact {
        Contact::Phone => {
            json!({"phone_number": address, "phone_number_otp_token": token, "phone_number_otp": code})
        }
        Contact::Email => json!({"email": address, "email_otp_token": token, "email_otp": code}),
    }
}

async fn get_userinfo(site: &Site<'_>) -> Result<Work> {
    site.people.settle_fully("bench-claims").await?;
    let request = site.sample("get-userinfo", "shown")?.bearer(&site.people.token("bench-claims")?);
    Ok(site.work(("get-userinfo", "read"), 200, always(request.event()))?.of(Group::Function))
}

/// A code to a phone of its own each time; handing it to the outbox, over plain HTTP, is a part of it.
fn send_otp(site: &Site<'_>) -> Result<Work> {
    let request = site.sample("send-otp", "sent")?;
    let people = Arc::clone(&site.people);
    let another = each(move || {
        let body = json!({"usage": "update_userinfo", "phone_number": people.phone()});
        Ok(request.clone().body(&body).event())
    });
    let work = site.other_work(("send-otp", "code sent"), Expected::Status(200), another)?;
    let work = work.with_setting("SENDS_PER_CLIENT_A_MINUTE", "1000000");
    Ok(work.with_setting("SENDS_PER_SOURCE_A_DAY", "1000000").of(Group::Function).doing(LESS))
}
