//! The people whom rows are about: their profiles, tokens, addresses and codes. What is stored for them goes to the table
//! directly, and through no function.

use crate::bed::Bed;
use crate::tokens::Issuer;
use local::failure::{Context, Failure, Result};
use shared::clock::{Clock, SystemClock};
use shared::entropy::{SystemEntropy, uuid};
use shared::otp::{Allowance, Occasion, Policy, send, verify};
use shared::profile::{Attribute, Contact, ProfilePatch};
use shared::store::{
    ActorKind, ChangedBy, HISTORY_BATCH, HistoryEntry, IfMissing, Precondition, ProfileStore,
};
use shared::update::{Answer, UpdateCommand, update};
use shared::validation::UserId;
use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};

/// How long tokens and codes are good, in seconds: longer than a run of the benchmark takes.
const LIFETIME: i64 = 6 * 3600;

/// What a profile typically holds, besides what is unique.
const ATTRIBUTES: [(Attribute, &str); 12] = [
    (Attribute::Name, "Ada Martin"),
    (Attribute::Nickname, "Ada"),
    (Attribute::FirstName, "Ada"),
    (Attribute::LastName, "Martin"),
    (Attribute::Gender, "female"),
    (Attribute::Birthdate, "1990-01-15"),
    (Attribute::Bio, "Software engineer"),
    (Attribute::AvatarUrl, "https://example.com/ada.jpg"),
    (Attribute::City, "Lyon"),
    (Attribute::Country, "FR"),
    (Attribute::Language, "fr-FR"),
    (Attribute::Timezone, "Europe/Paris"),
];

/// Makes people, on one table.
pub struct People {
    store: ProfileStore,
    issuer: Issuer,
    entropy: SystemEntropy,
    drawn: AtomicU64,
}

impl People {
    /// People whose tokens this issuer signs.
    pub async fn on(bed: &Bed, issuer: Issuer) -> Self {
        let store = bed.stack.record().store().await;
        Self { store, issuer, entropy: SystemEntropy::new(), drawn: AtomicU64::new(0) }
    }

    /// Whom the functions have to trust.
    pub const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// A number that nobody else is given.
    pub fn number(&self) -> u64 {
        self.drawn.fetch_add(1, Ordering::Relaxed)
    }

    /// A UUID.
    pub fn uuid(&self) -> String {
        uuid(&self.entropy)
    }

    /// A phone number that nobody else is given: 11 digits of mainland China.
    pub fn phone(&self) -> String {
        (13_000_000_000 + self.number()).to_string()
    }

    /// An e-mail address that nobody else is given.
    pub fn email(&self) -> String {
        format!("user{}@example.com", self.number())
    }

    /// A good token of this user.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn token(&self, user: &str) -> Result<String> {
        self.issuer.token(user, LIFETIME)
    }

    /// A token of this user that is good no longer.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn expired_token(&self, user: &str) -> Result<String> {
        self.issuer.token(user, -LIFETIME)
    }

    /// Stores a new profile with a nickname and these attributes, in the form in which profiles hold them.
    ///
    /// # Errors
    /// When it is not stored.
    pub async fn settle(&self, user: &str, attributes: &[(Attribute, &str)]) -> Result<()> {
        let mut patch = ProfilePatch::new();
        patch.set(Attribute::Nickname, "Ada");
        for (attribute, text) in attributes {
            patch.set(*attribute, *text);
        }
        let command = UpdateCommand {
            target: id(user)?,
            patch,
            if_missing: IfMissing::Create,
            precondition: Precondition::default(),
            contacts_need_proof: false,
            proofs: Vec::new(),
            changed_by: ChangedBy { contract: "bench".to_owned(), actor: ActorKind::Operator, origin: None },
            answer: Answer::Bare,
        };
        let updated = update(&self.store, &self.entropy, SystemClock.now(), &command).await;
        updated.map(drop).map_err(|error| Failure::new(format!("{user} is not stored: {}", error.class())))
    }

    /// Stores a new profile with 15 attributes, all three unique ones included.
    ///
    /// # Errors
    /// When it is not stored.
    pub async fn settle_fully(&self, user: &str) -> Result<()> {
        let (phone, email) = (e164(&self.phone()), self.email());
        let username = format!("ada{}", self.number());
        let unique =
            [(Attribute::Phone, &*phone), (Attribute::Email, &*email), (Attribute::Username, &*username)];
        self.settle(user, &[&ATTRIBUTES[..], &unique].concat()).await
    }

    /// Stores so many versions of a user's history.
    ///
    /// # Errors
    /// When they are not stored.
    pub async fn remember(&self, user: &str, versions: u64) -> Result<()> {
        let (user, time) = (id(user)?, SystemClock.now());
        let entry = |version| HistoryEntry {
            version,
            time,
            contract: "authms".to_owned(),
            actor: ActorKind::Subject,
            origin: None,
            set: Vec::new(),
            changed: vec![Attribute::City.name().to_owned()],
            removed: Vec::new(),
        };
        let entries: Vec<_> = (1..=versions).map(|version| (&user, entry(version))).collect();
        for batch in entries.chunks(HISTORY_BATCH) {
            self.store.put_history(batch).await?;
        }
        Ok(())
    }

    /// Sends a code to nowhere: the challenge's token, and the code. `subject`: who alone may use it.
    ///
    /// # Errors
    /// When the challenge is not stored.
    pub async fn code(
        &self,
        policy: &Policy,
        subject: Option<&str>,
        (contact, address): (Contact, &str),
    ) -> Result<(String, String)> {
        // What limits messages is no matter of these rows, and they are made faster than people ask.
        let policy = Policy {
            code_seconds: LIFETIME,
            token_seconds: LIFETIME,
            pause_seconds: 0,
            per_address_a_day: u32::MAX,
            per_subject_a_day: None,
            ..*policy
        };
        let allowance = Allowance { per_source_a_day: u32::MAX, per_client_a_minute: u32::MAX };
        let subject = subject.map(id).transpose()?;
        let occasion = Occasion { contact, address, subject: subject.as_ref(), source: None };
        let mut written = String::new();
        let deliver = |code: shared::otp::Code| {
            code.expose().clone_into(&mut written);
            ready(true)
        };
        let policy = (&policy, &allowance);
        let sent = send(&self.store, &self.entropy, SystemClock.now(), policy, &occasion, deliver).await;
        let token = sent.map_err(|_| Failure::new("no code can be sent"))?;
        Ok((token.expose().to_owned(), written))
    }

    /// A proof that this user reads what is sent to this address.
    ///
    /// # Errors
    /// When it is not stored.
    pub async fn proof(
        &self,
        policy: &Policy,
        user: &str,
        contact: Contact,
        address: &str,
    ) -> Result<String> {
        let (token, code) = self.code(policy, Some(user), (contact, address)).await?;
        let (now, owner) = (SystemClock.now(), id(user)?);
        let proof = verify(&self.store, &self.entropy, now, (policy, LIFETIME), &owner, (&token, &code));
        proof.await.map_err(|_| Failure::new("a code was not accepted"))
    }
}

/// A phone number of mainland China as profiles hold it.
pub fn e164(phone: &str) -> String {
    format!("+86{phone}")
}

fn id(user: &str) -> Result<UserId> {
    UserId::parse(user).map_err(|_| Failure::new("no user id")).context(user)
}
