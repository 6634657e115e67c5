//! Requests sent again under their `Idempotency-Key`: one change, one answer.

use serde_json::{Value, json};
use shared::auth::Role;
use tests::{Reply, Request, Service, Stage};

pub const KEY: &str = "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"";

pub fn keyed(request: &Request) -> Request {
    request.clone().header("idempotency-key", KEY)
}

pub fn put(world: &Service, body: &Value) -> Request {
    Request::put_profile("alice").bearer(&world.token("alice")).json(body)
}

pub fn wts(world: &Service, room: &str) -> Request {
    let body = json!({"who": "1", "block": "1", "room": room, "phone": "13900139000", "isp": "mobile", "account": "1"});
    Request::change_profile().bearer(&world.wts_token("1", "user")).json(&body)
}

/// One change in each contract, another one under the same key, and how the contract refuses that.
pub async fn changes(world: &Service) -> Vec<(Request, Request, Value)> {
    let api_key = world.api_key(Role::Admin).await;
    let token = world.token("1");
    let patch = |body: Value| Request::patch_userinfo().bearer(&token).json(&body);
    let edit = |body: Value| Request::edit_user_basic().bearer(&token).json(&body);
    let update = |body: Value| Request::update_user("1").bearer(&api_key).json(&body);
    vec![
        (
            put(world, &json!({"nickname": "a", "custom_fields": {"x": 1}})),
            put(world, &json!({"nickname": "b"})),
            json!([422, "idempotency-key-reused"]),
        ),
        (
            patch(json!({"nickname": "a"})),
            patch(json!({"nickname": "b"})),
            json!([422, {"error": "invalid_request", "error_description": "Idempotency-Key was used for another request."}]),
        ),
        (
            wts(world, "1"),
            wts(world, "2"),
            json!([422, {"success": false, "msg": "the Idempotency-Key was used for another request", "errType": 2}]),
        ),
        (
            edit(json!({"username": "alice.b"})),
            edit(json!({"username": "alice.c"})),
            json!([422, {
                "error": "invalid_argument",
                "error_code": 422,
                "error_description": "Idempotency-Key was used for another request",
            }]),
        ),
        (
            update(json!({"email": "a@example.com"})),
            update(json!({"email": "b@example.com"})),
            json!([200, "4000", "Idempotency-Key was used for another request."]),
        ),
    ]
}

/// What the refusals above are told by.
pub fn refusal(reply: &Reply) -> Value {
    let body = &reply.body;
    match (body.get("type").and_then(Value::as_str), body.get("code")) {
        (Some(kind), _) => json!([reply.status, kind.rsplit('/').next().unwrap()]),
        (None, Some(code)) => json!([reply.status, code, body["message"]]),
        (None, None) => json!([reply.status, body]),
    }
}

#[tokio::test]
async fn a_key_that_is_none_is_malformed_in_each_contract() {
    let world = Stage::open().await;
    let expected = [
        json!([400, "malformed-idempotency-key"]),
        json!([400, {"error": "invalid_request", "error_description": "Malformed Idempotency-Key."}]),
        json!([400, {"success": false, "msg": "cannot bind your request body: malformed Idempotency-Key", "errType": 2}]),
        json!([400, {"error": "invalid_argument", "error_code": 400, "error_description": "Malformed Idempotency-Key"}]),
        json!([200, "4000", "Malformed Idempotency-Key."]),
    ];
    for ((request, _, _), expected) in changes(&world).await.into_iter().zip(expected) {
        for key in ["", "\"", "\"a\", \"b\"", &"x".repeat(256)] {
            let reply = world.refused(&request.clone().header("idempotency-key", key)).await;
            assert_eq!(refusal(&reply), expected, "{key}");
        }
    }
}

#[tokio::test]
async fn a_refusal_is_evaluated_anew() {
    let world = Stage::open().await;
    for user in ["1", "2"] {
        world.create(user).await;
    }
    let taken = Request::edit_user_basic().bearer(&world.token("2")).json(&json!({"username": "name"}));
    assert_eq!(world.send(&taken).await.status, 200);
    let wanted =
        keyed(&Request::edit_user_basic().bearer(&world.token("1")).json(&json!({"username": "name"})));
    assert_eq!(world.send(&wanted).await.status, 409);
    let freed = Request::edit_user_basic().bearer(&world.token("2")).json(&json!({"username": "other"}));
    assert_eq!(world.send(&freed).await.status, 200);
    assert_eq!(world.send(&wanted).await, Reply::json(200, json!({})));

    // Through WTS, whose phone somebody else holds for now; and an erasure on a condition that does not hold yet.
    let phone = Request::edit_user_basic().bearer(&world.token("2"));
    assert_eq!(world.send(&phone.clone().json(&json!({"phone": "+86 13900139000"}))).await.status, 200);
    let wanted = keyed(&wts(&world, "1"));
    assert_eq!(world.send(&wanted).await.status, 400);
    assert_eq!(world.send(&phone.json(&json!({"phone": "+86 13900139001"}))).await.status, 200);
    assert_eq!(world.send(&wanted).await.status, 200);
    let next = format!("\"{}\"", world.profile("1").await.version + 1);
    let erased = Request::delete_profile("1").bearer(&world.token("1")).header("if-match", &next);
    let erased = erased.header("idempotency-key", "\"another\"");
    assert_eq!(world.send(&erased).await.status, 412);
    let edit = Request::edit_user_basic().bearer(&world.token("1")).json(&json!({"gender": "MALE"}));
    assert_eq!(world.send(&edit).await.status, 200);
    assert_eq!(world.send(&erased).await.status, 204);
}

#[tokio::test]
async fn a_key_is_its_caller_s_and_its_route_s() {
    let world = Stage::open().await;
    let alice = keyed(&put(&world, &json!({"nickname": "a"})));
    assert_eq!(world.send(&alice).await.status, 200);
    let bob = keyed(&Request::put_profile("bob").bearer(&world.token("bob")).json(&json!({"nickname": "b"})));
    assert_eq!(world.send(&bob).await.status, 200);
    let patch = Request::patch_userinfo().bearer(&world.token("alice")).json(&json!({"nickname": "c"}));
    let patch = world.send(&keyed(&patch)).await;
    assert_eq!((patch.status, &patch.body["nickname"]), (200, &json!("c")));
    assert_eq!(world.profile("bob").await.version, 1);
    assert_eq!(world.profile("alice").await.version, 2);
    // An administrator's key is one key, whoever's profile it was used on.
    let admin = |user: &str| {
        keyed(&Request::put_profile(user).bearer(&world.admin_token("root")).json(&json!({"nickname": "d"})))
    };
    assert_eq!(world.send(&admin("alice")).await.status, 200);
    assert_eq!(refusal(&world.send(&admin("bob")).await), json!([422, "idempotency-key-reused"]));
}
