//! AuthMS: every problem, whole, in both languages, and the addresses in it.

use crate::contracts::authms::{invalid, problem, put, send, success, with_header};
use serde_json::{Value, json};
use tests::{Reply, Request, Service, Stage};

pub const REALM: &str = r#"Bearer realm="profiles""#;

#[tokio::test]
async fn the_success_message_is_not_translated() {
    let world = Stage::open().await;
    for accept in ["en", "zh", "fr"] {
        let request = put(&world, &json!({"city": "Rome"})).header("accept-language", accept);
        let mut reply = send(&world, &request).await;
        let version = reply.body["data"]["profile"]["version"].take().as_u64().unwrap();
        let mut expected = success("alice", version, &json!({"city": "Rome"}));
        expected.body["data"]["profile"]["version"] = Value::Null;
        assert_eq!(reply, expected, "{accept}");
    }
}

#[tokio::test]
async fn every_description_is_translated() {
    let world = Stage::open().await;
    let body = json!({
        "address": "\u{0}", "avatar_url": "x", "bio": 1, "birthdate": "x", "city": "", "country": "x",
        "gender": "X", "language": "_", "nickname": "名".repeat(65), "timezone": "x", "website": "x",
        "custom_fields": {"1": 1, "a": 1e126, "b": [[[[]]]]}, "social_links": {"x": "a b"}, "zodiac": null,
    });
    let request = put(&world, &body).header("accept-language", "zh");
    let reply = send(&world, &request).await;
    let described: Vec<(&str, &str, &str)> = reply.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            let text = |name: &str| error[name].as_str().unwrap();
            (text("field"), text("code"), text("description"))
        })
        .collect();
    assert_eq!(
        described,
        [
            ("address", "format", "不能包含控制字符"),
            ("avatar_url", "format", "必须是完整的 https 网址"),
            ("bio", "type", "必须是字符串"),
            ("birthdate", "format", "必须是 YYYY-MM-DD 格式的日期"),
            ("city", "empty", "不能为空;如需清除请传 null"),
            ("country", "format", "必须是 ISO 3166-1 两位国家代码,如 CN"),
            ("gender", "format", "必须是一个小写单词"),
            ("language", "format", "必须是 BCP 47 语言标签,如 zh-CN"),
            ("nickname", "length", "最多 64 个字符"),
            ("timezone", "format", "必须是 tz 数据库中的时区名,如 Asia/Shanghai"),
            ("website", "format", "必须是完整的 http 或 https 网址"),
            ("custom_fields", "format", "字段名只能由字母、数字和 _ 组成,最多 64 个,且不能以数字开头"),
            ("custom_fields.a", "range", "必须是不超过 38 位且小于 10^126 的数字"),
            ("custom_fields.b[0][0][0]", "range", "嵌套不能超过 4 层"),
            ("social_links.x", "format", "必须是完整的 https 网址或账号名"),
            ("zodiac", "unknown", "不是此请求的成员"),
        ]
    );
}

/// Sends a request with this header, which continues the caller's trace with these flags.
pub async fn continues_the_trace(world: &Service, (name, value): (&str, &str), flags: &str) {
    let request = put(world, &json!({})).without("authorization").header(name, value);
    let body = world.send(&request).await.body;
    let span = body["span_id"].as_str().unwrap();
    assert_eq!((span.len(), span == "b7ad6b7169203331"), (16, false), "{value}");
    assert_eq!(body["trace_id"], format!("00-0af7651916cd43dd8448eb211c80319c-{span}-{flags}"), "{value}");
}

#[tokio::test]
async fn the_caller_s_trace_is_continued() {
    let world = Stage::open().await;
    for flags in ["01", "00"] {
        let parent = format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}");
        continues_the_trace(&world, ("traceparent", &parent), flags).await;
    }
    // And no two requests share an id.
    let request = put(&world, &json!({})).without("authorization");
    let (one, other) = (world.send(&request).await.body, world.send(&request).await.body);
    for name in ["request_id", "trace_id", "span_id"] {
        assert_ne!(one[name], other[name], "{name}");
    }
}

#[tokio::test]
async fn only_json_is_read() {
    let world = Stage::open().await;
    let send_as = async |content_type: Option<&str>| {
        let request = put(&world, &json!({}));
        let request = match content_type {
            Some(content_type) => request.header("content-type", content_type),
            None => request.without("content-type"),
        };
        send(&world, &request).await
    };
    for good in ["application/json; charset=utf-8", "Application/JSON;charset=\"UTF-8\""] {
        assert_eq!(send_as(Some(good)).await, success("alice", 1, &json!({})), "{good}");
    }
    for bad in [
        None,
        Some(""),
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("application/merge-patch+json"),
        Some("application/json; charset=gbk"),
        Some("application/json, text/plain"),
    ] {
        assert_eq!(send_as(bad).await, problem("unsupported-media-type"), "{bad:?}");
    }
}

#[tokio::test]
async fn checks_come_in_their_order() {
    let world = Stage::open().await;
    let bad = |request: Request| request.json(&json!({"city": 1}));
    let stranger = world.token("bob");
    // Everything wrong at once; each step mends what the last answer named.
    let everything =
        put(&world, &json!({})).without("authorization").without("content-type").header("if-match", "x");
    let everything = everything.body("{");
    let with_token = everything.clone().bearer(&stranger);
    let with_type = with_token.clone().header("content-type", "application/json");
    let with_body = bad(with_type.clone());
    let with_condition = with_body.clone().header("if-match", "\"9\"");
    let with_right = with_condition.clone().bearer(&world.token("alice"));
    let with_value = with_right.clone().json(&json!({"city": "Rome"}));
    let expected: [(Request, Reply); 7] = [
        (everything, with_header(problem("unauthenticated"), "www-authenticate", REALM)),
        (with_token, problem("unsupported-media-type")),
        (with_type, problem("malformed-body")),
        (with_body, problem("malformed-precondition")),
        (with_condition, problem("forbidden")),
        (with_right, invalid(&[("city", "type", "must be a string", Some(json!(1)))])),
        (with_value, problem("precondition-failed")),
    ];
    for (index, (request, expected)) in expected.into_iter().enumerate() {
        assert_eq!(send(&world, &request).await, expected, "step {index}");
    }
    assert_eq!(world.record("alice").await, None);
}
