//! CloudBase, `POST /auth/v1/user/basic/edit`: what may be sent, who may send it, and every way of saying no.

use crate::contracts::cloudbase::{admin, edit, failure, invalid, malformed, success};
use serde_json::json;
use shared::profile::Attribute;
use tests::world::Options;
use tests::{Fault, World, wrong_settings};

#[tokio::test]
async fn each_field_keeps_to_its_rule() {
    let world = World::new().await;
    world.create("alice").await;
    let (long, url) = ("x".repeat(49), format!("https://example.com/{}", "x".repeat(2048)));
    let cases: [(&str, &[&str]); 7] = [
        ("nickname", &["", "a", "e\u{301}", &long, "a\nb", "a\0"]),
        ("username", &["", "a", &long, "12", "１２", "+ab", "a b", "a@b", "a/b", "a\n"]),
        (
            "phone",
            &[
                "",
                "13000000000",
                "+8613000000000",
                "+86  13000000000",
                "+86 12000000000",
                "+86 1300000000",
                "+86 130 0000 0000",
                "86 13000000000",
                "+1 0155552671",
                "+1 415555267",
                "+1 (415) 5552671",
                "+999 12345678",
                "+086 13000000000",
                "+86 13000000000 ",
                "+８６ 13000000000",
            ],
        ),
        ("description", &[&"x".repeat(1001), "a\0b", "a\tb"]),
        (
            "avatar_url",
            &["http://example.com/a", "example.com", "https://u@example.com", "javascript:a", &url],
        ),
        ("gender", &["", "male", "Male", "FEMALE ", "OTHER"]),
        (
            "email",
            &["", "zhangsan", "a@b@c", "Name <a@b.co>", "a@[127.0.0.1]", "a@x\r\nBcc: y", "用户@example.com"],
        ),
    ];
    for (member, values) in cases {
        for value in values {
            let reply = world.refused(&edit(&world, &json!({member: value}))).await;
            assert_eq!(reply, invalid(member), "{value:?}");
        }
    }
    let all = json!({"email": "x", "gender": "x", "avatar_url": "x", "description": "\0", "phone": "x",
        "username": "1", "nickname": "x"});
    assert_eq!(
        world.refused(&edit(&world, &all)).await,
        invalid("nickname, username, phone, description, avatar_url, gender, email")
    );
    assert_eq!(world.wire.calls(), [""; 0]);
}

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
async fn a_credential_that_is_missing_or_dead_is_unauthenticated() {
    let world = World::new().await;
    let good = edit(&world, &json!({"nickname": "Al"}));
    let dead = failure(401, "unauthenticated", "The access token is missing, invalid or expired");
    assert_eq!(world.refused(&good.clone().without("authorization")).await, dead);
    for header in ["", "Bearer", "Basic YTpi", "Bearer abc", "Bearer a b"] {
        assert_eq!(world.refused(&good.clone().header("authorization", header)).await, dead, "{header}");
    }
    let mut expired = world.claims("alice");
    expired["exp"] = json!(expired["iat"].as_i64().unwrap() - 61);
    let expired = world.keys().issuer.sign(&expired).unwrap();
    for token in [expired, world.wts_token("alice", "dev")] {
        assert_eq!(world.refused(&good.clone().bearer(&token).body("{")).await, dead);
    }
    assert_eq!(world.wire.calls(), [""; 0]);
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
