//! Everything that is stored about a user, but secrets.

use serde_json::{Value, json};
use shared::auth::{ApiKey, ApiKeyRecord, Role};
use shared::clock::Clock;
use shared::entropy::SystemEntropy;
use shared::validation::UserId;
use tests::inbox::upsert;
use tests::{Follower, Inbox, Reply, Request, World};

fn export(world: &World, user: &str) -> Request {
    Request::export_profile(user).bearer(&world.token(user))
}

fn put(world: &World, user: &str, body: &Value) -> Request {
    Request::put_profile(user).bearer(&world.token(user)).json(body)
}

/// The document keeps to its published schema.
fn assert_described(document: &Value) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/profile-export.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?} in {document}");
}

#[tokio::test]
async fn all_that_is_stored_is_told_and_no_secret() {
    let inbox = Inbox::open().await;
    let world = &inbox.world;
    let admin_key = world.api_key(Role::Admin).await;
    let first = put(world, "1001", &json!({"city": "Oslo", "custom_fields": {"a": [1, true]}}));
    assert_eq!(world.send(&first.header("idempotency-key", "\"mine\"")).await.status, 200);
    let machine =
        json!({"userName": "ada.l", "email": "Ada@example.com", "password": "correct horse", "role": "User"});
    let reply = world.send(&Request::update_user("1001").bearer(&admin_key).json(&machine)).await;
    assert_eq!(reply.body["code"], "0000");
    let about = Request::put_profile("1001").bearer(&world.admin_token("root")).json(&json!({"bio": "b"}));
    world.clock.forward(60);
    assert_eq!(world.send(&about.header("idempotency-key", "\"theirs\"")).await.status, 200);
    assert_eq!(inbox.deliver(&[upsert("idp", "1001", 7, json!({"phone": "+8613900139000"}))]).await, [0; 0]);
    let key = ApiKey::generate(&SystemEntropy::new());
    let record = ApiKeyRecord {
        owner: UserId::parse("1001").unwrap(),
        label: "nightly".into(),
        role: Role::User,
        created: world.clock.now(),
        expires: Some(world.clock.now().plus_seconds(60)),
        disabled: false,
    };
    world.store.put_api_key(&key.digest(), &record).await.unwrap();
    assert!(Follower::of(world).await.follow(world).await);

    let (noon, later) = ("2026-04-03T12:00:00.000Z", "2026-04-03T12:01:00.000Z");
    let entry = |version: u64, time: &str, contract: &str, actor: &str, set: Value| {
        json!({"version": version, "time": time, "contract": contract, "actor": actor, "set": set,
            "changed": [], "removed": []})
    };
    let mut sync = entry(4, later, "sync", "sync", json!(["phone", "phone_verified"]));
    sync["origin"] = json!("idp");
    let document = json!({
        "schema_version": 1, "user_id": "1001", "exported_at": later,
        "profile": {
            "version": 4, "created_at": noon, "updated_at": later,
            "changed_by": {"contract": "sync", "actor": "sync", "origin": "idp"},
            "phone_verified": true, "email_verified": false,
            "attributes": {
                "bio": "b", "city": "Oslo", "custom_fields": {"a": [1, true]}, "email": "Ada@example.com",
                "phone": "+8613900139000", "role": "User", "username": "ada.l",
            },
        },
        "claims": ["phone", "email", "username"],
        "history": {"entries": [
            sync,
            entry(3, later, "authms", "admin", json!(["bio"])),
            entry(2, noon, "system-user", "api_key", json!(["email", "role", "username"])),
            entry(1, noon, "authms", "subject", json!(["city", "custom_fields"])),
        ]},
        "sync_marks": [{"source": "idp", "attributes": {"phone": 7}, "erased": 0}],
        "kept_answers": [
            {"kept_until": "2026-04-04T12:00:00.000Z"},
            {"kept_until": "2026-04-04T12:01:00.000Z"},
        ],
        "api_keys": [{"label": "nightly", "role": "User", "created": later,
            "expires": "2026-04-03T12:02:00.000Z", "disabled": false}],
        "left_out": [
            "password: only a salted hash of it is stored, if any, and no reader may see that",
            "answers kept for requests sent again: they repeat what the profile held",
            "digests of API keys, and one-time codes under way: they are credentials",
        ],
    });
    let headers = [
        ("content-type", "application/json"),
        ("content-disposition", r#"attachment; filename="profile-export.json""#),
        ("cache-control", "no-store"),
    ];
    let before = world.items().await;
    for request in [export(world, "1001"), Request::export_profile("1001").bearer(&world.admin_token("root"))]
    {
        let reply = world.send(&request).await;
        assert_eq!(reply, Reply::new(200, &headers, document.clone()));
        let text = reply.body.to_string();
        for secret in ["argon2", &key.digest(), key.expose(), "\"answer\"", "fingerprint"] {
            assert!(!text.contains(secret), "{secret}");
        }
    }
    assert_eq!(world.items().await, before);
    assert_described(&document);
    // What is not described is found out.
    let mut odd = document.clone();
    odd["profile"]["password_hash"] = json!("x");
    assert!(std::panic::catch_unwind(|| assert_described(&odd)).is_err());
    // Answers whose time is over are not kept, though TTL has not come yet.
    world.clock.forward(24 * 3600);
    assert_eq!(world.send(&export(world, "1001")).await.body["kept_answers"], json!([]));
}

#[tokio::test]
async fn only_the_user_and_administrators_get_it() {
    let world = World::new().await;
    world.create("alice").await;
    world.erase("gone", 3).await;
    let at = |user: &str| Request::export_profile(user);
    let admin = world.admin_token("root");
    for (request, expected) in [
        (at("alice"), json!([401, 30_101_004])),
        (at("alice").bearer(&world.token("bob")), json!([403, 30_101_005])),
        (at("a@b").bearer(&admin), json!([400, 30_101_001])),
        (at("bob").bearer(&world.token("bob")), json!([404, 30_101_006])),
        (at("gone").bearer(&world.token("gone")), json!([404, 30_101_006])),
        (at("gone").bearer(&admin), json!([404, 30_101_006])),
    ] {
        let reply = world.refused(&request).await;
        assert_eq!(json!([reply.status, reply.body["code"]]), expected, "{request:?}");
    }
}

#[tokio::test]
async fn a_long_history_goes_on_where_the_document_ends() {
    let world = World::new().await;
    world.create("alice").await;
    let mut follower = Follower::of(&world).await;
    for number in 0..520 {
        let reply = world.send(&put(&world, "alice", &json!({"city": number.to_string()}))).await;
        assert_eq!(reply.status, 200);
    }
    while !follower.follow(&world).await {}
    let document = world.send(&export(&world, "alice")).await.body;
    let versions = |entries: &Value| -> Vec<u64> {
        entries.as_array().unwrap().iter().map(|entry| entry["version"].as_u64().unwrap()).collect()
    };
    assert_eq!(versions(&document["history"]["entries"]), (22..=521).rev().collect::<Vec<_>>());
    assert_described(&document);
    let cursor = document["history"]["next_cursor"].as_str().unwrap();
    let rest = Request::get_history("alice")
        .bearer(&world.token("alice"))
        .query("cursor", cursor)
        .query("limit", "100");
    let rest = world.send(&rest).await.body["data"].clone();
    assert_eq!(versions(&rest["entries"]), (1..=21).rev().collect::<Vec<_>>());
}
