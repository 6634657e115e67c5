//! Signing tokens: for the local stack's own issuers and for tests. No deployed function signs anything.

use super::crypto;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RsaPublicKeyComponents};
use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// The bytes are no private key of the kind asked for, or `ring` could not sign with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnusableKey;

impl fmt::Display for UnusableKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not a usable private key of this kind")
    }
}

impl std::error::Error for UnusableKey {}

/// A private key or secret that signs tokens. Its `Debug` shows no key.
#[derive(Clone, Debug)]
pub struct SigningKey {
    algorithm: Algorithm,
    private: EncodingKey,
    public: DecodingKey,
    kid: Option<String>,
}

impl SigningKey {
    /// HS256 with these bytes as they are.
    pub fn hs256(secret: &[u8]) -> Self {
        let (private, public) = (EncodingKey::from_secret(secret), DecodingKey::from_secret(secret));
        Self::new(Algorithm::HS256, private, public)
    }

    /// RS256 with a key of 2048 bits or more, DER as PKCS#1 or PKCS#8.
    pub fn rs256_der(der: &[u8]) -> Result<Self, UnusableKey> {
        let pair = crypto::rsa_key_pair(der).ok_or(UnusableKey)?;
        let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
        let public = DecodingKey::from_rsa_raw_components(&public.n, &public.e);
        Ok(Self::new(Algorithm::RS256, EncodingKey::from_rsa_der(der), public))
    }

    /// ES256 (P-256), DER as PKCS#8.
    pub fn es256_pkcs8(der: &[u8]) -> Result<Self, UnusableKey> {
        let pair = crypto::ecdsa_key_pair(der).ok_or(UnusableKey)?;
        let public = DecodingKey::from_ec_der(pair.public_key().as_ref());
        Ok(Self::new(Algorithm::ES256, EncodingKey::from_ec_der(der), public))
    }

    /// EdDSA (Ed25519), DER as PKCS#8.
    pub fn ed25519_pkcs8(der: &[u8]) -> Result<Self, UnusableKey> {
        let pair = crypto::ed25519_key_pair(der).ok_or(UnusableKey)?;
        let public = DecodingKey::from_ed_der(pair.public_key().as_ref());
        Ok(Self::new(Algorithm::EdDSA, EncodingKey::from_ed_der(der), public))
    }

    /// The same key with this id (`kid`) in its tokens and its JWK.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// A token (JWS compact serialisation, RFC 7515) with these claims.
    pub fn sign(&self, claims: &Value) -> Result<String, UnusableKey> {
        let header = Header { kid: self.kid.clone(), ..Header::new(self.algorithm) };
        self.sign_with_header(&header, claims)
    }

    /// A token with this header, which may say what [`SigningKey::sign`] never would.
    pub(super) fn sign_with_header(
        &self,
        header: &Header,
        claims: &impl Serialize,
    ) -> Result<String, UnusableKey> {
        jsonwebtoken::encode(header, claims, &self.private).map_err(|_| UnusableKey)
    }

    /// The public half as a JWK (RFC 7517) with `alg`, `use` and, where given, `kid`; an HS256 secret has none.
    pub fn public_jwk(&self) -> Option<Value> {
        if self.algorithm == Algorithm::HS256 {
            return None;
        }
        let mut jwk = Jwk::from_decoding_key(&self.public, Some(self.algorithm)).ok()?;
        jwk.common.key_id.clone_from(&self.kid);
        jwk.common.public_key_use = Some(jsonwebtoken::jwk::PublicKeyUse::Signature);
        serde_json::to_value(jwk).ok()
    }

    fn new(algorithm: Algorithm, private: EncodingKey, public: DecodingKey) -> Self {
        crypto::install();
        Self { algorithm, private, public, kid: None }
    }
}

/// A new P-256 private key as PKCS#8 DER, for [`SigningKey::es256_pkcs8`].
pub fn generate_es256_pkcs8() -> Result<Vec<u8>, UnusableKey> {
    EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &crypto::ring_random())
        .map(|document| document.as_ref().to_vec())
        .map_err(|_| UnusableKey)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::fixtures;
    use serde_json::json;

    #[test]
    fn every_kind_of_key_verifies_what_it_signed() {
        for key in [fixtures::rs256(), fixtures::es256(), fixtures::ed25519(), fixtures::hs256()] {
            let token = key.sign(&json!({"sub": "alice"})).unwrap();
            let (message, signature) = token.rsplit_once('.').unwrap();
            let verify = |message: &str| {
                jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key.public, key.algorithm)
            };
            assert_eq!(verify(message), Ok(true), "{:?}", key.algorithm);
            assert_eq!(verify(&format!("{message}A")), Ok(false), "{:?}", key.algorithm);
        }
    }

    #[test]
    fn a_public_jwk_holds_public_members_only() {
        let members = |key: SigningKey| {
            let jwk = key.with_kid("k1").public_jwk().unwrap();
            jwk.as_object().unwrap().keys().map(String::clone).collect::<Vec<_>>()
        };
        assert_eq!(members(fixtures::rs256()), ["alg", "e", "kid", "kty", "n", "use"]);
        assert_eq!(members(fixtures::es256()), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
        assert_eq!(members(fixtures::ed25519()), ["alg", "crv", "kid", "kty", "use", "x"]);
        assert_eq!(fixtures::hs256().public_jwk(), None);
    }

    #[test]
    fn refuses_what_is_no_such_key() {
        let der = generate_es256_pkcs8().unwrap();
        assert_eq!(SigningKey::ed25519_pkcs8(&der).err(), Some(UnusableKey));
        assert_eq!(SigningKey::rs256_der(&der).err(), Some(UnusableKey));
        assert_eq!(SigningKey::es256_pkcs8(b"").err(), Some(UnusableKey));
    }

    #[test]
    fn generated_keys_differ() {
        assert_ne!(generate_es256_pkcs8(), generate_es256_pkcs8());
    }

    #[test]
    fn debug_shows_no_key() {
        let shown = format!("{:?}", SigningKey::hs256(b"0123456789abcdef0123456789abcdef"));
        assert!(!shown.contains("48, 49, 50") && !shown.contains("0123"), "{shown}");
    }
}
