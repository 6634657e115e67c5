//! CIAM: every member, every error of the contract, and who is answered how.

use serde_json::{Value, json};
use tests::{Reply, Request, World};

/// Alice's PATCH.
pub fn patch(world: &World, body: &Value) -> Request {
    Request::patch_userinfo().bearer(&world.token("alice")).json(body)
}

/// An error with a body.
pub fn error(status: u16, body: Value) -> Reply {
    Reply::new(status, &[("content-type", "application/json;charset=UTF-8")], body)
}

fn described(description: &str) -> Reply {
    error(400, json!({"error": "invalid_request", "error_description": description}))
}

fn named(name: &str) -> Reply {
    error(400, json!({"error": name}))
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

const UNKNOWN: &str = "Unknown attribute(s) found.";
const UNSUPPORTED: &str = "Unsupported user attribute(s) found.";
const COMPANIONS: &str = "A phone number or an email must be sent together with its otp_token and otp.";
const MALFORMED: &str = "Malformed request body.";

#[tokio::test]
async fn a_good_value_is_kept_until_null_clears_it() {
    let world = World::new().await;
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
async fn a_bad_value_is_illegal() {
    let world = World::new().await;
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
    for (name, value) in cases {
        // A good member beside it is not written either.
        let mut body = json!({"nickname": "Al"});
        body[name] = value.clone();
        let reply = world.send(&patch(&world, &body)).await;
        assert_eq!(reply, named("illegal_parameter_value"), "{name}: {value}");
    }
    assert_eq!(world.record("alice").await, None);
    assert_eq!(world.wire.requests().iter().filter(|(operation, _)| operation != "GetItem").count(), 0);
}

#[tokio::test]
async fn unknown_and_unsupported_attributes() {
    let world = World::new().await;
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

/// A contact's members: the contact, its token, its code; those that are `null` here are sent as `null`, those
/// that are `false` are not sent.
fn contact(names: [&str; 3], values: [Value; 3]) -> Value {
    names
        .into_iter()
        .zip(values)
        .filter(|(_, value)| *value != json!(false))
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

#[tokio::test]
async fn a_contact_comes_with_its_token_and_its_code() {
    let world = World::new().await;
    let no = || json!(false);
    let token = || json!("otp-token");
    let code = || json!("123456");
    for (names, good, bad, malformed, bad_token) in [
        (
            ["phone_number", "phone_number_otp_token", "phone_number_otp"],
            json!("13900139000"),
            vec![
                "1390013900",
                "139001390000",
                "12900139000",
                "+8613900139000",
                "139 0013 9000",
                "１３９００１３９０００",
                "x",
            ],
            "malformed_phone_number",
            "bad_phone_number_otp_token",
        ),
        (
            ["email", "email_otp_token", "email_otp"],
            json!("al@example.com"),
            vec![
                "al",
                "al@",
                "@example.com",
                "al@example.com\r\nBcc: x",
                "al@[127.0.0.1]",
                "Al <al@example.com>",
                "al @example.com",
            ],
            "malformed_email",
            "bad_email_otp_token",
        ),
    ] {
        let (malformed, bad_token) = (named(malformed), named(bad_token));
        let (illegal, missing) = (named("illegal_parameter_value"), described(COMPANIONS));
        let mut cases = vec![
            // All there: no such token was ever given out.
            ([good.clone(), token(), code()], &bad_token),
            // One or two are missing.
            ([good.clone(), no(), no()], &missing),
            ([good.clone(), token(), no()], &missing),
            ([good.clone(), no(), code()], &missing),
            ([no(), token(), code()], &missing),
            ([no(), token(), no()], &missing),
            ([no(), no(), code()], &missing),
            ([good.clone(), Value::Null, code()], &missing),
            ([good.clone(), token(), Value::Null], &missing),
            ([json!("x"), no(), no()], &missing),
            // Null and nothing are no contact, with companions and without.
            ([Value::Null, no(), no()], &illegal),
            ([Value::Null, token(), code()], &illegal),
            ([Value::Null, Value::Null, Value::Null], &illegal),
            ([json!(""), no(), no()], &illegal),
            ([json!(""), token(), code()], &illegal),
            ([good.clone(), json!(""), code()], &illegal),
            ([good.clone(), token(), json!("")], &illegal),
            ([good.clone(), token(), json!(123_456)], &illegal),
            ([good.clone(), json!({}), code()], &illegal),
            ([json!(13_900_139_000_u64), token(), code()], &malformed),
            ([json!([]), token(), code()], &malformed),
        ];
        cases.extend(bad.into_iter().map(|bad| ([json!(bad), token(), code()], &malformed)));
        for (values, expected) in cases {
            let body = contact(names, values);
            assert_eq!(world.send(&patch(&world, &body)).await, *expected, "{body}");
            // A token that could be one is looked at when it is known that the user can be changed.
            let calls = if *expected == bad_token { vec!["GetItem"] } else { vec![] };
            assert_eq!(world.wire.calls(), calls, "{body}");
        }
    }
}

#[tokio::test]
async fn of_several_faults_the_first_is_told() {
    let world = World::new().await;
    // From the last to the first of the contract's order: each step puts one more fault into the body.
    let mut body = json!({"nickname": "Al"});
    let steps = [
        (
            json!({"email": "al@example.com", "email_otp_token": "x", "email_otp": "1"}),
            named("bad_email_otp_token"),
        ),
        (
            json!({"phone_number": "13900139000", "phone_number_otp_token": "x", "phone_number_otp": "1"}),
            named("bad_phone_number_otp_token"),
        ),
        (json!({"name": ""}), named("illegal_parameter_value")),
        (json!({"email": "al"}), named("malformed_email")),
        (json!({"phone_number": "1"}), named("malformed_phone_number")),
        (json!({"email_otp": null}), described(COMPANIONS)),
        (json!({"employee_number": "AB123456"}), described(UNSUPPORTED)),
        (json!({"zodiac": "leo"}), described(UNKNOWN)),
    ];
    for (step, expected) in steps {
        body.as_object_mut().unwrap().extend(step.as_object().unwrap().clone());
        assert_eq!(world.send(&patch(&world, &body)).await, expected, "{body}");
    }
    assert_eq!(world.wire.calls(), ["GetItem"; 2]);
    // Before all of them: a body that is none; and before that, the caller.
    let unreadable = patch(&world, &json!({})).body("{\"zodiac\":1");
    assert_eq!(world.send(&unreadable).await, described(MALFORMED));
    let missing = bearer_error(400, "invalid_request", "Bearer token not found in the request");
    assert_eq!(world.send(&unreadable.without("authorization")).await, missing);
    assert_eq!(world.wire.calls(), [""; 0]);
}

#[tokio::test]
async fn the_bearer_token_decides_before_the_body() {
    let world = World::new().await;
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
    let world = World::new().await;
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
async fn the_first_patch_creates_and_an_empty_one_only_reads() {
    let world = World::new().await;
    let not_found = error(404, json!({"error": "user_not_found"}));
    let empty = patch(&world, &json!({}));
    assert_eq!(world.send(&empty).await, not_found);
    assert_eq!(world.record("alice").await, None);
    // A null alone creates too: it is a change, if one without effect.
    assert_eq!(world.send(&patch(&world, &json!({"name": null}))).await, claims(&json!({})));
    let before = world.items().await;
    world.clock.forward(60);
    assert_eq!(world.send(&empty).await, claims(&json!({})));
    assert_eq!(world.items().await, before);
    // A change shows its time.
    let later = claims(&json!({"nickname": "Al", "updated_at": 1_775_217_660}));
    assert_eq!(world.send(&patch(&world, &json!({"nickname": "Al"}))).await, later);
    assert_eq!(world.profile("alice").await.version, 2);
}

#[tokio::test]
async fn an_erased_user_stays_erased() {
    let world = World::new().await;
    world.erase("alice", 3).await;
    let before = world.items().await;
    for body in [json!({}), json!({"nickname": "Al"}), json!({"newsletter": true}), json!({"name": null})] {
        let reply = world.send(&patch(&world, &body)).await;
        assert_eq!(reply, error(404, json!({"error": "user_not_found"})), "{body}");
    }
    assert_eq!(world.items().await, before);
}
