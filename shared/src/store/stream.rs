//! DynamoDB's stream of the table, as Lambda hands it over.

use super::image::Image;
use super::item::Item;
use super::keys::Key;
use crate::validation::UserId;
use serde::Deserialize;
use serde_json::Value;

/// A change of one profile item: what stood there before and what stands there now.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamRecord {
    /// The version before; `None`: there was none.
    pub old: Option<Image>,
    /// The version after.
    pub new: Image,
}

/// Why nobody can be told of a record: it is not one that this crate's writes make. All that is known of it beside
/// that is what may be told of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undecodable {
    /// The stream's own id of the record.
    pub event_id: Option<String>,
    /// Whose profile it is about.
    pub user_id: Option<UserId>,
}

impl StreamRecord {
    /// Reads one of the `Records` of an invocation event; `None` when it is not about a profile.
    ///
    /// # Errors
    /// When it has no key, or is about a profile and not both well-formed and complete. A profile item that was
    /// deleted is so, too: erasing leaves a tombstone, and nothing deletes one.
    pub fn decode(record: &Value) -> Result<Option<Self>, Undecodable> {
        let change = &record["dynamodb"];
        let key = item(&change["Keys"]).and_then(|keys| Key::of(&keys));
        let undecodable = || Undecodable {
            event_id: record["eventID"].as_str().map(str::to_owned),
            user_id: key.as_ref().and_then(Key::user),
        };
        match &key {
            None => return Err(undecodable()),
            Some(key) if !key.is_profile() => return Ok(None),
            Some(_) => {}
        }
        let image = |name: &str| item(&change[name]).and_then(|item| Image::read(&item));
        let old = change.get("OldImage").map(|_| image("OldImage").ok_or_else(undecodable)).transpose()?;
        let new = image("NewImage").ok_or_else(undecodable)?;
        Ok(Some(Self { old, new }))
    }
}

/// An item in DynamoDB's JSON: `{"name": {"S": "…"}, …}`.
fn item(json: &Value) -> Option<Item> {
    serde_dynamo::Item::deserialize(json).ok().map(Into::into)
}
