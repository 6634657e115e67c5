//! Proofs of contacts that come with a change of a profile.

use super::patience::patiently;
use super::token::{Code, Token};
use super::verify::VerifyError;
use crate::auth::equal;
use crate::clock::Timestamp;
use crate::entropy::Entropy;
use crate::profile::Contact;
use crate::store::{Bound, Companion, Mac, ProfileStore, WriteError};
use crate::validation::UserId;

/// What is wrong with the proof of a contact. In the order in which several are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProofFault {
    /// None was sent, or only a part of one.
    Missing,
    /// Its token is unknown, expired, spent, out of guesses, or was issued for something else.
    Token,
    /// Its code is wrong or expired.
    Code,
}

/// What a caller shows for a contact being theirs.
#[derive(Clone, PartialEq, Eq)]
pub enum Evidence {
    /// A challenge's token and the code that was sent.
    Code {
        /// The token.
        token: String,
        /// The code.
        code: String,
    },
    /// What [`verify`](super::verify) handed out.
    Verified(String),
}

impl Evidence {
    /// What names its challenge.
    fn challenge(&self) -> &str {
        match self {
            Self::Code { token, .. } => token,
            Self::Verified(pair) => pair.get(..Token::DIGITS).unwrap_or(pair),
        }
    }
}

impl std::fmt::Debug for Evidence {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Evidence(…)")
    }
}

/// A contact with the evidence that comes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Which contact.
    pub contact: Contact,
    /// What the evidence must have been made for: [`Policy::purpose`](super::Policy::purpose).
    pub purpose: &'static str,
    /// Who alone may use it; `None`: whoever holds it.
    pub owner: Option<UserId>,
    /// The evidence.
    pub evidence: Evidence,
}

/// What spends proofs, once it is written: one companion for each, with the contact it is for.
#[derive(Debug, Default)]
pub(crate) struct Spending {
    /// In the order of `companions`.
    pub contacts: Vec<Contact>,
    /// To be written with the change.
    pub companions: Vec<Companion>,
}

/// Checks proofs, each with the address that it has to be for. A code costs one call, a proof handed out before none.
///
/// Of several faults the first is told: a token before a code, the phone before the e-mail address. `request` stands for
/// a request that may be sent again: see [`ProfileStore::count_guess`].
pub(crate) async fn check(
    store: &ProfileStore,
    entropy: &dyn Entropy,
    now: Timestamp,
    proofs: &[(&Proof, &str)],
    request: Option<&Mac>,
) -> Result<Result<Spending, (Contact, ProofFault)>, VerifyError> {
    let mut spending = Spending::default();
    let mut faults = Vec::new();
    for (index, (proof, address)) in proofs.iter().enumerate() {
        // A challenge is for one address, and a transaction takes no item twice.
        let again =
            |(earlier, _): &(&Proof, &str)| earlier.evidence.challenge() == proof.evidence.challenge();
        if proofs[..index].iter().any(again) {
            faults.push((ProofFault::Token, proof.contact));
            continue;
        }
        match companion(store, entropy, now, (proof, address), request).await? {
            Ok(companion) => {
                spending.contacts.push(proof.contact);
                spending.companions.push(companion);
            }
            Err(fault) => faults.push((fault, proof.contact)),
        }
    }
    Ok(match faults.into_iter().min() {
        None => Ok(spending),
        Some((fault, contact)) => Err((contact, fault)),
    })
}

async fn companion(
    store: &ProfileStore,
    entropy: &dyn Entropy,
    now: Timestamp,
    (proof, address): (&Proof, &str),
    request: Option<&Mac>,
) -> Result<Result<Companion, ProofFault>, VerifyError> {
    let bound = |token: &Token| Bound {
        digest: token.digest(),
        holder: token.holder(proof.purpose, proof.owner.as_ref()),
        target: Some(token.target(proof.contact, address)),
    };
    match &proof.evidence {
        Evidence::Verified(pair) => Ok(match Token::parse_pair(pair) {
            Some((token, proof)) => Ok(bound(&token).spend_proof(&token.proof(&proof), now)),
            None => Err(ProofFault::Token),
        }),
        Evidence::Code { token, code } => {
            let Some(token) = Token::parse(token) else { return Ok(Err(ProofFault::Token)) };
            let bound = bound(&token);
            let code = (&Code::guessed(code), request);
            let code = guess(store, entropy, now, &token, &bound, code).await?;
            Ok(code.map(|code| bound.spend_code(&code, now)))
        }
    }
}

/// Counts a guess and compares it. The stored MAC where it is right. One call.
pub(super) async fn guess(
    store: &ProfileStore,
    entropy: &dyn Entropy,
    now: Timestamp,
    token: &Token,
    bound: &Bound,
    (code, request): (&Code, Option<&Mac>),
) -> Result<Result<Mac, ProofFault>, WriteError> {
    let counted = patiently(entropy, is_conflict, || store.count_guess(bound, request, now)).await?;
    let Some(guess) = counted else { return Ok(Err(ProofFault::Token)) };
    let right = equal(&guess.code, &token.code(code));
    Ok(if right && now < guess.code_expires { Ok(guess.code) } else { Err(ProofFault::Code) })
}

pub(super) const fn is_conflict(error: &WriteError) -> bool {
    matches!(error, WriteError::Conflict)
}
