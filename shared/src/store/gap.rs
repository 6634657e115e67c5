//! Versions that a user's history should tell of and does not.
//!
//! `publish-changes` writes an entry for each version, in their order, as a rule within a second; entries go by their TTL,
//! and with the user.

use super::check::{Items, TIDYING};
use super::history::{HistoryEntry, KEPT};
use super::item::Item;
use super::keys::Key;
use crate::clock::Timestamp;
use crate::profile::Profile;
use crate::validation::UserId;

/// An entry; `None`: it is not one that this version writes.
pub(super) fn entry(item: &Item) -> Option<HistoryEntry> {
    serde_dynamo::from_item(item.clone()).ok()
}

/// What an entry is held against: the one before it, and the two after it.
pub(super) fn neighbours(user: &UserId, version: u64) -> impl Iterator<Item = Key> {
    let around = [version.checked_sub(1), version.checked_add(1), version.checked_add(2)];
    around.into_iter().flatten().filter(|version| *version > 0).map(|version| Key::history(user, version))
}

/// Whether the entry of the profile's own version is missing.
pub(super) fn is_newest_missing(user: &UserId, profile: &Profile, items: &Items, now: Timestamp) -> bool {
    let (settled, kept) = (now.plus_seconds(-TIDYING), now.plus_seconds(-KEPT));
    let told = items.contains_key(&Key::history(user, profile.version));
    !told && profile.updated_at < settled && profile.updated_at > kept
}

/// Whether versions are missing right before this entry or right after it.
pub(super) fn is_beside(
    user: &UserId,
    entry: &HistoryEntry,
    profile: &Profile,
    items: &Items,
    now: Timestamp,
) -> bool {
    let (settled, kept) = (now.plus_seconds(-TIDYING), now.plus_seconds(-KEPT));
    let at = |version: u64| items.get(&Key::history(user, version));
    // What was before this life of the user is gone with it, and none of this life is old enough to have gone by itself.
    let is_first = entry.version == 1 || entry.time <= profile.created_at;
    let before = !is_first
        && profile.created_at > kept
        && entry.time < settled
        && at(entry.version.saturating_sub(1)).is_none();
    // It is on its way, unless nothing has happened for long, or what came after it has been there for long.
    let is_late = profile.updated_at < settled
        || at(entry.version.saturating_add(2)).and_then(self::entry).is_some_and(|next| next.time < settled);
    let after =
        entry.version < profile.version && entry.time > kept && is_late && at(entry.version + 1).is_none();
    before || after
}
