//! Answers that were given, kept for who sends the same request again.

use super::companion::Companion;
use super::expression::Expression;
use super::item::{Item, Record, attribute_value, expires_at, member};
use super::keys::{Key, PK};
use super::profile_store::{ProfileStore, StoreError};
use crate::clock::Timestamp;
use crate::validation::UserId;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

/// How long an answer is kept, in seconds: 24 hours.
pub(super) const KEPT: i64 = 24 * 3600;

const FINGERPRINT: &str = "fingerprint";
const ANSWER: &str = "answer";
/// From when on the item no longer counts; DynamoDB's TTL only cleans up.
const UNTIL: &str = "until";
/// The version that the answer shows of whom it is kept with.
pub(super) const VERSION: &str = "version";
/// Stands where the answer is that of whom it is kept with being erased.
pub(super) const ERASURE: &str = "erasure";

/// The place of an answer: whose request it was, and a hash of its route and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Who sent the request.
    pub caller: UserId,
    /// Hexadecimal digits.
    pub name: String,
}

/// What a request came to whose answer is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// This version of a profile, which the answer shows.
    Shown(u64),
    /// A tombstone.
    Erasure,
    /// A version that nobody read.
    Unread,
}

/// An answer that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What the request asked for, as an HMAC keyed by its key.
    pub fingerprint: [u8; 32],
    /// The answer; `None` where it is kept with the user it is about.
    pub answer: Option<String>,
}

impl Recorded {
    /// Reads an item; `None` where it is past its time, or none of ours.
    pub(crate) fn read(item: &Item, now: Timestamp) -> Option<Self> {
        let until: i64 = item.get(UNTIL)?.as_n().ok()?.parse().ok()?;
        let fingerprint = item.get(FINGERPRINT)?.as_b().ok()?.as_ref().try_into().ok()?;
        let answer = item.get(ANSWER).and_then(|answer| answer.as_s().ok()).cloned();
        (now.millis() < until).then_some(Self { fingerprint, answer })
    }
}

impl Slot {
    fn key(&self) -> Key {
        Key::idempotency(&self.caller, &self.name)
    }

    /// Where an answer is kept that is about somebody else: with them, so that erasing them erases it.
    fn key_of_answer(&self, about: &UserId) -> Key {
        Key::idempotency(about, &format!("{}#{}", self.name, self.caller))
    }

    /// Keeps the answer to a request that changed this user, unless one is kept already.
    pub fn companions(
        &self,
        fingerprint: [u8; 32],
        answer: &str,
        (about, made): (&UserId, Made),
        now: Timestamp,
    ) -> Vec<Companion> {
        let until = now.plus_seconds(KEPT);
        let item = |name: &str, value| {
            Item::from([
                (name.to_owned(), value),
                (UNTIL.to_owned(), attribute_value(&until)),
                (member::EXPIRES_AT.to_owned(), expires_at(until)),
            ])
        };
        let fingerprint = AttributeValue::B(Blob::new(fingerprint));
        let mut record = item(FINGERPRINT, fingerprint);
        let answer = AttributeValue::S(answer.to_owned());
        let own = *about == self.caller;
        if let (Made::Shown(version), false) = (made, own) {
            let mut shown = item(ANSWER, answer);
            shown.insert(VERSION.to_owned(), attribute_value(&version));
            return vec![
                Companion::put(self.key(), record, unused(now)),
                // The record says whether one is kept. An erasure of the caller takes that alone.
                Companion::put(self.key_of_answer(about), shown, Expression::default()),
            ];
        }
        record.insert(ANSWER.to_owned(), answer);
        match made {
            Made::Shown(version) => drop(record.insert(VERSION.to_owned(), attribute_value(&version))),
            Made::Erasure if own => drop(record.insert(ERASURE.to_owned(), AttributeValue::Bool(true))),
            Made::Erasure | Made::Unread => {}
        }
        vec![Companion::put(self.key(), record, unused(now))]
    }
}

fn unused(now: Timestamp) -> Expression {
    let mut condition = Expression::default();
    let (pk, until, now) =
        (condition.name(PK), condition.name(UNTIL), condition.value(attribute_value(&now)));
    condition.require(&format!("(attribute_not_exists({pk}) OR {until} <= {now})"));
    condition
}

impl ProfileStore {
    /// What stands at the profile's key, and the answer in this slot. Read consistently, though not at one instant.
    /// One call.
    pub async fn read_recorded(
        &self,
        id: &UserId,
        slot: &Slot,
        now: Timestamp,
    ) -> Result<(Option<Record>, Option<Recorded>), StoreError> {
        let (record, item) = self.read_beside(id, &slot.key()).await?;
        Ok((record, item.and_then(|item| Recorded::read(&item, now))))
    }

    /// The answer in this slot, read consistently. One call.
    pub async fn recorded(&self, slot: &Slot, now: Timestamp) -> Result<Option<Recorded>, StoreError> {
        Ok(self.get(slot.key()).await?.and_then(|item| Recorded::read(&item, now)))
    }

    /// The answer about this user that was given in this slot; `None` once the user was erased. One call.
    pub async fn answer_about(&self, id: &UserId, slot: &Slot) -> Result<Option<String>, StoreError> {
        let item = self.get(slot.key_of_answer(id)).await?;
        Ok(item.and_then(|item| item.get(ANSWER)?.as_s().ok().cloned()))
    }
}
