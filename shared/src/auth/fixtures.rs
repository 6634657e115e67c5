//! Keys that exist for these tests only and sign nothing else.

use super::sign::{SigningKey, generate_es256_pkcs8};
use ring::signature::Ed25519KeyPair;

/// An HS256 secret of enough bytes.
pub(super) const SECRET: &[u8] = b"a secret that only these tests know";

/// An RSA key, 2048 bits, PKCS#1 DER, made with `openssl genpkey` for these tests and published here.
const RSA: &[u8] = include_bytes!("fixtures/test-only-rsa-2048.der");

pub(super) fn hs256() -> SigningKey {
    SigningKey::hs256(SECRET)
}

pub(super) fn rs256() -> SigningKey {
    SigningKey::rs256_der(RSA).unwrap()
}

/// A new key at each call.
pub(super) fn es256() -> SigningKey {
    SigningKey::es256_pkcs8(&generate_es256_pkcs8().unwrap()).unwrap()
}

/// A new key at each call.
pub(super) fn ed25519() -> SigningKey {
    let document = Ed25519KeyPair::generate_pkcs8(&super::crypto::ring_random()).unwrap();
    SigningKey::ed25519_pkcs8(document.as_ref()).unwrap()
}
