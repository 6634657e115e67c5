//! Applications that call for themselves: their ids and secrets, and the record kept of each.

use super::CredentialError;
use super::compare::equal;
use crate::clock::Timestamp;
use crate::entropy::{self, Entropy};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::fmt;

const ID: &str = "app-";
const SECRET: &str = "as-";

/// An application's id: `app-` and 32 lower-case hexadecimal digits. No secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientId(String);

impl ClientId {
    /// A new id.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(format!("{ID}{}", entropy::hex(&entropy::bytes::<16>(entropy))))
    }

    /// Checks the form; `None` for what no id looks like.
    pub fn parse(text: &str) -> Option<Self> {
        is_digits(text.strip_prefix(ID)?, 32).then(|| Self(text.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// An application's secret: `as-` and 64 lower-case hexadecimal digits (256 random bits). Its `Debug` shows no digit.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// A new secret.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(format!("{SECRET}{}", entropy::hex(&entropy::bytes::<32>(entropy))))
    }

    /// Checks the form; `None` for what no secret looks like.
    pub fn parse(text: &str) -> Option<Self> {
        is_digits(text.strip_prefix(SECRET)?, 64).then(|| Self(text.to_owned()))
    }

    /// The secret itself, to be shown once to whoever made it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// SHA-256 of the whole secret as 64 lower-case hexadecimal digits: all that the store learns of it. No password's
    /// slow hash is needed, since nobody can try out 256 random bits.
    pub fn digest(&self) -> String {
        entropy::hex(digest(&SHA256, self.0.as_bytes()).as_ref())
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ClientSecret(…)")
    }
}

fn is_digits(text: &str, number: usize) -> bool {
    text.len() == number && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// What is kept of an application beside its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientRecord {
    /// What people call it.
    pub name: String,
    /// SHA-256 of its secret, hexadecimal.
    pub secret_digest: String,
    /// When it was made.
    pub created: Timestamp,
    /// Revoked.
    pub disabled: bool,
}

impl ClientRecord {
    /// Whether this is the secret of the application whose record was found, and the application may call.
    ///
    /// # Errors
    /// [`CredentialError::UnknownClient`], whatever is wrong: an unknown id, another secret, a revoked application; and
    /// after the same work, so that the time does not tell which.
    pub fn judge(found: Option<&Self>, secret: &ClientSecret) -> Result<(), CredentialError> {
        let nobody = "0".repeat(64);
        let digest = found.map_or(&nobody, |record| &record.secret_digest);
        let same = equal(digest.as_bytes(), secret.digest().as_bytes());
        let may_call = found.is_some_and(|record| !record.disabled);
        if same & may_call { Ok(()) } else { Err(CredentialError::UnknownClient) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct Same(u8);
    impl Entropy for Same {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    #[test]
    fn generates_what_it_parses() {
        let (id, secret) = (ClientId::generate(&Same(0xab)), ClientSecret::generate(&Same(0xcd)));
        assert_eq!(id.as_str(), format!("app-{}", "ab".repeat(16)));
        assert_eq!(secret.expose(), format!("as-{}", "cd".repeat(32)));
        assert_eq!(ClientId::parse(id.as_str()), Some(id.clone()));
        assert_eq!(ClientSecret::parse(secret.expose()), Some(secret.clone()));
        assert_eq!(format!("{secret:?}"), "ClientSecret(…)");
        for bad in ["", "app-", &id.as_str().to_uppercase(), &format!("{id}0"), &id.as_str()[1..], "as-"] {
            assert_eq!((ClientId::parse(bad), ClientSecret::parse(bad)), (None, None), "{bad}");
        }
        // printf 'as-%s' "$(yes cd | head -32 | tr -d '\n')" | sha256sum
        assert_eq!(secret.digest(), "c65829fc9435959ee5abfe594c82fa47430da0710bebeb04b7da1041fd8b41ba");
    }

    #[test]
    fn only_its_own_secret_lets_an_application_in_until_it_is_revoked() {
        let (own, other) = (ClientSecret::generate(&Same(1)), ClientSecret::generate(&Same(2)));
        let record = |disabled| ClientRecord {
            name: "portal".into(),
            secret_digest: own.digest(),
            created: Timestamp::from_millis(1000),
            disabled,
        };
        let refused = Err(CredentialError::UnknownClient);
        assert_eq!(ClientRecord::judge(Some(&record(false)), &own), Ok(()));
        assert_eq!(ClientRecord::judge(Some(&record(false)), &other), refused);
        assert_eq!(ClientRecord::judge(Some(&record(true)), &own), refused);
        assert_eq!(ClientRecord::judge(None, &own), refused);
        let stored =
            json!({"name": "portal", "secret_digest": own.digest(), "created": 1000, "disabled": false});
        assert_eq!(serde_json::to_value(record(false)).unwrap(), stored);
        assert_eq!(serde_json::from_value::<ClientRecord>(stored).unwrap(), record(false));
    }
}
