//! Requests that may be sent again: the first answer is kept in the change's own transaction, and given again.

use super::{UpdateError, UpdateOutcome};
use crate::clock::Timestamp;
use crate::entropy::hex;
use crate::store::{Companion, Item, Made, ProfileStore, Recorded, Slot};
use crate::validation::UserId;
use ring::digest::{self, SHA256};
use ring::hmac;

/// A request's key, and what tells the request from another one under the same key.
#[derive(Clone, Debug)]
pub struct RequestKey {
    slot: Slot,
    fingerprint: [u8; 32],
}

impl RequestKey {
    /// The key that this caller gave to a request at this endpoint; `parts` are all that the request asks for.
    ///
    /// Neither the key nor the request can be told from what is stored: the fingerprint is keyed by the key, which is
    /// not stored.
    pub fn new(caller: &UserId, endpoint: &str, key: &str, parts: &[&[u8]]) -> Self {
        let mut name = digest::Context::new(&SHA256);
        for part in [endpoint, key] {
            name.update(&(part.len() as u64).to_be_bytes());
            name.update(part.as_bytes());
        }
        let mut fingerprint = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()));
        for part in parts {
            fingerprint.update(&(part.len() as u64).to_be_bytes());
            fingerprint.update(part);
        }
        Self {
            slot: Slot { caller: caller.clone(), name: hex(name.finish().as_ref()) },
            fingerprint: fingerprint.sign().as_ref().try_into().expect("HMAC-SHA-256 has 32 bytes"),
        }
    }

    pub(super) const fn slot(&self) -> &Slot {
        &self.slot
    }

    /// What keeps this answer together with the change of this user.
    pub(super) fn keeping(&self, answer: &str, change: (&UserId, Made), now: Timestamp) -> Vec<Companion> {
        self.slot.companions(self.fingerprint, answer, change, now)
    }

    /// What stands for all that the request asks for.
    pub(super) const fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// Whether this answer was to the same request.
    pub(super) fn is_of(&self, kept: &Recorded) -> bool {
        kept.fingerprint == self.fingerprint
    }
}

/// A request that may be sent again.
pub struct Retriable<'a> {
    /// Its key.
    pub key: RequestKey,
    /// How its answer is written down.
    pub render: &'a (dyn Fn(&UpdateOutcome) -> String + Sync),
}

/// What came of a request that may be sent again.
#[derive(Clone, Debug, PartialEq)]
pub enum Settled {
    /// This, and no answer was kept: nothing had to be written.
    Changed(UpdateOutcome),
    /// This answer, as it was written down.
    Answered {
        /// What was written down.
        answer: String,
        /// Whether it is that of an earlier request.
        replayed: bool,
    },
}

impl Retriable<'_> {
    /// The answer that was kept, where this is the same request. At most one call.
    pub(super) async fn replay(
        &self,
        store: &ProfileStore,
        about: &UserId,
        kept: Recorded,
    ) -> Result<Settled, UpdateError> {
        if !self.key.is_of(&kept) {
            return Err(UpdateError::IdempotencyKeyReused);
        }
        let answer = match kept.answer {
            Some(answer) => answer,
            // It was erased together with whom it is about.
            None => store.answer_about(about, &self.key.slot).await?.ok_or(UpdateError::Erased)?,
        };
        Ok(Settled::Answered { answer, replayed: true })
    }

    /// The answer that another request kept while this one was on its way.
    pub(super) async fn replay_item(
        &self,
        store: &ProfileStore,
        about: &UserId,
        item: Option<&Item>,
        now: Timestamp,
    ) -> Result<Settled, UpdateError> {
        let kept = item.and_then(|item| Recorded::read(item, now));
        self.replay(store, about, kept.ok_or(UpdateError::Internal)?).await
    }
}
