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

/// Prefix of the partitions of credentials.
const CREDENTIAL_PREFIX: &str = "CREDENTIAL#";
/// Prefix of the partitions of claims.
const CLAIM_PREFIX: &str = "CLAIM#";
/// Sort key of credentials.
const CREDENTIAL: &str = "CREDENTIAL";
/// Sort key of claims.
const CLAIM: &str = "CLAIM";
/// Sort key of the records of API keys.
const API_KEY: &str = "KEY";
/// Sort key of the records of applications.
const CLIENT: &str = "CLIENT";
/// Prefixes of partitions whose items are of use for two days at most, and go by their TTL.
const PASSING_PREFIXES: [&str; 3] = ["OTP#", "LIMIT#", "NOTICE#"];

/// What stands at a key, for who reads the table as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A user's profile, or tombstone.
    Profile(UserId),
    /// A user's password.
    Credential(UserId),
    /// Who holds a value.
    Claim(Unique),
    /// What this version of a user's profile changed.
    History(UserId, u64),
    /// How far a source's sync requests have been applied to a user.
    Mark(UserId),
    /// An API key or an application, or its listing; the other one of the two stands there.
    Listed(Key),
    /// Answers, challenges, counters, notice marks: of use for two days at most.
    Passing,
}

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

    /// What stands here; `None`: nothing that this version writes.
    pub fn kind(&self) -> Option<Kind> {
        let (pk, sk) = (self.pk.as_str(), self.sk.as_str());
        if let Some(user) = self.user() {
            return match sk {
                PROFILE => Some(Kind::Profile(user)),
                _ if sk.starts_with(IDEMPOTENCY_PREFIX) => Some(Kind::Passing),
                _ if sk.starts_with(SYNC_PREFIX) => Some(Kind::Mark(user)),
                _ => {
                    let version = sk.strip_prefix(HISTORY_PREFIX)?.parse().ok()?;
                    // Versions written in another way would sort in another order.
                    (Self::history(&user, version) == *self).then_some(Kind::History(user, version))
                }
            };
        }
        if let Some(user) = pk.strip_prefix(CREDENTIAL_PREFIX) {
            return Some(Kind::Credential(UserId::parse(user).ok()?)).filter(|_| sk == CREDENTIAL);
        }
        if let Some(claim) = pk.strip_prefix(CLAIM_PREFIX) {
            let (name, _) = claim.split_once('#')?;
            let unique = Unique::ALL.into_iter().find(|unique| unique.attribute().name() == name)?;
            return Some(Kind::Claim(unique)).filter(|_| sk == CLAIM);
        }
        if PASSING_PREFIXES.iter().any(|prefix| pk.starts_with(prefix)) {
            return Some(Kind::Passing);
        }
        let listing = || Self::new(INDEX.to_owned(), pk);
        match (pk, sk) {
            (INDEX, _) if sk.starts_with(API_KEY_PREFIX) => {
                Some(Kind::Listed(Self::new(sk.to_owned(), API_KEY)))
            }
            (INDEX, _) if sk.starts_with(CLIENT_PREFIX) => {
                Some(Kind::Listed(Self::new(sk.to_owned(), CLIENT)))
            }
            (_, API_KEY) if pk.starts_with(API_KEY_PREFIX) => Some(Kind::Listed(listing())),
            (_, CLIENT) if pk.starts_with(CLIENT_PREFIX) => Some(Kind::Listed(listing())),
            _ => None,
        }
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
        Self::new(format!("{CREDENTIAL_PREFIX}{id}"), CREDENTIAL)
    }

    /// `APIKEY#<sha256>` / `KEY`: an API key's record.
    pub fn api_key(digest: &str) -> Self {
        Self::new(format!("{API_KEY_PREFIX}{digest}"), API_KEY)
    }

    /// `INDEX` / `APIKEY#<sha256>`: through which API keys are listed.
    pub fn api_key_listing(digest: &str) -> Self {
        Self::new(INDEX.to_owned(), &format!("{API_KEY_PREFIX}{digest}"))
    }

    /// `CLIENT#<id>` / `CLIENT`: an application's record.
    pub fn client(id: &ClientId) -> Self {
        Self::new(format!("{CLIENT_PREFIX}{id}"), CLIENT)
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
    Key::new(format!("{CLAIM_PREFIX}{}#{hash}", unique.attribute().name()), CLAIM)
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

    #[test]
    fn a_key_tells_what_stands_there() {
        let id = || UserId::parse("a").unwrap();
        let kinds = [
            (Key::profile(&id()), Kind::Profile(id())),
            (Key::history(&id(), 3), Kind::History(id(), 3)),
            (Key::sync(&id(), "crm"), Kind::Mark(id())),
            (Key::idempotency(&id(), "n"), Kind::Passing),
            (Key::credential(&id()), Kind::Credential(id())),
            (claim_key(Unique::Email, "a@example.com"), Kind::Claim(Unique::Email)),
            (Key::api_key("d"), Kind::Listed(Key::api_key_listing("d"))),
            (Key::api_key_listing("d"), Kind::Listed(Key::api_key("d"))),
            (Key::challenge("d"), Kind::Passing),
            (Key::limit("source", "n", "w"), Kind::Passing),
            (Key::notice("i", Contact::Email), Kind::Passing),
        ];
        for (key, kind) in kinds {
            assert_eq!(key.kind(), Some(kind));
        }
        let foreign = [
            ("USER#a", "ELSE"),
            ("USER#a", "HIST#3"),
            ("CREDENTIAL#a", "ELSE"),
            ("INDEX", "ELSE"),
            ("CLAIM#city#0", "CLAIM"),
            ("CLAIM#phone#0", "ELSE"),
            ("X", "Y"),
        ];
        for (pk, sk) in foreign {
            assert_eq!(Key::new(pk.to_owned(), sk).kind(), None, "{pk} {sk}");
        }
    }
}
