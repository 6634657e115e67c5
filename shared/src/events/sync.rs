//! The use case of a sync request: read the profile with its source's mark, plan, commit both, and again when the
//! race was lost.

use super::request::{Operation, Refusal, SyncRequest};
use super::source::Source;
use crate::clock::Timestamp;
use crate::entropy::{Entropy, pause, uuid};
use crate::profile::{Erasure, Plan, ProfilePatch, Unique, plan};
use crate::store::{
    ActorKind, ChangedBy, IfMissing, Mark, Precondition, ProfileStore, Record, StoreError, Write, WriteError,
};
use crate::update::{LOST_RACES, basis, time};

/// What sync changes are recorded as having come through.
const CONTRACT: &str = "sync";

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

impl From<Refusal> for SyncError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Carries out a request. Two calls to the store; one when nothing is newer; as many more for each lost race.
///
/// What one source says of one user comes to the same in whatever order and however often it arrives. Between
/// sources, and between a source and callers over HTTP, the order of arrival counts.
///
/// # Errors
/// See [`SyncError`]. Nothing was written then.
pub async fn apply(
    store: &ProfileStore,
    entropy: &dyn Entropy,
    now: Timestamp,
    source: &Source,
    request: &SyncRequest,
) -> Result<Applied, SyncError> {
    let user_id = &request.user_id;
    let changed_by = ChangedBy {
        contract: CONTRACT.to_owned(),
        actor: ActorKind::Sync,
        origin: Some(source.name.clone()),
    };
    let (change_id, precondition) = (uuid(entropy), Precondition::default());
    for lost_races in 0..=LOST_RACES {
        let (stored, mark) = store.read_marked(user_id, &source.name).await.map_err(SyncError::Store)?;
        let Some(News { mark, change }) = news(source, request, stored.as_ref(), mark) else {
            return Ok(Applied::Stale);
        };
        let written = match planned(change, stored.as_ref())? {
            None => store.put_mark(user_id, &source.name, &mark).await.map(|()| Applied::Unchanged),
            Some((plan, if_missing)) => {
                let write = Write {
                    target: user_id,
                    plan: &plan,
                    stored: stored.as_ref(),
                    if_missing,
                    precondition: &precondition,
                    changed_by: &changed_by,
                    change_id: &change_id,
                    now: time(stored.as_ref(), now),
                    companions: &[mark.companion(user_id, &source.name)],
                };
                store.commit(&write).await.map(|_| Applied::Changed)
            }
        };
        match written {
            Ok(applied) => return Ok(applied),
            Err(WriteError::Taken(taken)) => return Err(SyncError::Refused(Refusal::Taken(taken))),
            Err(WriteError::Store(error)) => return Err(SyncError::Store(error)),
            Err(WriteError::Companion(..) | WriteError::Refused(_) | WriteError::Conflict) => {}
        }
        if lost_races < LOST_RACES {
            pause(entropy, lost_races).await;
        }
    }
    Err(SyncError::Contention)
}

/// What is new in a request.
struct News {
    /// The mark with the request in it.
    mark: Mark,
    /// What becomes of the profile, if anything does.
    change: Option<(ProfilePatch, IfMissing)>,
}

/// Pure: what of a request is newer than what its source has said before; `None`: nothing.
fn news(source: &Source, request: &SyncRequest, stored: Option<&Record>, mut mark: Mark) -> Option<News> {
    let sequence = request.sequence;
    match &request.operation {
        Operation::Upsert(changes) => {
            // What it had said of a user who was erased since then stays said.
            if stored.is_some_and(|record| record.profile.is_none()) {
                mark.forget();
            }
            let mut patch = ProfilePatch::new();
            for (&attribute, change) in changes.iter().filter(|(name, _)| mark.is_news(**name, sequence)) {
                patch.change(attribute, change.clone());
                let contact = attribute.unique().and_then(Unique::contact);
                if let Some(contact) = contact.filter(|_| source.asserts_verified) {
                    patch.prove(contact);
                }
            }
            mark.attributes.extend(patch.changes().keys().map(|attribute| (*attribute, sequence)));
            let change = Some((patch, IfMissing::Recreate)).filter(|(patch, _)| !patch.is_empty())?;
            Some(News { mark, change: Some(change) })
        }
        Operation::Erase if sequence <= mark.erased => None,
        Operation::Erase => {
            let kept = mark.erase(sequence);
            let live = stored.map(|record| record.profile.is_some());
            let change = match (live, kept.is_empty()) {
                (Some(true), true) => Some((ProfilePatch::erasing(Erasure::Everything), IfMissing::Refuse)),
                (Some(true), false) => {
                    Some((ProfilePatch::erasing(Erasure::AllBut(kept)), IfMissing::Refuse))
                }
                // So that a user whose erasure overtook everything else is an erased one, too.
                (None, true) => Some((ProfilePatch::erasing(Erasure::Everything), IfMissing::Create)),
                (Some(false), _) | (None, false) => None,
            };
            Some(News { mark, change })
        }
    }
}

/// The plan of a change over what is stored; `None` where that would change nothing.
fn planned(
    change: Option<(ProfilePatch, IfMissing)>,
    stored: Option<&Record>,
) -> Result<Option<(Plan, IfMissing)>, SyncError> {
    let Some((patch, if_missing)) = change else { return Ok(None) };
    let refused = |violations| SyncError::Refused(Refusal::Invalid(violations));
    let plan = plan(&patch, basis(stored)).map_err(refused)?;
    let profile = stored.and_then(|record| record.profile.as_ref());
    let unchanged = profile.is_some_and(|profile| plan.leaves(profile));
    Ok(if unchanged { None } else { Some((plan, if_missing)) })
}
