//! AuthMS: every problem, whole, in both languages, where the stage, the settings and the store decide.

use crate::contracts::authms::{
    CATALOGUE, Kind, invalid, problem, problem_in, put, send, success, with_body, with_header,
};
use crate::contracts::authms_problems::{REALM, continues_the_trace};
use serde_json::{Value, json};
use tests::{Fault, Options, Request, World};

/// A request that runs into this problem.
pub async fn into(world: &World, kind: &Kind) -> Request {
    while world.wire.forget() {}
    let good = put(world, &json!({"city": "Rome"}));
    let spoil = |times, status, error| {
        for _ in 0..times {
            world.wire.spoil("UpdateItem", Fault::Answer(status, error));
        }
    };
    match kind.slug {
        "invalid-request" => return put(world, &json!({"city": ""})),
        "malformed-body" => return good.body("{"),
        "malformed-precondition" => return good.header("if-match", "1"),
        "unauthenticated" => return good.without("authorization"),
        "forbidden" => return good.bearer(&world.token("bob")),
        "user-not-found" => {
            return Request::put_profile("alice").bearer(&world.admin_token("root")).json(&json!({}));
        }
        "conflict" => spoil(6, 400, "TransactionConflictException"),
        "precondition-failed" => return good.header("if-match", "\"7\""),
        "unsupported-media-type" => return good.header("content-type", "text/plain"),
        "too-many-requests" => spoil(3, 400, "ThrottlingException"),
        "internal-error" => spoil(1, 400, "ValidationException"),
        "service-unavailable" => spoil(3, 500, "InternalServerError"),
        slug => panic!("no way into {slug}"),
    }
    good
}

#[tokio::test]
async fn every_problem_has_its_whole_body_in_both_languages() {
    let world = World::new().await;
    for kind in &CATALOGUE {
        for (tongue, accept) in ["en-GB, zh;q=0.9", "zh-CN,zh;q=0.9,en;q=0.8"].into_iter().enumerate() {
            let request = into(&world, kind).await.header("accept-language", accept);
            let reply = send(&world, &request).await;
            let plain = problem_in(tongue, kind.slug);
            let expected = match kind.slug {
                "invalid-request" => {
                    let detail = format!("{} (city)", kind.detail[tongue]);
                    let description =
                        ["must not be empty; send null to clear it", "不能为空;如需清除请传 null"];
                    let error = json!({"field": "city", "code": "empty", "description": description[tongue], "value": ""});
                    let members =
                        json!({"detail": detail, "errors": [error], "i18n_args": {"fields": ["city"]}});
                    with_body(plain, &members)
                }
                "unauthenticated" => with_header(plain, "www-authenticate", REALM),
                "conflict" => with_header(plain, "retry-after", "1"),
                "too-many-requests" => with_header(
                    with_body(plain, &json!({"retry_after": 1, "i18n_args": {"retry_after": 1}})),
                    "retry-after",
                    "1",
                ),
                _ => plain,
            };
            assert_eq!(reply, expected, "{} {accept}", kind.slug);
        }
    }
    while world.wire.forget() {}
    assert_eq!(world.record("alice").await, None);
}

#[tokio::test]
async fn offending_values_are_shown_on_a_development_stage_only() {
    const RULE: (&str, &str, &str) = ("country", "format", "must be an ISO 3166-1 alpha-2 code, such as US");
    for (stage, value) in [("dev", Some(json!("Atlantis"))), ("staging", None), ("prod", None), ("", None)] {
        let world = World::with(Options { settings: vec![("STAGE", stage.to_owned())] }).await;
        let reply = send(&world, &put(&world, &json!({"country": "Atlantis"}))).await;
        assert_eq!(reply, invalid(&[(RULE.0, RULE.1, RULE.2, value)]), "{stage}");
    }
}

#[tokio::test]
async fn addresses_come_from_the_setting_or_from_the_gateway_and_never_from_the_caller() {
    const ID: &str = "https://id.example.com";
    // The setting, the gateway's stage, the path as it comes in, and the base of both addresses.
    let cases = [
        (ID, "$default", "/profiles/alice", ID),
        ("https://id.example.com/users/", "$default", "/profiles/alice", "https://id.example.com/users"),
        (ID, "v1", "/v1/profiles/alice", ID),
        ("", "$default", "/profiles/alice", "https://api.example.com"),
        ("", "v1", "/v1/profiles/alice", "https://api.example.com/v1"),
        // A stage of which the path's first segment only begins with the name.
        (ID, "prof", "/profiles/alice", ID),
        (ID, "", "/profiles/alice", ID),
    ];
    for (setting, stage, path, base) in cases {
        let world = World::with(Options { settings: vec![("PUBLIC_URL", setting.to_owned())] }).await;
        let request = put(&world, &json!({}))
            .bearer(&world.token("bob"))
            .header("host", "evil.example")
            .header("x-forwarded-host", "evil.example")
            .header("x-forwarded-proto", "http")
            .query("secret", "1")
            .event_member("/rawQueryString", json!("secret=1"))
            .event_member("/requestContext/stage", json!(stage))
            .event_member("/rawPath", json!(path));
        let members = json!({
            "type": format!("{base}/errors/forbidden"), "instance": format!("{base}/profiles/alice"),
        });
        let expected = with_body(problem("forbidden"), &members);
        assert_eq!(send(&world, &request).await, expected, "{setting} {stage}");
    }
}

#[tokio::test]
async fn a_refused_token_is_challenged() {
    let world = World::new().await;
    let challenge = |description: &str| {
        format!(r#"{REALM}, error="invalid_token", error_description="The access token {description}""#)
    };
    let expired = world.token("alice");
    world.clock.forward(3600 + 60);
    let now = json!({"timestamp": "2026-04-03T13:01:00.000Z"});
    let unauthenticated = |challenge: &str| {
        with_header(with_body(problem("unauthenticated"), &now), "www-authenticate", challenge)
    };
    let request = |authorization: &str| put(&world, &json!({})).header("authorization", authorization);
    for (authorization, expected) in [
        ("", REALM.to_owned()),
        ("Basic YWxpY2U6c2VjcmV0", REALM.to_owned()),
        ("Bearer", REALM.to_owned()),
        ("Bearer ", REALM.to_owned()),
        ("Bearer a.b.c", challenge("is malformed")),
        ("Bearer a b", challenge("is malformed")),
        (&format!("Bearer {}x", world.token("alice")), challenge("is malformed")),
        (&format!("Bearer {}AA", world.token("alice")), challenge("is invalid")),
    ] {
        assert_eq!(
            send(&world, &request(authorization)).await,
            unauthenticated(&expected),
            "{authorization}"
        );
    }
    let reply = send(&world, &request(&format!("Bearer {expired}"))).await;
    let told = json!({"detail": "The access token has expired."});
    assert_eq!(reply, with_body(unauthenticated(&challenge("expired")), &told));
}

#[tokio::test]
async fn bodies_that_are_no_json_object_are_malformed() {
    let world = World::new().await;
    let padded = |length: usize| format!("{}{}", r#"{"city":"Rome"}"#, " ".repeat(length - 15));
    let nested =
        |levels: usize| format!("{{\"custom_fields\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    let (malformed, rome) =
        (problem("malformed-body"), |version| success("alice", version, &json!({"city": "Rome"})));
    for (body, expected) in [
        (padded(64 * 1024), rome(1)),
        (padded(64 * 1024 + 1), malformed.clone()),
        ("".to_owned(), malformed.clone()),
        ("null".to_owned(), malformed.clone()),
        ("[]".to_owned(), malformed.clone()),
        ("\"city\"".to_owned(), malformed.clone()),
        ("{\"city\":\"Rome\"".to_owned(), malformed.clone()),
        ("{\"city\":\"Rome\"} {}".to_owned(), malformed.clone()),
        ("{\"city\":\"Rome\",}".to_owned(), malformed.clone()),
        ("{'city':'Rome'}".to_owned(), malformed.clone()),
        ("city=Rome".to_owned(), malformed.clone()),
        ("\u{feff}{}".to_owned(), malformed.clone()),
        ("{\"city\":\"Rome\",\"city\":\"Oslo\"}".to_owned(), malformed.clone()),
        ("{\"city\":\"Rome\",\"c\\u0069ty\":\"Oslo\"}".to_owned(), malformed.clone()),
        ("{\"custom_fields\":{\"a\":{\"b\":1,\"b\":2}}}".to_owned(), malformed.clone()),
        ("{\"city\":\"\\ud800\"}".to_owned(), malformed.clone()),
        ("{\"city\":NaN}".to_owned(), malformed.clone()),
        ("{\"custom_fields\":{\"a\":1e400}}".to_owned(), malformed.clone()),
        (
            nested(32),
            invalid(&[(
                "custom_fields",
                "type",
                "must be an object",
                Some(serde_json::from_str(&format!("{}{}", "[".repeat(31), "]".repeat(31))).unwrap()),
            )]),
        ),
        (nested(33), malformed.clone()),
        ("[".repeat(60_000), malformed.clone()),
    ] {
        let shown: String = body.chars().take(60).collect();
        assert_eq!(send(&world, &put(&world, &json!({})).body(&body)).await, expected, "{shown}");
    }
    // Base64, as API Gateway sends what it takes for binary.
    let base64 =
        |body: &str| put(&world, &json!({})).body(body).event_member("/isBase64Encoded", json!(true));
    for (body, expected) in [
        // {"city":"Oslo"}, then bytes that are no UTF-8, then no base64.
        ("eyJjaXR5IjoiT3NsbyJ9", success("alice", 2, &json!({"city": "Oslo"}))),
        ("eyJjaXR5Ijoi/yJ9", malformed.clone()),
        ("{}", malformed.clone()),
    ] {
        assert_eq!(send(&world, &base64(body)).await, expected, "{body}");
    }
    let none = put(&world, &json!({})).event_member("/body", Value::Null);
    assert_eq!(send(&world, &none).await, malformed);
}

/// The header that Lambda makes its own of: an emulator may begin another trace.
#[tokio::test]
async fn the_trace_of_x_ray_is_continued() {
    let world = World::new().await;
    let header = ("x-amzn-trace-id", "Root=1-0af76519-16cd43dd8448eb211c80319c");
    continues_the_trace(&world, header, "01").await;
}
