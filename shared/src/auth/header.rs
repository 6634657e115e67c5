//! The JOSE header of a token (RFC 7515, section 4).

use super::CredentialError;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

/// Members with which a header asks for something that is not done here. Keys come from the issuer's entry alone: `jwk`,
/// `jku`, `x5u`, `x5c`. No extension is understood: `crit`, `b64` (RFC 7797). A JWE is no JWS: `enc`, `zip` (RFC 7516).
const REFUSED: [&str; 8] = ["jwk", "jku", "x5u", "x5c", "crit", "b64", "enc", "zip"];

/// What `typ` may say: a JWT, or one that is an access token (RFC 9068). Other kinds of token that the same issuer signs
/// with the same keys say so there (RFC 8725, section 3.11).
const TYPES: [&str; 2] = ["jwt", "at+jwt"];

/// What a header says that counts here. Whoever sent it may have written anything into it.
pub(super) struct JoseHeader {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
}

impl JoseHeader {
    /// Reads a header's members; those that are not known are ignored (RFC 7515, section 4).
    ///
    /// Errors: [`CredentialError::Invalid`] for members that are refused, of the wrong type, or of an unknown `alg`,
    /// `none` among them.
    pub(super) fn of(members: &Map<String, Value>) -> Result<Self, CredentialError> {
        let text = |name: &str| match members.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(CredentialError::Invalid),
        };
        let is_refused = REFUSED.iter().any(|name| members.contains_key(*name));
        let is_of_another_type = text("typ")?.is_some_and(|typ| !is_media_type(typ, &TYPES));
        let is_nested = text("cty")?.is_some_and(|cty| is_media_type(cty, &["jwt"]));
        if is_refused || is_of_another_type || is_nested {
            return Err(CredentialError::Invalid);
        }
        let algorithm = text("alg")?.and_then(|name| name.parse().ok()).ok_or(CredentialError::Invalid)?;
        Ok(Self { algorithm, kid: text("kid")?.map(str::to_owned) })
    }
}

/// Whether this is one of these media types, in any case, with `application/` before it or without (RFC 7515, section
/// 4.1.9).
fn is_media_type(text: &str, types: &[&str]) -> bool {
    let text = text.to_ascii_lowercase();
    types.contains(&text.strip_prefix("application/").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(members: Value) -> Result<(Algorithm, Option<String>), CredentialError> {
        JoseHeader::of(members.as_object().unwrap()).map(|header| (header.algorithm, header.kid))
    }

    /// A header that is good but for these members.
    fn with(name: &str, value: Value) -> Result<(Algorithm, Option<String>), CredentialError> {
        let mut members = json!({"alg": "ES256"});
        members[name] = value;
        read(members)
    }

    const INVALID: Result<(Algorithm, Option<String>), CredentialError> = Err(CredentialError::Invalid);

    #[test]
    fn takes_what_counts_and_ignores_what_is_unknown() {
        assert_eq!(read(json!({"alg": "ES256"})), Ok((Algorithm::ES256, None)));
        let header = json!({"alg": "EdDSA", "kid": "", "x5t": 7, "iss": "me", "nonce": null});
        assert_eq!(read(header), Ok((Algorithm::EdDSA, Some(String::new()))));
    }

    #[test]
    fn refuses_what_asks_for_something_else_even_if_it_is_null() {
        for name in REFUSED {
            for value in [Value::Null, json!(""), json!([]), json!({}), json!(false)] {
                assert_eq!(with(name, value.clone()), INVALID, "{name}: {value}");
            }
        }
    }

    #[test]
    fn members_have_the_type_that_they_should() {
        for name in ["alg", "kid", "typ", "cty"] {
            for value in [Value::Null, json!(7), json!(["ES256"]), json!({}), json!(true)] {
                assert_eq!(with(name, value.clone()), INVALID, "{name}: {value}");
            }
        }
        for name in ["none", "None", "NONE", "nOnE", "", "es256", "ES256 ", " ES256", "ES256\0", "ES256K"] {
            assert_eq!(with("alg", json!(name)), INVALID, "{name:?}");
        }
        assert_eq!(read(json!({})), INVALID);
    }

    #[test]
    fn tokens_of_other_kinds_are_told_by_their_type() {
        let good = Ok((Algorithm::ES256, None));
        for typ in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "application/JWT"] {
            assert_eq!(with("typ", json!(typ)), good, "{typ}");
        }
        for typ in
            ["", "JOSE", "JWE", "dpop+jwt", "logout+jwt", "secevent+jwt", "id+jwt", "text/jwt", "JWT;v=1"]
        {
            assert_eq!(with("typ", json!(typ)), INVALID, "{typ}");
        }
        for cty in ["JWT", "jwt", "application/jwt"] {
            assert_eq!(with("cty", json!(cty)), INVALID, "{cty}");
        }
        assert_eq!(with("cty", json!("json")), good);
    }
}
