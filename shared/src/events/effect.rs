//! What hangs on a change. Each effect stands alone.

use super::change::Change;
use crate::clock::Timestamp;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// How old a change is when an effect that is dispensable is given up for it: a quarter of the stream's 24 hours,
/// so that whatever waits behind it still has time.
pub const GIVE_UP_AFTER_SECONDS: i64 = 6 * 60 * 60;

/// How long one effect may work on one batch. The function's own time-out must be longer.
const TIME_LIMIT: Duration = Duration::from_secs(45);

/// Something that is done for each change. It may be asked for the same change again, and must then do no harm.
pub trait Effect: Send + Sync {
    /// A name for logs and queues.
    fn name(&self) -> &'static str;

    /// Whether later changes wait for it however long it takes.
    fn is_indispensable(&self) -> bool {
        false
    }

    /// Does it for each of these changes, which come in the order in which they were made; answers the positions of
    /// those for which it is not done.
    fn apply<'a>(&'a self, changes: &'a [Change]) -> BoxFuture<'a, BTreeSet<usize>>;
}

/// What became of the effects of some changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Positions of the changes that must come again.
    pub unfinished: BTreeSet<usize>,
    /// Effects that will not be tried again: the effect's name, and the position of the change.
    pub given_up: Vec<(&'static str, usize)>,
}

/// Applies every effect to every change, all at once and whatever becomes of the others: one that fails, hangs or
/// panics keeps no other from being done.
pub async fn apply_all(effects: &[Box<dyn Effect>], changes: &[Change], now: Timestamp) -> Applied {
    apply_within(TIME_LIMIT, effects, changes, now).await
}

async fn apply_within(
    limit: Duration,
    effects: &[Box<dyn Effect>],
    changes: &[Change],
    now: Timestamp,
) -> Applied {
    let failed = join_all(effects.iter().map(|effect| apply(limit, &**effect, changes))).await;
    let mut applied = Applied::default();
    for (effect, failed) in effects.iter().zip(failed) {
        for position in failed {
            let is_old = changes[position].written.plus_seconds(GIVE_UP_AFTER_SECONDS) <= now;
            if is_old && !effect.is_indispensable() {
                applied.given_up.push((effect.name(), position));
            } else {
                applied.unfinished.insert(position);
            }
        }
    }
    applied
}

async fn apply(limit: Duration, effect: &dyn Effect, changes: &[Change]) -> BTreeSet<usize> {
    if changes.is_empty() {
        return BTreeSet::new();
    }
    // `apply` itself may panic before it answers a future.
    let applying = AssertUnwindSafe(async { effect.apply(changes).await }).catch_unwind();
    match tokio::time::timeout(limit, applying).await {
        Ok(Ok(failed)) => failed,
        Ok(Err(_)) | Err(_) => (0..changes.len()).collect(),
    }
}

#[cfg(test)]
#[path = "effect_tests.rs"]
mod tests;
