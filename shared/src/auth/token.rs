//! Verifying bearer tokens: JWTs (RFC 7519) as JWS compact serialisation (RFC 7515), with the cautions of RFC 8725.

use super::crypto;
use super::header::JoseHeader;
use super::issuer::{IssuerEntry, Subjects};
use super::key_set::KeySet;
use super::key_source::{KeySource, KeySources};
use super::members::Members;
use super::{CredentialError, TokenError};
use crate::clock::Timestamp;
use crate::validation::UserId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use serde_json::{Map, Value, error::Category};

/// The longest token that is looked at, bytes.
const TOKEN_BYTES: usize = 8 * 1024;

/// What a token that was verified says of its bearer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedToken {
    /// The user: the subject, after the issuer's prefix where it has one.
    pub subject: UserId,
    /// The roles it names; a single role (WTS: the access level) is a list of one.
    pub roles: Vec<String>,
    /// The scopes it grants.
    pub scopes: Vec<String>,
    /// Whether its subject is the OAuth client it was issued to (`client_id`, else `azp`): a machine that stands
    /// for itself and for no user.
    pub is_client: bool,
    /// Whether a role `admin` of this issuer counts.
    pub grants_admin: bool,
}

/// Verifies tokens against the configured issuers.
#[derive(Debug)]
pub struct TokenVerifier {
    issuers: Vec<Issuer>,
}

#[derive(Debug)]
struct Issuer {
    entry: IssuerEntry,
    keys: KeySource,
}

impl TokenVerifier {
    /// Reads the keys of these entries: files, secrets and key sets, all at once, so that one that does not answer is
    /// waited for no longer than many. Installs the cryptography ([`super::install`]).
    ///
    /// Errors: a text per entry whose file or secret cannot be used. A `jwks_url` that does not answer is none: it
    /// is asked again when the first token comes.
    pub async fn load(entries: Vec<IssuerEntry>, sources: KeySources) -> Result<Self, Vec<String>> {
        crypto::install();
        let mut issuers = Vec::new();
        let mut faults = Vec::new();
        let keys = join_all(entries.iter().map(|entry| KeySource::load(entry, &sources))).await;
        for (entry, keys) in entries.into_iter().zip(keys) {
            match keys {
                Ok(keys) => issuers.push(Issuer { entry, keys }),
                Err(fault) => faults.push(format!("issuer ({}): {fault}", entry.name())),
            }
        }
        if faults.is_empty() { Ok(Self { issuers }) } else { Err(faults) }
    }

    /// Verifies a token that came on `contract` at `now`.
    ///
    /// `named`: the contract's tokens carry `iss` and `aud`, and `iss` picks the entry; otherwise they must carry
    /// neither, and only the entry without `issuer` counts. Nothing else of the token is believed before its
    /// signature holds, and the entry alone says by which algorithm and keys it must.
    ///
    /// Errors: [`CredentialError::Malformed`], [`CredentialError::Invalid`], [`CredentialError::Expired`] (only of
    /// a token that was good until then), [`TokenError::KeysUnavailable`].
    pub async fn verify(
        &self,
        token: &str,
        contract: &str,
        named: bool,
        now: Timestamp,
    ) -> Result<VerifiedToken, TokenError> {
        let token = Unverified::parse(token)?;
        let issuer = self.issuer(&token.claims, contract, named).ok_or(CredentialError::Invalid)?;
        issuer.check_signature(&token, now).await?;
        Ok(issuer.entry.accept(&token.claims, now)?)
    }

    fn issuer(&self, claims: &Map<String, Value>, contract: &str, named: bool) -> Option<&Issuer> {
        let name = match named {
            true => Some(claims.get("iss")?.as_str()?),
            false if claims.contains_key("iss") || claims.contains_key("aud") => return None,
            false => None,
        };
        self.issuers
            .iter()
            .find(|issuer| issuer.entry.issuer.as_deref() == name && issuer.entry.serves(contract))
    }
}

/// A token taken apart. Whoever sent it may have written anything into it.
struct Unverified<'a> {
    /// What the signature is of: header and claims as they came.
    message: &'a str,
    signature: &'a str,
    header: JoseHeader,
    claims: Map<String, Value>,
}

impl<'a> Unverified<'a> {
    fn parse(token: &'a str) -> Result<Self, CredentialError> {
        if token.len() > TOKEN_BYTES {
            return Err(CredentialError::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(CredentialError::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(CredentialError::Malformed)?;
        decode(signature)?;
        let (header, claims) = (members(header)?, members(claims)?);
        Ok(Self { message, signature, header: JoseHeader::of(&header)?, claims })
    }
}

/// The bytes of a part: base64url without padding, one spelling each (RFC 7515, section 2).
fn decode(part: &str) -> Result<Vec<u8>, CredentialError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| CredentialError::Malformed)
}

/// The members of a part that is a JSON object. What is JSON, but no object or one with a repeated member, makes a JWT
/// that is not to be trusted; all else makes none.
fn members(part: &str) -> Result<Map<String, Value>, CredentialError> {
    serde_json::from_slice(&decode(part)?).map(|Members(members)| members).map_err(|error| {
        match error.classify() {
            Category::Data => CredentialError::Invalid,
            _ => CredentialError::Malformed,
        }
    })
}

impl Issuer {
    async fn check_signature(&self, token: &Unverified<'_>, now: Timestamp) -> Result<(), TokenError> {
        if token.header.algorithm != self.entry.algorithm {
            return Err(CredentialError::Invalid.into());
        }
        let kid = token.header.kid.as_deref();
        let signed =
            |keys: &KeySet| keys.verify(self.entry.algorithm, kid, token.message.as_bytes(), token.signature);
        let seen = self.keys.current();
        if let Some(keys) = &seen {
            if signed(keys) {
                return Ok(());
            }
            if !self.keys.may_have_changed(keys, kid) {
                return Err(CredentialError::Invalid.into());
            }
        }
        match self.keys.newer_than(seen.as_ref(), now).await {
            Some(keys) if signed(&keys) => Ok(()),
            None if seen.is_none() => Err(TokenError::KeysUnavailable),
            _ => Err(CredentialError::Invalid.into()),
        }
    }
}

impl IssuerEntry {
    /// What the claims say, if they are for this service and of this time. Their signature has been checked.
    fn accept(&self, claims: &Map<String, Value>, now: Timestamp) -> Result<VerifiedToken, CredentialError> {
        if self.issuer.is_some() && !self.is_audience(claims.get("aud")) {
            return Err(CredentialError::Invalid);
        }
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let named = text(&self.claims.subject).ok_or(CredentialError::Invalid)?;
        let subject = self.user_id(named).ok_or(CredentialError::Invalid)?;
        self.check_times(claims, now)?;
        Ok(VerifiedToken {
            subject,
            roles: words(first(claims, &self.claims.roles), |role| vec![role.to_owned()]),
            scopes: words(first(claims, &self.claims.scopes), |scopes| {
                scopes.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
            }),
            is_client: text("client_id").or_else(|| text("azp")) == Some(named),
            grants_admin: self.grants_admin,
        })
    }

    fn is_audience(&self, aud: Option<&Value>) -> bool {
        let accepted = |name: &str| self.audience.iter().any(|audience| audience == name);
        match aud {
            Some(Value::String(name)) => accepted(name),
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(accepted),
            _ => false,
        }
    }

    fn user_id(&self, subject: &str) -> Option<UserId> {
        match &self.subjects {
            Subjects::Prefixed(prefix) if !subject.is_empty() => {
                UserId::parse(&format!("{prefix}{subject}")).ok()
            }
            Subjects::Prefixed(_) => None,
            Subjects::Shared { reserved } if reserved.iter().any(|prefix| subject.starts_with(prefix)) => {
                None
            }
            Subjects::Shared { .. } => UserId::parse(subject).ok(),
        }
    }

    /// Good from `nbf` to just before `exp`, with the leeway on either side (RFC 7519, sections 4.1.4 and 4.1.5).
    fn check_times(&self, claims: &Map<String, Value>, now: Timestamp) -> Result<(), CredentialError> {
        let (now, leeway) = (now.millis() as f64, (self.leeway_seconds * 1000) as f64);
        // NumericDate: seconds, fractions allowed.
        let millis =
            |value: &Value| value.as_f64().map(|seconds| seconds * 1000.0).ok_or(CredentialError::Invalid);
        let expiry = claims.get("exp").ok_or(CredentialError::Invalid).and_then(millis)?;
        let start = claims.get("nbf").map(millis).transpose()?;
        claims.get("iat").map(millis).transpose()?;
        if start.is_some_and(|start| now < start - leeway) {
            return Err(CredentialError::Invalid);
        }
        if now >= expiry + leeway { Err(CredentialError::Expired) } else { Ok(()) }
    }
}

/// The first of these claims that is there.
fn first<'a>(claims: &'a Map<String, Value>, names: &[String]) -> Option<&'a Value> {
    names.iter().find_map(|name| claims.get(name))
}

/// The words of a claim that is an array of strings or one string; anything else grants nothing.
fn words(claim: Option<&Value>, split: impl FnOnce(&str) -> Vec<String>) -> Vec<String> {
    match claim {
        Some(Value::String(text)) => split(text),
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
