//! The reads of CIAM, WTS and CloudBase: what each shows of a full profile, whole, and how each fails.

use crate::contracts::faces::{Face, unkept};
use serde_json::{Value, json};
use tests::{Reply, Request, Service, Stage};

pub const JSON_UTF8: &str = "application/json;charset=UTF-8";
pub const READS: [Face; 4] = [Face::AuthMsRead, Face::CiamRead, Face::WtsRead, Face::CloudBaseRead];

pub async fn done(world: &Service, request: Request) {
    let reply = world.send(&request).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

/// A profile that every contract has written to.
pub async fn full(world: &Service, user: &str) {
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
async fn a_view_shows_the_contract_s_own_fields() {
    let world = Stage::open().await;
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
    let world = Stage::open().await;
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
async fn me_checks_the_client_as_edit_does() {
    let world = Stage::open().await;
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
async fn reading_writes_nothing() {
    let world = Stage::open().await;
    full(&world, "1").await;
    for face in READS {
        let credential = if face == Face::WtsRead { world.wts_token("1", "user") } else { world.token("1") };
        assert_eq!(world.refused(&face.request("1").bearer(&credential)).await.status, 200, "{face:?}");
    }
}
