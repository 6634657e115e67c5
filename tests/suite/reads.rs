//! The reads of CIAM, WTS and CloudBase beside other answers, and a failing database.

use crate::contracts::faces::{Face, unkept};
use crate::contracts::reads::{JSON_UTF8, READS, done, full};
use crate::contracts::{authms, ciam};
use serde_json::{Value, json};
use tests::{Fault, Options, Reply, Request, World};

#[tokio::test]
async fn userinfo_is_what_a_patch_answers() {
    let settings =
        vec![("CLAIMS", "name nickname email phone_number phone_number_verified locale department".into())];
    let world = World::with(Options { settings }).await;
    full(&world, "alice").await;
    let read = world.invoke(Request::get_userinfo().bearer(&world.token("alice")).event_json()).await;
    assert_eq!(
        (read.status_code, read.body.as_str()),
        (
            200,
            r#"{"sub":"alice","name":"Alice A.","nickname":"Al","email":"al@example.com","phone_number":"13900139000","phone_number_verified":false,"locale":"en-US","department":"Sales"}"#
        )
    );
    let patched = world.invoke(ciam::patch(&world, &json!({})).event_json()).await;
    assert_eq!(read.body, patched.body);
    assert_eq!(
        Reply::from(read).headers,
        Reply::new(200, &[("content-type", "application/json"), ("cache-control", "no-store")], json!(0))
            .headers
    );
}

#[tokio::test]
async fn me_is_the_sdk_s_user() {
    let world = World::new().await;
    full(&world, "alice").await;
    world.clock.forward(60);
    done(&world, authms::put(&world, &json!({"city": "Oslo"}))).await;
    let me = Request::get_user_me().bearer(&world.token("alice")).header("x-device-id", "device_123456");
    let user = json!({
        "sub": "alice", "user_id": "alice", "name": "Al", "picture": "https://example.com/a.png",
        "username": "alice", "email": "al@example.com", "email_verified": false, "phone_number": "+86 13900139000",
        "gender": "FEMALE", "description": "Hi", "created_at": authms::NOON, "updated_at": "2026-04-03T12:01:00.000Z",
    });
    assert_eq!(world.send(&me).await, unkept(Reply::json(200, user)));
    // The two words of this contract; other words have none here.
    for (stored, shown) in [("male", json!("MALE")), ("female", json!("FEMALE")), ("diverse", Value::Null)] {
        done(&world, authms::put(&world, &json!({"gender": stored}))).await;
        assert_eq!(world.send(&me).await.body["gender"], shown, "{stored}");
    }
}

#[tokio::test]
async fn a_failing_database_is_told_in_each_contract_s_words() {
    let world = World::new().await;
    world.create("1").await;
    let (throttled, down, broken) =
        ((400, "ThrottlingException", 3), (500, "InternalServerError", 3), (400, "ValidationException", 1));
    let wts =
        |status: u16, msg: &str| Reply::json(status, json!({"success": false, "msg": msg, "errType": 1}));
    let ciam = |status: u16, error: &str| {
        Reply::new(status, &[("content-type", JSON_UTF8)], json!({"error": error}))
    };
    let cloudbase = |status: u16, error: &str, description: &str| {
        Reply::json(status, json!({"error": error, "error_code": status, "error_description": description}))
    };
    let instance = json!({"instance": "https://id.example.com/profiles/1"});
    let authms = |slug: &str| authms::with_body(authms::problem(slug), &instance);
    let slow = authms::with_body(
        authms("too-many-requests"),
        &json!({"retry_after": 1, "i18n_args": {"retry_after": 1}}),
    );
    let uncaught = "system met a uncaught error,please view logs.";
    for (fault, answers) in [
        (
            throttled,
            [
                authms::with_header(slow, "retry-after", "1"),
                ciam(503, "temporarily_unavailable"),
                wts(503, "too many requests, please try again later"),
                cloudbase(429, "resource_exhausted", "Too many requests, please try again later"),
            ],
        ),
        (
            down,
            [
                authms("service-unavailable"),
                ciam(503, "temporarily_unavailable"),
                wts(500, uncaught),
                cloudbase(500, "internal", "Internal error"),
            ],
        ),
        (
            broken,
            [
                authms("internal-error"),
                ciam(500, "server_error"),
                wts(500, uncaught),
                cloudbase(500, "internal", "Internal error"),
            ],
        ),
    ] {
        for (face, expected) in READS.into_iter().zip(answers) {
            let (status, error, times) = fault;
            for _ in 0..times {
                world.wire.spoil("GetItem", Fault::Answer(status, error));
            }
            let credential =
                if face == Face::WtsRead { world.wts_token("1", "user") } else { world.token("1") };
            let reply = authms::send(&world, &face.request("1").bearer(&credential)).await;
            assert_eq!(reply, unkept(expected), "{face:?} {error}");
        }
    }
}
