//! Sending a code.

use super::allowance::{Allowance, SendLimit};
use super::patience::patiently;
use super::token::{Code, Token};
use crate::clock::Timestamp;
use crate::entropy::Entropy;
use crate::profile::Contact;
use crate::store::{Challenge, Limit, OpenError, ProfileStore, StoreError};
use crate::validation::UserId;
use std::fmt;
use std::future::Future;

/// How a contract's codes live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What the codes are for. One that was sent for something else proves nothing.
    pub purpose: &'static str,
    /// How long a code is good, in seconds.
    pub code_seconds: i64,
    /// How long its token is, in seconds.
    pub token_seconds: i64,
    /// How long one address waits from one message to the next, in seconds.
    pub pause_seconds: i64,
    /// Messages to one address on one day (UTC).
    pub per_address_a_day: u32,
    /// Messages that one user may ask for on one day (UTC).
    pub per_subject_a_day: Option<u32>,
}

/// To whom a code goes, and who asks for it. It prints neither address.
#[derive(Clone, Copy)]
pub struct Occasion<'a> {
    /// What kind of address.
    pub contact: Contact,
    /// The address, in the form in which profiles store it.
    pub address: &'a str,
    /// The user who asks, and who alone may then use the code; `None`: whoever holds token and code.
    pub subject: Option<&'a UserId>,
    /// The network address that the request came from.
    pub source: Option<&'a str>,
}

impl fmt::Debug for Occasion<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Occasion({:?}, …)", self.contact)
    }
}

/// Why no code was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// A limit is reached; in so many seconds it allows one more.
    Limited(SendLimit, u32),
    /// The carrier did not take the message. It was not counted.
    Undelivered,
    /// The user who asks was erased.
    Erased,
    /// Others kept counting on the same limits through all retries.
    Contention,
    /// The database failed.
    Store(StoreError),
}

impl From<StoreError> for SendError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Sends a code through `deliver`, which answers whether the carrier took it, and hands out the challenge's token.
///
/// One call to the store, one more where the message does not go out. The counts and the challenge are one
/// transaction, written before the message is handed over: of many requests at one moment, no more are let through
/// than the limits allow.
///
/// # Errors
/// See [`SendError`]. No message went out then, and nothing was counted.
pub async fn send<D: Future<Output = bool>>(
    store: &ProfileStore,
    entropy: &dyn Entropy,
    now: Timestamp,
    (policy, allowance): (&Policy, &Allowance),
    occasion: &Occasion<'_>,
    deliver: impl FnOnce(Code) -> D,
) -> Result<Token, SendError> {
    let (token, code) = (Token::draw(entropy), Code::draw(entropy));
    let challenge = Challenge {
        digest: token.digest(),
        code: token.code(&code),
        holder: token.holder(policy.purpose, occasion.subject),
        target: token.target(occasion.contact, occasion.address),
        code_expires: now.plus_seconds(policy.code_seconds),
        token_expires: now.plus_seconds(policy.token_seconds),
    };
    let (whose, limits): (Vec<SendLimit>, Vec<Limit>) =
        allowance.limits(policy, occasion, now).into_iter().unzip();
    let opened =
        patiently(entropy, is_conflict, || store.open_challenge(&challenge, occasion.subject, &limits)).await;
    opened.map_err(|error| match error {
        OpenError::Limited(reached) => {
            let waits = reached.iter().filter_map(|(position, stood)| {
                Some(limits.get(*position)?.retry_after(stood.as_ref(), now))
            });
            match (reached.first().and_then(|(position, _)| whose.get(*position)), waits.max()) {
                (Some(whose), Some(seconds)) => SendError::Limited(*whose, seconds),
                _ => SendError::Store(StoreError::Internal),
            }
        }
        OpenError::Erased => SendError::Erased,
        OpenError::Conflict => SendError::Contention,
        OpenError::Store(error) => error.into(),
    })?;
    if deliver(code).await {
        return Ok(token);
    }
    // Where this fails too, the caller waits a little longer than they would have to.
    let withdraw = || store.withdraw_challenge(&challenge.digest, &limits);
    let _ = patiently(entropy, is_conflict, withdraw).await;
    Err(SendError::Undelivered)
}

const fn is_conflict(error: &OpenError) -> bool {
    matches!(error, OpenError::Conflict)
}
