//! Five contracts, one profile: what one writes, the others see; what one takes, no other can.

use serde_json::{Value, json};
use shared::auth::Role;
use shared::profile::Attribute;
use tests::{Reply, Request, Service, Stage};

fn wts_body(who: &str, phone: &str) -> Value {
    json!({"who": who, "block": "15", "room": "202", "phone": phone, "isp": "telecom", "account": "987654321"})
}

fn wts(world: &Service, who: &str, phone: &str) -> Request {
    Request::change_profile().bearer(&world.wts_token(who, "user")).json(&wts_body(who, phone))
}

fn cloudbase(world: &Service, user: &str, body: &Value) -> Request {
    Request::edit_user_basic().bearer(&world.token(user)).json(body)
}

#[tokio::test]
async fn what_one_contract_writes_the_others_see() {
    let world = Stage::open().await;
    let key = world.api_key(Role::Admin).await;
    let token = world.token("1001");

    let ciam = Request::patch_userinfo().bearer(&token).json(&json!({"nickname": "小明", "locale": "zh-cn"}));
    assert_eq!(world.send(&ciam).await.status, 200);
    let system = Request::update_user("1001").bearer(&key).json(&json!({
        "userName": "ming", "email": "Ming@Example.com", "phone": "13800000099", "role": "User",
        "avatar": "https://example.com/a.png",
    }));
    assert_eq!(world.send(&system).await.body["code"], "0000");
    assert_eq!(world.send(&wts(&world, "1001", "13900139000")).await.status, 200);
    let edit = json!({"gender": "FEMALE", "description": "hello\nthere"});
    assert_eq!(world.send(&cloudbase(&world, "1001", &edit)).await, Reply::json(200, json!({})));

    // AuthMS shows what the others wrote.
    let put = Request::put_profile("1001").bearer(&token).json(&json!({"city": "Shenzhen"}));
    let reply = world.send(&put).await;
    assert_eq!(
        reply.body["data"]["profile"],
        json!({
            "user_id": "1001", "version": 5, "created_at": "2026-04-03T12:00:00.000Z",
            "updated_at": "2026-04-03T12:00:00.000Z", "nickname": "小明", "language": "zh-CN", "gender": "female",
            "bio": "hello\nthere", "avatar_url": "https://example.com/a.png", "city": "Shenzhen",
        })
    );
    // And so does CIAM.
    let claims = world.send(&Request::patch_userinfo().bearer(&token).json(&json!({}))).await;
    assert_eq!(
        claims.body,
        json!({
            "sub": "1001", "email": "Ming@example.com", "phone_number": "13900139000", "nickname": "小明",
            "locale": "zh-CN", "updated_at": 1_775_217_600, "email_verified": false, "phone_number_verified": false,
        })
    );
    let profile = world.profile("1001").await;
    assert_eq!(profile.text(Attribute::Phone), Some("+8613900139000"));
    assert_eq!(profile.text(Attribute::Role), Some("User"));
    assert_eq!(profile.text(Attribute::Block), Some("15"));
    assert_eq!(profile.text(Attribute::Username), Some("ming"));
}

#[tokio::test]
async fn a_phone_taken_through_one_contract_is_taken_in_all() {
    let world = Stage::open().await;
    let key = world.api_key(Role::Admin).await;
    for user in ["1", "2"] {
        world.create(user).await;
    }
    assert_eq!(world.send(&wts(&world, "1", "13900139000")).await.status, 200);

    let taken = json!({"error": "phone_already_exists", "error_code": 409,
        "error_description": "Phone number already exists"});
    let edit = cloudbase(&world, "2", &json!({"phone": "+86 13900139000"}));
    assert_eq!(world.send(&edit).await, Reply::json(409, taken));
    let reply =
        world.send(&Request::update_user("2").bearer(&key).json(&json!({"phone": "13900139000"}))).await;
    assert_eq!(
        (&reply.body["code"], &reply.body["message"]),
        (&json!("4000"), &json!("Phone number is already in use."))
    );
    let used = json!({"success": false, "msg": "phone number has been used", "errType": "logic"});
    assert_eq!(world.send(&wts(&world, "2", "13900139000")).await, Reply::json(400, used));
    assert_eq!(world.profile("2").await.version, 1);

    // Let go through WTS, it is free at once.
    assert_eq!(world.send(&wts(&world, "1", "13700137000")).await.status, 200);
    assert_eq!(world.send(&edit).await, Reply::json(200, json!({})));
}

#[tokio::test]
async fn an_email_and_a_username_are_unique_however_they_are_spelt() {
    let world = Stage::open().await;
    let key = world.api_key(Role::Admin).await;
    world.create("1").await;
    let mine = json!({"username": "ZhangSan", "email": "zhang@example.com"});
    assert_eq!(world.send(&cloudbase(&world, "2", &mine)).await.status, 200);
    for (member, spelling, message) in [
        ("userName", "zhangsan", "Username is already taken."),
        ("userName", "zhangsan", "Username is already taken."),
        ("email", "Zhang@EXAMPLE.com", "Email is already in use."),
    ] {
        let reply =
            world.send(&Request::update_user("1").bearer(&key).json(&json!({member: spelling}))).await;
        assert_eq!(reply.body["message"], message, "{spelling}");
        assert_eq!(reply.body["code"], "4000");
    }
    // Both at once: System user tells of the name, CloudBase too.
    let both = json!({"userName": "zhangsan", "email": "zhang@example.com"});
    let reply = world.send(&Request::update_user("1").bearer(&key).json(&both)).await;
    assert_eq!(reply.body["message"], "Username is already taken.");
    // A new spelling of one's own is no conflict.
    let respelt = json!({"username": "zhangsan", "email": "ZHANG@example.com"});
    assert_eq!(world.send(&cloudbase(&world, "2", &respelt)).await, Reply::json(200, json!({})));
    assert_eq!(world.profile("2").await.text(Attribute::Username), Some("zhangsan"));
}
