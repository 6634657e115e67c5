//! Wycheproof's signatures, each of a kind that somebody's library has got wrong, through the keys and the verifying that
//! tokens go through. A vector's key becomes a JWK or a secret, its signature base64url, and its message stands for the
//! header and claims of a token.

use super::crypto;
use super::key_set::KeySet;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wycheproof::TestResult::{self, Acceptable, Invalid, Valid};
use wycheproof::{ecdsa, eddsa, mac, rsa_pkcs1_verify, rsa_pss_verify};

/// Vectors that come out here otherwise than Wycheproof says: set, reason, how many.
const EXCEPTIONS: &[(&str, &str, usize)] = &[
    ("EcdsaSecp256k1Sha256P1363", "ES256K is not served", 167),
    ("EcdsaSecp256r1Sha256", "DER is no JWS signature", 174),
    ("EcdsaSecp256r1Sha512P1363", "ES256 is over SHA-256", 242),
    ("EcdsaSecp384r1Sha384P1363", "ES384 is not served", 193),
    ("EcdsaSecp521r1Sha512P1363", "ES512 is not served", 231),
    ("Ed448", "EdDSA is Ed25519 here", 17),
    ("HmacSha256", "a secret under 32 bytes", 3),
    ("HmacSha256", "a truncated tag", 33),
    ("HmacSha384", "HS384 is not served", 66),
    ("HmacSha512", "HS512 is not served", 66),
    ("Rsa2048Sha256", "an exponent under 65537", 2),
    ("Rsa2048Sha384", "RS384 is not served", 7),
    ("Rsa2048Sha384", GOOD_AS_SERVED, 1),
    ("Rsa2048Sha512", "RS512 is not served", 8),
    ("Rsa2048Sha512", GOOD_AS_SERVED, 1),
    ("Rsa3072Sha256", "an exponent under 65537", 1),
    ("RsaPss2048Sha256Mgf1SaltLen32", "PS256 is not served", 63),
    ("RsaPss2048Sha256Mgf1SaltLen32", GOOD_AS_SERVED, 1),
    ("RsaPss4096Sha512Mgf1SaltLen64", "PS512 is not served", 132),
    ("RsaPss4096Sha512Mgf1SaltLen64", GOOD_AS_SERVED, 1),
];

/// Why a bad signature of an algorithm that is not served is accepted.
const GOOD_AS_SERVED: &str = "the set has it for a signature of the wrong kind: RS256";

/// How the vectors of a set came out.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    vectors: usize,
    accepted: usize,
    refused: usize,
}

#[derive(Default)]
struct Run {
    tallies: BTreeMap<String, Tally>,
    excepted: BTreeMap<(String, &'static str), usize>,
}

impl Run {
    /// Holds one vector against its verdict. `reason`: why a good one may be refused all the same; where the set's
    /// algorithm is not served, a bad one may be a good one of the algorithm that is.
    fn judge(
        &mut self,
        set: &str,
        vector: usize,
        verdict: TestResult,
        accepted: bool,
        reason: Option<&'static str>,
    ) {
        let tally = self.tallies.entry(set.to_owned()).or_default();
        tally.vectors += 1;
        *(if accepted { &mut tally.accepted } else { &mut tally.refused }) += 1;
        let reason = match (verdict, accepted) {
            (Valid, true) | (Invalid | Acceptable, false) => return,
            (Valid, false) => reason,
            (Invalid | Acceptable, true) => reason.map(|_| GOOD_AS_SERVED),
        };
        let reason = reason.unwrap_or_else(|| panic!("{set} {vector}: accepted is {accepted}"));
        *self.excepted.entry((set.to_owned(), reason)).or_default() += 1;
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The keys of a set of one JWK, if it is taken.
fn key_set(jwk: &Value, algorithm: Algorithm) -> Option<KeySet> {
    KeySet::of(json!({"keys": [jwk]}), algorithm).ok()
}

fn verifies(keys: Option<&KeySet>, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
    keys.is_some_and(|keys| keys.verify(algorithm, None, message, &encode(signature)))
}

fn ecdsa_vectors(run: &mut Run) {
    use ecdsa::TestName::*;
    for (name, curve, reason) in [
        (EcdsaSecp256r1Sha256P1363, "P-256", None),
        (EcdsaSecp256r1Sha256, "P-256", Some("DER is no JWS signature")),
        (EcdsaSecp256r1Sha512P1363, "P-256", Some("ES256 is over SHA-256")),
        (EcdsaSecp256k1Sha256P1363, "secp256k1", Some("ES256K is not served")),
        (EcdsaSecp384r1Sha384P1363, "P-384", Some("ES384 is not served")),
        (EcdsaSecp521r1Sha512P1363, "P-521", Some("ES512 is not served")),
    ] {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let (x, y) = group.key.key[1..].split_at(group.key.key.len() / 2);
            let jwk = json!({"kty": "EC", "crv": curve, "x": encode(x), "y": encode(y)});
            let keys = key_set(&jwk, Algorithm::ES256);
            assert_eq!(keys.is_some(), curve == "P-256");
            for test in group.tests {
                let accepted = verifies(keys.as_ref(), Algorithm::ES256, &test.msg, &test.sig);
                run.judge(&format!("{name:?}"), test.tc_id, test.result, accepted, reason);
            }
        }
    }
}

fn eddsa_vectors(run: &mut Run) {
    for (name, curve, reason) in [
        (eddsa::TestName::Ed25519, "Ed25519", None),
        (eddsa::TestName::Ed448, "Ed448", Some("EdDSA is Ed25519 here")),
    ] {
        for group in eddsa::TestSet::load(name).unwrap().test_groups {
            let jwk = json!({"kty": "OKP", "crv": curve, "x": encode(&group.key.pk)});
            let keys = key_set(&jwk, Algorithm::EdDSA);
            for test in group.tests {
                let accepted = verifies(keys.as_ref(), Algorithm::EdDSA, &test.msg, &test.sig);
                run.judge(&format!("{name:?}"), test.tc_id, test.result, accepted, reason);
            }
        }
    }
}

fn hmac_vectors(run: &mut Run) {
    use mac::TestName::{HmacSha256, HmacSha384, HmacSha512};
    for (name, foreign) in [
        (HmacSha256, None),
        (HmacSha384, Some("HS384 is not served")),
        (HmacSha512, Some("HS512 is not served")),
    ] {
        for group in mac::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let keys = KeySet::secret(&test.key).ok();
                assert_eq!(keys.is_some(), test.key.len() >= 32);
                let accepted = verifies(keys.as_ref(), Algorithm::HS256, &test.msg, &test.tag);
                let reason = foreign.or(match group.tag_size {
                    256 => keys.is_none().then_some("a secret under 32 bytes"),
                    _ => Some("a truncated tag"),
                });
                run.judge(&format!("{name:?}"), test.tc_id, test.result, accepted, reason);
            }
        }
    }
}

fn rsa_vectors(run: &mut Run) {
    use rsa_pkcs1_verify::TestName::*;
    for (name, foreign) in [
        (Rsa2048Sha256, None),
        (Rsa3072Sha256, None),
        (Rsa4096Sha256, None),
        (Rsa8192Sha256, None),
        (Rsa2048Sha384, Some("RS384 is not served")),
        (Rsa2048Sha512, Some("RS512 is not served")),
    ] {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let jwk = json!({"kty": "RSA", "n": encode(&group.key.n), "e": encode(&group.key.e)});
            let keys = key_set(&jwk, Algorithm::RS256);
            let reason = foreign.or(keys.is_none().then_some("an exponent under 65537"));
            for test in group.tests {
                let accepted = verifies(keys.as_ref(), Algorithm::RS256, &test.msg, &test.sig);
                run.judge(&format!("{name:?}"), test.tc_id, test.result, accepted, reason);
            }
        }
    }
    use rsa_pss_verify::TestName::*;
    for (name, reason) in [
        (RsaPss2048Sha256Mgf1SaltLen32, "PS256 is not served"),
        (RsaPss4096Sha512Mgf1SaltLen64, "PS512 is not served"),
    ] {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let jwk = json!({"kty": "RSA", "n": encode(&group.key.n), "e": encode(&group.key.e)});
            let keys = key_set(&jwk, Algorithm::RS256).unwrap();
            for test in group.tests {
                let accepted = verifies(Some(&keys), Algorithm::RS256, &test.msg, &test.sig);
                run.judge(&format!("{name:?}"), test.tc_id, test.result, accepted, Some(reason));
            }
        }
    }
}

#[test]
fn signatures_of_wycheproof() {
    crypto::install();
    let mut run = Run::default();
    ecdsa_vectors(&mut run);
    eddsa_vectors(&mut run);
    hmac_vectors(&mut run);
    rsa_vectors(&mut run);
    for (set, tally) in &run.tallies {
        println!("{set}: {tally:?}");
    }
    // Neither a reason that is no longer needed, nor one more vector by a reason than is known.
    let excepted: Vec<(&str, &str, usize)> =
        run.excepted.iter().map(|((set, reason), count)| (set.as_str(), *reason, *count)).collect();
    assert_eq!(excepted, sorted(EXCEPTIONS));
    let total = |of: fn(&Tally) -> usize| run.tallies.values().map(of).sum::<usize>();
    let totals = (total(|tally| tally.vectors), total(|tally| tally.accepted), total(|tally| tally.refused));
    assert_eq!(totals, (4526, 323, 4203));
}

fn sorted<'a>(table: &[(&'a str, &'a str, usize)]) -> Vec<(&'a str, &'a str, usize)> {
    let mut table = table.to_vec();
    table.sort_unstable();
    table
}
