//! System user: taken values, the bearer of a key, and a failing database.

use crate::contracts::system_user::{envelope, invalid, key, refused, sent, success, update};
use serde_json::json;
use shared::auth::{ApiKey, Role};
use tests::{Fault, Request, World};

#[tokio::test]
async fn taken_values_are_told_one_at_a_time() {
    let world = World::new().await;
    let key = key(&world).await;
    world.wire.calls();
    world.create("8").await;
    world.erase("9", 4).await;
    let mine = json!({"userName": "Al.X", "email": "a@example.com", "phone": "13800000099"});
    assert_eq!(sent(&world, &update(&key, &mine)).await, success());
    assert_eq!(sent(&world, &update(&key, &mine)).await, success());
    for (body, message) in [
        (mine.clone(), "Username is already taken."),
        (json!({"userName": "ＡＬ.x", "nickName": "Al"}), "Username is already taken."),
        (json!({"email": "A@EXAMPLE.com", "phone": "13800000099"}), "Email is already in use."),
        (json!({"phone": "13800000099", "role": "Admin"}), "Phone number is already in use."),
        (json!({"phone": "13800000099", "password": "correct horse"}), "Phone number is already in use."),
    ] {
        // Of a user who is not there as well: only what could be done otherwise is a success without effect.
        for id in ["8", "9", "10"] {
            let request = Request::update_user(id).bearer(&key).json(&body);
            assert_eq!(refused(&world, &request).await, invalid(message), "{id} {body}");
        }
    }
    world.wire.calls();
    let request = Request::update_user("10").bearer(&key).json(&mine);
    assert_eq!(refused(&world, &request).await, invalid("Username is already taken."));
    assert_eq!(world.wire.calls(), ["GetItem", "UpdateItem", "BatchGetItem"]);
}

/// No gateway that takes `%2F` for a slash, or an empty segment for none, lets these through.
#[tokio::test]
async fn an_id_is_neither_empty_nor_two() {
    let world = World::new().await;
    let key = key(&world).await;
    for id in ["", "7/8"] {
        let request = Request::update_user(id).bearer(&key).json(&json!({"nickName": "Al"}));
        assert_eq!(refused(&world, &request).await, invalid("Invalid parameter."), "{id:?}");
    }
}

#[tokio::test]
async fn the_key_decides_what_its_bearer_may_do() {
    let world = World::new().await;
    let key = key(&world).await;
    world.wire.calls();
    let body = json!({"nickName": "Al"});
    let missing = envelope("4030", "Missing API Key.");
    assert_eq!(refused(&world, &update(&key, &body).without("authorization")).await, missing);
    for header in ["", "Basic YTpi", "Bearer", "Bearer ", &*key] {
        assert_eq!(refused(&world, &update(&key, &body).header("authorization", header)).await, missing);
    }
    assert_eq!(world.wire.calls(), [""; 0]);

    let revoked = world.api_key(Role::Admin).await;
    let digest = ApiKey::parse(&revoked).unwrap().digest();
    assert_eq!(world.store.disable_api_key(&digest).await, Ok(true));
    let unknown = format!("ak-{}", "0".repeat(32));
    let upper = key.to_uppercase();
    for other in [&*unknown, &*revoked, &*upper, "ak-xxxx", "x", &world.admin_token("7")] {
        assert_eq!(refused(&world, &update(other, &body)).await, invalid("Invalid API Key."), "{other}");
    }
    let user = world.api_key(Role::User).await;
    let denied = envelope("4030", "Permission denied.");
    assert_eq!(refused(&world, &update(&user, &body)).await, denied);
    assert_eq!(refused(&world, &update(&user, &json!({})).body("{")).await, denied);
    // A profile's role is data: a key of role User stays one.
    assert_eq!(sent(&world, &update(&key, &json!({"role": "Admin"}))).await, success());
    assert_eq!(refused(&world, &update(&user, &body)).await, denied);

    let short = world.api_key_expiring(Role::Admin, Some(60)).await;
    world.clock.forward(59);
    assert_eq!(world.send(&update(&short, &body)).await.body["code"], "0000");
    world.clock.forward(1);
    let expired = world.refused(&update(&short, &body)).await.body;
    assert_eq!((&expired["code"], &expired["message"]), (&json!("4030"), &json!("API Key expired.")));
}

#[tokio::test]
async fn a_failing_database_is_told_in_this_contracts_words() {
    let world = World::new().await;
    let key = key(&world).await;
    world.wire.calls();
    let down = envelope("5000", "System error.");
    for (times, status, error, expected) in [
        (6, 400, "TransactionConflictException", envelope("4090", "Conflict, please try again.")),
        (3, 400, "ThrottlingException", envelope("4290", "Too many requests, please try again later.")),
        (3, 500, "InternalServerError", down.clone()),
        (1, 400, "ValidationException", down),
    ] {
        for _ in 0..times {
            world.wire.spoil("UpdateItem", Fault::Answer(status, error));
        }
        assert_eq!(refused(&world, &update(&key, &json!({"nickName": "Al"}))).await, expected, "{error}");
        assert!(!world.wire.forget(), "{error}: fewer attempts than expected");
    }
}
