//! `DELETE /profiles/{user_id}`: what a caller sees of it, in this contract and in the others.

use serde_json::{Value, json};
use shared::auth::Role;
use tests::{Reply, Request, Service, Stage};

pub fn delete(world: &Service, user: &str) -> Request {
    Request::delete_profile(user).bearer(&world.token(user))
}

/// A user with everything that a contract can give.
pub async fn endow(world: &Service, user: &str, key: &str) {
    world.create(user).await;
    let body = json!({"userName": format!("name{user}"), "email": format!("{user}@example.com"),
        "phone": format!("1390000{user}"), "password": "correct horse", "nickName": "Nick"});
    let reply = world.send(&Request::update_user(user).bearer(key).json(&body)).await;
    assert_eq!(reply.body["code"], "0000", "{reply:?}");
}

fn told(reply: &Reply) -> Value {
    json!([reply.status, reply.body["code"]])
}

#[tokio::test]
async fn who_may_erase_whom() {
    let world = Stage::open().await;
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
    let world = Stage::open().await;
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
    let world = Stage::open().await;
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
