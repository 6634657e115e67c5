//! What an erased user leaves beside the profile, and what becomes of it.

use super::access::StoredApiKey;
use super::idempotency::{ERASURE, KEPT, VERSION};
use super::item::{Item, member};
use super::keys::{IDEMPOTENCY_PREFIX, Key, SK, SYNC_PREFIX};
use super::mark::Mark;
use super::partition::Range;
use super::profile_store::{ProfileStore, StoreError};
use super::write::WriteError;
use crate::clock::Timestamp;
use crate::validation::UserId;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

/// By how much machines' clocks may differ, together with the time that a request takes, in seconds.
const TOLERANCE: i64 = 300;

/// Until when an answer is kept; `None`: it does not say.
fn kept_until(item: &Item) -> Option<Timestamp> {
    let seconds: i64 = item.get(member::EXPIRES_AT)?.as_n().ok()?.parse().ok()?;
    Some(Timestamp::from_millis(0).plus_seconds(seconds))
}

/// Whether an answer was given before the tombstone of this version, written at this time. Where it does not say what
/// it shows, the clocks have to.
fn is_older(item: &Item, (version, erased): (u64, Timestamp)) -> bool {
    let shown = item.get(VERSION).and_then(|shown| shown.as_n().ok()?.parse::<u64>().ok());
    let last = erased.plus_seconds(KEPT + TOLERANCE);
    shown.map_or_else(|| kept_until(item).is_none_or(|until| until <= last), |shown| shown < version)
}

impl ProfileStore {
    /// Until when answers are kept with a user, to the second: the user's own, and those about the user that others
    /// were given. At most `most`, in no order.
    pub async fn kept_answers(&self, id: &UserId, most: usize) -> Result<Vec<Timestamp>, StoreError> {
        let found = self.collect(self.answers(id), most).await?;
        Ok(found.iter().filter_map(kept_until).collect())
    }

    fn answers(&self, id: &UserId) -> QueryFluentBuilder {
        let query = self.query(Range::beginning(id, IDEMPOTENCY_PREFIX));
        let query = query.projection_expression("#pk, #sk, #ttl, #version, #erasure");
        let query = query.expression_attribute_names("#ttl", member::EXPIRES_AT);
        query.expression_attribute_names("#version", VERSION).expression_attribute_names("#erasure", ERASURE)
    }

    /// Whether this tombstone still stands. Asked after something was found, it says that nothing of that belongs to
    /// a user who was created anew, whatever the clocks say.
    async fn stands(&self, id: &UserId, version: u64) -> Result<bool, StoreError> {
        let stored = self.read(id).await?;
        Ok(stored.is_some_and(|record| record.profile.is_none() && record.version == version))
    }

    /// Deletes the answers that are kept with a user and were given before this tombstone was written. Those that
    /// show what was created anew since then stay, and so does the answer to the erasure: who asks for that again must
    /// not erase somebody else.
    pub async fn forget_answers(&self, id: &UserId, tombstone: (u64, Timestamp)) -> Result<(), StoreError> {
        let found = self.collect(self.answers(id), usize::MAX).await?;
        let stands = self.stands(id, tombstone.0).await?;
        let is_old = |item: &&Item| !item.contains_key(ERASURE) && (stands || is_older(item, tombstone));
        let old = found.iter().filter(is_old);
        self.delete_all(old.filter_map(Key::of)).await
    }

    /// How far each source's sync requests have been applied to a user, by the source's name.
    pub async fn marks(&self, id: &UserId) -> Result<Vec<(String, Mark)>, StoreError> {
        let found = self.collect(self.query(Range::beginning(id, SYNC_PREFIX)), usize::MAX).await?;
        let read = |item: Item| {
            let source = item.get(SK)?.as_s().ok()?.strip_prefix(SYNC_PREFIX)?.to_owned();
            Some((source, serde_dynamo::from_item(item).ok()?))
        };
        // One that nobody can read was made by hand, and holds up no erasure.
        Ok(found.into_iter().filter_map(read).collect())
    }

    /// Has the marks of the user whose tombstone has this version say no more than how far each source had got. Where
    /// the user was created anew since then, they are about the new profile, and stay.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when a sync request was applied at the same time.
    pub async fn forget_marks(&self, id: &UserId, version: u64) -> Result<(), WriteError> {
        let marks = self.marks(id).await.map_err(WriteError::Store)?;
        // Who creates the user anew from here on moves the mark, and is not written over.
        if !self.stands(id, version).await.map_err(WriteError::Store)? {
            return Ok(());
        }
        for (source, mut mark) in marks {
            if mark.forget() {
                self.put_mark(id, &source, &mark).await?;
            }
        }
        Ok(())
    }

    /// Disables the API keys that the user owned when this tombstone was written. They are made on operators' machines,
    /// by clocks of their own.
    pub async fn disable_api_keys_of(
        &self,
        owner: &UserId,
        (version, erased): (u64, Timestamp),
    ) -> Result<(), StoreError> {
        let keys = self.api_keys_of(owner).await?;
        let stands = self.stands(owner, version).await?;
        let is_old = |key: &&StoredApiKey| stands || key.record.created <= erased;
        for key in keys.iter().filter(|key| !key.record.disabled).filter(is_old) {
            // One that is not there any more needs none.
            self.disable_api_key(&key.digest).await?;
        }
        Ok(())
    }
}
