//! Why an update was refused or failed.

use crate::auth::{CredentialError, TokenError};
use crate::profile::{Contact, Unique};
use crate::validation::{Malformed, Violation};

/// What was wrong with the proof of a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofFault {
    /// None was sent, or only a part of one.
    Missing,
    /// Its token is unknown, expired, or was issued for something else.
    Token,
}

/// Every way in which an update can end without a change. Closed, and each contract matches it without a
/// catch-all: a new way does not compile until every contract has said how it looks there.
#[derive(Debug)]
pub enum UpdateError {
    /// The caller's credential is missing or not accepted.
    Credential(CredentialError),
    /// The credential is good, but its holder may not use this endpoint at all.
    NotAdmitted,
    /// The body is not sent as JSON.
    MediaType,
    /// The body is not the JSON object it should be.
    Malformed(Malformed),
    /// A condition header is malformed.
    PreconditionMalformed,
    /// The caller may not change this user.
    Forbidden,
    /// Nothing to change was sent, and the contract wants something.
    Nothing,
    /// Field rules were broken; in the contract's field order, never empty.
    Invalid(Vec<Violation>),
    /// A contact's change lacks a proof that counts.
    Proof(Contact, ProofFault),
    /// No such user.
    NoSuchUser,
    /// The user was erased.
    Erased,
    /// The stored version is not the one asked for.
    PreconditionFailed,
    /// These values belong to other profiles; never empty.
    Taken(Vec<Unique>),
    /// Others kept changing the same profile through all retries.
    Contention,
    /// The database asked to slow down through all retries.
    Throttled,
    /// The database did not answer in time.
    Unavailable,
    /// A defect of ours.
    Internal,
}

impl UpdateError {
    /// One word for the log: what class of outcome it was.
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Credential(_) => "credential_refused",
            Self::NotAdmitted => "not_admitted",
            Self::MediaType | Self::Malformed(_) | Self::PreconditionMalformed => "malformed",
            Self::Forbidden => "forbidden",
            Self::Nothing | Self::Invalid(_) => "invalid",
            Self::Proof(..) => "proof_refused",
            Self::NoSuchUser => "no_such_user",
            Self::Erased => "erased",
            Self::PreconditionFailed => "precondition_failed",
            Self::Taken(_) => "taken",
            Self::Contention => "contention",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

impl From<CredentialError> for UpdateError {
    fn from(error: CredentialError) -> Self {
        Self::Credential(error)
    }
}

impl From<TokenError> for UpdateError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Refused(error) => Self::Credential(error),
            // Not knowing an issuer's keys is our failure, not the caller's.
            TokenError::KeysUnavailable => Self::Unavailable,
        }
    }
}
