//! Keeping a user's history: an entry for each version, and none any more from the erasure on.

use super::change::{Change, Kind};
use super::effect::Effect;
use crate::store::{HISTORY_BATCH, HistoryEntry, ProfileStore};
use crate::validation::UserId;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Writes an entry for each change, and deletes them all once the user is erased.
#[derive(Clone)]
pub struct History {
    store: ProfileStore,
}

impl History {
    /// The history that is kept on this table.
    pub const fn new(store: ProfileStore) -> Self {
        Self { store }
    }

    /// Deletes before it writes, and never the same: an entry that this batch would delete is not written. The first
    /// call that fails ends the attempt, since the next would fail, too.
    async fn keep(&self, changes: &[Change]) -> BTreeSet<usize> {
        let erased = erasures(changes);
        let mut unfinished: BTreeSet<usize> = (0..changes.len()).collect();
        for (user, (version, position)) in &erased {
            if self.store.forget_history(user, *version).await.is_err() {
                return unfinished;
            }
            unfinished.remove(position);
        }
        let lasts = |change: &Change| {
            change.kind != Kind::Erased
                && erased.get(&change.user_id).is_none_or(|(version, _)| change.version > *version)
        };
        unfinished.retain(|position| lasts(&changes[*position]));
        let mut versions = HashSet::new();
        let mut entries = Vec::new();
        for &position in &unfinished {
            let change = &changes[position];
            // A version that is told twice is written once.
            if versions.insert((&change.user_id, change.version)) {
                entries.push((&change.user_id, entry(change)));
            }
        }
        let mut written = HashSet::new();
        for batch in entries.chunks(HISTORY_BATCH) {
            if self.store.put_history(batch).await.is_err() {
                break;
            }
            written.extend(batch.iter().map(|(user, entry)| (*user, entry.version)));
        }
        unfinished.retain(|position| {
            let change = &changes[*position];
            !written.contains(&(&change.user_id, change.version))
        });
        unfinished
    }
}

/// Each erased user's last erasure: its version and its position.
fn erasures(changes: &[Change]) -> HashMap<&UserId, (u64, usize)> {
    let erasures = changes.iter().enumerate().filter(|(_, change)| change.kind == Kind::Erased);
    erasures.map(|(position, change)| (&change.user_id, (change.version, position))).collect()
}

fn entry(change: &Change) -> HistoryEntry {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    HistoryEntry {
        version: change.version,
        time: change.written,
        contract: change.contract.clone(),
        actor: change.actor,
        origin: change.origin.clone(),
        set: names(&change.set),
        changed: names(&change.changed),
        removed: names(&change.removed),
    }
}

impl Effect for History {
    fn name(&self) -> &'static str {
        "history"
    }

    fn is_indispensable(&self) -> bool {
        true
    }

    fn apply<'a>(&'a self, changes: &'a [Change]) -> BoxFuture<'a, BTreeSet<usize>> {
        self.keep(changes).boxed()
    }
}
