//! CIAM: every member, every error of the contract, and who is answered how.

use serde_json::{Value, json};
use tests::{Reply, Request, Service, Stage};

/// Alice's PATCH.
pub fn patch(world: &Service, body: &Value) -> Request {
    Request::patch_userinfo().bearer(&world.token("alice")).json(body)
}

/// An error with a body.
pub fn error(status: u16, body: Value) -> Reply {
    Reply::new(status, &[("content-type", "application/json;charset=UTF-8")], body)
}

pub fn described(description: &str) -> Reply {
    error(400, json!({"error": "invalid_request", "error_description": description}))
}

/// An error of the bearer token: no body, all in the challenge.
pub fn bearer_error(status: u16, name: &str, description: &str) -> Reply {
    let uri = "https://tools.ietf.org/html/rfc6750#section-3.1";
    let challenge =
        format!("Bearer error=\"{name}\", error_description=\"{description}\", error_uri=\"{uri}\"");
    Reply::new(status, &[("www-authenticate", &challenge)], json!(""))
}

/// Success: these claims of alice's, and the time of the last change.
pub fn claims(members: &Value) -> Reply {
    let mut body = json!({"sub": "alice", "updated_at": 1_775_217_600});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    Reply::json(200, body)
}

pub const UNKNOWN: &str = "Unknown attribute(s) found.";
pub const UNSUPPORTED: &str = "Unsupported user attribute(s) found.";
pub const COMPANIONS: &str = "A phone number or an email must be sent together with its otp_token and otp.";
pub const MALFORMED: &str = "Malformed request body.";

#[tokio::test]
async fn a_good_value_is_kept_until_null_clears_it() {
    let world = Stage::open().await;
    let same = |name: &'static str, value: &str| (name, value.to_owned(), value.to_owned());
    for (name, sent, shown) in [
        same("name", "Mock Name"),
        same("name", &"名".repeat(128)),
        same("nickname", "MOCK_NICKNAME"),
        same("nickname", "1"),
        same("nickname", &"名".repeat(64)),
        same("zoneinfo", "Asia/Shanghai"),
        same("zoneinfo", "Europe/Paris"),
        same("locale", "zh-CN"),
        same("locale", "en-US"),
        ("locale", "zh-cn".to_owned(), "zh-CN".to_owned()),
        ("name", "Zoe\u{308}".to_owned(), "Zo\u{eb}".to_owned()),
    ] {
        let reply = world.send(&patch(&world, &json!({name: sent}))).await;
        assert_eq!(reply, claims(&json!({name: shown})), "{name}: {sent}");
        // Absent keeps it.
        assert_eq!(world.send(&patch(&world, &json!({}))).await, claims(&json!({name: shown})));
        assert_eq!(world.send(&patch(&world, &json!({name: null}))).await, claims(&json!({})), "{name}");
    }
}

#[tokio::test]
async fn unknown_and_unsupported_attributes() {
    let world = Stage::open().await;
    for name in ["favourite_colour", "given_name", "phone", "Nickname", "", "custom_fields", "otp"] {
        for value in [json!("x"), Value::Null] {
            let reply = world.send(&patch(&world, &json!({name: value, "nickname": "Al"}))).await;
            assert_eq!(reply, described(UNKNOWN), "{name}: {value}");
        }
    }
    // Known, but not the user's to change: by the schema, and what the service itself says of a user.
    let own = ["sub", "updated_at", "email_verified", "phone_number_verified", "authenticationMethod"];
    for name in own.into_iter().chain(["employee_number"]) {
        for value in [json!("AB123456"), Value::Null, json!(1)] {
            let reply = world.send(&patch(&world, &json!({name: value, "nickname": "Al"}))).await;
            assert_eq!(reply, described(UNSUPPORTED), "{name}: {value}");
        }
    }
    assert_eq!(world.record("alice").await, None);
}

#[tokio::test]
async fn the_bearer_token_decides_before_the_body() {
    let world = Stage::open().await;
    let missing = bearer_error(400, "invalid_request", "Bearer token not found in the request");
    let invalid = bearer_error(401, "invalid_token", "Error decoding JWT");
    let higher = "The request requires higher privileges than provided by the access token.";
    let insufficient = bearer_error(403, "insufficient_scope", higher);
    let token = |changes: Value| {
        let mut claims = world.claims("alice");
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        format!("Bearer {}", world.keys().issuer.sign(&claims).unwrap())
    };
    let good = claims(&json!({"nickname": "Al"}));
    for (authorization, expected) in [
        ("".to_owned(), &missing),
        ("Basic YWxpY2U6c2VjcmV0".to_owned(), &missing),
        ("Bearer".to_owned(), &missing),
        ("Bearer x".to_owned(), &invalid),
        (token(json!({"exp": 0})), &invalid),
        (token(json!({"scope": ""})), &insufficient),
        (token(json!({"scope": "profile openid2"})), &insufficient),
        (token(json!({"scope": null})), &insufficient),
        (token(json!({"scope": null, "roles": ["admin"]})), &insufficient),
        (token(json!({"client_id": "alice"})), &insufficient),
        (token(json!({"azp": "alice"})), &insufficient),
        (token(json!({"client_id": "portal"})), &good),
        (token(json!({"scope": "profile openid"})), &good),
        (token(json!({"scope": ["openid"]})), &good),
    ] {
        let body = if *expected == good { json!({"nickname": "Al"}) } else { json!({"zodiac": "leo"}) };
        let request = patch(&world, &body).header("authorization", &authorization);
        assert_eq!(world.send(&request).await, *expected, "{authorization}");
    }
    let without = patch(&world, &json!({"zodiac": 1})).without("authorization");
    assert_eq!(world.send(&without).await, missing);
}

#[tokio::test]
async fn bodies_that_cannot_be_read() {
    let world = Stage::open().await;
    let malformed = described(MALFORMED);
    let large = |length: usize| format!("{{\"nickname\":\"Al\"}}{}", " ".repeat(length - 17));
    for body in [
        "",
        "[]",
        "null",
        "{",
        "nickname=Al",
        r#"{"name":"a","name":"b"}"#,
        r#"{"name":"\ud800"}"#,
        &large(65_537),
    ] {
        let reply = world.send(&patch(&world, &json!({})).body(body)).await;
        assert_eq!(reply, malformed, "{}", body.chars().take(40).collect::<String>());
    }
    let typed = |kind: &str| patch(&world, &json!({"nickname": "Al"})).header("content-type", kind);
    assert_eq!(world.send(&typed("text/plain")).await, malformed);
    assert_eq!(world.send(&typed("text/plain").without("content-type")).await, malformed);
    assert_eq!(world.record("alice").await, None);
    let good = claims(&json!({"nickname": "Al"}));
    assert_eq!(world.send(&patch(&world, &json!({})).body(&large(65_536))).await, good);
    assert_eq!(world.send(&typed("application/json;charset=UTF-8")).await, good);
}

#[tokio::test]
async fn an_erased_user_stays_erased() {
    let world = Stage::open().await;
    world.erase("alice", 3).await;
    let before = world.items().await;
    for body in [json!({}), json!({"nickname": "Al"}), json!({"newsletter": true}), json!({"name": null})] {
        let reply = world.send(&patch(&world, &body)).await;
        assert_eq!(reply, error(404, json!({"error": "user_not_found"})), "{body}");
    }
    assert_eq!(world.items().await, before);
}

#[tokio::test]
async fn a_bad_value_is_illegal() {
    let world = Stage::open().await;
    let illegal_value = error(400, json!({"error": "illegal_parameter_value"}));
    let illegal =
        [json!(""), json!(1), json!(true), json!(["x"]), json!({"x": "y"}), json!("\u{0}"), json!("a\nb")];
    let mut cases: Vec<(&str, Value)> = vec![
        ("name", json!("名".repeat(129))),
        ("nickname", json!("名".repeat(65))),
        ("zoneinfo", json!("Asia/Beijing")),
        ("locale", json!("zh_CN")),
        ("department", json!(" leading")),
        ("department", json!("d".repeat(65))),
        ("newsletter", json!("true")),
        ("newsletter", json!(0)),
    ];
    for name in ["name", "nickname", "zoneinfo", "locale", "department"] {
        cases.extend(illegal.iter().map(|value| (name, value.clone())));
    }
    let requests = async {
        for (name, value) in cases {
            // A good member beside it is not written either.
            let mut body = json!({"nickname": "Al"});
            body[name] = value.clone();
            let reply = world.send(&patch(&world, &body)).await;
            assert_eq!(reply, illegal_value, "{name}: {value}");
        }
    };
    world.unasked(requests).await;
    assert_eq!(world.record("alice").await, None);
}
