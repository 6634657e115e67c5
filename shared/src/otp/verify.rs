//! Checking a code before anything is changed with it.

use super::patience::patiently;
use super::proof::{ProofFault, guess, is_conflict};
use super::send::Policy;
use super::token::{Code, Token};
use crate::clock::Timestamp;
use crate::entropy::Entropy;
use crate::store::{Bound, ProfileStore, StoreError, WriteError};
use crate::validation::UserId;

/// Why a code was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyError {
    /// Token or code are no good.
    Refused(ProofFault),
    /// Others kept writing on the same challenge.
    Contention,
    /// The database failed.
    Store(StoreError),
}

impl From<WriteError> for VerifyError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Store(error) => Self::Store(error),
            // Of the others only a conflict can happen to one item.
            WriteError::Conflict
            | WriteError::Companion(..)
            | WriteError::Refused(_)
            | WriteError::Taken(_) => Self::Contention,
        }
    }
}

/// Checks a code, and hands out what proves that: good for `seconds`, for this user alone, once. Of two requests with
/// the right code one gets it. Two calls to the store, one where the code is refused.
///
/// # Errors
/// See [`VerifyError`].
pub async fn verify(
    store: &ProfileStore,
    entropy: &dyn Entropy,
    now: Timestamp,
    (policy, seconds): (&Policy, i64),
    owner: &UserId,
    (token, code): (&str, &str),
) -> Result<String, VerifyError> {
    const UNKNOWN: VerifyError = VerifyError::Refused(ProofFault::Token);
    let token = Token::parse(token).ok_or(UNKNOWN)?;
    let bound =
        Bound { digest: token.digest(), holder: token.holder(policy.purpose, Some(owner)), target: None };
    let code = guess(store, entropy, now, &token, &bound, (&Code::guessed(code), None)).await?;
    let code = code.map_err(VerifyError::Refused)?;
    let proof = Token::draw(entropy);
    let (kept, expires) = (token.proof(&proof), now.plus_seconds(seconds));
    let prove = || store.prove_challenge(&bound, &code, &kept, now, expires);
    if patiently(entropy, is_conflict, prove).await? {
        Ok(format!("{}{}", token.expose(), proof.expose()))
    } else {
        Err(UNKNOWN)
    }
}
