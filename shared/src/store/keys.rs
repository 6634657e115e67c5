//! Every key of the table. Values of attributes never appear in one, only their hashes.

use crate::auth::ClientId;
use crate::entropy::hex;
use crate::profile::{Contact, Unique};
use crate::validation::UserId;
use aws_sdk_dynamodb::types::AttributeValue;
use ring::digest::{SHA256, digest};
use std::collections::HashMap;

/// Partition key attribute.
pub const PK: &str = "PK";
/// Sort key attribute.
pub const SK: &str = "SK";
/// Partition that lists API keys and applications.
pub const INDEX: &str = "INDEX";
/// Sort key of profiles and tombstones.
pub(super) const PROFILE: &str = "PROFILE";
/// Prefix of a user's partition.
const USER_PREFIX: &str = "USER#";
/// Sort key prefix of the entries of a user's history.
pub(super) const HISTORY_PREFIX: &str = "HIST#";
/// Sort key prefix of answers that are kept for who sends a request again.
pub(super) const IDEMPOTENCY_PREFIX: &str = "IDEM#";
/// Sort key prefix of sync marks.
pub(super) const SYNC_PREFIX: &str = "SYNC#";
/// Sort key prefix of listed API keys.
pub const API_KEY_PREFIX: &str = "APIKEY#";
/// Sort key prefix of listed applications.
pub const CLIENT_PREFIX: &str = "CLIENT#";

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

impl Key {
    fn new(pk: String, sk: &str) -> Self {
        Self { pk, sk: sk.to_owned() }
    }

    /// `USER#<id>` / `PROFILE`: the profile, or the tombstone of an erased one.
    pub fn profile(id: &UserId) -> Self {
        Self::new(partition(id), PROFILE)
    }

    /// Whether a profile or a tombstone stands here, whoever's.
    pub fn is_profile(&self) -> bool {
        self.sk == PROFILE
    }

    /// The user whose partition this is in; `None` when it is no user's.
    pub fn user(&self) -> Option<UserId> {
        UserId::parse(self.pk.strip_prefix(USER_PREFIX)?).ok()
    }

    /// The key that an item or a stream record names; `None` when it is incomplete.
    pub fn of(item: &HashMap<String, AttributeValue>) -> Option<Self> {
        let text = |name: &str| item.get(name)?.as_s().ok().cloned();
        Some(Self { pk: text(PK)?, sk: text(SK)? })
    }

    /// `USER#<id>` / `HIST#<version>`: what a version changed. All 20 digits that a version can have, so that keys sort
    /// as versions do.
    pub fn history(id: &UserId, version: u64) -> Self {
        Self::new(partition(id), &format!("{HISTORY_PREFIX}{version:020}"))
    }

    /// `USER#<id>` / `SYNC#<source>`: how far a source's sync requests have been applied.
    pub fn sync(id: &UserId, source: &str) -> Self {
        Self::new(partition(id), &format!("{SYNC_PREFIX}{source}"))
    }

    /// `CREDENTIAL#<id>` / `CREDENTIAL`: the password's PHC string, in a partition of its own.
    pub fn credential(id: &UserId) -> Self {
        Self::new(format!("CREDENTIAL#{id}"), "CREDENTIAL")
    }

    /// `APIKEY#<sha256>` / `KEY`: an API key's record.
    pub fn api_key(digest: &str) -> Self {
        Self::new(format!("{API_KEY_PREFIX}{digest}"), "KEY")
    }

    /// `INDEX` / `APIKEY#<sha256>`: through which API keys are listed.
    pub fn api_key_listing(digest: &str) -> Self {
        Self::new(INDEX.to_owned(), &format!("{API_KEY_PREFIX}{digest}"))
    }

    /// `CLIENT#<id>` / `CLIENT`: an application's record.
    pub fn client(id: &ClientId) -> Self {
        Self::new(format!("{CLIENT_PREFIX}{id}"), "CLIENT")
    }

    /// `INDEX` / `CLIENT#<id>`: through which applications are listed.
    pub fn client_listing(id: &ClientId) -> Self {
        Self::new(INDEX.to_owned(), &format!("{CLIENT_PREFIX}{id}"))
    }

    /// `USER#<caller>` / `IDEM#<hash of key and route>`: the answer to a request that may be sent again.
    pub fn idempotency(id: &UserId, name: &str) -> Self {
        Self::new(partition(id), &format!("{IDEMPOTENCY_PREFIX}{name}"))
    }

    /// `OTP#<sha256 of the token>` / `CHALLENGE`: a one-time code that was sent.
    pub fn challenge(digest: &str) -> Self {
        Self::new(format!("OTP#{digest}"), "CHALLENGE")
    }

    /// `LIMIT#<kind>#<sha256 of the name>` / window: how often something was done.
    pub fn limit(kind: &str, name: &str, window: &str) -> Self {
        let hash = hex(digest(&SHA256, name.as_bytes()).as_ref());
        Self::new(format!("LIMIT#{kind}#{hash}"), window)
    }

    /// `NOTICE#<change id>` / `TOLD#<phone|email>`: that the old address has been told of a change.
    pub fn notice(change_id: &str, contact: Contact) -> Self {
        Self::new(format!("NOTICE#{change_id}"), &format!("TOLD#{}", contact.attribute().name()))
    }

    /// No item ever has this key, since no user has an empty id: reading it warms the connection, also for a function
    /// that may read nothing but users.
    pub fn warm_up() -> Self {
        Self::new(USER_PREFIX.to_owned(), "WARMUP")
    }

    /// Whether the item stands here.
    pub fn is_of(&self, item: &HashMap<String, AttributeValue>) -> bool {
        let is = |name, value: &String| item.get(name).and_then(|held| held.as_s().ok()) == Some(value);
        is(PK, &self.pk) && is(SK, &self.sk)
    }

    /// As the `Key` of a DynamoDB request.
    pub fn attributes(&self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            (PK.to_owned(), AttributeValue::S(self.pk.clone())),
            (SK.to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

/// `USER#<id>`: the partition of all that is kept with a user.
pub(super) fn partition(id: &UserId) -> String {
    format!("{USER_PREFIX}{id}")
}

/// `CLAIM#<kind>#<sha256 of the canonical value>` / `CLAIM`: who holds a unique value.
///
/// The hash keeps values out of key-level metrics and logs. It is a pseudonym, not a secret: the profile
/// item holds the value itself.
pub fn claim_key(unique: Unique, canonical: &str) -> Key {
    let hash = hex(digest(&SHA256, canonical.as_bytes()).as_ref());
    Key::new(format!("CLAIM#{}#{hash}", unique.attribute().name()), "CLAIM")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_key_shows_no_value() {
        let key = claim_key(Unique::Phone, "+8613900139000");
        assert_eq!(
            key.pk,
            "CLAIM#phone#0c7d5c1e3cc0e0b3"
                .replace("0c7d5c1e3cc0e0b3", &hex(digest(&SHA256, b"+8613900139000").as_ref()))
        );
        assert!(!key.pk.contains("139"), "{}", key.pk);
    }
}
