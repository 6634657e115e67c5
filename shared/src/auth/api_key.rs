//! API keys: their form, the digest they are stored under, and the record kept of them.

use super::CredentialError;
use crate::clock::Timestamp;
use crate::entropy::{self, Entropy};
use crate::validation::UserId;
use ring::digest::{SHA256, digest};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

const PREFIX: &str = "ak-";
const DIGITS: usize = 32;

/// An API key: `ak-` and 32 lower-case hexadecimal digits (128 random bits). Its `Debug` shows no digit.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// A new key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let random: [u8; DIGITS / 2] = entropy::bytes(entropy);
        Self(format!("{PREFIX}{}", entropy::hex(&random)))
    }

    /// Checks the form; a text of any other form is [`CredentialError::UnknownKey`].
    pub fn parse(text: &str) -> Result<Self, CredentialError> {
        let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        match text.strip_prefix(PREFIX) {
            Some(digits) if digits.len() == DIGITS && digits.bytes().all(lower_hex) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(CredentialError::UnknownKey),
        }
    }

    /// The key itself, to be shown once to whoever made it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// SHA-256 of the whole key as 64 lower-case hexadecimal digits: all that the store learns of it.
    pub fn digest(&self) -> String {
        entropy::hex(digest(&SHA256, self.0.as_bytes()).as_ref())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(…)")
    }
}

/// What a key's bearer may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// May act on every user.
    Admin,
    /// May not.
    User,
}

/// What is kept of a key beside its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyRecord {
    /// Whose key it is; erasing this user disables the key.
    #[serde(deserialize_with = "user_id")]
    pub owner: UserId,
    /// What the owner calls it.
    pub label: String,
    /// What it permits.
    pub role: Role,
    /// When it was made.
    pub created: Timestamp,
    /// The first instant at which it is no longer good; `None`: good until disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Revoked, or its owner is erased.
    pub disabled: bool,
}

impl ApiKeyRecord {
    /// Whether the key is good at `now`: [`CredentialError::UnknownKey`] when disabled,
    /// [`CredentialError::ExpiredKey`] when past its time.
    pub fn judge(&self, now: Timestamp) -> Result<(), CredentialError> {
        match self.expires {
            _ if self.disabled => Err(CredentialError::UnknownKey),
            Some(expires) if now >= expires => Err(CredentialError::ExpiredKey),
            _ => Ok(()),
        }
    }
}

fn user_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UserId, D::Error> {
    let text = String::deserialize(deserializer)?;
    UserId::parse(&text).map_err(|_| D::Error::custom("not a user id"))
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

    const TEXT: &str = "ak-abababababababababababababababab";

    fn record(expires: Option<i64>, disabled: bool) -> ApiKeyRecord {
        ApiKeyRecord {
            owner: UserId::parse("1001").unwrap(),
            label: "nightly".into(),
            role: Role::Admin,
            created: Timestamp::from_millis(1000),
            expires: expires.map(Timestamp::from_millis),
            disabled,
        }
    }

    #[test]
    fn generates_what_it_parses() {
        let key = ApiKey::generate(&Same(0xab));
        assert_eq!(key.expose(), TEXT);
        assert_eq!(ApiKey::parse(TEXT), Ok(key));
    }

    #[test]
    fn refuses_other_forms() {
        for text in [
            "",
            "ak-",
            "abababababababababababababababab",
            "ak-ABABABABABABABABABABABABABABABAB",
            "ak-abababababababababababababababa",
            "ak-ababababababababababababababababa",
            "ak-abababababababababababababababag",
            "AK-abababababababababababababababab",
            " ak-abababababababababababababababab",
        ] {
            assert_eq!(ApiKey::parse(text), Err(CredentialError::UnknownKey), "{text:?}");
        }
    }

    #[test]
    fn digest_is_sha256_of_the_whole_text() {
        // printf %s ak-abababababababababababababababab | sha256sum
        assert_eq!(
            ApiKey::parse(TEXT).unwrap().digest(),
            "4f177deb106c44c69b56b96cf71e3560b2f0e45d3693d15b6ddad85050263270"
        );
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", ApiKey::parse(TEXT).unwrap()), "ApiKey(…)");
    }

    #[test]
    fn judges_by_flag_and_time() {
        let at = Timestamp::from_millis;
        assert_eq!(record(None, false).judge(at(i64::MAX)), Ok(()));
        assert_eq!(record(Some(5000), false).judge(at(4999)), Ok(()));
        assert_eq!(record(Some(5000), false).judge(at(5000)), Err(CredentialError::ExpiredKey));
        assert_eq!(record(None, true).judge(at(0)), Err(CredentialError::UnknownKey));
        assert_eq!(record(Some(5000), true).judge(at(9000)), Err(CredentialError::UnknownKey));
    }

    #[test]
    fn records_read_back() {
        let stored =
            json!({"owner": "1001", "label": "nightly", "role": "Admin", "created": 1000, "disabled": false});
        assert_eq!(serde_json::to_value(record(None, false)).unwrap(), stored);
        assert_eq!(serde_json::from_value::<ApiKeyRecord>(stored).unwrap(), record(None, false));
        let with_end = serde_json::to_value(record(Some(5000), true)).unwrap();
        assert_eq!(serde_json::from_value::<ApiKeyRecord>(with_end).unwrap(), record(Some(5000), true));
        let stranger = json!({"owner": "a b", "label": "", "role": "User", "created": 0, "disabled": false});
        assert!(serde_json::from_value::<ApiKeyRecord>(stranger).is_err());
    }
}
