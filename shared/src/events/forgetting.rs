//! After an erasure: what was kept of the user beside the profile and its history goes, too.

use super::change::{Change, Kind};
use super::effect::Effect;
use crate::store::{ProfileStore, WriteError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::collections::BTreeSet;

/// Deletes answers that were kept for requests sent again, empties sync marks, and disables API keys.
#[derive(Clone)]
pub struct Forgetting {
    store: ProfileStore,
}

impl Forgetting {
    /// On this table.
    pub const fn new(store: ProfileStore) -> Self {
        Self { store }
    }

    async fn forget(&self, erasure: &Change) -> Result<(), WriteError> {
        let user = &erasure.user_id;
        self.store.disable_api_keys_of(user, erasure.written).await.map_err(WriteError::Store)?;
        let tombstone = (erasure.version, erasure.written);
        self.store.forget_answers(user, tombstone).await.map_err(WriteError::Store)?;
        self.store.forget_marks(user, erasure.version).await
    }

    async fn forget_all(&self, changes: &[Change]) -> BTreeSet<usize> {
        let is_erasure = |position: &usize| changes[*position].kind == Kind::Erased;
        let mut unfinished: BTreeSet<usize> = (0..changes.len()).filter(is_erasure).collect();
        while let Some(&position) = unfinished.first() {
            // The first that fails ends the attempt, since the next would fail, too.
            if self.forget(&changes[position]).await.is_err() {
                break;
            }
            unfinished.remove(&position);
        }
        unfinished
    }
}

impl Effect for Forgetting {
    fn name(&self) -> &'static str {
        "forgetting"
    }

    fn is_indispensable(&self) -> bool {
        true
    }

    fn apply<'a>(&'a self, changes: &'a [Change]) -> BoxFuture<'a, BTreeSet<usize>> {
        self.forget_all(changes).boxed()
    }
}
