//! A whole stored version: what a reader sees who has not asked for one user.

use super::item::{Item, Record, member};
use super::keys::Key;
use crate::clock::Timestamp;
use crate::validation::UserId;

/// A profile, or the tombstone of an erased one, with whose it is and since when.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Whose.
    pub user_id: UserId,
    /// When this version was written.
    pub time: Timestamp,
    /// What stands there.
    pub record: Record,
}

impl Image {
    /// Reads an item with its key; `None` when it is not a profile item that this crate writes.
    pub fn read(item: &Item) -> Option<Self> {
        let key = Key::of(item).filter(Key::is_profile)?;
        let millis = |name: &str| item.get(name)?.as_n().ok()?.parse().ok();
        let time = millis(member::ERASED_AT).or_else(|| millis(member::UPDATED_AT))?;
        Some(Self { user_id: key.user()?, time: Timestamp::from_millis(time), record: Record::read(item)? })
    }
}
