//! What every AuthMS test speaks of: answers as they must look, whole.

use serde_json::{Map, Value, json};
use tests::{Reply, Request, Service};

/// A problem type as callers know it.
pub struct Kind {
    pub slug: &'static str,
    pub status: u16,
    pub code: u32,
    pub title: [&'static str; 2],
    pub detail: [&'static str; 2],
}

const fn kind(
    status: u16,
    code: u32,
    slug: &'static str,
    title: [&'static str; 2],
    detail: [&'static str; 2],
) -> Kind {
    Kind { slug, status, code, title, detail }
}

/// Every problem type: English and Chinese.
pub const CATALOGUE: [Kind; 12] = [
    kind(
        400,
        30_101_001,
        "invalid-request",
        ["Invalid Request Parameters", "请求参数无效"],
        ["One or more members do not keep to their rules.", "一个或多个字段不符合规则。"],
    ),
    kind(
        400,
        30_101_002,
        "malformed-body",
        ["Malformed Request Body", "请求体格式错误"],
        [
            "The body must be one JSON object of at most 64 KiB without duplicate members.",
            "请求体必须是一个不超过 64 KiB 且没有重复成员的 JSON 对象。",
        ],
    ),
    kind(
        400,
        30_101_003,
        "malformed-precondition",
        ["Malformed Precondition", "前置条件格式错误"],
        [
            "If-Match and If-None-Match take * or a list of entity tags.",
            "If-Match 与 If-None-Match 只接受 * 或实体标签列表。",
        ],
    ),
    kind(
        401,
        30_101_004,
        "unauthenticated",
        ["Unauthenticated", "未认证"],
        ["The access token is missing or not accepted.", "缺少访问令牌或令牌不被接受。"],
    ),
    kind(
        403,
        30_101_005,
        "forbidden",
        ["Forbidden", "无权操作该用户资料"],
        ["You may neither see nor change this user's profile.", "您无权查看或修改该用户的资料。"],
    ),
    kind(
        404,
        30_101_006,
        "user-not-found",
        ["User Not Found", "用户资料不存在"],
        ["There is no profile of this user.", "该用户的资料不存在。"],
    ),
    kind(
        409,
        30_101_007,
        "conflict",
        ["Conflict", "更新冲突"],
        [
            "The profile kept changing while this request was worked on. Nothing was written; try again.",
            "处理请求期间资料不断被修改。未写入任何内容,请重试。",
        ],
    ),
    kind(
        412,
        30_101_008,
        "precondition-failed",
        ["Precondition Failed", "前置条件不满足"],
        [
            "What is stored is not what If-Match or If-None-Match asks for. Nothing was written.",
            "当前存储的资料与 If-Match 或 If-None-Match 的要求不符。未写入任何内容。",
        ],
    ),
    kind(
        415,
        30_101_009,
        "unsupported-media-type",
        ["Unsupported Media Type", "不支持的媒体类型"],
        ["Send the body as application/json.", "请以 application/json 发送请求体。"],
    ),
    kind(
        429,
        30_101_010,
        "too-many-requests",
        ["Too Many Requests", "请求过多"],
        [
            "Too many requests at once. Nothing was written; try again later.",
            "请求过多。未写入任何内容,请稍后重试。",
        ],
    ),
    kind(
        500,
        30_101_011,
        "internal-error",
        ["Internal Server Error", "服务器内部错误"],
        ["Something went wrong on our side.", "服务器发生内部错误。"],
    ),
    kind(
        503,
        30_101_012,
        "service-unavailable",
        ["Service Unavailable", "服务暂不可用"],
        ["The profile store did not answer in time; try again.", "资料存储未及时响应,请重试。"],
    ),
];

/// The time of every answer while the clock stands at noon.
pub const NOON: &str = "2026-04-03T12:00:00.000Z";
/// What stands for ids that are random, once their form has been checked.
pub const MASK: &str = "*";

/// The English problem of this type, about alice.
pub fn problem(slug: &str) -> Reply {
    problem_in(0, slug)
}

/// The problem in English (0) or Chinese (1).
pub fn problem_in(tongue: usize, slug: &str) -> Reply {
    let kind = CATALOGUE.iter().find(|kind| kind.slug == slug).unwrap();
    let headers = [
        ("content-type", "application/problem+json"),
        ("content-language", ["en", "zh"][tongue]),
        ("vary", "Accept-Language"),
    ];
    let body = json!({
        "type": format!("https://id.example.com/errors/{slug}"), "title": kind.title[tongue],
        "status": kind.status, "detail": kind.detail[tongue],
        "instance": "https://id.example.com/profiles/alice", "code": kind.code,
        "i18n_key": format!("error.{}", slug.replace('-', "_")), "request_id": MASK, "trace_id": MASK,
        "span_id": MASK, "service": "profile-service", "timestamp": NOON,
    });
    Reply::new(kind.status, &headers, body)
}

/// `reply` with one more header.
pub fn with_header(mut reply: Reply, name: &str, value: &str) -> Reply {
    reply.headers.insert(name.into(), value.into());
    reply
}

/// `reply` with these members of its body replaced or added.
pub fn with_body(mut reply: Reply, members: &Value) -> Reply {
    for (name, value) in members.as_object().unwrap() {
        reply.body[name] = value.clone();
    }
    reply
}

/// A broken rule: field, code, description, and the value where one is shown.
pub type Broken<'a> = (&'a str, &'a str, &'a str, Option<Value>);

/// The English answer to broken rules.
pub fn invalid(broken: &[Broken<'_>]) -> Reply {
    let fields: Vec<&str> = broken.iter().map(|(field, ..)| *field).collect();
    let errors = broken.iter().map(|(field, code, description, value)| {
        let mut error = json!({"field": field, "code": code, "description": description});
        if let Some(value) = value {
            error["value"] = value.clone();
        }
        error
    });
    let detail = format!("One or more members do not keep to their rules. ({})", fields.join(", "));
    let members =
        json!({"detail": detail, "errors": errors.collect::<Vec<_>>(), "i18n_args": {"fields": fields}});
    with_body(problem("invalid-request"), &members)
}

/// Success: the profile of `user_id` at this version, with these attributes.
pub fn success(user_id: &str, version: u64, attributes: &Value) -> Reply {
    let mut profile = json!({"user_id": user_id, "version": version, "created_at": NOON, "updated_at": NOON});
    let own: &mut Map<String, Value> = profile.as_object_mut().unwrap();
    own.extend(attributes.as_object().unwrap().clone());
    let body = json!({"code": 0, "message": "资料更新成功", "timestamp": NOON, "data": {"profile": profile}});
    Reply::new(200, &[("content-type", "application/json"), ("etag", &format!("\"{version}\""))], body)
}

/// Success of a read: the same, with its own message.
pub fn shown(user_id: &str, version: u64, attributes: &Value) -> Reply {
    with_body(success(user_id, version, attributes), &json!({"message": "获取资料成功"}))
}

/// Alice's own PUT.
pub fn put(world: &Service, body: &Value) -> Request {
    Request::put_profile("alice").bearer(&world.token("alice")).json(body)
}

/// Sends a request, and masks the ids in a problem once their form has been checked.
pub async fn send(world: &Service, request: &Request) -> Reply {
    let mut reply = world.send(request).await;
    if reply.headers.get("content-type").is_some_and(|kind| kind == "application/problem+json") {
        let text = |name: &str| reply.body[name].as_str().unwrap().to_owned();
        let [request_id, trace_id, span_id] = ["request_id", "trace_id", "span_id"].map(text);
        assert!(has_form(&request_id, "req_xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx"), "{request_id}");
        assert!(has_form(&trace_id, &format!("00-{}-{span_id}-01", "x".repeat(32))), "{trace_id}");
        assert!(has_form(&span_id, &"x".repeat(16)), "{span_id}");
        for name in ["request_id", "trace_id", "span_id"] {
            reply.body[name] = json!(MASK);
        }
    }
    reply
}

/// Whether `text` is `form`, where `x` is any lower-case hexadecimal digit and `y` a UUID's variant.
fn has_form(text: &str, form: &str) -> bool {
    let fits = |(character, wanted): (char, char)| match wanted {
        'x' => character.is_ascii_digit() || ('a'..='f').contains(&character),
        'y' => "89ab".contains(character),
        wanted => character == wanted,
    };
    text.len() == form.len() && text.chars().zip(form.chars()).all(fits)
}
