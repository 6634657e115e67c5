//! Tokens that are good, and tokens that are odd in every way, on each contract that takes one.
//!
//! | module | what is tried there |
//! |---|---|
//! | `mint` | issuers, their keys, and tokens that no honest issuer would sign |
//! | `draft` | a token before it is signed, and what each contract makes of it |
//! | `header` | what a header may ask for |
//! | `encoding` | parts, base64url, JSON |
//! | `signature` | algorithms and signatures |
//! | `claims` | types and times |
//! | `substitution` | good tokens in the wrong place |
//! | `rotation` | issuers' keys that change, sources of them that fail, and keys that are weak |
//! | `key_server` | where an issuer publishes its keys |

mod claims;
mod draft;
mod encoding;
mod header;
mod key_server;
mod mint;
mod rotation;
mod signature;
mod substitution;

use crate::contracts::faces::Outcome::{Done, Expired, Forbidden, Invalid, Malformed, Missing, NotAdmitted};
use crate::contracts::faces::{Face, NAMED, send};
use crate::contracts::{authms, ciam};
use mint::{EDWARDS, Mint, NARROW, NOW, PREFIXED, claims, encode, wts_claims};
use serde_json::{Value, json};
use shared::auth::SigningKey;
use tests::keys::AUDIENCE;
use tests::{Options, Reply, World};

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
