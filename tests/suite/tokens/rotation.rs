//! Issuers' keys that change while requests come, sources of them that fail, and keys that are weak.
//!
//! How each source is read, is tested beside the verifier; here, what callers see of it.

use super::key_server::{Answer, KeyServer};
use super::mint::{EDWARDS, Mint, NOW, claims, encode, with};
use crate::contracts::faces::Outcome::{Done, Invalid, Shown};
use crate::contracts::faces::{Face, NAMED, send};
use crate::contracts::{authms, ciam};
use futures_util::future::join_all;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use shared::auth::{SigningKey, generate_es256_pkcs8};
use tests::keys::AUDIENCE;
use tests::{Options, Reply, Request, World};

/// The issuer behind the key server.
const ROTATING: &str = "https://rotating.test";

const READS: [Face; 3] = [Face::AuthMsRead, Face::CiamRead, Face::CloudBaseRead];

fn key(kid: &str) -> SigningKey {
    SigningKey::es256_pkcs8(&generate_es256_pkcs8().unwrap()).unwrap().with_kid(kid)
}

/// User 1's token by this key, good for a day.
fn token(key: &SigningKey) -> String {
    key.sign(&claims(&json!({"iss": ROTATING, "exp": NOW + 86_400}))).unwrap()
}

fn entry(algorithm: &str, source: &Value) -> Value {
    let entry = json!({"issuer": ROTATING, "algorithms": [algorithm], "audience": AUDIENCE,
        "contracts": ["authms", "ciam", "cloudbase"], "subjects": "shared"});
    with(entry, source)
}

/// A world that trusts this issuer alone.
async fn trusting(entry: Value) -> World {
    World::with(Options { settings: vec![("ISSUERS", json!([entry]).to_string())] }).await
}

/// A world whose issuer publishes its keys there, in which user 1 is stored.
async fn behind(server: &KeyServer, key: &SigningKey) -> World {
    let world = trusting(entry("ES256", &json!({"jwks_url": server.url}))).await;
    let create = Request::put_profile("1").bearer(&token(key)).json(&json!({}));
    assert_eq!(world.send(&create).await.status, 200);
    world
}

/// Sends a read with this token through each contract.
async fn read(world: &World, token: &str) -> [(Face, Reply); 3] {
    let one = async |face: Face| (face, at_noon(send(world, &face.request("1").bearer(token)).await));
    [one(READS[0]).await, one(READS[1]).await, one(READS[2]).await]
}

/// The reply as if the clock had not been turned.
fn at_noon(mut reply: Reply) -> Reply {
    if reply.body.get("timestamp").is_some() {
        reply.body["timestamp"] = json!(authms::NOON);
    }
    reply
}

async fn accepted(world: &World, token: &str, what: &str) {
    for (face, reply) in read(world, token).await {
        assert_eq!(reply, face.answer("1", Shown), "{face:?}: {what}");
    }
}

async fn refused(world: &World, token: &str, what: &str) {
    for (face, reply) in read(world, token).await {
        assert_eq!(reply, face.answer("1", Invalid), "{face:?}: {what}");
    }
}

/// The issuer publishes a new key, signs with it a minute later, and takes the old one away; all the while tokens under
/// made-up names arrive, which make the set be read again.
#[tokio::test]
async fn keys_rotate_while_requests_come() {
    let (one, two, three) = (key("1"), key("2"), key("3"));
    let server = KeyServer::start(Answer::keys(&[&one]));
    let world = behind(&server, &one).await;
    let minutes: [(&[&SigningKey], &[&SigningKey]); 6] = [
        (&[&one], &[&one]),
        (&[&one, &two], &[&one]),
        (&[&one, &two], &[&one, &two]),
        (&[&two, &three], &[&two]),
        (&[&two, &three], &[&three, &two]),
        (&[&three], &[&three]),
    ];
    for (minute, (published, signing)) in minutes.into_iter().enumerate() {
        server.now_answers(Answer::keys(published));
        let callers = (0..24).map(|caller: usize| {
            let (world, server) = (&world, &server);
            async move {
                let face = READS[caller % 3];
                if caller.is_multiple_of(4) {
                    // Not two of them alike.
                    let forged = token(&key(&format!("made up {minute} {caller}")));
                    let reply = at_noon(send(world, &face.request("1").bearer(&forged)).await);
                    assert_eq!(reply, face.answer("1", Invalid), "minute {minute}");
                    return;
                }
                let good = token(signing[caller % signing.len()]);
                for _ in 0..2 {
                    let reply = at_noon(send(world, &face.request("1").bearer(&good)).await);
                    assert_eq!(
                        reply,
                        face.answer("1", Shown),
                        "minute {minute}: {} reads",
                        server.requests()
                    );
                }
            }
        });
        join_all(callers).await;
        // One at start, and one for all that a minute brings.
        assert_eq!(server.requests(), minute + 2);
        world.clock.forward(60);
    }
    // What is no longer published is no longer good.
    refused(&world, &token(&one), "the first key").await;
    refused(&world, &token(&two), "the second key").await;
    accepted(&world, &token(&three), "the third key").await;
}

#[tokio::test]
async fn while_the_key_set_fails_the_known_keys_serve() {
    let (one, two) = (key("1"), key("2"));
    let elsewhere = KeyServer::start(Answer::keys(&[&one, &two]));
    let server = KeyServer::start(Answer::keys(&[&one]));
    let world = behind(&server, &one).await;
    let both = json!({"keys": [one.public_jwk(), two.public_jwk()]});
    let of = |status: u16, header: &str, body: &str| {
        Answer::Of(status, header.to_owned(), body.as_bytes().to_vec())
    };
    let to = |status: u16| of(status, &format!("location: {}\r\n", elsewhere.url), &both.to_string());
    let with_member = |name: &str, value: Value| {
        let jwk = with(two.public_jwk().unwrap(), &json!({ name: value }));
        Answer::json(&json!({ "keys": [jwk] }))
    };
    let answers = [
        ("is down", Answer::Down),
        ("is silent", Answer::Silent),
        ("never ends", Answer::Endless),
        ("has 10,000 keys", Answer::json(&json!({"keys": vec![two.public_jwk(); 10_000]}))),
        ("redirects", to(302)),
        ("has moved", to(308)),
        ("is not authorised", of(401, "www-authenticate: Basic\r\n", &both.to_string())),
        ("is not found", of(404, "", &both.to_string())),
        ("has no content", of(204, "", "")),
        ("fails", of(500, "", &both.to_string())),
        ("is overloaded", of(503, "retry-after: 1\r\n", &both.to_string())),
        ("is empty", of(200, "", "")),
        ("is a page", of(200, "content-type: text/html\r\n", "<html>")),
        ("is cut", of(200, "", &both.to_string()[..200])),
        ("is nested", of(200, "", &"[".repeat(60_000))),
        ("is compressed", of(200, "content-encoding: gzip\r\n", "\u{1f}\u{8b}")),
        ("is a key", Answer::json(&two.public_jwk().unwrap())),
        ("has no keys", Answer::json(&json!({"keys": []}))),
        ("has keys that are none", Answer::json(&json!({"keys": [null, 7, "2", [], {}]}))),
        ("has a private key", with_member("d", json!("AAAA"))),
        (
            "has a secret",
            Answer::json(&json!({"keys": [two.public_jwk(), {"kty": "oct", "kid": "2", "k": "AAAA"}]})),
        ),
        ("is for encryption", with_member("use", json!("enc"))),
        ("is for signing alone", with_member("key_ops", json!(["sign"]))),
        ("is for another algorithm", with_member("alg", json!("ES384"))),
        ("is for no algorithm", with_member("alg", json!("none"))),
        ("is of another type", with_member("kty", json!("RSA"))),
        ("is of another curve", with_member("crv", json!("P-384"))),
        ("is off its curve", with_member("y", one.public_jwk().unwrap()["x"].clone())),
        ("has a name that is none", with_member("kid", json!(2))),
    ];
    for (reads, (what, answer)) in (2..).zip(answers) {
        server.now_answers(answer);
        world.clock.forward(60);
        refused(&world, &token(&two), what).await;
        accepted(&world, &token(&one), what).await;
        assert_eq!(server.requests(), reads, "{what}");
    }
    assert_eq!(elsewhere.requests(), 0, "nobody was sent there");
    server.now_answers(Answer::json(&both));
    world.clock.forward(60);
    accepted(&world, &token(&two), "is well again").await;
}

/// A set that lists weak keys beside good ones: the weak ones are as good as not there.
#[tokio::test]
async fn nobody_signs_by_a_weak_key() {
    let mint = Mint::new();
    let message = |alg: &str| {
        let header = json!({"alg": alg, "kid": "weak"}).to_string();
        format!("{}.{}", encode(header), encode(claims(&json!({"iss": ROTATING})).to_string()))
    };
    // The neutral point as key: any message is signed by R = that point, s = 0, which takes no private key.
    let neutral = [&[1], [0; 31].as_slice()].concat();
    let small = json!({"kty": "OKP", "crv": "Ed25519", "kid": "weak", "x": encode(&neutral)});
    let edwards = message("EdDSA");
    let edwards = format!("{edwards}.{}", encode([&neutral[..], &[0; 32]].concat()));
    // Exponent 1: what is signed is its own signature.
    let one = with(mint.rsa.public_jwk().unwrap(), &json!({"kid": "weak", "e": "AQ"}));
    let rsa = message("RS256");
    let hash = digest(&SHA256, rsa.as_bytes());
    let prefix = [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
    let padded = [&[0, 1][..], &[0xff; 202], &[0], &prefix, hash.as_ref()].concat();
    assert_eq!(padded.len(), 256);
    let rsa = format!("{rsa}.{}", encode(padded));
    let good = |key: &Value| with(key.clone(), &json!({"kid": "good"}));
    for (algorithm, weak, strong, forged) in [
        ("EdDSA", small, good(&mint.edwards_jwk()), edwards),
        ("RS256", one, good(&mint.rsa.public_jwk().unwrap()), rsa),
    ] {
        let set = json!({"keys": [weak, strong]});
        let server = KeyServer::start(Answer::json(&set));
        for source in [json!({ "jwks": set }), json!({"jwks_url": server.url})] {
            let world = trusting(entry(algorithm, &source)).await;
            for face in NAMED {
                let reply = send(&world, &face.request("1").bearer(&forged)).await;
                assert_eq!(reply, face.answer("1", Invalid), "{algorithm} on {face:?}");
            }
            let claims = claims(&json!({"iss": ROTATING}));
            let token = match algorithm {
                "RS256" => mint.rsa.clone().with_kid("good").sign(&claims).unwrap(),
                _ => mint.forge(&json!({"alg": "EdDSA", "kid": "good"}), &claims),
            };
            let reply = send(&world, &Face::AuthMs.request("1").bearer(&token)).await;
            assert_eq!(reply, Face::AuthMs.answer("1", Done(1)), "{algorithm}");
        }
    }
}

/// Not the caller's fault, and over as soon as the keys can be had; a minute later at most.
#[tokio::test]
async fn keys_that_were_never_read_are_asked_for_again() {
    let one = key("1");
    let instance = json!({"instance": "https://id.example.com/profiles/1"});
    let internal = json!({"error": "internal", "error_code": 500, "error_description": "Internal error"});
    let unavailable = [
        (Face::AuthMs, authms::with_body(authms::problem("service-unavailable"), &instance)),
        (Face::Ciam, ciam::error(503, json!({"error": "temporarily_unavailable"}))),
        (Face::CloudBase, Reply::json(500, internal)),
    ];
    for failing in [Answer::Down, Answer::Endless, Answer::json(&json!({"keys": []}))] {
        let server = KeyServer::start(failing);
        let world = trusting(entry("ES256", &json!({"jwks_url": server.url}))).await;
        for (face, reply) in &unavailable {
            assert_eq!(send(&world, &face.request("1").bearer(&token(&one))).await, *reply);
        }
        assert_eq!(server.requests(), 2, "at start, and for the first token");
        // What is no token of this issuer is refused all the same.
        let other = one.sign(&claims(&json!({"iss": EDWARDS}))).unwrap();
        let reply = send(&world, &Face::AuthMs.request("1").bearer(&other)).await;
        assert_eq!(reply, Face::AuthMs.answer("1", Invalid));
        server.now_answers(Answer::keys(&[&one]));
        world.clock.forward(60);
        let reply = send(&world, &Face::AuthMs.request("1").bearer(&token(&one))).await;
        assert_eq!(reply.status, 200);
    }
}
