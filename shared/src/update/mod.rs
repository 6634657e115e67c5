//! The use case: plan a change from what is known, commit it, and plan again when the race was lost.

mod commit;
mod error;
mod retry;

pub(crate) use commit::{basis, time};
pub use error::{Cause, UpdateError};
pub use retry::{RequestKey, Retriable, Settled};

use crate::clock::Timestamp;
use crate::entropy::Entropy;
use crate::otp::Proof;
use crate::profile::{Profile, ProfilePatch};
use crate::store::{ChangedBy, IfMissing, Precondition, ProfileStore};
use crate::validation::UserId;
use commit::Commit;

/// How often a change is planned anew after a lost race, before the contract's contention answer.
pub(crate) const LOST_RACES: u32 = 5;

/// What the answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Only that it happened.
    Bare,
    /// The profile after the change.
    Profile,
}

/// An authorised, validated change of one profile.
#[derive(Clone, Debug)]
pub struct UpdateCommand {
    /// Whose profile.
    pub target: UserId,
    /// What changes.
    pub patch: ProfilePatch,
    /// What to do where no profile is stored.
    pub if_missing: IfMissing,
    /// The caller's conditions on the stored version.
    pub precondition: Precondition,
    /// Whether a phone or an e-mail address may only be sent unchanged: its change would need a proof.
    pub contacts_need_proof: bool,
    /// Evidence for contacts that the patch sets and says to be proved. It is spent with the change.
    pub proofs: Vec<Proof>,
    /// Who changes it, through which contract.
    pub changed_by: ChangedBy,
    /// What the answer shows.
    pub answer: Answer,
}

/// A change that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateOutcome {
    /// The profile after it, where the answer shows it.
    pub profile: Option<Profile>,
    /// Whether anything was written: an empty change of an existing profile writes nothing.
    pub written: bool,
}

/// Carries out a change. Between 1 and 3 calls to the store, one more for each code that has to be checked, and one
/// more round for each lost race.
///
/// # Errors
/// Nothing was changed then; only guesses at codes were counted.
pub async fn update(
    store: &ProfileStore,
    entropy: &dyn Entropy,
    now: Timestamp,
    command: &UpdateCommand,
) -> Result<UpdateOutcome, UpdateError> {
    match Commit::new(store, entropy, now, command).work(None).await? {
        Settled::Changed(outcome) => Ok(outcome),
        // Nobody asked for an answer to be kept.
        Settled::Answered { .. } => Err(UpdateError::Internal),
    }
}

/// Carries out a change that may be asked for again, and keeps its answer in the same transaction; or gives the answer
/// that was kept. A bare answer costs no call more. One that shows the profile costs one read, of the profile together
/// with the answer that may have been kept; a refusal costs one call more, since it may be another copy of this request
/// that was first.
///
/// # Errors
/// As [`update`], and [`UpdateError::IdempotencyKeyReused`].
pub async fn update_once(
    store: &ProfileStore,
    entropy: &dyn Entropy,
    now: Timestamp,
    command: &UpdateCommand,
    request: &Retriable<'_>,
) -> Result<Settled, UpdateError> {
    match Commit::new(store, entropy, now, command).work(Some(request)).await {
        Err(refusal) if refusal.may_follow_from_a_change() => {
            match store.recorded(request.key.slot(), now).await? {
                Some(recorded) => request.replay(store, &command.target, recorded).await,
                None => Err(refusal),
            }
        }
        settled => settled,
    }
}
