//! The reads of CIAM, WTS and CloudBase: what each shows of a full profile, whole, and how each fails.

use crate::faces::{Face, unkept};
use crate::{authms, ciam};
use serde_json::{Value, json};
use tests::{Fault, Options, Reply, Request, World};

const JSON_UTF8: &str = "application/json;charset=UTF-8";
const READS: [Face; 4] = [Face::AuthMsRead, Face::CiamRead, Face::WtsRead, Face::CloudBaseRead];

async fn done(world: &World, request: Request) {
    let reply = world.send(&request).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

/// A profile that every contract has written to.
async fn full(world: &World, user: &str) {
    let token = world.token(user);
    let put = json!({"city": "Rome", "gender": "female", "custom_fields": {"department": "Sales"}});
    done(world, Request::put_profile(user).bearer(&token).json(&put)).await;
    let claims = json!({"name": "Alice A.", "zoneinfo": "UTC", "locale": "en-US"});
    done(world, Request::patch_userinfo().bearer(&token).json(&claims)).await;
    let basic = json!({"nickname": "Al", "username": "alice", "email": "al@Example.com", "description": "Hi",
        "avatar_url": "https://example.com/a.png"});
    done(world, Request::edit_user_basic().bearer(&token).json(&basic)).await;
    let room = json!({"who": user, "block": "ZH", "room": "7", "phone": "13900139000", "isp": "unicom", "account": "a1"});
    done(world, Request::change_profile().bearer(&world.wts_token(user, "user")).json(&room)).await;
}

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
async fn a_view_shows_the_contract_s_own_fields() {
    let world = World::new().await;
    full(&world, "alice").await;
    let expected = unkept(Reply::json(
        200,
        json!({"success": true, "msg": "user profile", "profile": {
            "who": "alice", "wx": "alice", "block": "ZH", "room": "7", "phone": "13900139000", "isp": "unicom",
            "account": "a1",
        }}),
    ));
    let own = Request::view_profile().bearer(&world.wts_token("alice", "user"));
    let admin = Request::view_profile().bearer(&world.wts_token("root", "dev"));
    // Without `who`, and with an empty one, it is the caller.
    for request in [
        own.clone(),
        own.clone().query("who", ""),
        own.query("who", "alice"),
        admin.clone().query("who", "alice"),
    ] {
        assert_eq!(world.send(&request).await, expected, "{request:?}");
    }
    let unknown = |msg: &str, status: u16, err_type: Value| {
        unkept(Reply::json(status, json!({"success": false, "msg": msg, "errType": err_type})))
    };
    // The caller has no profile, nobody has this one, and nobody can have that id.
    for request in [admin.clone(), admin.clone().query("who", "nobody"), admin.query("who", "no body")] {
        assert_eq!(world.send(&request).await, unknown("no such user", 400, json!("logic")), "{request:?}");
    }
    let request = Request::view_profile().bearer(&world.wts_token("alice", "user")).query("who", "no body");
    let forbidden = unknown("only admins can view other users' profiles", 403, json!(3));
    assert_eq!(world.send(&request).await, forbidden);
}

#[tokio::test]
async fn a_phone_of_another_country_is_shown_as_each_contract_speaks() {
    let world = World::new().await;
    let token = world.token("alice");
    let me = Request::get_user_me().bearer(&token);
    for (phone, eleven) in [
        ("+86 13900139000", "13900139000"),
        ("+44 7400123456", "+447400123456"),
        ("+1 4155552671", "+14155552671"),
        ("+852 51234567", "+85251234567"),
    ] {
        done(&world, Request::edit_user_basic().bearer(&token).json(&json!({"phone": phone}))).await;
        assert_eq!(world.send(&me).await.body["phone_number"], phone);
        let view = Request::view_profile().bearer(&world.wts_token("alice", "user"));
        assert_eq!(world.send(&view).await.body["profile"]["phone"], eleven);
        let userinfo = world.send(&Request::get_userinfo().bearer(&token)).await;
        assert_eq!(userinfo.body["phone_number"], eleven);
    }
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
async fn me_checks_the_client_as_edit_does() {
    let world = World::new().await;
    world.create("alice").await;
    let me = Request::get_user_me().bearer(&world.token("alice"));
    let (fits, too_long) = ("x".repeat(128), "x".repeat(129));
    for (request, status) in [
        (me.clone().query("client_id", &fits).header("x-device-id", &fits), 200),
        (me.clone().query("client_id", &too_long), 400),
        (me.header("x-device-id", &too_long), 400),
    ] {
        let reply = world.send(&request).await;
        assert_eq!(reply.status, status);
        if status == 400 {
            let body = json!({"error": "invalid_argument", "error_code": 400, "error_description": "Malformed request"});
            assert_eq!(reply, unkept(Reply::json(400, body)));
        }
    }
    // The token comes first.
    let dead = Request::get_user_me().bearer("a.b.c").query("client_id", &too_long);
    assert_eq!(world.send(&dead).await.status, 401);
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

#[tokio::test]
async fn reading_writes_nothing() {
    let world = World::new().await;
    full(&world, "1").await;
    for face in READS {
        let credential = if face == Face::WtsRead { world.wts_token("1", "user") } else { world.token("1") };
        assert_eq!(world.refused(&face.request("1").bearer(&credential)).await.status, 200, "{face:?}");
    }
}
