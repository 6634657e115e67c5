//! The use case: plan a change from what is known, commit it, and plan again when the race was lost.

mod error;

pub use error::UpdateError;

use crate::clock::Timestamp;
use crate::entropy::{Entropy, pause, uuid};
use crate::otp::{self, Proof, ProofFault, Spending};
use crate::profile::{Basis, Profile, ProfilePatch, plan};
use crate::store::{ChangedBy, IfMissing, Precondition, ProfileStore, Record, Write, WriteError};
use crate::validation::UserId;

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

/// Carries out a change. Between 1 and 3 calls to the store, and one more round for each lost race.
pub async fn update(
    store: &ProfileStore,
    entropy: &dyn Entropy,
    now: Timestamp,
    command: &UpdateCommand,
) -> Result<UpdateOutcome, UpdateError> {
    let changed = change(store, entropy, now, command).await;
    if command.if_missing == IfMissing::RefuseLast
        && matches!(changed, Err(UpdateError::NoSuchUser | UpdateError::Erased))
    {
        let taken = store.taken(&command.patch.unique_values()).await?;
        if !taken.is_empty() {
            return Err(UpdateError::Taken(taken));
        }
    }
    changed
}

async fn change(
    store: &ProfileStore,
    entropy: &dyn Entropy,
    now: Timestamp,
    command: &UpdateCommand,
) -> Result<UpdateOutcome, UpdateError> {
    let change_id = uuid(entropy);
    let refuses_missing = matches!(command.if_missing, IfMissing::Refuse | IfMissing::RefuseLast);
    let only_reads = command.patch.is_empty() && refuses_missing;
    let mut known = None;
    if command.patch.needs_current() || only_reads || !command.proofs.is_empty() {
        known = Some(store.read(&command.target).await?);
    }
    if let Some(stored) = &known {
        // Before a guess is counted.
        judge(command, stored.as_ref())?;
    }
    let spending = check_proofs(store, now, command).await?;
    let mut lost_races = 0;
    loop {
        if let Some(stored) = &known {
            judge(command, stored.as_ref())?;
            if command.patch.is_empty()
                && let Some(Record { profile: Some(profile), .. }) = stored
            {
                return Ok(UpdateOutcome { profile: Some(profile.clone()), written: false });
            }
        }
        let plan =
            plan(&command.patch, known.as_ref().map_or(Basis::Unread, |stored| basis(stored.as_ref())))
                .map_err(UpdateError::Invalid)?;
        if let (true, Some(contact)) = (command.contacts_need_proof, plan.unverify.first()) {
            return Err(UpdateError::Proof(*contact, ProofFault::Missing));
        }
        let write = Write {
            target: &command.target,
            plan: &plan,
            if_missing: command.if_missing,
            precondition: &command.precondition,
            changed_by: &command.changed_by,
            change_id: &change_id,
            now: time(known.as_ref().and_then(Option::as_ref), now),
            companions: &spending.companions,
        };
        let planned_blind = known.is_none();
        match store.commit(&write).await {
            Ok(record) => return outcome(store, command, record).await,
            Err(WriteError::Taken(taken)) => return Err(UpdateError::Taken(taken)),
            Err(WriteError::Store(error)) => return Err(error.into()),
            Err(WriteError::Refused(stored)) => known = Some(stored.map(|record| *record)),
            Err(WriteError::Conflict) => {}
            // Another request has spent the proof in the meantime, or its time ran out.
            Err(WriteError::Companion(index, _)) => {
                return Err(UpdateError::Proof(spending.contacts[index], ProofFault::Token));
            }
        }
        // A guess that did not hold is no lost race: the next plan knows what is stored.
        if planned_blind && known.is_some() {
            continue;
        }
        if lost_races == LOST_RACES {
            return Err(UpdateError::Contention);
        }
        pause(entropy, lost_races).await;
        lost_races += 1;
    }
}

/// Checks the evidence that comes with the change, whatever each is for.
async fn check_proofs(
    store: &ProfileStore,
    now: Timestamp,
    command: &UpdateCommand,
) -> Result<Spending, UpdateError> {
    let values = command.patch.unique_values();
    let address = |proof: &Proof| {
        let (_, value) = values.iter().find(|(unique, _)| *unique == proof.contact.unique())?;
        Some(*value)
    };
    // Evidence for a contact that the request does not set is of no use, and stays unspent.
    let proofs: Vec<_> = command.proofs.iter().filter_map(|proof| Some((proof, address(proof)?))).collect();
    let checked = otp::check(store, now, &proofs).await?;
    checked.map_err(|(contact, fault)| UpdateError::Proof(contact, fault))
}

/// Refuses what cannot be done over what is stored.
fn judge(command: &UpdateCommand, stored: Option<&Record>) -> Result<(), UpdateError> {
    let version = match stored {
        Some(Record { profile: Some(_), version, .. }) => Some(*version),
        Some(_) if command.if_missing == IfMissing::Recreate => None,
        Some(_) => return Err(UpdateError::Erased),
        None => match command.if_missing {
            IfMissing::Refuse | IfMissing::RefuseLast => return Err(UpdateError::NoSuchUser),
            IfMissing::Create | IfMissing::Recreate => None,
        },
    };
    if command.precondition.allows(version) { Ok(()) } else { Err(UpdateError::PreconditionFailed) }
}

/// What is read, as the basis of a plan.
pub(crate) const fn basis(stored: Option<&Record>) -> Basis<'_> {
    match stored {
        None => Basis::Missing { version: 0 },
        Some(Record { profile: None, version, .. }) => Basis::Missing { version: *version },
        Some(Record { profile: Some(profile), .. }) => Basis::Stored(profile),
    }
}

/// When a change of what is read happens: never before the last one. Machines' clocks differ a little.
pub(crate) fn time(stored: Option<&Record>, now: Timestamp) -> Timestamp {
    let last = stored.and_then(|record| record.profile.as_ref()).map(|profile| profile.updated_at);
    last.map_or(now, |last| last.max(now))
}

async fn outcome(
    store: &ProfileStore,
    command: &UpdateCommand,
    record: Option<Record>,
) -> Result<UpdateOutcome, UpdateError> {
    let profile = match (record, command.answer) {
        (Some(record), _) => record.profile,
        (None, Answer::Bare) => None,
        (None, Answer::Profile) => store.read(&command.target).await?.and_then(|record| record.profile),
    };
    Ok(UpdateOutcome { profile, written: true })
}
