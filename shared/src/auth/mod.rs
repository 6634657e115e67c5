//! Credentials: who is calling, and what their token or key says they may do.
//!
//! A bearer token is taken from its header ([`bearer()`]), then verified ([`TokenVerifier`]) against the issuers that
//! are configured ([`parse_issuers`]). An API key is parsed ([`ApiKey`]), looked up by its digest and judged
//! ([`ApiKeyRecord`]). An application shows id and secret ([`basic()`]), which its record is held against
//! ([`ClientRecord`]). Signatures come from `ring` ([`install`]); [`SigningKey`] makes tokens where the program is
//! its own issuer.

mod api_key;
mod basic;
mod bearer;
mod client;
mod compare;
mod crypto;
mod entry;
mod header;
mod issuer;
mod key_set;
mod key_source;
mod members;
mod public_key;
mod sign;
mod token;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod vector_tests;

pub use crate::validation::Role;
pub use api_key::{ApiKey, ApiKeyRecord};
pub use basic::basic;
pub use bearer::bearer;
pub use client::{ClientId, ClientRecord, ClientSecret};
pub(crate) use compare::equal;
pub use crypto::install;
pub use issuer::{IssuerEntry, parse_issuers};
pub use key_source::KeySources;
pub use sign::{SigningKey, UnusableKey, generate_es256_pkcs8};
pub use token::{TokenVerifier, VerifiedToken};

/// Why a credential is not accepted. Holds nothing of the credential; each contract says it in its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialError {
    /// None was sent.
    Missing,
    /// No bearer token, or no signed JWT (JWS compact serialisation, RFC 7515).
    Malformed,
    /// A JWT, but not one to be trusted here.
    Invalid,
    /// A JWT that was good until its `exp`.
    Expired,
    /// No API key, or one that is unknown or disabled.
    UnknownKey,
    /// An API key that was good until its `expires`.
    ExpiredKey,
    /// No id and secret of an application, or none that are good; a missing header too.
    UnknownClient,
}

/// Why a token was not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// It is not to be trusted.
    Refused(CredentialError),
    /// Nothing is known against it: the issuer's keys have not been read yet and could not be read now. The
    /// service's fault, not the caller's.
    KeysUnavailable,
}

impl From<CredentialError> for TokenError {
    fn from(error: CredentialError) -> Self {
        Self::Refused(error)
    }
}
