//! Why an update was refused or failed.

use crate::auth::{CredentialError, TokenError};
use crate::otp::{ProofFault, SendError, SendLimit, VerifyError};
use crate::profile::{Contact, Unique};
use crate::store::StoreError;
use crate::validation::{Malformed, Violation};

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
    /// The stack wants a condition on this request, and it has none.
    PreconditionRequired,
    /// The `Idempotency-Key` is malformed.
    IdempotencyKeyMalformed,
    /// The `Idempotency-Key` was used for another request.
    IdempotencyKeyReused,
    /// The caller may not change this user.
    Forbidden,
    /// Nothing to change was sent, and the contract wants something.
    Nothing,
    /// Field rules were broken; in the contract's field order, never empty.
    Invalid(Vec<Violation>),
    /// A contact's change lacks a proof that counts.
    Proof(Contact, ProofFault),
    /// A code is not accepted, whatever contact it was for.
    Verification(ProofFault),
    /// No such user.
    NoSuchUser,
    /// The user was erased.
    Erased,
    /// The stored version is not the one asked for.
    PreconditionFailed,
    /// These values belong to other profiles; never empty.
    Taken(Vec<Unique>),
    /// No message may be sent now; in so many seconds one may.
    SendLimit(Contact, SendLimit, u32),
    /// The address that a message should go to belongs to a user, and the stack tells such things.
    ContactInUse(Contact),
    /// The carrier did not take the message.
    Undelivered,
    /// Others kept changing the same profile through all retries.
    Contention,
    /// The database asked to slow down through all retries.
    Throttled,
    /// The database did not answer in time.
    Unavailable,
    /// A defect of ours.
    Internal,
}

/// Who can do something about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The caller.
    Caller,
    /// Nobody: too much was asked for at once.
    Load,
    /// The operator or the developer.
    Service,
}

impl UpdateError {
    /// One word for the log: what class of outcome it was.
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Credential(_) => "credential_refused",
            Self::NotAdmitted => "not_admitted",
            Self::MediaType
            | Self::Malformed(_)
            | Self::PreconditionMalformed
            | Self::IdempotencyKeyMalformed => "malformed",
            Self::PreconditionRequired => "precondition_required",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::Forbidden => "forbidden",
            Self::Nothing | Self::Invalid(_) => "invalid",
            Self::Proof(..) | Self::Verification(_) => "proof_refused",
            Self::NoSuchUser => "no_such_user",
            Self::Erased => "erased",
            Self::PreconditionFailed => "precondition_failed",
            Self::Taken(_) => "taken",
            Self::SendLimit(..) => "send_limit",
            Self::ContactInUse(_) => "contact_in_use",
            Self::Undelivered => "undelivered",
            Self::Contention => "contention",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// Why it came to that.
    pub const fn cause(&self) -> Cause {
        match self {
            Self::Credential(_)
            | Self::NotAdmitted
            | Self::MediaType
            | Self::Malformed(_)
            | Self::PreconditionMalformed
            | Self::PreconditionRequired
            | Self::IdempotencyKeyMalformed
            | Self::IdempotencyKeyReused
            | Self::Forbidden
            | Self::Nothing
            | Self::Invalid(_)
            | Self::Proof(..)
            | Self::Verification(_)
            | Self::NoSuchUser
            | Self::Erased
            | Self::PreconditionFailed
            | Self::Taken(_)
            | Self::SendLimit(..)
            | Self::ContactInUse(_) => Cause::Caller,
            Self::Contention | Self::Throttled => Cause::Load,
            Self::Undelivered | Self::Unavailable | Self::Internal => Cause::Service,
        }
    }
}

impl UpdateError {
    /// Whether it is said because of what is stored, so that an earlier copy of the same request may be why.
    pub(super) const fn may_follow_from_a_change(&self) -> bool {
        match self {
            Self::Invalid(_)
            | Self::Proof(..)
            | Self::NoSuchUser
            | Self::PreconditionFailed
            | Self::Taken(_)
            | Self::Contention => true,
            Self::Credential(_)
            | Self::NotAdmitted
            | Self::MediaType
            | Self::Malformed(_)
            | Self::PreconditionMalformed
            | Self::PreconditionRequired
            | Self::IdempotencyKeyMalformed
            | Self::IdempotencyKeyReused
            | Self::Forbidden
            | Self::Nothing
            | Self::Verification(_)
            | Self::Erased
            | Self::SendLimit(..)
            | Self::ContactInUse(_)
            | Self::Undelivered
            | Self::Throttled
            | Self::Unavailable
            | Self::Internal => false,
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

impl From<StoreError> for UpdateError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Throttled => Self::Throttled,
            StoreError::Unavailable => Self::Unavailable,
            StoreError::Internal => Self::Internal,
        }
    }
}

impl From<VerifyError> for UpdateError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Refused(fault) => Self::Verification(fault),
            VerifyError::Contention => Self::Contention,
            VerifyError::Store(error) => error.into(),
        }
    }
}

impl UpdateError {
    /// Why no code went out to a contact.
    pub fn sending(contact: Contact, error: SendError) -> Self {
        match error {
            SendError::Limited(limit, seconds) => Self::SendLimit(contact, limit, seconds),
            SendError::Undelivered => Self::Undelivered,
            SendError::Erased => Self::Erased,
            SendError::Contention => Self::Contention,
            SendError::Store(error) => error.into(),
        }
    }
}
