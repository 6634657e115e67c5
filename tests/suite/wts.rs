//! WTS, `POST /api/v3/change_profile`: what may be sent, who may send it, and every way of saying no.

use crate::contracts::wts::{change, failure};
use serde_json::{Value, json};
use tests::{Fault, World};

#[tokio::test]
async fn a_credential_that_is_missing_or_dead_is_403() {
    let world = World::new().await;
    world.create("alice").await;
    let good = change(&world, json!({}));
    let missing = failure(403, 3, "missing or malformed jwt");
    let dead = failure(403, 3, "invalid or expired jwt");
    assert_eq!(world.refused(&good.clone().without("authorization")).await, missing);
    for header in ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer abc", "Bearer a b"] {
        assert_eq!(world.refused(&good.clone().header("authorization", header)).await, missing, "{header}");
    }
    let now = world.claims("alice")["iat"].as_i64().unwrap();
    let signed = |claims: Value| world.keys().wts.sign(&claims).unwrap();
    for claims in [
        json!({"openid": "alice", "access": "user", "exp": now - 61}),
        json!({"openid": "alice", "access": "user"}),
        json!({"openid": "alice", "access": "user", "exp": now + 60, "nbf": now + 61}),
        json!({"openid": "alice", "access": "user", "exp": now + 60, "iss": "https://issuer.test"}),
        json!({"openid": "alice", "access": "user", "exp": now + 60, "aud": "profiles"}),
        json!({"openid": "", "access": "user", "exp": now + 60}),
        json!({"openid": "a@b", "access": "user", "exp": now + 60}),
        json!({"access": "user", "exp": now + 60}),
    ] {
        let request = good.clone().bearer(&signed(claims.clone()));
        assert_eq!(world.refused(&request).await, dead, "{claims}");
    }
    // Another contract's token, and a key of somebody else's.
    assert_eq!(world.refused(&good.clone().bearer(&world.admin_token("alice"))).await, dead);
    let forged = shared::auth::SigningKey::hs256(&[b'x'; 32]);
    let forged = forged.sign(&json!({"openid": "alice", "access": "dev", "exp": now + 60})).unwrap();
    assert_eq!(world.refused(&good.bearer(&forged)).await, dead);
    assert_eq!(world.wire.calls(), [""; 0]);
}

#[tokio::test]
async fn a_failing_database_is_told_in_this_contracts_words() {
    let world = World::new().await;
    world.create("alice").await;
    let internal = failure(500, 1, "system met a uncaught error,please view logs.");
    for (times, status, error, expected) in [
        (
            6,
            400,
            "TransactionConflictException",
            failure(409, "logic", "the profile is being changed by others, please try again"),
        ),
        (3, 400, "ThrottlingException", failure(503, 1, "too many requests, please try again later")),
        (3, 500, "InternalServerError", internal.clone()),
        (1, 400, "ValidationException", internal),
    ] {
        for _ in 0..times {
            world.wire.spoil("UpdateItem", Fault::Answer(status, error));
        }
        assert_eq!(world.refused(&change(&world, json!({}))).await, expected, "{error}");
        assert!(!world.wire.forget(), "{error}: fewer attempts than expected");
    }
}
