//! Tokens that are good, and tokens that are odd in every way, on each contract that takes one.
//!
//! How keys are fetched from a URL, and each rule by itself, is tested beside the verifier.

use crate::contracts::faces::Outcome::{
    self, Done, Expired, Forbidden, Invalid, Malformed, Missing, NotAdmitted,
};
use crate::contracts::faces::{Face, NAMED, send};
use crate::contracts::{authms, ciam};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use shared::auth::{SigningKey, generate_es256_pkcs8};
use tests::keys::{AUDIENCE, ISSUER};
use tests::{Options, Reply, World};

const NOW: i64 = 1_775_217_600;
/// The issuers of a [`Mint`], by algorithm.
const RSA: &str = "https://rsa.test";
const EDWARDS: &str = "https://ed.test";
const SECRET: &str = "https://secret.test";
/// Tokens of this one are good on AuthMS alone.
const NARROW: &str = "https://narrow.test";
/// Its users' ids begin with `ext|`.
const PREFIXED: &str = "https://prefixed.test";
const HMAC: &[u8] = &[b's'; 32];
/// Made for tests and published with them.
const RSA_KEY: &[u8] = include_bytes!("../../shared/src/auth/fixtures/test-only-rsa-2048.der");

/// Keys of a world's own issuers, and tokens that no honest issuer would sign.
struct Mint {
    rsa: SigningKey,
    es256: SigningKey,
    edwards: Ed25519KeyPair,
    wts: SigningKey,
}

/// `value` with members of `changes` put over its own; `null` takes one away.
fn with(mut value: Value, changes: &Value) -> Value {
    for (name, change) in changes.as_object().unwrap() {
        match change {
            Value::Null => drop(value.as_object_mut().unwrap().remove(name)),
            change => value[name] = change.clone(),
        }
    }
    value
}

fn encode(part: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(part)
}

/// A user's claims.
fn claims(changes: &Value) -> Value {
    let good = json!({"iss": EDWARDS, "aud": AUDIENCE, "sub": "1", "exp": NOW + 300, "scope": "openid"});
    with(good, changes)
}

/// Claims of a WTS token.
fn wts_claims(changes: &Value) -> Value {
    with(json!({"openid": "1", "access": "user", "exp": NOW + 300}), changes)
}

impl Mint {
    fn new() -> Self {
        Self {
            rsa: SigningKey::rs256_der(RSA_KEY).unwrap().with_kid("rsa"),
            es256: SigningKey::es256_pkcs8(&generate_es256_pkcs8().unwrap()).unwrap().with_kid("es256"),
            edwards: Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap(),
            wts: SigningKey::hs256(&[b'w'; 32]),
        }
    }

    fn edwards_jwk(&self) -> Value {
        let x = encode(self.edwards.public_key());
        json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "ed", "x": x})
    }

    /// A world of these issuers, in which user 1 is stored.
    async fn world(&self) -> World {
        let secret = |bytes: &[u8]| {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), bytes).unwrap();
            file
        };
        let (hmac, wts) = (secret(HMAC), secret(&[b'w'; 32]));
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
    fn edwards(&self, changes: &Value) -> String {
        self.forge(&json!({"alg": "EdDSA", "kid": "ed"}), &claims(changes))
    }

    /// A token with this header and these claims, signed by the Edwards issuer's key.
    fn forge(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = encode(self.edwards.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// Tokens for the contracts of named issuers, each with what comes of it.
    fn named(&self) -> Vec<(&'static str, String, Outcome)> {
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

#[tokio::test]
async fn tokens_of_named_issuers() {
    let mint = Mint::new();
    let tokens = mint.named();
    for face in NAMED {
        let world = mint.world().await;
        let mut version = 1;
        for (what, token, outcome) in &tokens {
            let reply = send(&world, &face.request("1").bearer(token)).await;
            // Each good token is one change more.
            let outcome = if *outcome == Done(0) {
                version += 1;
                Done(version)
            } else {
                *outcome
            };
            assert_eq!(reply, face.answer("1", outcome), "{face:?}: {what}");
        }
        assert_eq!(world.profile("1").await.version, version);
    }
}

#[tokio::test]
async fn wts_tokens() {
    let mint = Mint::new();
    let world = mint.world().await;
    let wts = |changes: Value| mint.wts.sign(&wts_claims(&changes)).unwrap();
    let unsigned = format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(wts_claims(&json!({})).to_string()));
    let mut cases = vec![
        ("good", wts(json!({})), Done(0)),
        ("last moment", wts(json!({"exp": NOW - 59})), Done(0)),
        ("expired", wts(json!({"exp": NOW - 60})), Expired),
        ("no exp", wts(json!({"exp": null})), Invalid),
        ("not yet valid", wts(json!({"nbf": NOW + 61})), Invalid),
        ("with an issuer", wts(json!({"iss": EDWARDS})), Invalid),
        ("with an audience", wts(json!({"aud": AUDIENCE})), Invalid),
        ("no openid", wts(json!({"openid": null})), Invalid),
        ("sub instead", wts(json!({"openid": null, "sub": "1"})), Invalid),
        ("openid no user id", wts(json!({"openid": "o 1"})), Invalid),
        ("no level", wts(json!({"access": null})), NotAdmitted),
        ("an unknown level", wts(json!({"access": "root"})), NotAdmitted),
        ("a role instead", wts(json!({"access": null, "roles": ["admin"]})), NotAdmitted),
        ("another secret", SigningKey::hs256(&[b'x'; 32]).sign(&wts_claims(&json!({}))).unwrap(), Invalid),
        ("alg none", unsigned, Invalid),
        ("another algorithm", mint.rsa.sign(&wts_claims(&json!({}))).unwrap(), Invalid),
        // This issuer grants no admin: its administrators are active users.
        ("an ungranted admin, oneself", wts(json!({"access": "dev"})), Done(0)),
        ("an ungranted admin, another", wts(json!({"access": "dev", "openid": "2"})), Forbidden),
    ];
    // What is good elsewhere is no good here; what is no token is none here either.
    cases.extend(
        mint.named().into_iter().filter(|(what, ..)| !what.starts_with("a WTS")).map(
            |(what, token, outcome)| (what, token, if outcome == Malformed { Malformed } else { Invalid }),
        ),
    );
    for (what, token, outcome) in cases {
        let reply = send(&world, &Face::Wts.request("1").bearer(&token)).await;
        assert_eq!(reply, Face::Wts.answer("1", outcome), "{what}");
    }
    assert_eq!(world.profile("1").await.version, 4);
}

#[tokio::test]
async fn a_token_is_an_api_key_to_nobody() {
    let mint = Mint::new();
    let world = mint.world().await;
    for (what, token, _) in mint.named().iter().filter(|(what, ..)| *what != "an API key") {
        let reply = send(&world, &Face::SystemUser.request("1").bearer(token)).await;
        assert_eq!(reply, Face::SystemUser.answer("1", Invalid), "{what}");
    }
    assert_eq!(world.wire.calls().len(), 1, "only what has an API key's form is looked up");
}

#[tokio::test]
async fn the_authorization_header_holds_one_bearer_token() {
    let mint = Mint::new();
    let world = mint.world().await;
    let good = mint.edwards(&json!({}));
    let wts = mint.wts.sign(&wts_claims(&json!({}))).unwrap();
    // API Gateway joins two headers by a comma.
    let cases = |token: &str| {
        [
            (String::new(), Missing),
            ("Basic YTpi".to_owned(), Missing),
            (token.to_owned(), Missing),
            (format!("Digest {token}"), Missing),
            ("Bearer".to_owned(), Missing),
            ("Bearer ".to_owned(), Missing),
            ("Bearer null".to_owned(), Malformed),
            (format!("Bearer {token},Bearer {token}"), Malformed),
            (format!("Bearer {token}, {token}"), Malformed),
            (format!("Bearer {token} {token}"), Malformed),
            (format!("Bearer \"{token}\""), Malformed),
            (format!("Bearer Bearer {token}"), Malformed),
            (format!("bearer {token}"), Done(0)),
            (format!("BEARER  {token} "), Done(0)),
        ]
    };
    let mut version = 1;
    for face in [Face::AuthMs, Face::Ciam, Face::CloudBase, Face::Wts] {
        for (authorization, outcome) in cases(if face == Face::Wts { &wts } else { &good }) {
            let request = face.request("1").header("authorization", &authorization);
            version += u64::from(outcome == Done(0));
            let outcome = if outcome == Done(0) { Done(version) } else { outcome };
            assert_eq!(send(&world, &request).await, face.answer("1", outcome), "{face:?}: {authorization}");
        }
    }
}

#[tokio::test]
async fn tokens_over_8_kib_are_not_looked_at() {
    let mint = Mint::new();
    let world = mint.world().await;
    let padded = |count: usize| mint.edwards(&json!({"pad": "x".repeat(count)}));
    let longest = (5_000..6_500).rev().map(padded).find(|token| token.len() <= 8 * 1024).unwrap();
    let longer = (5_000..6_500).map(padded).find(|token| token.len() > 8 * 1024).unwrap();
    for face in NAMED {
        let reply = send(&world, &face.request("1").bearer(&longer)).await;
        assert_eq!(reply, face.answer("1", Malformed), "{face:?}");
    }
    let reply = send(&world, &Face::AuthMs.request("1").bearer(&longest)).await;
    assert_eq!(reply, Face::AuthMs.answer("1", Done(2)));
}

#[tokio::test]
async fn an_issuer_s_tokens_are_good_where_its_entry_says() {
    let mint = Mint::new();
    let world = mint.world().await;
    let narrow = mint.es256.sign(&claims(&json!({"iss": NARROW}))).unwrap();
    for (face, outcome) in [(Face::AuthMs, Done(2)), (Face::Ciam, Invalid), (Face::CloudBase, Invalid)] {
        let reply = send(&world, &face.request("1").bearer(&narrow)).await;
        assert_eq!(reply, face.answer("1", outcome), "{face:?}");
    }
    // A prefix makes other users of the same subjects.
    let prefixed =
        |subject: &str| mint.es256.sign(&claims(&json!({"iss": PREFIXED, "sub": subject}))).unwrap();
    let reply = send(&world, &Face::AuthMs.request("1").bearer(&prefixed("1"))).await;
    assert_eq!(reply, Face::AuthMs.answer("1", Forbidden));
    let reply = send(&world, &Face::Ciam.request("1").bearer(&prefixed("1"))).await;
    assert_eq!(reply, Face::Ciam.answer("ext|1", Done(1)));
    let reply = send(&world, &Face::Ciam.request("1").bearer(&prefixed(""))).await;
    assert_eq!(reply, Face::Ciam.answer("1", Invalid));
    assert_eq!(world.profile("1").await.version, 2);
    assert_eq!(world.profile("ext|1").await.version, 1);
}

#[tokio::test]
async fn keys_that_cannot_be_read_are_not_the_caller_s_fault() {
    let mint = Mint::new();
    // Nothing listens at port 1 of this machine.
    let issuers = json!([{"issuer": EDWARDS, "algorithms": ["EdDSA"], "jwks_url": "http://127.0.0.1:1/jwks.json",
        "audience": AUDIENCE, "contracts": ["authms", "ciam", "cloudbase"], "subjects": "shared"}]);
    let world = World::with(Options { settings: vec![("ISSUERS", issuers.to_string())] }).await;
    let good = mint.edwards(&json!({}));
    let instance = json!({"instance": "https://id.example.com/profiles/1"});
    let internal = json!({"error": "internal", "error_code": 500, "error_description": "Internal error"});
    for (face, expected) in [
        (Face::AuthMs, authms::with_body(authms::problem("service-unavailable"), &instance)),
        (Face::Ciam, ciam::error(503, json!({"error": "temporarily_unavailable"}))),
        (Face::CloudBase, Reply::json(500, internal)),
    ] {
        assert_eq!(send(&world, &face.request("1").bearer(&good)).await, expected, "{face:?}");
    }
    assert_eq!(world.wire.calls(), [""; 0]);
}
