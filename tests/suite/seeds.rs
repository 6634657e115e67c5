//! The examples that stand in the five contracts, sent as they stand: ids and credentials are this world's, everything
//! else is the contract's. Answers are compared letter for letter, the order of members included.

use serde_json::{Value, json};
use shared::auth::Role;
use tests::world::Options;
use tests::{Fault, Request, World};

/// Status, content type, body.
type Said<'a> = (u16, &'a str, &'a str);

async fn assert_says(world: &World, request: &Request, expected: Said<'_>) {
    let answer = world.invoke(request.event_json()).await;
    let content_type = answer.header("content-type").unwrap_or_default();
    assert_eq!((answer.status_code, content_type, &*without_tid(&answer.body)), expected, "{request:?}");
}

/// The text with `…` for the digits of a `tid`.
fn without_tid(text: &str) -> String {
    let Some((front, back)) = text.split_once(r#""tid":""#) else { return text.to_owned() };
    let digits = back.bytes().take_while(u8::is_ascii_digit).count();
    assert!((16..=19).contains(&digits), "{text}");
    format!(r#"{front}"tid":"…{}"#, &back[digits..])
}

const JSON: &str = "application/json";

#[tokio::test]
async fn authms() {
    let world = World::new().await;
    // The contract's column of examples, as one request.
    let example = r#"{"address":"123 Main St","avatar_url":"https://example.com/avatar.jpg","bio":"Software Engineer",
        "birthdate":"1990-01-15","city":"San Francisco","country":"US","custom_fields":{},"first_name":"John",
        "gender":"male","language":"en-US","last_name":"Doe","nickname":"Johnny","social_links":{},
        "timezone":"America/Los_Angeles","website":"https://johndoe.com"}"#;
    let request = Request::put_profile("john").bearer(&world.token("john")).body(example);
    let answer = world.invoke(request.event_json()).await;
    let mut profile: Value = serde_json::from_str(example).unwrap();
    let members = profile.as_object_mut().unwrap();
    // Empty objects merge nothing into what is not there.
    members.remove("custom_fields");
    members.remove("social_links");
    members.extend([
        ("user_id".to_owned(), json!("john")),
        ("version".to_owned(), json!(1)),
        ("created_at".to_owned(), json!("2026-04-03T12:00:00.000Z")),
        ("updated_at".to_owned(), json!("2026-04-03T12:00:00.000Z")),
    ]);
    let expected = json!({"code": 0, "message": "资料更新成功", "timestamp": "2026-04-03T12:00:00.000Z",
        "data": {"profile": profile}});
    assert_eq!((answer.status_code, answer.body_json()), (200, expected));
}

#[tokio::test]
async fn ciam() {
    let settings = vec![("CLAIMS", "email name nickname zoneinfo locale authenticationMethod".to_owned())];
    let world = World::with(Options { settings }).await;
    let token = world.token("MOCK_USER_ID");
    let patch = |body: &str| Request::patch_userinfo().bearer(&token).body(body);
    let email = Request::edit_user_basic().bearer(&token).body(r#"{"email":"MOCK_USERNAME@example.com"}"#);
    assert_eq!(world.send(&email).await.status, 200);
    let rest = r#"{"name":"MOCK_NAME","zoneinfo":"Asia/Shanghai","locale":"zh-CN"}"#;
    assert_eq!(world.send(&patch(rest)).await.status, 200);
    let claims = concat!(
        r#"{"sub":"MOCK_USER_ID","email":"MOCK_USERNAME@example.com","name":"MOCK_NAME","#,
        r#""nickname":"MOCK_NICKNAME","zoneinfo":"Asia/Shanghai","locale":"zh-CN"}"#
    );
    assert_says(&world, &patch(r#"{"nickname" : "MOCK_NICKNAME"}"#), (200, JSON, claims)).await;

    let phone = |number: &str| {
        format!(r#"{{"phone_number":"{number}","phone_number_otp_token":"t","phone_number_otp":"123456"}}"#)
    };
    let email =
        |address: &str| format!(r#"{{"email":"{address}","email_otp_token":"t","email_otp":"123456"}}"#);
    for (body, said) in [
        (
            r#"{"favourite_colour":"red"}"#.to_owned(),
            r#"{"error":"invalid_request","error_description":"Unknown attribute(s) found."}"#,
        ),
        (
            r#"{"employee_number":"AB123456"}"#.to_owned(),
            r#"{"error":"invalid_request","error_description":"Unsupported user attribute(s) found."}"#,
        ),
        (phone("12345"), r#"{"error":"malformed_phone_number"}"#),
        (phone("13900139000"), r#"{"error":"bad_phone_number_otp_token"}"#),
        (email("nobody"), r#"{"error":"malformed_email"}"#),
        (email("a@example.com"), r#"{"error":"bad_email_otp_token"}"#),
        (r#"{"department":" "}"#.to_owned(), r#"{"error":"illegal_parameter_value"}"#),
    ] {
        assert_says(&world, &patch(&body), (400, "application/json;charset=UTF-8", said)).await;
    }
    let uri = "https://tools.ietf.org/html/rfc6750#section-3.1";
    let mut narrow = world.claims("MOCK_USER_ID");
    narrow["scope"] = json!("profile");
    let narrow = world.keys().issuer.sign(&narrow).unwrap();
    for (request, status, error, description) in [
        (
            patch("{}").without("authorization"),
            400,
            "invalid_request",
            "Bearer token not found in the request",
        ),
        (patch("{}").bearer("a.b.c"), 401, "invalid_token", "Error decoding JWT"),
        (
            patch("{}").bearer(&narrow),
            403,
            "insufficient_scope",
            "The request requires higher privileges than provided by the access token.",
        ),
    ] {
        let answer = world.invoke(request.event_json()).await;
        let challenge =
            format!(r#"Bearer error="{error}", error_description="{description}", error_uri="{uri}""#);
        assert_eq!(answer.headers, [("www-authenticate".into(), challenge)]);
        assert_eq!((answer.status_code, &*answer.body), (status, ""));
    }
}

#[tokio::test]
async fn wts() {
    let world = World::new().await;
    world.create("user_openid_123").await;
    world.create("another_user_openid_456").await;
    let by = |access: &str| Request::change_profile().bearer(&world.wts_token("user_openid_123", access));
    let own = r#"{
"who": "user_openid_123",
"block": "15",
"room": "202",
"phone": "13900139000",
"isp": "telecom",
"account": "987654321"
}"#;
    let others = r#"{
"who": "another_user_openid_456",
"block": "9",
"room": "303",
"phone": "13700137000",
"isp": "mobile",
"account": "555555555"
}"#;
    let done = (200, JSON, r#"{"success":true,"msg":"profile change success~"}"#);
    assert_says(&world, &by("user").body(own), done).await;
    assert_says(&world, &by("admin").body(others), done).await;

    let no_phone = own.replace("13900139000", "");
    let required = concat!(
        r#"{"success":false,"msg":"invalid request body: Key: 'ChangeUserProfileRequest.Phone' "#,
        r#"Error:Field validation for 'Phone' failed on the 'required' tag","errType":2}"#
    );
    assert_says(&world, &by("user").body(&no_phone), (400, JSON, required)).await;
    let nobody = r#"{"success":false,"msg":"no such user","errType":"logic"}"#;
    let stranger = others.replace("456", "789");
    assert_says(&world, &by("admin").body(&stranger), (400, JSON, nobody)).await;
    let used = r#"{"success":false,"msg":"phone number has been used","errType":"logic"}"#;
    let taken = own.replace("13900139000", "13700137000");
    assert_says(&world, &by("user").body(&taken), (400, JSON, used)).await;
    let not_yours = r#"{"success":false,"msg":"only admins can change other users' profiles","errType":3}"#;
    assert_says(&world, &by("user").body(others), (403, JSON, not_yours)).await;
    let inactive = r#"{"success":false,"msg":"only active users can access this API","errType":3}"#;
    assert_says(&world, &by("unregistered").body(own), (403, JSON, inactive)).await;
    world.wire.spoil("UpdateItem", Fault::Answer(400, "ValidationException"));
    let broken = r#"{"success":false,"msg":"system met a uncaught error,please view logs.","errType":1}"#;
    assert_says(&world, &by("user").body(own), (500, JSON, broken)).await;
}

#[tokio::test]
async fn cloudbase() {
    let world = World::new().await;
    let by = |user: &str| {
        Request::edit_user_basic().bearer(&world.token(user)).header("x-device-id", "device_123456").body(
            r#"{
"nickname": "Zhang San",
"username": "zhangsan",
"phone": "+86 13000000000",
"description": "A developer who loves technology",
"avatar_url": "https://example/avatar.jpg",
"gender": "MALE",
"email": "zhangsan@example"
}"#,
        )
    };
    assert_says(&world, &by("9876543210123456789"), (200, JSON, "{}")).await;
    let taken = r#"{"error":"username_already_exists","error_code":409,"error_description":"Username already exists"}"#;
    assert_says(&world, &by("1234567890"), (409, JSON, taken)).await;
}

#[tokio::test]
async fn system_user() {
    let world = World::new().await;
    world.create("1776073061").await;
    let key = world.api_key(Role::Admin).await;
    let update = |body: &str| Request::update_user("1776073061").bearer(&key).body(body);
    let done =
        r#"{"code":"0000","displayCode":"0000","message":"成功","data":null,"tid":"…","success":true}"#;
    let all = r#"{
"userName": "更新后的用户名",
"nickName": "更新后的昵称",
"avatar": "https://example.com/avatar.png",
"role": "User",
"email": "updated@example.com",
"phone": "13800000099"
}"#;
    // The contract's five test cases, and its curl commands.
    for body in [all, r#"{"password": "correct horse"}"#, r#"{"role": "Admin"}"#] {
        assert_says(&world, &update(body), (200, JSON, done)).await;
    }
    let unknown = Request::update_user("1").bearer(&key).body(r#"{"userName": "somebody"}"#);
    assert_says(&world, &unknown, (200, JSON, done)).await;
    let nothing = concat!(
        r#"{"code":"4000","displayCode":"4000","message":"nickName, userName, email, phone, avatar, role, "#,
        r#"password cannot be null at the same time","data":null,"tid":"…","success":false}"#
    );
    assert_says(&world, &update("{}"), (200, JSON, nothing)).await;
}
