//! Plan a change, commit it, and plan again when the race was lost.

use super::{Answer, LOST_RACES, Retriable, Settled, UpdateCommand, UpdateError, UpdateOutcome};
use crate::clock::Timestamp;
use crate::entropy::{Entropy, pause, uuid};
use crate::otp::{self, Proof, ProofFault, Spending};
use crate::profile::{Basis, Guard, Plan, Profile, plan};
use crate::store::{Companion, IfMissing, Item, Made, ProfileStore, Record, Versions, Write, WriteError};

/// One change under way.
pub(super) struct Commit<'a> {
    store: &'a ProfileStore,
    entropy: &'a dyn Entropy,
    now: Timestamp,
    command: &'a UpdateCommand,
}

/// What is known of the stored profile: nothing yet, or what was read.
type Known = Option<Option<Record>>;

/// What came of one attempt.
enum Round {
    Settled(Settled),
    /// Something else is stored than was planned from.
    Stale(Option<Record>),
    /// Another write was under way.
    Conflict,
}

impl<'a> Commit<'a> {
    pub(super) const fn new(
        store: &'a ProfileStore,
        entropy: &'a dyn Entropy,
        now: Timestamp,
        command: &'a UpdateCommand,
    ) -> Self {
        Self { store, entropy, now, command }
    }

    pub(super) async fn work(&self, request: Option<&Retriable<'_>>) -> Result<Settled, UpdateError> {
        let changed = self.change(request).await;
        if self.command.if_missing == IfMissing::RefuseLast
            && matches!(changed, Err(UpdateError::NoSuchUser | UpdateError::Erased))
        {
            let taken = self.store.taken(&self.command.patch.unique_values()).await?;
            if !taken.is_empty() {
                return Err(UpdateError::Taken(taken));
            }
        }
        changed
    }

    async fn change(&self, request: Option<&Retriable<'_>>) -> Result<Settled, UpdateError> {
        let command = self.command;
        let change_id = uuid(self.entropy);
        let mut known = match request.filter(|_| command.answer == Answer::Profile) {
            Some(request) => match self.read_for(request).await? {
                (_, Some(replayed)) => return Ok(replayed),
                (stored, None) => Some(stored),
            },
            None if self.reads_first() => Some(self.store.read(&command.target).await?),
            None => None,
        };
        if let Some(stored) = &known {
            // Before a guess is counted.
            judge(command, stored.as_ref())?;
        }
        let spending = self.check_proofs(request).await?;
        let mut guesses = known.is_none();
        if guesses && self.only_creates() {
            known = Some(None);
        }
        let mut lost_races = 0;
        loop {
            match self.attempt(&change_id, &known, &spending, request).await? {
                Round::Settled(settled) => return Ok(settled),
                Round::Stale(stored) => {
                    known = Some(stored);
                    // A guess that did not hold is no lost race: the next plan knows what is stored.
                    if std::mem::take(&mut guesses) {
                        continue;
                    }
                }
                Round::Conflict => {}
            }
            if lost_races == LOST_RACES {
                return Err(UpdateError::Contention);
            }
            pause(self.entropy, lost_races).await;
            lost_races += 1;
        }
    }

    /// Whether it is refused where a profile is, so that the guess is that there is none.
    fn only_creates(&self) -> bool {
        matches!(self.command.if_missing, IfMissing::Create | IfMissing::Recreate)
            && self.command.precondition.if_none_match == Some(Versions::Any)
    }

    /// Whether the change can only be planned, or refused, from what is stored.
    fn reads_first(&self) -> bool {
        let refuses_missing = matches!(self.command.if_missing, IfMissing::Refuse | IfMissing::RefuseLast);
        let only_reads = self.command.patch.is_empty() && refuses_missing;
        self.command.patch.needs_current() || only_reads || !self.command.proofs.is_empty()
    }

    /// What is stored, and the answer that was kept for this request.
    async fn read_for(
        &self,
        request: &Retriable<'_>,
    ) -> Result<(Option<Record>, Option<Settled>), UpdateError> {
        let target = &self.command.target;
        let (stored, kept) = self.store.read_recorded(target, request.key.slot(), self.now).await?;
        let Some(kept) = kept else { return Ok((stored, None)) };
        // Answers outlive an erasure for a moment.
        let is_erased =
            |stored: &Option<Record>| stored.as_ref().is_some_and(|record| record.profile.is_none());
        if is_erased(&stored) {
            let recreates = self.command.if_missing == IfMissing::Recreate;
            // Read at one instant they were not: another copy may have created the user in between.
            if !recreates || (request.key.is_of(&kept) && is_erased(&self.store.read(target).await?)) {
                return Err(UpdateError::Erased);
            }
        }
        Ok((stored, Some(request.replay(self.store, target, kept).await?)))
    }

    async fn attempt(
        &self,
        change_id: &str,
        known: &Known,
        spending: &Spending,
        request: Option<&Retriable<'_>>,
    ) -> Result<Round, UpdateError> {
        let command = self.command;
        let stored = known.as_ref().and_then(Option::as_ref);
        if known.is_some() {
            judge(command, stored)?;
            if let (true, Some(Record { profile: Some(profile), .. })) = (command.patch.is_empty(), stored) {
                let outcome = UpdateOutcome { profile: Some(profile.clone()), written: false };
                return Ok(Round::Settled(Settled::Changed(outcome)));
            }
        }
        let basis = if known.is_some() { basis(stored) } else { Basis::Unread };
        let mut plan = plan(&command.patch, basis).map_err(UpdateError::Invalid)?;
        if let (true, Some(contact)) = (command.contacts_need_proof, plan.unverify.first()) {
            return Err(UpdateError::Proof(*contact, ProofFault::Missing));
        }
        let now = time(stored, self.now);
        let answered = request.map(|request| self.answer(request, &mut plan, stored, now));
        let kept: &[Companion] = answered.as_ref().map_or(&[], |(_, kept)| kept);
        // Who is told that the change failed would make it once more, with a code that is spent.
        let spends = request.is_none() && known.is_some() && !spending.companions.is_empty();
        let planned =
            (spends && command.answer == Answer::Profile).then(|| self.planned(&mut plan, stored, now));
        let companions = [kept, &spending.companions].concat();
        let write = Write {
            target: &command.target,
            plan: &plan,
            stored,
            if_missing: command.if_missing,
            precondition: &command.precondition,
            changed_by: &command.changed_by,
            change_id,
            now,
            companions: &companions,
        };
        match self.store.commit(&write).await {
            Ok(record) => Ok(Round::Settled(match &answered {
                Some((answer, _)) => Settled::Answered { answer: answer.clone(), replayed: false },
                None => Settled::Changed(self.outcome(record, planned).await?),
            })),
            Err(WriteError::Taken(taken)) => Err(UpdateError::Taken(taken)),
            Err(WriteError::Store(error)) => Err(error.into()),
            Err(WriteError::Refused(stored)) => Ok(Round::Stale(stored.map(|record| *record))),
            Err(WriteError::Conflict) => Ok(Round::Conflict),
            Err(WriteError::Companion(index, item)) => match (index.checked_sub(kept.len()), request) {
                // Another request has spent the proof in the meantime, or its time ran out.
                (Some(proof), _) => Err(UpdateError::Proof(spending.contacts[proof], ProofFault::Token)),
                (None, Some(request)) => self.kept_by_another(request, item.as_ref()).await,
                (None, None) => Err(UpdateError::Internal),
            },
        }
    }

    /// The profile that this change leaves.
    fn planned(&self, plan: &mut Plan, stored: Option<&Record>, now: Timestamp) -> Profile {
        let version = stored.map_or(0, |record| record.version);
        // It is shown whole, so that all of it has to be what was read.
        let guard = Guard::Version(version);
        if !plan.guards.contains(&guard) {
            plan.guards.push(guard);
        }
        let profile = stored.and_then(|record| record.profile.as_ref());
        plan.applied(&self.command.target, profile, version + 1, now)
    }

    /// The answer to this change, and what keeps it.
    fn answer(
        &self,
        request: &Retriable<'_>,
        plan: &mut Plan,
        stored: Option<&Record>,
        now: Timestamp,
    ) -> (String, Vec<Companion>) {
        let shown = self.command.answer == Answer::Profile;
        let profile = shown.then(|| self.planned(plan, stored, now));
        let made = match &profile {
            Some(profile) => Made::Shown(profile.version),
            None if plan.tombstone => Made::Erasure,
            None => Made::Unread,
        };
        let answer = (request.render)(&UpdateOutcome { profile, written: true });
        let kept = request.key.keeping(&answer, (&self.command.target, made), self.now);
        (answer, kept)
    }

    async fn kept_by_another(
        &self,
        request: &Retriable<'_>,
        item: Option<&Item>,
    ) -> Result<Round, UpdateError> {
        let replayed = request.replay_item(self.store, &self.command.target, item, self.now).await?;
        Ok(Round::Settled(replayed))
    }

    /// Checks the evidence that comes with the change, whatever each is for.
    async fn check_proofs(&self, request: Option<&Retriable<'_>>) -> Result<Spending, UpdateError> {
        let values = self.command.patch.unique_values();
        let address = |proof: &Proof| {
            let (_, value) = values.iter().find(|(unique, _)| *unique == proof.contact.unique())?;
            Some(*value)
        };
        // Evidence for a contact that the request does not set is of no use, and stays unspent.
        let proofs = self.command.proofs.iter();
        let proofs: Vec<_> = proofs.filter_map(|proof| Some((proof, address(proof)?))).collect();
        let request = request.map(|request| request.key.fingerprint());
        let checked = otp::check(self.store, self.entropy, self.now, &proofs, request).await?;
        checked.map_err(|(contact, fault)| UpdateError::Proof(contact, fault))
    }

    /// What came of a change that is in. Where it cannot be read, it is as it was planned, if that is known.
    async fn outcome(
        &self,
        record: Option<Record>,
        planned: Option<Profile>,
    ) -> Result<UpdateOutcome, UpdateError> {
        let profile = match (record, self.command.answer) {
            (Some(record), _) => record.profile,
            (None, Answer::Bare) => None,
            (None, Answer::Profile) => match self.store.read(&self.command.target).await {
                Ok(stored) => stored.and_then(|record| record.profile),
                Err(error) => Some(planned.ok_or(error)?),
            },
        };
        Ok(UpdateOutcome { profile, written: true })
    }
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
