//! JWS signatures by `ring`, the library that TLS already links: HS256, RS256, ES256 and EdDSA (RFC 7518, RFC 8037).
//!
//! `jsonwebtoken` looks its cryptography up in the process; [`install`] puts this one there.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, Result};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::agreement::{self, ECDH_P256, EphemeralPrivateKey, agree_ephemeral};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents, UnparsedPublicKey,
};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    // Only JWKs of private keys and thumbprints need these; both are made from public keys here.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes `ring` the cryptography of `jsonwebtoken` in this process. Any number of calls do what one does.
pub fn install() {
    // An error says that it is installed already.
    let _ = PROVIDER.install_default();
}

/// The random source that `ring` wants for its own signatures and keys.
#[expect(clippy::disallowed_methods, reason = "ring's trait is sealed: it takes no other source for nonces")]
pub(super) fn ring_random() -> SystemRandom {
    SystemRandom::new()
}

/// An RSA private key from PKCS#1 or PKCS#8 DER.
pub(super) fn rsa_key_pair(der: &[u8]) -> Option<RsaKeyPair> {
    RsaKeyPair::from_der(der).or_else(|_| RsaKeyPair::from_pkcs8(der)).ok()
}

/// A P-256 private key from PKCS#8 DER.
pub(super) fn ecdsa_key_pair(der: &[u8]) -> Option<EcdsaKeyPair> {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &ring_random()).ok()
}

/// An Ed25519 private key from PKCS#8 DER, version 1 (as OpenSSL writes) or 2.
pub(super) fn ed25519_key_pair(der: &[u8]) -> Option<Ed25519KeyPair> {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()
}

/// Whether this is a point of P-256 (SEC 1, uncompressed). `ring` says so of no key by itself, but agrees on a secret with
/// no other.
pub(super) fn is_p256_point(point: &[u8]) -> bool {
    let peer = agreement::UnparsedPublicKey::new(&ECDH_P256, point);
    EphemeralPrivateKey::generate(&ECDH_P256, &ring_random())
        .is_ok_and(|own| agree_ephemeral(own, &peer, |_| ()).is_ok())
}

enum PrivateKey {
    Hmac(hmac::Key),
    Rsa(Box<RsaKeyPair>),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

struct Signer {
    algorithm: Algorithm,
    key: PrivateKey,
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    if key.family() != algorithm.family() {
        return Err(Error::from(ErrorKind::InvalidKeyFormat));
    }
    let bytes = key.as_bytes();
    let key = match algorithm {
        Algorithm::HS256 => Some(PrivateKey::Hmac(hmac::Key::new(hmac::HMAC_SHA256, bytes))),
        Algorithm::RS256 => rsa_key_pair(bytes).map(|pair| PrivateKey::Rsa(Box::new(pair))),
        Algorithm::ES256 => ecdsa_key_pair(bytes).map(PrivateKey::Ecdsa),
        Algorithm::EdDSA => ed25519_key_pair(bytes).map(PrivateKey::Ed25519),
        _ => return Err(Error::from(ErrorKind::UnsupportedAlgorithm)),
    };
    let key = key.ok_or(ErrorKind::InvalidKeyFormat)?;
    Ok(Box::new(Signer { algorithm: *algorithm, key }))
}

impl signature::Signer<Vec<u8>> for Signer {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        match &self.key {
            PrivateKey::Hmac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            PrivateKey::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &ring_random(), message, &mut signature)
                    .map(|()| signature)
                    .map_err(|_| signature::Error::new())
            }
            PrivateKey::Ecdsa(pair) => pair
                .sign(&ring_random(), message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| signature::Error::new()),
            PrivateKey::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

impl JwtSigner for Signer {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

enum PublicKey {
    Hmac(hmac::Key),
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    /// A P-256 point (SEC 1, uncompressed) or the 32 bytes of an Ed25519 key; RSA as PKCS#1 DER.
    Bytes(UnparsedPublicKey<Vec<u8>>),
}

struct Verifier {
    algorithm: Algorithm,
    key: PublicKey,
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    // Else the bytes of a public key could serve as an HMAC secret.
    if key.family() != algorithm.family() {
        return Err(Error::from(ErrorKind::InvalidKeyFormat));
    }
    let key = match (algorithm, key.kind()) {
        (Algorithm::HS256, DecodingKeyKind::SecretOrDer(secret)) => {
            PublicKey::Hmac(hmac::Key::new(hmac::HMAC_SHA256, secret))
        }
        (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
            PublicKey::Rsa(RsaPublicKeyComponents { n: n.clone(), e: e.clone() })
        }
        (Algorithm::RS256, DecodingKeyKind::SecretOrDer(der)) => {
            PublicKey::Bytes(UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der.clone()))
        }
        (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => {
            PublicKey::Bytes(UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point.clone()))
        }
        (Algorithm::EdDSA, DecodingKeyKind::SecretOrDer(bytes)) => {
            PublicKey::Bytes(UnparsedPublicKey::new(&ED25519, bytes.clone()))
        }
        _ => return Err(Error::from(ErrorKind::UnsupportedAlgorithm)),
    };
    Ok(Box::new(Verifier { algorithm: *algorithm, key }))
}

impl signature::Verifier<Vec<u8>> for Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        match &self.key {
            PublicKey::Hmac(key) => hmac::verify(key, message, signature),
            PublicKey::Rsa(key) => key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
            PublicKey::Bytes(key) => key.verify(message, signature),
        }
        .map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Verifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7515, appendix A.1: a signature that this code did not make.
    #[test]
    fn verifies_the_hs256_example_of_rfc_7515() {
        install();
        let jwk = serde_json::json!({"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"});
        let key = DecodingKey::from_jwk(&serde_json::from_value(jwk).unwrap()).unwrap();
        let message = b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let verify = |signature| jsonwebtoken::crypto::verify(signature, message, &key, Algorithm::HS256);
        assert_eq!(verify("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), Ok(true));
        assert_eq!(verify("eBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), Ok(false));
    }

    /// RFC 7515, appendix A.3: ES256 signatures are R and S side by side, 64 bytes.
    #[test]
    fn verifies_the_es256_example_of_rfc_7515() {
        install();
        let key = DecodingKey::from_ec_components(
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        )
        .unwrap();
        let message = b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature =
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let verify =
            |message: &[u8]| jsonwebtoken::crypto::verify(signature, message, &key, Algorithm::ES256);
        assert_eq!(verify(message), Ok(true));
        assert_eq!(verify(b"another message"), Ok(false));
    }

    /// RFC 8037, appendix A.4.
    #[test]
    fn verifies_the_eddsa_example_of_rfc_8037() {
        install();
        let key = DecodingKey::from_ed_components("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let signature =
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let verify =
            |message: &[u8]| jsonwebtoken::crypto::verify(signature, message, &key, Algorithm::EdDSA);
        assert_eq!(verify(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"), Ok(true));
        assert_eq!(verify(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmd"), Ok(false));
    }

    #[test]
    fn a_key_serves_its_own_family_only() {
        let secret = DecodingKey::from_secret(&[7; 32]);
        let point = DecodingKey::from_ec_der(&[4; 65]);
        assert_eq!(verifier(&Algorithm::ES256, &secret).err(), Some(ErrorKind::InvalidKeyFormat.into()));
        assert_eq!(verifier(&Algorithm::HS256, &point).err(), Some(ErrorKind::InvalidKeyFormat.into()));
        assert_eq!(verifier(&Algorithm::HS512, &secret).err(), Some(ErrorKind::UnsupportedAlgorithm.into()));
        let secret = EncodingKey::from_secret(&[7; 32]);
        assert_eq!(signer(&Algorithm::EdDSA, &secret).err(), Some(ErrorKind::InvalidKeyFormat.into()));
        assert_eq!(signer(&Algorithm::HS384, &secret).err(), Some(ErrorKind::UnsupportedAlgorithm.into()));
    }
}
