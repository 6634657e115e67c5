//! The keys an issuer signs with: an HS256 secret, or the public keys of a JWK set (RFC 7517).

use super::public_key::PublicKey;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// Members that only a private or symmetric key has (RFC 7518, section 6).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// How many keys are tried for a token that names none.
const TRIED_WITHOUT_KID: usize = 8;

/// The fewest bytes of an HS256 secret (RFC 7518, section 3.2).
const SECRET_BYTES: usize = 32;

/// How many unusable keys of a set are told of: who publishes a set must not fill our logs.
const REASONS: usize = 8;

/// Parsed keys of one algorithm.
#[derive(Clone, Debug)]
pub(super) enum KeySet {
    Secret(DecodingKey),
    Public(Vec<PublicKey>),
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Value>,
}

impl KeySet {
    /// A JWK set as JSON text: see [`KeySet::of`].
    pub(super) fn parse(json: &[u8], algorithm: Algorithm) -> Result<Self, String> {
        let set = serde_json::from_slice(json).map_err(|_| "is not JSON".to_owned())?;
        Self::of(set, algorithm)
    }

    /// The usable keys of a JWK set. Keys that do not fit the algorithm are left out, as RFC 7517, section 5, asks;
    /// a set with a private or symmetric key, or with no usable key, is refused. The text names no key material.
    pub(super) fn of(set: Value, algorithm: Algorithm) -> Result<Self, String> {
        let set: Jwks =
            serde_json::from_value(set).map_err(|_| r#"is not a JWK set: {"keys": […]}"#.to_owned())?;
        if let Some(index) = set.keys.iter().position(is_secret) {
            return Err(format!(
                "holds a private or symmetric key (key {index}); only public keys belong here"
            ));
        }
        let mut reasons = Vec::new();
        let mut keys = Vec::new();
        for (index, jwk) in set.keys.into_iter().enumerate() {
            match PublicKey::of(jwk, algorithm) {
                Ok(key) => keys.push(key),
                Err(reason) => reasons.push(format!("key {index} {reason}")),
            }
        }
        if !keys.is_empty() {
            return Ok(Self::Public(keys));
        }
        if reasons.is_empty() {
            return Err("holds no key".to_owned());
        }
        let more = match reasons.len() {
            count if count > REASONS => format!(", and {} more", count - REASONS),
            _ => String::new(),
        };
        reasons.truncate(REASONS);
        Err(format!("holds no key for {algorithm:?}: {}{more}", reasons.join(", ")))
    }

    /// An HS256 secret.
    pub(super) fn secret(secret: &[u8]) -> Result<Self, String> {
        if secret.len() < SECRET_BYTES {
            return Err(format!(
                "holds a secret of {} bytes; HS256 needs {SECRET_BYTES} or more",
                secret.len()
            ));
        }
        Ok(Self::Secret(DecodingKey::from_secret(secret)))
    }

    /// An HS256 secret written as text: a line end after it, as editors leave one, is not part of it.
    pub(super) fn secret_text(text: &[u8]) -> Result<Self, String> {
        let line = text.strip_suffix(b"\n").unwrap_or(text);
        Self::secret(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// Whether `signature`, base64url, is one of `message` by a key that a token with this `kid` may be signed with.
    pub(super) fn verify(
        &self,
        algorithm: Algorithm,
        kid: Option<&str>,
        message: &[u8],
        signature: &str,
    ) -> bool {
        let by = |key| jsonwebtoken::crypto::verify(signature, message, key, algorithm) == Ok(true);
        self.candidates(kid).into_iter().any(by)
    }

    /// The keys that a token with this `kid` may be signed with: those of that name, or without a `kid` the first
    /// eight. A secret has no name.
    pub(super) fn candidates(&self, kid: Option<&str>) -> Vec<&DecodingKey> {
        match (self, kid) {
            (Self::Secret(key), _) => vec![key],
            (Self::Public(keys), _) => keys
                .iter()
                .filter(|key| kid.is_none() || key.kid.as_deref() == kid)
                .map(|key| &key.key)
                .take(TRIED_WITHOUT_KID)
                .collect(),
        }
    }
}

fn is_secret(jwk: &Value) -> bool {
    jwk.get("kty").is_some_and(|kty| kty == "oct")
        || PRIVATE_MEMBERS.iter().any(|name| jwk.get(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::fixtures;
    use serde_json::json;

    fn jwk(changes: Value) -> Value {
        let mut jwk = fixtures::es256().with_kid("k1").public_jwk().unwrap();
        for (name, value) in changes.as_object().unwrap() {
            jwk[name] = value.clone();
        }
        jwk
    }

    fn refusal(keys: Value, algorithm: Algorithm) -> String {
        KeySet::of(json!({ "keys": keys }), algorithm).unwrap_err()
    }

    fn kids(set: &KeySet) -> Vec<Option<&str>> {
        match set {
            KeySet::Public(keys) => keys.iter().map(|key| key.kid.as_deref()).collect(),
            KeySet::Secret(_) => panic!("a secret"),
        }
    }

    #[test]
    fn takes_a_public_key_of_each_kind() {
        for (key, algorithm) in [
            (fixtures::rs256(), Algorithm::RS256),
            (fixtures::es256(), Algorithm::ES256),
            (fixtures::ed25519(), Algorithm::EdDSA),
        ] {
            let set = json!({"keys": [key.with_kid("k1").public_jwk().unwrap()]});
            assert_eq!(kids(&KeySet::of(set, algorithm).unwrap()), [Some("k1")]);
        }
    }

    #[test]
    fn leaves_out_what_does_not_fit() {
        let set = json!({"keys": [jwk(json!({"use": "enc"})), jwk(json!({"kid": "k2"})), {"kty": "AKP"}, 7]});
        assert_eq!(kids(&KeySet::of(set, Algorithm::ES256).unwrap()), [Some("k2")]);
    }

    #[test]
    fn says_why_nothing_fits() {
        let only = |changes| refusal(json!([jwk(changes)]), Algorithm::ES256);
        let because = |reason: &str| format!("holds no key for ES256: key 0 {reason}");
        assert_eq!(only(json!({"use": "enc"})), because("is not for verifying signatures"));
        assert_eq!(only(json!({"key_ops": ["sign"]})), because("is not for verifying signatures"));
        assert_eq!(only(json!({"alg": "ES384"})), because("is for another algorithm"));
        assert_eq!(only(json!({"crv": "P-384"})), because("is of another kind"));
        assert_eq!(only(json!({"kty": "RSA"})), because("is of another kind"));
        assert_eq!(only(json!({"x": "AAAA"})), because("has coordinates of the wrong length"));
        assert_eq!(only(json!({"x": "A=="})), because("is not base64url"));
        assert_eq!(only(json!({"kid": 7})), because("is not a JWK"));
        assert_eq!(refusal(json!([]), Algorithm::ES256), "holds no key");
        let short = json!([{"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}]);
        let reason = "holds no key for EdDSA: key 0 has coordinates of the wrong length";
        assert_eq!(refusal(short, Algorithm::EdDSA), reason);
        assert_eq!(KeySet::parse(b"{", Algorithm::ES256).unwrap_err(), "is not JSON");
        assert_eq!(KeySet::parse(b"[]", Algorithm::ES256).unwrap_err(), r#"is not a JWK set: {"keys": […]}"#);
    }

    #[test]
    fn tells_of_the_first_few_unusable_keys() {
        let told = |count: usize| refusal(json!(vec![7; count]), Algorithm::ES256);
        assert!(told(8).ends_with(", key 7 is not a JWK"), "{}", told(8));
        assert!(told(10_000).ends_with(", key 7 is not a JWK, and 9992 more"), "{}", told(10_000));
    }

    #[test]
    fn refuses_a_set_with_secrets() {
        let refused = "holds a private or symmetric key (key 1); only public keys belong here";
        for secret in [
            jwk(json!({"d": "AAAA"})),
            json!({"kty": "oct"}),
            json!({"k": "AAAA"}),
            json!({"p": ""}),
            json!({"q": ""}),
            json!({"dp": ""}),
            json!({"dq": ""}),
            json!({"qi": ""}),
            json!({"oth": []}),
        ] {
            assert_eq!(refusal(json!([jwk(json!({})), secret]), Algorithm::ES256), refused);
        }
    }

    #[test]
    fn secrets_have_32_bytes_and_no_line_end() {
        let bytes = |text: &[u8]| match KeySet::secret_text(text)? {
            KeySet::Secret(key) => Ok(key.try_get_as_bytes().unwrap().to_vec()),
            KeySet::Public(_) => panic!("public keys"),
        };
        assert_eq!(bytes(&[b'a'; 32]), Ok(vec![b'a'; 32]));
        assert_eq!(bytes(&[&[b'a'; 32][..], b"\r\n"].concat()), Ok(vec![b'a'; 32]));
        let short = Err("holds a secret of 31 bytes; HS256 needs 32 or more".to_owned());
        assert_eq!(bytes(&[&[b'a'; 31][..], b"\n"].concat()), short);
        assert_eq!(KeySet::secret(&[b'\n'; 31]).map(|_| vec![]), short);
    }

    #[test]
    fn candidates_follow_the_kid() {
        let named = |kids: &[&str]| {
            KeySet::of(
                json!({"keys": kids.iter().map(|kid| jwk(json!({"kid": kid}))).collect::<Vec<_>>()}),
                Algorithm::ES256,
            )
            .unwrap()
        };
        let set = named(&["a", "b", "b"]);
        let count = |kid| set.candidates(kid).len();
        assert_eq!((count(Some("a")), count(Some("b")), count(Some("c")), count(None)), (1, 2, 0, 3));
        assert_eq!(named(&["a"; 9]).candidates(None).len(), 8);
        assert_eq!(KeySet::secret(&[1; 32]).unwrap().candidates(Some("any")).len(), 1);
    }
}
