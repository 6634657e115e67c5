//! Who changed which attributes when, through what: names, no values.

use super::companion::keyed;
use super::item::{ActorKind, Item, expires_at, member};
use super::keys::Key;
use super::partition::{BATCH, Range};
use super::profile_store::{ProfileStore, StoreError, store_error};
use crate::clock::Timestamp;
use crate::entropy::hex;
use crate::validation::UserId;
use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How long an entry is kept, in seconds: 90 days.
pub(super) const KEPT: i64 = 90 * 24 * 3600;

/// Entries that are written by one call, at most.
pub const HISTORY_BATCH: usize = BATCH;

/// What one version changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The version after the change.
    pub version: u64,
    /// When it was written.
    pub time: Timestamp,
    /// The contract through which the change came in.
    pub contract: String,
    /// The kind of caller who made it.
    pub actor: ActorKind,
    /// The system from which it came, if it came from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Names of what has a value since then and had none before.
    pub set: Vec<String>,
    /// Names of what has another value since then.
    pub changed: Vec<String>,
    /// Names of what has no value since then and had one before.
    pub removed: Vec<String>,
}

/// A part of a user's history, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPage {
    /// The entries.
    pub entries: Vec<HistoryEntry>,
    /// Where the next part begins; `None`: this was the last one.
    pub next: Option<HistoryCursor>,
}

/// How far a history was read: as callers carry it, 32 hexadecimal digits that they need not understand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryCursor {
    /// The last version that was read.
    version: u64,
    text: String,
}

impl HistoryCursor {
    fn after(id: &UserId, version: u64) -> Self {
        let version_bytes = version.to_be_bytes();
        let bound = digest(&SHA256, &[id.as_str().as_bytes(), &[0], &version_bytes].concat());
        Self { version, text: hex(&version_bytes) + &hex(&bound.as_ref()[..8]) }
    }

    /// Reads the cursor of this user's history; `None` when it is none, or another user's.
    ///
    /// It is no secret and guards nothing: whose history is read never comes from it. Its second half tells a cursor
    /// from anything else, so that a mistake is told and does not skip entries.
    pub fn parse(id: &UserId, text: &str) -> Option<Self> {
        let version = u64::from_str_radix(text.get(..16)?, 16).ok()?;
        Some(Self::after(id, version)).filter(|cursor| cursor.text == text)
    }
}

impl fmt::Display for HistoryCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl HistoryEntry {
    /// From when on it may be gone.
    pub(super) fn expires(&self) -> Timestamp {
        self.time.plus_seconds(KEPT)
    }

    fn item(&self, id: &UserId) -> Item {
        let mut item: Item = serde_dynamo::to_item(self).expect("an entry is texts and numbers");
        item.insert(member::EXPIRES_AT.to_owned(), expires_at(self.expires()));
        keyed(Key::history(id, self.version), item)
    }
}

impl ProfileStore {
    /// Writes entries, at most [`HISTORY_BATCH`], no two of one version of a user. One that is there already is written
    /// anew. One call.
    ///
    /// # Errors
    /// Some may be written all the same.
    pub async fn put_history(&self, entries: &[(&UserId, HistoryEntry)]) -> Result<(), StoreError> {
        let put = |(id, entry): &(&UserId, HistoryEntry)| {
            let put = PutRequest::builder().set_item(Some(entry.item(id))).build();
            WriteRequest::builder().put_request(put.expect("the item is given")).build()
        };
        self.write_batch(entries.iter().map(put).collect()).await
    }

    /// At most `limit` entries of a user's history, newest first, from `after` on; without those whose time is over.
    /// Read consistently. One call.
    pub async fn history(
        &self,
        id: &UserId,
        after: Option<&HistoryCursor>,
        limit: u16,
        now: Timestamp,
    ) -> Result<HistoryPage, StoreError> {
        let newest = match after.map(|cursor| cursor.version) {
            None => u64::MAX,
            // There is no version 0.
            Some(version) => version.saturating_sub(1),
        };
        let range = Range::between(id, Key::history(id, 0), Key::history(id, newest));
        // One more than is shown tells whether there are more.
        let query = self.query(range).scan_index_forward(false).limit(i32::from(limit) + 1);
        let output = self.metered(query.send()).await.map_err(|error| store_error(&error))?;
        let read = |item| serde_dynamo::from_item::<_, HistoryEntry>(item).map_err(|_| StoreError::Internal);
        let found: Vec<HistoryEntry> =
            output.items.unwrap_or_default().into_iter().map(read).collect::<Result<_, _>>()?;
        // TTL deletes late.
        let mut entries: Vec<_> = found.into_iter().filter(|entry| now < entry.expires()).collect();
        let more = entries.len() > usize::from(limit);
        entries.truncate(limit.into());
        let last = entries.last().filter(|_| more);
        Ok(HistoryPage { next: last.map(|last| HistoryCursor::after(id, last.version)), entries })
    }

    /// Deletes a user's history up to this version, included.
    pub async fn forget_history(&self, id: &UserId, version: u64) -> Result<(), StoreError> {
        let range = Range::between(id, Key::history(id, 0), Key::history(id, version));
        let query = self.query(range).projection_expression("#pk, #sk");
        let found = self.collect(query, usize::MAX).await?;
        self.delete_all(found.iter().filter_map(Key::of)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_for_one_user_and_one_place() {
        let user = |id: &str| UserId::parse(id).unwrap();
        let cursor = HistoryCursor::after(&user("alice"), 7);
        let text = cursor.to_string();
        assert_eq!((text.len(), &text[..16]), (32, "0000000000000007"));
        assert_eq!(HistoryCursor::parse(&user("alice"), &text), Some(cursor));
        assert_eq!(HistoryCursor::parse(&user("bob"), &text), None);
        let moved = text.replacen('7', "8", 1);
        for bad in
            ["", "7", &text[..31], &format!("{text}0"), &moved, &text.to_uppercase(), "é0000000000000000"]
        {
            assert_eq!(HistoryCursor::parse(&user("alice"), bad), None, "{bad}");
        }
    }

    #[test]
    fn keys_sort_as_versions_do() {
        let user = UserId::parse("alice").unwrap();
        let keys = [1, 9, 10, 1_000, u64::MAX].map(|version| Key::history(&user, version).sk);
        assert!(keys.is_sorted(), "{keys:?}");
    }
}
