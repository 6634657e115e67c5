//! Issuers, their keys, and tokens that no honest issuer would sign.

use crate::contracts::faces::Outcome::{self, Done, Expired, Invalid, Malformed};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};
use shared::auth::{SigningKey, generate_es256_pkcs8};
use tests::keys::{AUDIENCE, ISSUER};
use tests::{Options, World};

pub const NOW: i64 = 1_775_217_600;
/// The issuers of a [`Mint`], by algorithm.
pub const RSA: &str = "https://rsa.test";
pub const EDWARDS: &str = "https://ed.test";
pub const SECRET: &str = "https://secret.test";
/// Tokens of this one are good on AuthMS alone.
pub const NARROW: &str = "https://narrow.test";
/// Its users' ids begin with `ext|`.
pub const PREFIXED: &str = "https://prefixed.test";
pub const HMAC: &[u8] = &[b's'; 32];
const WTS_SECRET: &[u8] = &[b'w'; 32];
/// Made for tests and published with them.
const RSA_KEY: &[u8] = include_bytes!("../../../shared/src/auth/fixtures/test-only-rsa-2048.der");

/// Keys of a world's own issuers, and tokens that no honest issuer would sign.
pub struct Mint {
    pub rsa: SigningKey,
    rsa_pair: RsaKeyPair,
    pub es256: SigningKey,
    es256_pair: EcdsaKeyPair,
    edwards: Ed25519KeyPair,
    pub wts: SigningKey,
}

/// `value` with members of `changes` put over its own; `null` takes one away.
pub fn with(mut value: Value, changes: &Value) -> Value {
    for (name, change) in changes.as_object().unwrap() {
        match change {
            Value::Null => drop(value.as_object_mut().unwrap().remove(name)),
            change => value[name] = change.clone(),
        }
    }
    value
}

pub fn encode(part: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(part)
}

#[expect(clippy::disallowed_methods, reason = "ring's trait is sealed: it takes no other source")]
fn random() -> SystemRandom {
    SystemRandom::new()
}

/// A user's claims.
pub fn claims(changes: &Value) -> Value {
    let good = json!({"iss": EDWARDS, "aud": AUDIENCE, "sub": "1", "exp": NOW + 300, "scope": "openid"});
    with(good, changes)
}

/// Claims of a WTS token.
pub fn wts_claims(changes: &Value) -> Value {
    with(json!({"openid": "1", "access": "user", "exp": NOW + 300}), changes)
}

impl Mint {
    pub fn new() -> Self {
        let es256 = generate_es256_pkcs8().unwrap();
        let random = random();
        Self {
            rsa: SigningKey::rs256_der(RSA_KEY).unwrap().with_kid("rsa"),
            rsa_pair: RsaKeyPair::from_der(RSA_KEY).unwrap(),
            es256: SigningKey::es256_pkcs8(&es256).unwrap().with_kid("es256"),
            es256_pair: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &es256, &random).unwrap(),
            edwards: Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap(),
            wts: SigningKey::hs256(WTS_SECRET),
        }
    }

    /// The RSA issuer's public key as PKCS#1 DER.
    pub fn rsa_der(&self) -> &[u8] {
        self.rsa_pair.public_key().as_ref()
    }

    /// This issuer's signature of any bytes; without a name, the issuer's of WTS tokens.
    pub fn signature(&self, issuer: Option<&str>, message: &[u8]) -> Vec<u8> {
        let mac =
            |secret: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec();
        match issuer {
            None => mac(WTS_SECRET),
            Some(SECRET) => mac(HMAC),
            Some(EDWARDS) => self.edwards.sign(message).as_ref().to_vec(),
            Some(RSA) => {
                let mut signature = vec![0; self.rsa_pair.public().modulus_len()];
                self.rsa_pair.sign(&RSA_PKCS1_SHA256, &random(), message, &mut signature).unwrap();
                signature
            }
            Some(_) => self.es256_pair.sign(&random(), message).unwrap().as_ref().to_vec(),
        }
    }

    pub fn edwards_jwk(&self) -> Value {
        let x = encode(self.edwards.public_key());
        json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "ed", "x": x})
    }

    /// A world of these issuers, in which user 1 is stored.
    pub async fn world(&self) -> World {
        let secret = |bytes: &[u8]| {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), bytes).unwrap();
            file
        };
        let (hmac, wts) = (secret(HMAC), secret(WTS_SECRET));
        let entry = |issuer: &str, algorithm: &str, jwk: Value, contracts: &[&str]| {
            json!({"issuer": issuer, "algorithms": [algorithm], "jwks": {"keys": [jwk]}, "audience": AUDIENCE,
                "contracts": contracts, "subjects": "shared", "grants_admin": true})
        };
        let all = ["authms", "ciam", "cloudbase"];
        let es256 = self.es256.public_jwk().unwrap();
        let prefixed = with(
            entry(PREFIXED, "ES256", es256.clone(), &all),
            &json!({"subjects": null, "subject_prefix": "ext|"}),
        );
        let by_secret =
            with(entry(SECRET, "HS256", json!({}), &all), &json!({"jwks": null, "secret_file": hmac.path()}));
        let issuers = json!([
            entry(ISSUER, "ES256", es256.clone(), &all),
            entry(RSA, "RS256", self.rsa.public_jwk().unwrap(), &all),
            entry(EDWARDS, "EdDSA", self.edwards_jwk(), &all),
            entry(NARROW, "ES256", es256, &["authms"]),
            prefixed,
            by_secret,
            // Grants no admin.
            {"algorithms": ["HS256"], "secret_file": wts.path(), "contracts": ["wts"], "subjects": "shared",
             "claims": {"subject": "openid", "roles": "access"}},
        ]);
        let world = World::with(Options { settings: vec![("ISSUERS", issuers.to_string())] }).await;
        let create = tests::Request::put_profile("1").bearer(&self.edwards(&json!({}))).json(&json!({}));
        assert_eq!(world.send(&create).await.status, 200);
        world
    }

    /// A token of the Edwards issuer with changed claims.
    pub fn edwards(&self, changes: &Value) -> String {
        self.forge(&json!({"alg": "EdDSA", "kid": "ed"}), &claims(changes))
    }

    /// A token with this header and these claims, signed by the Edwards issuer's key.
    pub fn forge(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = encode(self.edwards.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// Tokens for the contracts of named issuers, each with what comes of it.
    pub fn named(&self) -> Vec<(&'static str, String, Outcome)> {
        let edwards = |changes: Value| self.edwards(&changes);
        let header = |changes: Value| {
            self.forge(&with(json!({"alg": "EdDSA", "kid": "ed"}), &changes), &claims(&json!({})))
        };
        let of = |issuer: &str| claims(&json!({"iss": issuer}));
        let hs256 = |secret: &[u8], kid: &str, issuer: &str| {
            SigningKey::hs256(secret).with_kid(kid).sign(&of(issuer)).unwrap()
        };
        let bytes = |jwk: &Value, name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
        let (rsa, es256) = (self.rsa.public_jwk().unwrap(), self.es256.public_jwk().unwrap());
        let point = [vec![4], bytes(&es256, "x"), bytes(&es256, "y")].concat();
        let stranger = SigningKey::es256_pkcs8(&generate_es256_pkcs8().unwrap()).unwrap();
        let unsigned = |alg: &str| {
            format!("{}.{}.", encode(json!({"alg": alg}).to_string()), encode(claims(&json!({})).to_string()))
        };
        let good = edwards(json!({}));
        let (message, signature) = good.rsplit_once('.').unwrap();
        let jwk = self.edwards_jwk();
        vec![
            ("EdDSA", good.clone(), Done(0)),
            ("RS256", self.rsa.sign(&of(RSA)).unwrap(), Done(0)),
            ("ES256", self.es256.sign(&of(ISSUER)).unwrap(), Done(0)),
            ("HS256 of a named issuer", hs256(HMAC, "any", SECRET), Done(0)),
            ("no kid", header(json!({"kid": null})), Done(0)),
            ("one of several audiences", edwards(json!({"aud": ["other", AUDIENCE]})), Done(0)),
            // Times, with the leeway of 60 s.
            ("last moment", edwards(json!({"exp": NOW - 59})), Done(0)),
            ("expired", edwards(json!({"exp": NOW - 60})), Expired),
            ("long expired", edwards(json!({"exp": 0})), Expired),
            ("no exp", edwards(json!({"exp": null})), Invalid),
            ("exp as text", edwards(json!({"exp": "1775299999"})), Invalid),
            ("first moment", edwards(json!({"nbf": NOW + 60})), Done(0)),
            ("not yet valid", edwards(json!({"nbf": NOW + 61})), Invalid),
            ("nbf as text", edwards(json!({"nbf": "0"})), Invalid),
            // For somebody else, or of somebody else.
            ("wrong audience", edwards(json!({"aud": "other"})), Invalid),
            ("no audience", edwards(json!({"aud": null})), Invalid),
            ("wrong issuer", edwards(json!({"iss": "https://evil.test"})), Invalid),
            ("another issuer's name", edwards(json!({"iss": RSA})), Invalid),
            ("no issuer", edwards(json!({"iss": null})), Invalid),
            ("no issuer, no audience", edwards(json!({"iss": null, "aud": null})), Invalid),
            ("stranger's key", stranger.sign(&of(ISSUER)).unwrap(), Invalid),
            ("stranger's key, our kid", stranger.with_kid("es256").sign(&of(ISSUER)).unwrap(), Invalid),
            ("unknown kid", header(json!({"kid": "new"})), Invalid),
            // The algorithm is the issuer's, never the header's.
            ("alg none", unsigned("none"), Invalid),
            ("alg None", unsigned("None"), Invalid),
            ("alg none, signed", header(json!({"alg": "none"})), Invalid),
            ("alg of another kind", header(json!({"alg": "ES256"})), Invalid),
            ("no alg", header(json!({"alg": null})), Invalid),
            ("HS256, RSA modulus", hs256(&bytes(&rsa, "n"), "rsa", RSA), Invalid),
            ("HS256, RSA key set", hs256(rsa.to_string().as_bytes(), "rsa", RSA), Invalid),
            ("HS256, P-256 point", hs256(&point, "es256", ISSUER), Invalid),
            ("HS256, Ed25519 key", hs256(&bytes(&jwk, "x"), "ed", EDWARDS), Invalid),
            ("HS256, empty secret", hs256(b"", "any", SECRET), Invalid),
            // Keys and extensions that the token brings along.
            ("jwk", header(json!({"jwk": jwk})), Invalid),
            ("jku", header(json!({"jku": "https://ed.test/jwks.json"})), Invalid),
            ("x5u", header(json!({"x5u": "https://ed.test/cert.pem"})), Invalid),
            ("crit", header(json!({"crit": ["exp"]})), Invalid),
            ("unknown crit", header(json!({"crit": ["b64"], "b64": false})), Invalid),
            // Users.
            ("no subject", edwards(json!({"sub": null})), Invalid),
            ("empty subject", edwards(json!({"sub": ""})), Invalid),
            ("subject no user id", edwards(json!({"sub": "al@example.com"})), Invalid),
            ("subject with a slash", edwards(json!({"sub": "1/2"})), Invalid),
            ("subject a number", edwards(json!({"sub": 1})), Invalid),
            ("subject too long", edwards(json!({"sub": "1".repeat(129)})), Invalid),
            ("another issuer's prefix", edwards(json!({"sub": "ext|1"})), Invalid),
            // No tokens at all.
            ("cut", message.to_owned(), Malformed),
            ("no signature", format!("{message}."), Invalid),
            ("changed", format!("{message}.{}A", &signature[..signature.len() - 1]), Invalid),
            ("padded", format!("{good}="), Malformed),
            ("four parts", format!("{good}.x"), Malformed),
            ("an API key", format!("ak-{}", "0".repeat(32)), Malformed),
            ("a WTS token", self.wts.sign(&wts_claims(&json!({}))).unwrap(), Invalid),
            (
                "a WTS token with iss",
                self.wts.sign(&with(wts_claims(&json!({})), &claims(&json!({})))).unwrap(),
                Invalid,
            ),
        ]
    }
}
