//! Good tokens in the wrong place: another contract, another audience, another issuer, another kind (RFC 8725, sections 2.7,
//! 2.8 and 3.8 to 3.12).

use super::mint::{NOW, claims, with};
use crate::contracts::faces::Outcome::{Done, Invalid, Malformed};
use crate::contracts::faces::{Face, NAMED, send};
use serde_json::{Value, json};
use shared::auth::{Role, SigningKey, generate_es256_pkcs8};
use tests::keys::AUDIENCE;
use tests::{Options, Request, World};

/// An issuer of one contract's tokens alone. All of them call their key by the same name.
struct Issuer {
    face: Face,
    name: String,
    contract: &'static str,
    key: SigningKey,
}

impl Issuer {
    fn all() -> [Self; 3] {
        [(Face::AuthMs, "authms"), (Face::Ciam, "ciam"), (Face::CloudBase, "cloudbase")].map(
            |(face, contract)| {
                let key = SigningKey::es256_pkcs8(&generate_es256_pkcs8().unwrap()).unwrap().with_kid("key");
                Self { face, name: format!("https://{contract}.test"), contract, key }
            },
        )
    }

    fn entry(&self) -> Value {
        json!({"issuer": self.name, "algorithms": ["ES256"], "jwks": {"keys": [self.key.public_jwk().unwrap()]},
            "audience": [AUDIENCE, format!("{AUDIENCE}-{}", self.contract)], "contracts": [self.contract],
            "subjects": "shared", "grants_admin": true})
    }

    /// A good token of this issuer with changed claims.
    fn token(&self, changes: &Value) -> String {
        self.key.sign(&with(claims(&json!({"iss": self.name})), changes)).unwrap()
    }
}

/// A world of these issuers, with the usual one of WTS tokens, in which user 1 is stored.
async fn world(issuers: &[Issuer]) -> World {
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), [b'w'; 32]).unwrap();
    let mut entries: Vec<Value> = issuers.iter().map(Issuer::entry).collect();
    entries.push(json!({"algorithms": ["HS256"], "secret_file": secret.path(), "contracts": ["wts"],
        "subjects": "shared", "grants_admin": true, "claims": {"subject": "openid", "roles": "access"}}));
    let world = World::with(Options { settings: vec![("ISSUERS", json!(entries).to_string())] }).await;
    let create = Request::put_profile("1").bearer(&issuers[0].token(&json!({}))).json(&json!({}));
    assert_eq!(world.send(&create).await.status, 200);
    world
}

#[tokio::test]
async fn a_token_is_good_on_its_own_contract_alone() {
    let issuers = Issuer::all();
    let world = world(&issuers).await;
    // All that any contract asks for is in each of them.
    let everything = json!({"roles": ["admin"], "role": "Admin", "scope": "openid", "openid": "1", "access": "admin", "azp": "app"});
    let mut tokens: Vec<(Face, String)> =
        issuers.iter().map(|issuer| (issuer.face, issuer.token(&everything))).collect();
    let wts = SigningKey::hs256(&[b'w'; 32]);
    let wts_claims = with(json!({"sub": "1", "exp": NOW + 300}), &everything);
    tokens.push((Face::Wts, wts.sign(&wts_claims).unwrap()));
    tokens.push((Face::SystemUser, world.api_key(Role::Admin).await));
    let mut version = 1;
    for (own, token) in &tokens {
        for face in [Face::AuthMs, Face::Ciam, Face::CloudBase, Face::Wts, Face::SystemUser] {
            let outcome = if face == *own {
                version += 1;
                Done(version)
            } else if *own == Face::SystemUser {
                Malformed
            } else {
                Invalid
            };
            let reply = send(&world, &face.request("1").bearer(token)).await;
            assert_eq!(reply, face.answer("1", outcome), "of {own:?} on {face:?}");
        }
    }
    // A WTS token that says it is another issuer's, and one of theirs that says it is nobody's.
    for issuer in &issuers {
        let borrowed = wts.sign(&with(claims(&json!({"iss": issuer.name})), &everything)).unwrap();
        let mut nobody_s = everything.clone();
        (nobody_s["iss"], nobody_s["aud"]) = (Value::Null, Value::Null);
        let nameless = issuer.token(&nobody_s);
        for (what, token) in [("borrowed", borrowed), ("nameless", nameless)] {
            for face in [Face::AuthMs, Face::Ciam, Face::CloudBase, Face::Wts, Face::SystemUser] {
                let reply = send(&world, &face.request("1").bearer(&token)).await;
                assert_eq!(reply, face.answer("1", Invalid), "{what} of {} on {face:?}", issuer.name);
            }
        }
    }
    assert_eq!(world.profile("1").await.version, version);
}

#[tokio::test]
async fn an_issuer_s_key_signs_for_itself_alone() {
    let issuers = Issuer::all();
    let world = world(&issuers).await;
    let mut version = 1;
    for signer in &issuers {
        for named in &issuers {
            let token = signer.token(&json!({"iss": named.name}));
            for face in NAMED {
                let outcome = if signer.name == named.name && face == named.face {
                    version += 1;
                    Done(version)
                } else {
                    Invalid
                };
                let reply = send(&world, &face.request("1").bearer(&token)).await;
                assert_eq!(reply, face.answer("1", outcome), "{} as {} on {face:?}", signer.name, named.name);
            }
            for face in [Face::Wts, Face::SystemUser] {
                let reply = send(&world, &face.request("1").bearer(&token)).await;
                assert_eq!(reply, face.answer("1", Invalid), "{} as {} on {face:?}", signer.name, named.name);
            }
        }
    }
    assert_eq!(world.profile("1").await.version, version);
}

#[tokio::test]
async fn a_token_for_somebody_else_is_refused() {
    let issuers = Issuer::all();
    let world = world(&issuers).await;
    let mut version = 1;
    for issuer in &issuers {
        let others: Vec<String> = issuers
            .iter()
            .filter(|other| other.contract != issuer.contract)
            .map(|other| format!("{AUDIENCE}-{}", other.contract))
            .collect();
        let own = format!("{AUDIENCE}-{}", issuer.contract);
        for (what, changes, outcome) in [
            ("its own audience", json!({ "aud": own }), Done(0)),
            ("one of its own", json!({"aud": ["elsewhere", own]}), Done(0)),
            ("another contract's audience", json!({"aud": others[0]}), Invalid),
            ("all other contracts' audiences", json!({ "aud": others }), Invalid),
            // OpenID Connect: for the application that asked for it, with claims that it alone can judge.
            (
                "an ID token",
                json!({"aud": "app", "azp": "app", "nonce": "n", "at_hash": "AAAA", "auth_time": NOW, "acr": "1"}),
                Invalid,
            ),
            ("a logout token", json!({"aud": "app", "sid": "s", "events": {"x": {}}}), Invalid),
            (
                "a token for the issuer's own userinfo",
                json!({"aud": format!("{}/userinfo", issuer.name)}),
                Invalid,
            ),
        ] {
            let token = issuer.token(&changes);
            for face in [Face::AuthMs, Face::Ciam, Face::CloudBase, Face::Wts, Face::SystemUser] {
                let outcome = if face == issuer.face && outcome == Done(0) {
                    version += 1;
                    Done(version)
                } else {
                    Invalid
                };
                let reply = send(&world, &face.request("1").bearer(&token)).await;
                assert_eq!(reply, face.answer("1", outcome), "{what} of {} on {face:?}", issuer.name);
            }
        }
    }
    assert_eq!(world.profile("1").await.version, version);
}
