//! System user: `POST /api/v1/system/user/{id}/update`.

use super::people::e164;
use super::{Group, LESS, Site, Work, always, each};
use crate::trial::{Expected, Load};
use local::failure::Result;
use serde_json::json;
use shared::profile::Attribute;
use std::sync::Arc;

const UPDATE: &str = "update-user";

/// The HTTP status is 200 always: the code in the body tells what it came to.
const DONE: Expected = Expected::Text(r#"\"code\":\"0000\""#);
const REFUSED: Expected = Expected::Text(r#"\"code\":\"4000\""#);

/// A password's hash is slow on purpose.
const HASHING: Load = Load { warm_up: 2, measured: 20 };

/// Each request costs one read, of its API key.
pub(super) async fn rows(site: &Site<'_>) -> Result<Vec<Work>> {
    let (same, changing, password) = ("9001", "9002", "9003");
    let (phone, first) = (site.people.phone(), site.people.phone());
    site.people.settle(same, &[(Attribute::Phone, &e164(&phone))]).await?;
    site.people.settle(changing, &[(Attribute::Phone, &e164(&first))]).await?;
    site.people.settle(password, &[]).await?;
    let plain = site.sample(UPDATE, "updated")?;
    let unchanged = plain.clone().at("id", same)?.body(&json!({"phone": phone}));
    let (change, people) = (plain.clone().at("id", changing)?, Arc::clone(&site.people));
    let changed = each(move || Ok(change.clone().body(&json!({"phone": people.phone()})).event()));
    let hashed = plain.clone().at("id", password)?.body(&json!({"password": "correct horse battery"}));
    let unknown_key = plain.clone().bearer("ak-00000000000000000000000000000000");
    let invalid = site.sample(UPDATE, "username-all-digits")?;
    Ok(vec![
        site.other_work((UPDATE, "plain update"), DONE, always(plain.event()))?.of(Group::Function),
        site.other_work((UPDATE, "contact unchanged"), DONE, always(unchanged.event()))?,
        site.other_work((UPDATE, "contact changed"), DONE, changed)?.doing(LESS),
        site.other_work((UPDATE, "password"), DONE, always(hashed.event()))?.doing(HASHING),
        site.other_work((UPDATE, "refused key (unknown)"), REFUSED, always(unknown_key.event()))?,
        site.other_work((UPDATE, "refused body"), REFUSED, always(invalid.event()))?,
    ])
}
