//! CloudBase, `POST /auth/v1/user/basic/edit`: what is measured, what settings change, and a failing database.

use crate::contracts::cloudbase::{admin, edit, failure, invalid, malformed, success};
use serde_json::json;
use shared::profile::Attribute;
use tests::world::Options;
use tests::{Fault, World, wrong_settings};

#[tokio::test]
async fn client_and_device_are_only_measured() {
    let world = World::new().await;
    world.create("alice").await;
    let body = json!({"nickname": "Al"});
    let (fits, too_long) = ("名".repeat(128), "x".repeat(129));
    let both = edit(&world, &body).query("client_id", &fits).header("x-device-id", &fits);
    assert_eq!(world.send(&both).await, success());
    assert_eq!(world.refused(&edit(&world, &body).query("client_id", &too_long)).await, malformed());
    assert_eq!(world.refused(&edit(&world, &body).header("x-device-id", &too_long)).await, malformed());
    let stored = format!("{:?}", world.items().await);
    assert!(!stored.contains(&fits));

    // An environment id that no request could pass with stops the function from starting.
    let wrong = [("ENVIRONMENT_ID", too_long.as_str()), ("CONTACT_VERIFICATION", "on")];
    assert_eq!(
        wrong_settings::<cloudbase::EditUserBasic>(&wrong).await,
        [
            "CONTACT_VERIFICATION must be one of required, off",
            "ENVIRONMENT_ID must have at most 128 characters"
        ]
    );
}

#[tokio::test]
async fn an_ordinary_users_contact_needs_a_proof_where_the_stack_says_so() {
    let settings = vec![("CONTACT_VERIFICATION", "required".to_owned())];
    let world = World::with(Options { settings }).await;
    world.create("alice").await;
    let missing = |what: &str| {
        failure(400, "failed_precondition", &format!("{what} modification requires verification"))
    };
    let bad = failure(400, "invalid_verification_code", "Verification is invalid or expired");
    let (phone, email) = ("+86 13000000000", "z@example.com");
    for (body, expected) in [
        (json!({"phone": phone}), missing("Phone number")),
        (json!({"email": email}), missing("Email")),
        (json!({"phone": phone, "email": email}), missing("Phone number")),
        (json!({"phone": phone, "verification_token": ""}), missing("Phone number")),
        (json!({"phone": phone, "email_verification_token": "t"}), missing("Phone number")),
        (json!({"email": email, "phone_verification_token": "t"}), missing("Email")),
        (json!({"phone": phone, "email": email, "verification_token": "t"}), missing("Phone number")),
        (json!({"phone": phone, "verification_token": "t"}), bad.clone()),
        (json!({"phone": phone, "phone_verification_token": "t"}), bad.clone()),
        (json!({"email": email, "email_verification_token": "t"}), bad.clone()),
        // A broken rule comes before a missing proof.
        (json!({"phone": phone, "nickname": "x"}), invalid("nickname")),
        (json!({"phone": ""}), invalid("phone")),
    ] {
        assert_eq!(world.refused(&edit(&world, &body)).await, expected, "{body}");
    }
    assert_eq!(world.send(&edit(&world, &json!({"nickname": "Al", "username": "al"}))).await, success());
    let by_admin = json!({"user_id": "alice", "phone": phone, "email": email});
    assert_eq!(world.send(&admin(&world, &by_admin)).await, success());
    assert_eq!(world.send(&admin(&world, &json!({"phone": "+86 13000000001"}))).await, success());

    // What is not changed needs no proof: many clients send back all that they have.
    let unchanged = json!({"nickname": "Alice", "phone": phone, "email": email});
    assert_eq!(world.send(&edit(&world, &unchanged)).await, success());
    assert_eq!(world.profile("alice").await.text(Attribute::Nickname), Some("Alice"));
    let one_changed = json!({"nickname": "Al", "phone": phone, "email": "other@example.com"});
    assert_eq!(world.refused(&edit(&world, &one_changed)).await, missing("Email"));
}

#[tokio::test]
async fn a_failing_database_is_told_in_this_contracts_words() {
    let world = World::new().await;
    world.create("alice").await;
    let internal = failure(500, "internal", "Internal error");
    let aborted = failure(409, "aborted", "The user is being modified by others, please try again");
    let exhausted = failure(429, "resource_exhausted", "Too many requests, please try again later");
    for (times, status, error, expected) in [
        (6, 400, "TransactionConflictException", aborted),
        (3, 400, "ThrottlingException", exhausted),
        (3, 500, "InternalServerError", internal.clone()),
        (1, 400, "ValidationException", internal),
    ] {
        for _ in 0..times {
            world.wire.spoil("UpdateItem", Fault::Answer(status, error));
        }
        assert_eq!(world.refused(&edit(&world, &json!({"nickname": "Al"}))).await, expected, "{error}");
        assert!(!world.wire.forget(), "{error}: fewer attempts than expected");
    }
}
