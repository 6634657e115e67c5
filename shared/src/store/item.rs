//! Between items of the table and the model.

use super::keys::{PK, SK};
use super::profile_store::StoreError;
use crate::clock::Timestamp;
use crate::profile::{Attribute, Contact, Profile};
use crate::validation::UserId;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// An item as DynamoDB gives and takes it.
pub type Item = HashMap<String, AttributeValue>;

/// Layout of items written by this version. Whoever adds a member to the profile item that other versions have to know raises
/// it by one.
pub const SCHEMA: u32 = 1;

/// The newest layout that this version works beside: the next one, which adds to its own. What comes after that may have
/// taken away what this version needs.
pub const NEWEST_SCHEMA: u32 = SCHEMA + 1;

/// Names of the members of a profile item that are not attributes of the profile.
pub mod member {
    /// The user's id.
    pub const USER_ID: &str = "user_id";
    /// Version of the profile.
    pub const VERSION: &str = "version";
    /// Milliseconds since the epoch.
    pub const CREATED_AT: &str = "created_at";
    /// Milliseconds since the epoch.
    pub const UPDATED_AT: &str = "updated_at";
    /// Milliseconds since the epoch; only a tombstone has it.
    pub const ERASED_AT: &str = "erased_at";
    /// Item layout.
    pub const SCHEMA: &str = "schema";
    /// Fresh for each write: recognises our own write when its acknowledgement was lost.
    pub const CHANGE_ID: &str = "change_id";
    /// The write before that one: recognises our own write when its acknowledgement was lost, and somebody else wrote
    /// since. A version that does not know it leaves it as it is, which harms nobody: so the layout is the same.
    pub const PREVIOUS_CHANGE_ID: &str = "previous_change_id";
    /// Who wrote last.
    pub const CHANGED_BY: &str = "changed_by";
    /// Who holds a claim, or an API key.
    pub const OWNER: &str = "owner";
    /// Whether an API key or an application was revoked.
    pub const DISABLED: &str = "disabled";
    /// Seconds since the epoch: the table's TTL, which cleans up some time after.
    pub const EXPIRES_AT: &str = "expires_at";
    /// PHC string of a credential.
    pub const PASSWORD_HASH: &str = "password_hash";
}

/// What kind of caller made a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// The user.
    Subject,
    /// An administrator, for somebody else.
    Admin,
    /// A machine with an API key.
    ApiKey,
    /// A person with access to the table itself.
    Operator,
    /// Another system, whose name is the origin.
    Sync,
}

/// Through what a change came in; stored with it, and told to whoever follows changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedBy {
    /// The wire contract's name.
    pub contract: String,
    /// The kind of caller.
    pub actor: ActorKind,
    /// The other system a change came from; absent for calls over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

/// What stands at a profile's key.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The write that made it what it is.
    pub change_id: String,
    /// The write before that one; its own id again where it created the item.
    pub previous_change_id: Option<String>,
    /// Who made that write, through what.
    pub changed_by: ChangedBy,
    /// Its version.
    pub version: u64,
    /// The profile; `None` in the tombstone of an erased user.
    pub profile: Option<Profile>,
    /// The item's layout.
    pub schema: u32,
    /// Members that this version does not know, sorted. A change leaves them as they are, an erasure takes them.
    pub unknown: Vec<String>,
}

impl Record {
    /// Whether the write of this id, or the one right after it, made it what it is; an erasure by another leaves nothing
    /// of it.
    pub(super) fn is_after(&self, change_id: &str) -> bool {
        let is_previous = self.previous_change_id.as_deref() == Some(change_id);
        self.change_id == change_id || (is_previous && self.profile.is_some())
    }

    /// Reads a profile item.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where its layout is newer than [`NEWEST_SCHEMA`]: a newer version is at work on this
    /// table, and the request may succeed there. [`StoreError::Internal`] where it is no item of ours.
    pub(super) fn of(item: &Item) -> Result<Self, StoreError> {
        if schema(item) > NEWEST_SCHEMA {
            return Err(StoreError::Unavailable);
        }
        Self::read(item).ok_or(StoreError::Internal)
    }

    /// Reads a profile item; `None` when it is not one that this version can read.
    pub fn read(item: &Item) -> Option<Self> {
        let schema = Some(schema(item)).filter(|schema| *schema <= NEWEST_SCHEMA)?;
        let mut unknown: Vec<String> = item.keys().filter(|name| !is_known(name)).cloned().collect();
        // An item has no order of its own: one that is read twice is the same.
        unknown.sort_unstable();
        let text = |name: &str| item.get(name)?.as_s().ok();
        let number = |name: &str| item.get(name)?.as_n().ok()?.parse::<i64>().ok();
        let flag = |contact: Contact| item.get(contact.verified_name())?.as_bool().ok().copied();
        let version = u64::try_from(number(member::VERSION)?).ok()?;
        let change_id = text(member::CHANGE_ID)?.clone();
        let previous_change_id = text(member::PREVIOUS_CHANGE_ID).cloned();
        let changed_by = serde_dynamo::from_attribute_value(item.get(member::CHANGED_BY)?.clone()).ok()?;
        if item.contains_key(member::ERASED_AT) {
            let profile = None;
            return Some(Self {
                change_id,
                previous_change_id,
                changed_by,
                version,
                profile,
                schema,
                unknown,
            });
        }
        let mut attributes = BTreeMap::new();
        for &attribute in Attribute::ALL {
            if let Some(stored) = item.get(attribute.name()) {
                let value: Value = serde_dynamo::from_attribute_value(stored.clone()).ok()?;
                attributes.insert(attribute, value);
            }
        }
        let profile = Some(Profile {
            user_id: UserId::parse(text(member::USER_ID)?).ok()?,
            version,
            created_at: Timestamp::from_millis(number(member::CREATED_AT)?),
            updated_at: Timestamp::from_millis(number(member::UPDATED_AT)?),
            phone_verified: flag(Contact::Phone).unwrap_or(false),
            email_verified: flag(Contact::Email).unwrap_or(false),
            attributes,
        });
        Some(Self { change_id, previous_change_id, changed_by, version, profile, schema, unknown })
    }
}

/// An item's layout; the first one, where it says none.
fn schema(item: &Item) -> u32 {
    let schema = item.get(member::SCHEMA).and_then(|schema| schema.as_n().ok()?.parse().ok());
    schema.unwrap_or(1)
}

/// Whether this version knows what a member of a profile item means.
fn is_known(name: &str) -> bool {
    use member::{
        CHANGE_ID, CHANGED_BY, CREATED_AT, ERASED_AT, PREVIOUS_CHANGE_ID, SCHEMA, UPDATED_AT, USER_ID,
        VERSION,
    };
    [PK, SK, USER_ID, VERSION, CREATED_AT, UPDATED_AT, ERASED_AT, SCHEMA]
        .into_iter()
        .chain([CHANGE_ID, PREVIOUS_CHANGE_ID, CHANGED_BY])
        .any(|known| known == name)
        || Contact::ALL.iter().any(|contact| contact.verified_name() == name)
        || Attribute::named(name).is_some()
}

/// When an item may be deleted, as [`member::EXPIRES_AT`] holds it.
pub fn expires_at(time: Timestamp) -> AttributeValue {
    AttributeValue::N(time.seconds().to_string())
}

/// A serialisable value as an attribute value. The model's values are strings, numbers, flags and objects of
/// these, all of which DynamoDB can hold.
pub fn attribute_value(value: &impl Serialize) -> AttributeValue {
    serde_dynamo::to_attribute_value(value).expect("model values fit DynamoDB's types")
}

/// Splits an item into what is not its key.
pub fn without_key(mut item: Item) -> Item {
    item.remove(PK);
    item.remove(SK);
    item
}
