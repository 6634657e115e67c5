//! `DELETE /profiles/{user_id}`: what a caller sees of it, in this contract and in the others.

use serde_json::{Value, json};
use shared::auth::Role;
use std::collections::BTreeSet;
use tests::{Options, Reply, Request, World};

fn delete(world: &World, user: &str) -> Request {
    Request::delete_profile(user).bearer(&world.token(user))
}

/// A user with everything that a contract can give.
async fn endow(world: &World, user: &str, key: &str) {
    world.create(user).await;
    let body = json!({"userName": format!("name{user}"), "email": format!("{user}@example.com"),
        "phone": format!("1390000{user}"), "password": "correct horse", "nickName": "Nick"});
    let reply = world.send(&Request::update_user(user).bearer(key).json(&body)).await;
    assert_eq!(reply.body["code"], "0000", "{reply:?}");
}

async fn keys(world: &World) -> BTreeSet<String> {
    let items = world.items().await;
    let key = |item: &std::collections::HashMap<String, _>| -> String {
        let text = |name: &str| -> String {
            let value: &aws_sdk_dynamodb::types::AttributeValue = &item[name];
            value.as_s().unwrap().clone()
        };
        format!("{} {}", text("PK").split('#').next().unwrap(), text("SK").split('#').next().unwrap())
    };
    items.iter().map(key).collect()
}

fn told(reply: &Reply) -> Value {
    json!([reply.status, reply.body["code"]])
}

#[tokio::test]
async fn erasing_leaves_a_tombstone_and_frees_the_names_at_once() {
    let world = World::new().await;
    let key = world.api_key(Role::Admin).await;
    endow(&world, "1001", &key).await;
    let all = ["APIKEY KEY", "CLAIM CLAIM", "CREDENTIAL CREDENTIAL", "INDEX APIKEY", "USER PROFILE"];
    assert_eq!(keys(&world).await, all.map(str::to_owned).into());

    world.wire.calls();
    assert_eq!(world.send(&delete(&world, "1001")).await, Reply::new(204, &[], json!("")));
    // The first guesses that there are no claims.
    assert_eq!(world.wire.calls(), ["TransactWriteItems", "TransactWriteItems"]);
    let left = ["APIKEY KEY", "INDEX APIKEY", "USER PROFILE"];
    assert_eq!(keys(&world).await, left.map(str::to_owned).into());
    let record = world.record("1001").await.unwrap();
    assert_eq!((record.version, record.profile), (3, None));
    let tombstone =
        world.items().await.into_iter().find(|item| item["PK"].as_s().unwrap() == "USER#1001").unwrap();
    let names: BTreeSet<&str> = tombstone.keys().map(String::as_str).collect();
    let expected = ["PK", "SK", "change_id", "changed_by", "erased_at", "schema", "user_id", "version"];
    assert_eq!(names, expected.into());

    world.create("1002").await;
    let taken = json!({"userName": "NAME1001", "email": "1001@example.com", "phone": "13900001001"});
    let reply = world.send(&Request::update_user("1002").bearer(&key).json(&taken)).await;
    assert_eq!(reply.body["code"], "0000", "{reply:?}");

    // Erasing twice is fine, and writes nothing.
    assert_eq!(world.refused(&delete(&world, "1001")).await, Reply::new(204, &[], json!("")));
}

#[tokio::test]
async fn who_may_erase_whom() {
    let world = World::new().await;
    world.create("alice").await;
    let admin = world.admin_token("root");
    let at = |user: &str| Request::delete_profile(user);
    for (request, expected) in [
        (at("alice"), json!([401, 30_101_004])),
        (at("alice").bearer(&world.token("bob")), json!([403, 30_101_005])),
        (at("a@b").bearer(&world.token("bob")), json!([403, 30_101_005])),
        (at("a@b").bearer(&admin), json!([400, 30_101_001])),
        (at("bob").bearer(&world.token("bob")), json!([404, 30_101_006])),
        (at("bob").bearer(&admin), json!([404, 30_101_006])),
        (at("bob").bearer(&admin).header("if-match", "\"1\""), json!([404, 30_101_006])),
        (at("alice").bearer(&admin).header("if-match", "\"2\""), json!([412, 30_101_008])),
        (at("alice").bearer(&admin).header("if-match", "W/\"1\""), json!([412, 30_101_008])),
        (at("alice").bearer(&admin).header("if-none-match", "*"), json!([412, 30_101_008])),
        (at("alice").bearer(&admin).header("if-match", "1"), json!([400, 30_101_003])),
        (at("alice").bearer(&admin).header("idempotency-key", "\""), json!([400, 30_101_014])),
    ] {
        assert_eq!(told(&world.refused(&request).await), expected, "{request:?}");
    }
    let erased = Reply::new(204, &[], json!(""));
    assert_eq!(world.send(&at("alice").bearer(&admin).header("if-match", "\"7\", \"1\"")).await, erased);
    let changed_by = world.record("alice").await.unwrap().changed_by;
    assert_eq!(serde_json::to_value(changed_by).unwrap(), json!({"contract": "authms", "actor": "admin"}));
    // A retry of that very request: what it asks for is so (RFC 9110, section 13.1.1).
    assert_eq!(world.refused(&at("alice").bearer(&admin).header("if-match", "\"1\"")).await, erased);
}

#[tokio::test]
async fn every_contract_answers_of_an_erased_user_in_its_own_words_until_an_administrator_recreates_it() {
    let world = World::new().await;
    let key = world.api_key(Role::Admin).await;
    endow(&world, "1001", &key).await;
    assert_eq!(world.send(&delete(&world, "1001")).await.status, 204);

    let (token, admin, wts) =
        (world.token("1001"), world.admin_token("root"), world.wts_token("1001", "user"));
    let put = |token: &str| Request::put_profile("1001").bearer(token).json(&json!({"city": "Oslo"}));
    let not_found = json!([404, 30_101_006]);
    for request in [
        put(&token),
        put(&admin),
        put(&token).header("if-none-match", "*"),
        put(&admin).header("if-match", "\"3\""),
        Request::get_history("1001").bearer(&token),
        Request::export_profile("1001").bearer(&admin),
    ] {
        assert_eq!(told(&world.refused(&request).await), not_found, "{request:?}");
    }
    let wts_body = json!({"who": "1001", "block": "1", "room": "1", "phone": "13900139000", "isp": "mobile", "account": "1"});
    let edit = |token: &str, body: Value| Request::edit_user_basic().bearer(token).json(&body);
    let cloudbase =
        json!({"error": "user_not_found", "error_code": 404, "error_description": "User not found"});
    for (request, status, body) in [
        (
            Request::patch_userinfo().bearer(&token).json(&json!({"nickname": "n"})),
            404,
            json!({"error": "user_not_found"}),
        ),
        (
            Request::change_profile().bearer(&wts).json(&wts_body),
            400,
            json!({"success": false, "msg": "no such user", "errType": "logic"}),
        ),
        (edit(&token, json!({"nickname": "nn"})), 404, cloudbase.clone()),
        (edit(&admin, json!({"nickname": "nn", "user_id": "1001"})), 404, cloudbase),
    ] {
        let reply = world.refused(&request).await;
        assert_eq!((reply.status, reply.body), (status, body), "{request:?}");
    }
    let update = Request::update_user("1001").bearer(&key).json(&json!({"nickName": "n"}));
    assert_eq!(world.refused(&update).await.body["code"], "0000");

    let recreate = put(&admin).header("if-none-match", "*");
    let reply = world.send(&recreate).await;
    let profile = json!({"user_id": "1001", "city": "Oslo", "version": 4,
        "created_at": "2026-04-03T12:00:00.000Z", "updated_at": "2026-04-03T12:00:00.000Z"});
    assert_eq!((reply.status, &reply.body["data"]["profile"]), (200, &profile));
    // No ETag from before the erasure matches any more.
    for etag in ["\"1\"", "\"2\"", "\"3\""] {
        for request in [put(&token), delete(&world, "1001")] {
            assert_eq!(world.refused(&request.header("if-match", etag)).await.status, 412, "{etag}");
        }
    }
    assert_eq!(world.send(&put(&token).header("if-match", "\"4\"")).await.status, 200);
}

#[tokio::test]
async fn an_erasure_under_a_key_is_replayed_and_erases_nobody_anew() {
    let world = World::new().await;
    world.create("alice").await;
    let admin = world.admin_token("root");
    let keyed = Request::delete_profile("alice").bearer(&admin).header("idempotency-key", "\"k\"");
    let replayed = Reply::new(204, &[("idempotency-replayed", "true")], json!(""));
    assert_eq!(world.send(&keyed).await, Reply::new(204, &[], json!("")));
    assert_eq!(world.refused(&keyed).await, replayed);
    let recreate = Request::put_profile("alice").bearer(&admin).header("if-none-match", "*").json(&json!({}));
    assert_eq!(world.send(&recreate).await.status, 200);
    assert_eq!(world.refused(&keyed).await, replayed);
}

#[tokio::test]
async fn a_stack_may_require_preconditions() {
    let options = Options { settings: vec![("REQUIRE_PRECONDITIONS", "true".to_owned())] };
    let world = World::with(options).await;
    let put = || Request::put_profile("alice").bearer(&world.token("alice")).json(&json!({}));
    let body = json!({
        "type": "https://id.example.com/errors/precondition-required", "title": "Precondition Required",
        "status": 428, "instance": "https://id.example.com/profiles/alice", "code": 30_101_013,
        "detail": "Send If-Match with the entity tag of the version that you change, or If-None-Match: * to create. Nothing was written.",
        "i18n_key": "error.precondition_required", "request_id": "…", "trace_id": "…", "span_id": "…",
        "service": "profile-service", "timestamp": "2026-04-03T12:00:00.000Z",
    });
    let headers = [
        ("content-type", "application/problem+json"),
        ("content-language", "en"),
        ("vary", "Accept-Language"),
    ];
    let required = Reply::new(428, &headers, body);
    assert_eq!(world.refused(&put()).await.masked(), required);
    assert_eq!(world.send(&put().header("if-none-match", "*")).await.status, 200);
    assert_eq!(world.refused(&put()).await.masked(), required);
    assert_eq!(world.send(&put().header("if-match", "\"1\"")).await.status, 200);
    assert_eq!(world.refused(&delete(&world, "alice")).await.masked(), required);
    assert_eq!(world.send(&delete(&world, "alice").header("if-match", "*")).await.status, 204);

    let wrong = [("REQUIRE_PRECONDITIONS", "yes")];
    let fault = ["REQUIRE_PRECONDITIONS must be one of false, true"];
    assert_eq!(tests::wrong_settings::<authms::PutProfile>(&wrong).await, fault);
    assert_eq!(tests::wrong_settings::<authms::DeleteProfile>(&wrong).await, fault);
}
