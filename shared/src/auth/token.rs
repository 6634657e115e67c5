//! Verifying bearer tokens: JWTs (RFC 7519) as JWS compact serialisation (RFC 7515), with the cautions of RFC 8725.

use super::CredentialError;
use super::crypto;
use super::issuer::{IssuerEntry, Subjects};
use super::key_set::KeySet;
use super::key_source::{KeySource, KeySources};
use super::members::Members;
use crate::clock::Timestamp;
use crate::validation::UserId;
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Header, dangerous, decode_header};
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
    /// The OAuth client it was issued to: `client_id`, else `azp`.
    pub client: Option<String>,
    /// Whether a role `admin` of this issuer counts.
    pub grants_admin: bool,
}

impl VerifiedToken {
    /// Whether the bearer is an administrator: by role `admin`, from an issuer that grants it.
    pub fn is_admin(&self) -> bool {
        self.grants_admin && self.roles.iter().any(|role| role == "admin")
    }

    /// Whether this scope is granted.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }
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
    /// Reads the keys of these entries: files, secrets and key sets. Installs the cryptography ([`super::install`]).
    ///
    /// Errors: a text per entry whose file or secret cannot be used. A `jwks_url` that does not answer is none: it
    /// is asked again when the first token comes.
    pub async fn load(entries: Vec<IssuerEntry>, sources: KeySources) -> Result<Self, Vec<String>> {
        crypto::install();
        let mut issuers = Vec::new();
        let mut faults = Vec::new();
        for entry in entries {
            match KeySource::load(&entry, &sources).await {
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
    /// a token that was good until then), [`CredentialError::Unavailable`].
    pub async fn verify(
        &self,
        token: &str,
        contract: &str,
        named: bool,
        now: Timestamp,
    ) -> Result<VerifiedToken, CredentialError> {
        let token = Unverified::parse(token)?;
        let issuer = self.issuer(&token.claims, contract, named).ok_or(CredentialError::Invalid)?;
        issuer.check_signature(&token, now).await?;
        issuer.entry.accept(&token.claims, now)
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
    header: Header,
    claims: Map<String, Value>,
}

impl<'a> Unverified<'a> {
    fn parse(token: &'a str) -> Result<Self, CredentialError> {
        if token.len() > TOKEN_BYTES {
            return Err(CredentialError::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(CredentialError::Malformed)?;
        let base64url = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if !signature.bytes().all(base64url) {
            return Err(CredentialError::Malformed);
        }
        let header = decode_header(token).map_err(|error| fault(&error))?;
        let claims = dangerous::insecure_decode_claims::<Members>(token).map_err(|error| fault(&error))?.0;
        // Keys come from the issuer's entry alone, and no extension is understood here.
        let offers_key =
            header.jwk.is_some() || header.jku.is_some() || header.x5u.is_some() || header.x5c.is_some();
        if offers_key || header.crit.is_some() {
            return Err(CredentialError::Invalid);
        }
        Ok(Self { message, signature, header, claims })
    }
}

/// No JWS at all, or one whose content is not what it should be: `alg` none, a repeated member.
fn fault(error: &Error) -> CredentialError {
    match error.kind() {
        ErrorKind::Json(error) if error.classify() == Category::Data => CredentialError::Invalid,
        _ => CredentialError::Malformed,
    }
}

impl Issuer {
    async fn check_signature(&self, token: &Unverified<'_>, now: Timestamp) -> Result<(), CredentialError> {
        if token.header.alg != self.entry.algorithm {
            return Err(CredentialError::Invalid);
        }
        let kid = token.header.kid.as_deref();
        let seen = self.keys.current();
        if let Some(keys) = &seen {
            if self.signed(token, keys) {
                return Ok(());
            }
            if !self.keys.may_have_changed(keys, kid) {
                return Err(CredentialError::Invalid);
            }
        }
        match self.keys.newer_than(seen.as_ref(), now).await {
            Some(keys) if self.signed(token, &keys) => Ok(()),
            None if seen.is_none() => Err(CredentialError::Unavailable),
            _ => Err(CredentialError::Invalid),
        }
    }

    fn signed(&self, token: &Unverified<'_>, keys: &KeySet) -> bool {
        let (message, algorithm) = (token.message.as_bytes(), self.entry.algorithm);
        let by = |key| jsonwebtoken::crypto::verify(token.signature, message, key, algorithm);
        keys.candidates(token.header.kid.as_deref()).into_iter().any(|key| by(key) == Ok(true))
    }
}

impl IssuerEntry {
    /// What the claims say, if they are for this service and of this time. Their signature has been checked.
    fn accept(&self, claims: &Map<String, Value>, now: Timestamp) -> Result<VerifiedToken, CredentialError> {
        if self.issuer.is_some() && !self.is_audience(claims.get("aud")) {
            return Err(CredentialError::Invalid);
        }
        let subject = claims.get(&self.claims.subject).and_then(Value::as_str);
        let subject = subject.and_then(|subject| self.user_id(subject)).ok_or(CredentialError::Invalid)?;
        self.check_times(claims, now)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(VerifiedToken {
            subject,
            roles: words(first(claims, &self.claims.roles), |role| vec![role.to_owned()]),
            scopes: words(first(claims, &self.claims.scopes), |scopes| {
                scopes.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
            }),
            client: text("client_id").or_else(|| text("azp")),
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
