//! WTS: `POST /api/v3/change_profile`, `GET /api/v3/view_profile`.

use super::people::e164;
use super::{Group, LESS, Site, Work, always, each};
use crate::trial::Expected;
use local::failure::{Failure, Result};
use serde_json::{Value as Json, json};
use shared::clock::{Clock, SystemClock};
use shared::profile::Attribute;
use std::sync::Arc;

const CHANGE: &str = "change-profile";

/// How long tokens are good, in seconds.
const LIFETIME: i64 = 24 * 3600;

/// The tokens are the local stack's own: those of this contract name no issuer.
pub(super) async fn rows(site: &Site<'_>) -> Result<Vec<Work>> {
    let [same, changing, read] = ["bench-wts", "bench-wts-changing", "bench-wts-read"];
    let (phone, first) = (site.people.phone(), site.people.phone());
    site.people.settle(same, &[(Attribute::Phone, &e164(&phone))]).await?;
    site.people.settle(changing, &[(Attribute::Phone, &e164(&first))]).await?;
    site.people.settle_fully(read).await?;
    let sample = |user, seconds| {
        let token = site.bed.stack.keys().wts_token(user, "user", SystemClock.now(), seconds)?;
        Ok::<_, Failure>(site.sample(CHANGE, "changed")?.bearer(&token))
    };
    let unchanged = sample(same, LIFETIME)?.body(&change(same, &phone));
    let invalid = unchanged.clone().body(&change(same, "12345"));
    let expired = sample(same, -LIFETIME)?.body(&change(same, &phone));
    let (request, people) = (sample(changing, LIFETIME)?, Arc::clone(&site.people));
    let changed = each(move || Ok(request.clone().body(&change(changing, &people.phone())).event()));
    let token = site.bed.stack.keys().wts_token(read, "user", SystemClock.now(), LIFETIME)?;
    let shown = site.sample("view-profile", "shown")?.query("who", read).bearer(&token);

    let work = |name, status, events| site.other_work(name, Expected::Status(status), events);
    Ok(vec![
        work((CHANGE, "contact unchanged"), 200, always(unchanged.event()))?.of(Group::Function),
        work((CHANGE, "contact changed"), 200, changed)?.doing(LESS),
        work((CHANGE, "refused token (expired)"), 403, always(expired.event()))?,
        work((CHANGE, "refused body"), 400, always(invalid.event()))?,
        work(("view-profile", "read"), 200, always(shown.event()))?.of(Group::Function),
    ])
}

fn change(user: &str, phone: &str) -> Json {
    json!({"who": user, "block": "XHA", "room": "101", "phone": phone, "isp": "telecom", "account": "bench"})
}
