//! Sending a code.

use super::allowance::{Allowance, SendLimit};
use super::token::{Code, Token};
use crate::clock::Timestamp;
use crate::entropy::{Entropy, pause};
use crate::profile::Contact;
use crate::store::{Challenge, Limit, OpenError, ProfileStore, StoreError};
use crate::validation::UserId;
use std::future::Future;

/// How often limits are counted anew after another request was counting on them too.
const LOST_RACES: u32 = 5;

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

/// To whom a code goes, and who asks for it.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    /// What kind of address.
    pub contact: Contact,
    /// The address, in the form in which profiles store it.
    pub address: &'a str,
    /// The user who asks, and who alone may then use the code; `None`: whoever holds token and code.
    pub subject: Option<&'a UserId>,
    /// The network address that the request came from.
    pub source: Option<&'a str>,
    /// The application that asks.
    pub client: Option<&'a str>,
}

/// Why no code was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// A limit is reached; in so many seconds it allows one more.
    Limited(SendLimit, u32),
    /// The carrier did not take the message. It was not counted.
    Undelivered,
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
/// One call to the store, one more where an application asks, one more where the message does not go out. The counts
/// and the challenge are one transaction, written before the message is handed over: of many requests at one moment,
/// no more are let through than the limits allow.
///
/// # Errors
/// See [`SendError`]. No message went out then, and only the application's own count has moved.
pub async fn send<D: Future<Output = bool>>(
    store: &ProfileStore,
    entropy: &dyn Entropy,
    now: Timestamp,
    (policy, allowance): (&Policy, &Allowance),
    occasion: &Occasion<'_>,
    deliver: impl FnOnce(Code) -> D,
) -> Result<Token, SendError> {
    if let Some(client) = occasion.client {
        let limit = allowance.client(client, now);
        if !store.count(&limit).await? {
            return Err(SendError::Limited(SendLimit::Caller, limit.retry_after(None, now)));
        }
    }
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
    let mut lost_races = 0;
    loop {
        match store.open_challenge(&challenge, &limits).await {
            Ok(()) => break,
            Err(OpenError::Limited(position, stood)) => {
                let (Some(whose), Some(limit)) = (whose.get(position), limits.get(position)) else {
                    return Err(SendError::Store(StoreError::Internal));
                };
                return Err(SendError::Limited(*whose, limit.retry_after(stood.as_ref(), now)));
            }
            Err(OpenError::Store(error)) => return Err(error.into()),
            Err(OpenError::Conflict) if lost_races == LOST_RACES => return Err(SendError::Contention),
            Err(OpenError::Conflict) => {
                pause(entropy, lost_races).await;
                lost_races += 1;
            }
        }
    }
    if deliver(code).await {
        return Ok(token);
    }
    // Where this fails too, the caller waits a little longer than they would have to.
    let _ = store.withdraw_challenge(&challenge.digest, &limits).await;
    Err(SendError::Undelivered)
}
