//! A public key of a JWK set (RFC 7517), and whether signatures by it mean anything.

use super::crypto::is_p256_point;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde_json::Value;

/// The least and most bits of an RSA modulus; `ring` verifies no others.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The least (FIPS 186-5, appendix A.1.1) and most RSA exponent; `ring` verifies none above.
const RSA_EXPONENT: std::ops::RangeInclusive<u64> = 65_537..=0x1_ffff_ffff;

/// The Ed25519 keys of small order, without the sign of x: the second coordinate of each point of order 1, 2, 4 and 8 (RFC
/// 8032, section 5.1.2; little-endian), with those of two that are also written with the prime added. By such a key,
/// anybody signs anything, and `ring` takes it.
const SMALL_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    spread(0x01, 0x00, 0x00),
    spread(0xec, 0xff, 0x7f),
    spread(0xed, 0xff, 0x7f),
    spread(0xee, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, //
        0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, //
        0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

/// A public key and the name its issuer gave it.
#[derive(Clone, Debug)]
pub(super) struct PublicKey {
    pub(super) kid: Option<String>,
    pub(super) key: DecodingKey,
}

impl PublicKey {
    /// Reads a JWK.
    ///
    /// Errors: why tokens of this algorithm are not verified by it. The text names no key material.
    pub(super) fn of(jwk: Value, algorithm: Algorithm) -> Result<Self, &'static str> {
        let jwk: Jwk = serde_json::from_value(jwk).map_err(|_| "is not a JWK")?;
        let common = &jwk.common;
        if common.key_algorithm.is_some_and(|named| named != KeyAlgorithm::from(algorithm)) {
            return Err("is for another algorithm");
        }
        if common.public_key_use.as_ref().is_some_and(|named| *named != PublicKeyUse::Signature)
            || common.key_operations.as_ref().is_some_and(|named| !named.contains(&KeyOperations::Verify))
        {
            return Err("is not for verifying signatures");
        }
        let key = DecodingKey::from_jwk(&jwk);
        let key = match (algorithm, &jwk.algorithm) {
            (Algorithm::RS256, AlgorithmParameters::RSA(_)) => rsa(&key.map_err(|_| "is not base64url")?)?,
            (Algorithm::ES256, AlgorithmParameters::EllipticCurve(named))
                if named.curve == EllipticCurve::P256 =>
            {
                let halves = named.x.len() == named.y.len();
                p256(key.map_err(|_| "is not base64url")?, halves)?
            }
            (Algorithm::EdDSA, AlgorithmParameters::OctetKeyPair(named))
                if named.curve == EllipticCurve::Ed25519 =>
            {
                ed25519(key.map_err(|_| "is not base64url")?)?
            }
            _ => return Err("is of another kind"),
        };
        Ok(Self { kid: jwk.common.key_id, key })
    }
}

fn rsa(key: &DecodingKey) -> Result<DecodingKey, &'static str> {
    let DecodingKeyKind::RsaModulusExponent { n, e } = key.kind() else { return Err("is of another kind") };
    let (n, e) = (without_leading_zeros(n), without_leading_zeros(e));
    let bits = n.first().map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
    if !RSA_BITS.contains(&bits) {
        return Err("is an RSA key outside 2048 to 8192 bits");
    }
    let is_odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
    let exponent = (e.len() <= 8).then(|| e.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)));
    if !(is_odd(n) && is_odd(e) && exponent.is_some_and(|exponent| RSA_EXPONENT.contains(&exponent))) {
        return Err("is an RSA key with an even number or an exponent outside 65537 to 2^33");
    }
    Ok(DecodingKey::from_rsa_raw_components(n, e))
}

/// `halves`: whether both coordinates have the same length.
fn p256(key: DecodingKey, halves: bool) -> Result<DecodingKey, &'static str> {
    match key.kind() {
        DecodingKeyKind::SecretOrDer(point) if halves && point.len() == 65 => {
            if is_p256_point(point) {
                Ok(key)
            } else {
                Err("is no point of its curve")
            }
        }
        _ => Err("has coordinates of the wrong length"),
    }
}

fn ed25519(key: DecodingKey) -> Result<DecodingKey, &'static str> {
    let bytes = key.try_get_as_bytes().ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let mut y = bytes.ok_or("has coordinates of the wrong length")?;
    y[31] &= 0x7f;
    if SMALL_ORDER.contains(&y) { Err("is a point of small order") } else { Ok(key) }
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

const fn spread(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::fixtures;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ring::signature::{ED25519, UnparsedPublicKey};
    use serde_json::json;

    fn refusal(jwk: Value, algorithm: Algorithm) -> Option<&'static str> {
        PublicKey::of(jwk, algorithm).err()
    }

    fn rsa_refusal(n: &[u8], e: &[u8]) -> Option<&'static str> {
        let jwk = json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode(n), "e": URL_SAFE_NO_PAD.encode(e)});
        refusal(jwk, Algorithm::RS256)
    }

    #[test]
    fn an_rsa_modulus_has_2048_to_8192_bits() {
        let of = |bits: usize| {
            let mut modulus = vec![0xff; bits.div_ceil(8)];
            modulus[0] >>= (8 - bits % 8) % 8;
            rsa_refusal(&modulus, &[1, 0, 1])
        };
        let refused = Some("is an RSA key outside 2048 to 8192 bits");
        for bits in [512, 1024, 2047, 8193, 16_384] {
            assert_eq!(of(bits), refused, "{bits}");
        }
        for bits in [2048, 2049, 3072, 8192] {
            assert_eq!(of(bits), None, "{bits}");
        }
        assert_eq!(rsa_refusal(&[], &[1, 0, 1]), refused);
        // Leading zeros make no modulus longer, and none worse.
        assert_eq!(rsa_refusal(&[[0; 128], [0xff; 128]].concat(), &[1, 0, 1]), refused);
        assert_eq!(rsa_refusal(&[&[0][..], &[0xff; 256]].concat(), &[0, 1, 0, 1]), None);
    }

    #[test]
    fn an_rsa_key_has_odd_numbers_and_an_exponent_of_17_to_33_bits() {
        let refused = Some("is an RSA key with an even number or an exponent outside 65537 to 2^33");
        let modulus = [0xff; 256];
        for exponent in [
            &[][..],
            &[0],
            &[1],
            &[3],
            &[17],
            &[0xff, 0xff],
            &[1, 0, 0],
            &[1, 0, 2],
            &[2, 0, 0, 0, 1],
            &[1, 0, 0, 0, 0, 0, 1],
            &[1, 0, 0, 0, 0, 0, 0, 0, 1],
            &[0xff; 256],
        ] {
            assert_eq!(rsa_refusal(&modulus, exponent), refused, "{exponent:?}");
        }
        for exponent in [&[1, 0, 1][..], &[1, 0, 3], &[1, 0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(rsa_refusal(&modulus, exponent), None, "{exponent:?}");
        }
        assert_eq!(rsa_refusal(&[&[0xff; 255][..], &[0xfe]].concat(), &[1, 0, 1]), refused);
    }

    #[test]
    fn a_p256_key_is_a_point_of_its_curve() {
        let good = fixtures::es256().public_jwk().unwrap();
        assert_eq!(refusal(good.clone(), Algorithm::ES256), None);
        let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(good[name].as_str().unwrap()).unwrap();
        let (x, y) = (coordinate("x"), coordinate("y"));
        let of = |x: &[u8], y: &[u8]| {
            let mut jwk = good.clone();
            jwk["x"] = json!(URL_SAFE_NO_PAD.encode(x));
            jwk["y"] = json!(URL_SAFE_NO_PAD.encode(y));
            refusal(jwk, Algorithm::ES256)
        };
        let mut other = y.clone();
        other[31] ^= 1;
        let off_curve = Some("is no point of its curve");
        assert_eq!(of(&x, &other), off_curve);
        assert_eq!(of(&x, &x), off_curve);
        assert_eq!(of(&[0; 32], &[0; 32]), off_curve);
        assert_eq!(of(&[0xff; 32], &[0xff; 32]), off_curve);
        // The same 64 bytes, parted elsewhere.
        let length = Some("has coordinates of the wrong length");
        assert_eq!(of(&x[..31], &[&x[31..], &y].concat()), length);
        assert_eq!(of(&[&[0][..], &x].concat(), &y), length);
        assert_eq!(of(&[&[0][..], &x].concat(), &[&[0][..], &y].concat()), length);
        assert_eq!(of(&[], &[]), length);
    }

    /// That these keys are what they are taken for: `ring` verifies by each of them what nobody signed.
    #[test]
    fn an_ed25519_key_of_small_order_would_verify_anything() {
        let nothing = spread(0x01, 0x00, 0x00);
        let forged = [nothing, [0; 32]].concat();
        for sign in [0x00, 0x80] {
            for mut key in SMALL_ORDER {
                key[31] |= sign;
                let verifies = |message: u16| {
                    UnparsedPublicKey::new(&ED25519, key).verify(&message.to_be_bytes(), &forged).is_ok()
                };
                assert!((0..512).any(verifies), "{key:02x?}");
                let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(key)});
                assert_eq!(refusal(jwk, Algorithm::EdDSA), Some("is a point of small order"));
            }
        }
        assert_eq!(refusal(fixtures::ed25519().public_jwk().unwrap(), Algorithm::EdDSA), None);
    }
}
