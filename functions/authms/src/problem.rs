//! How this contract says no: `dto.Problem`, an RFC 9457 problem with extensions.

use crate::wording;
use serde::Serialize;
use serde_json::{Map, Value, json};
use shared::auth::CredentialError;
use shared::http::{Answer, Call};
use shared::tongue::Tongue;
use shared::update::UpdateError;
use shared::validation::{Fault, Violation};

/// Seconds after which a throttled caller should try again.
const RETRY_AFTER: u32 = 1;

/// A problem type: everything about it that does not change from instance to instance.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Last segment of `type`.
    pub slug: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Eight digits: service 301010, then the problem.
    pub code: u32,
    /// `i18n_key`: `error.` and the slug with underscores.
    pub i18n_key: &'static str,
    /// English title.
    pub title: &'static str,
    /// Chinese title.
    pub title_zh: &'static str,
    /// English detail, where an instance says no more.
    pub detail: &'static str,
    /// Chinese detail.
    pub detail_zh: &'static str,
    /// What to do about it, in English: for the page about the type.
    pub remedy: &'static str,
    /// The same in Chinese.
    pub remedy_zh: &'static str,
}

impl Kind {
    /// The problem's `type`: where the page about it is.
    pub fn address(&self, call: &Call) -> String {
        format!("{}/errors/{}", call.base_url(), self.slug)
    }
}

/// Declares each problem type once; the catalogue holds all of them.
macro_rules! catalogue {
    ($($name:ident: $slug:literal $status:literal $code:literal $key:literal
        $title:literal / $title_zh:literal, $detail:literal / $detail_zh:literal,
        $remedy:literal / $remedy_zh:literal;)+) => {
        $(#[doc = $title] pub const $name: Kind = Kind {
            slug: $slug, status: $status, code: $code, i18n_key: $key,
            title: $title, title_zh: $title_zh, detail: $detail, detail_zh: $detail_zh,
            remedy: $remedy, remedy_zh: $remedy_zh,
        };)+
        /// Every problem type there is.
        pub const CATALOGUE: &[Kind] = &[$($name),+];
    };
}

catalogue! {
    INVALID_REQUEST: "invalid-request" 400 30101001 "error.invalid_request"
        "Invalid Request Parameters" / "请求参数无效",
        "One or more members do not keep to their rules." / "一个或多个字段不符合规则。",
        "Correct each member that errors lists, and send the request again."
            / "请按 errors 中的说明逐一更正字段,然后重新发送请求。";
    MALFORMED_BODY: "malformed-body" 400 30101002 "error.malformed_body"
        "Malformed Request Body" / "请求体格式错误",
        "The body must be one JSON object of at most 64 KiB without duplicate members."
            / "请求体必须是一个不超过 64 KiB 且没有重复成员的 JSON 对象。",
        "Send one JSON object in UTF-8 in which no member occurs twice."
            / "请发送一个 UTF-8 编码且没有重复成员的 JSON 对象。";
    MALFORMED_PRECONDITION: "malformed-precondition" 400 30101003 "error.malformed_precondition"
        "Malformed Precondition" / "前置条件格式错误",
        "If-Match and If-None-Match take * or a list of entity tags." / "If-Match 与 If-None-Match 只接受 * 或实体标签列表。",
        "Send the ETag of an answer back as it is, quotation marks included, or send *."
            / "请原样(包括引号)发回响应中的 ETag,或使用 *。";
    UNAUTHENTICATED: "unauthenticated" 401 30101004 "error.unauthenticated"
        "Unauthenticated" / "未认证",
        "The access token is missing or not accepted." / "缺少访问令牌或令牌不被接受。",
        "Get a new access token, and send it as Authorization: Bearer."
            / "请获取新的访问令牌,并以 Authorization: Bearer 发送。";
    FORBIDDEN: "forbidden" 403 30101005 "error.forbidden"
        "Forbidden" / "无权操作该用户资料",
        "You may neither see nor change this user's profile." / "您无权查看或修改该用户的资料。",
        "Use a token of this user or of an administrator."
            / "请使用该用户本人或管理员的令牌。";
    USER_NOT_FOUND: "user-not-found" 404 30101006 "error.user_not_found"
        "User Not Found" / "用户资料不存在",
        "There is no profile of this user." / "该用户的资料不存在。",
        "Check the user id. Users create their own profile by their first PUT; an administrator creates one, of an erased user too, with If-None-Match: *."
            / "请检查用户 ID。用户首次 PUT 会创建自己的资料;管理员可携带 If-None-Match: * 创建,包括已注销的用户。";
    CONFLICT: "conflict" 409 30101007 "error.conflict"
        "Conflict" / "更新冲突",
        "The profile kept changing while this request was worked on. Nothing was written; try again."
            / "处理请求期间资料不断被修改。未写入任何内容,请重试。",
        "Wait for as long as Retry-After says, and send the same request again."
            / "请按 Retry-After 等待后重新发送相同的请求。";
    PRECONDITION_FAILED: "precondition-failed" 412 30101008 "error.precondition_failed"
        "Precondition Failed" / "前置条件不满足",
        "What is stored is not what If-Match or If-None-Match asks for. Nothing was written."
            / "当前存储的资料与 If-Match 或 If-None-Match 的要求不符。未写入任何内容。",
        "Read the profile again, decide anew, and send the change with the new ETag. If-None-Match: * creates, and there is a profile already."
            / "请重新读取资料,再次确认修改内容,并携带新的 ETag 发送。If-None-Match: * 仅用于创建,而资料已存在。";
    UNSUPPORTED_MEDIA_TYPE: "unsupported-media-type" 415 30101009 "error.unsupported_media_type"
        "Unsupported Media Type" / "不支持的媒体类型",
        "Send the body as application/json." / "请以 application/json 发送请求体。",
        "Set Content-Type to application/json."
            / "请将 Content-Type 设为 application/json。";
    TOO_MANY_REQUESTS: "too-many-requests" 429 30101010 "error.too_many_requests"
        "Too Many Requests" / "请求过多",
        "Too many requests at once. Nothing was written; try again later." / "请求过多。未写入任何内容,请稍后重试。",
        "Wait for as long as Retry-After says before the next request."
            / "请按 Retry-After 等待后再发送下一个请求。";
    INTERNAL_ERROR: "internal-error" 500 30101011 "error.internal_error"
        "Internal Server Error" / "服务器内部错误",
        "Something went wrong on our side." / "服务器发生内部错误。",
        "Try again later. If it stays, report it with the request_id."
            / "请稍后重试。如问题持续,请附上 request_id 反馈。";
    SERVICE_UNAVAILABLE: "service-unavailable" 503 30101012 "error.service_unavailable"
        "Service Unavailable" / "服务暂不可用",
        "The profile store did not answer in time; try again." / "资料存储未及时响应,请重试。",
        "Try again in a moment, and wait longer each time."
            / "请稍候重试,并逐次延长等待时间。";
    PRECONDITION_REQUIRED: "precondition-required" 428 30101013 "error.precondition_required"
        "Precondition Required" / "需要前置条件",
        "Send If-Match with the entity tag of the version that you change, or If-None-Match: * to create. Nothing was written."
            / "请携带 If-Match(所修改版本的实体标签),新建时携带 If-None-Match: *。未写入任何内容。",
        "Read the profile, and send its ETag in If-Match with the change."
            / "请先读取资料,并在修改请求的 If-Match 中携带其 ETag。";
    MALFORMED_IDEMPOTENCY_KEY: "malformed-idempotency-key" 400 30101014 "error.malformed_idempotency_key"
        "Malformed Idempotency Key" / "幂等键格式错误",
        "Idempotency-Key is a quoted string of 1 to 255 printable ASCII characters." / "Idempotency-Key 应为 1 至 255 个可打印 ASCII 字符的带引号字符串。",
        "Send a new UUID in quotation marks."
            / "请发送带引号的新 UUID。";
    IDEMPOTENCY_KEY_REUSED: "idempotency-key-reused" 422 30101015 "error.idempotency_key_reused"
        "Idempotency Key Reused" / "幂等键已被使用",
        "This Idempotency-Key was used for another request. Nothing was written." / "该幂等键已用于其他请求。未写入任何内容。",
        "Take a new key for each new request. Repeat a key with the very same request only."
            / "每个新请求请使用新的键;仅在重发完全相同的请求时重复使用同一个键。";
    PAGE_NOT_FOUND: "page-not-found" 404 30101016 "error.page_not_found"
        "Page Not Found" / "页面不存在",
        "No problem type has this name." / "没有该名称的错误类型。",
        "Follow the type of a problem as it was given." / "请使用错误响应中给出的 type 地址。";
}

/// What kind of problem an error is here.
pub const fn kind(error: &UpdateError) -> &'static Kind {
    match error {
        UpdateError::Invalid(_)
        | UpdateError::Nothing
        | UpdateError::Proof(..)
        | UpdateError::Verification(_) => &INVALID_REQUEST,
        UpdateError::Malformed(_) => &MALFORMED_BODY,
        UpdateError::PreconditionMalformed => &MALFORMED_PRECONDITION,
        UpdateError::PreconditionRequired => &PRECONDITION_REQUIRED,
        UpdateError::IdempotencyKeyMalformed => &MALFORMED_IDEMPOTENCY_KEY,
        UpdateError::IdempotencyKeyReused => &IDEMPOTENCY_KEY_REUSED,
        UpdateError::Credential(_) => &UNAUTHENTICATED,
        UpdateError::Forbidden | UpdateError::NotAdmitted => &FORBIDDEN,
        UpdateError::NoSuchUser | UpdateError::Erased => &USER_NOT_FOUND,
        UpdateError::Contention | UpdateError::Taken(_) | UpdateError::ContactInUse(_) => &CONFLICT,
        UpdateError::PreconditionFailed => &PRECONDITION_FAILED,
        UpdateError::MediaType => &UNSUPPORTED_MEDIA_TYPE,
        UpdateError::Throttled | UpdateError::SendLimit(..) => &TOO_MANY_REQUESTS,
        UpdateError::Internal => &INTERNAL_ERROR,
        UpdateError::Unavailable | UpdateError::Undelivered => &SERVICE_UNAVAILABLE,
    }
}

#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: String,
    instance: String,
    code: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldViolation>,
    i18n_key: &'a str,
    #[serde(skip_serializing_if = "Map::is_empty")]
    i18n_args: Map<String, Value>,
    request_id: &'a str,
    trace_id: String,
    span_id: &'a str,
    service: &'a str,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u32>,
}

#[derive(Serialize)]
struct FieldViolation {
    field: String,
    code: &'static str,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
}

/// The answer to an error.
pub fn answer(call: &Call, error: &UpdateError) -> Answer {
    let kind = kind(error);
    let tongue = tongue(call);
    let retry_after = matches!(error, UpdateError::Throttled).then_some(RETRY_AFTER);
    let errors = violations(call, error, tongue);
    let problem = Problem {
        detail: detail(kind, error, tongue),
        i18n_args: arguments(&errors, retry_after),
        errors,
        retry_after,
        ..Problem::plain(call, kind, tongue)
    };
    let answer = of(tongue, &problem);
    match error {
        UpdateError::Credential(error) => answer.with("www-authenticate", challenge(error)),
        UpdateError::Contention | UpdateError::Throttled => {
            answer.with("retry-after", RETRY_AFTER.to_string())
        }
        _ => answer,
    }
}

/// The answer that is a problem of this kind, and that no error has led to.
pub fn unprovoked(call: &Call, kind: &'static Kind) -> Answer {
    let tongue = tongue(call);
    of(tongue, &Problem::plain(call, kind, tongue))
}

fn tongue(call: &Call) -> Tongue {
    Tongue::negotiated(call.event.header("accept-language"))
}

fn of(tongue: Tongue, problem: &Problem<'_>) -> Answer {
    Answer::json_as(problem.status, "application/problem+json", problem)
        .with("content-language", tongue.tag())
        .with("vary", "Accept-Language")
}

impl<'a> Problem<'a> {
    /// What the kind and the call alone say.
    fn plain(call: &'a Call, kind: &'static Kind, tongue: Tongue) -> Self {
        Self {
            r#type: kind.address(call),
            title: tongue.of(kind.title, kind.title_zh),
            status: kind.status,
            detail: tongue.of(kind.detail, kind.detail_zh).to_owned(),
            instance: call.url(),
            code: kind.code,
            errors: Vec::new(),
            i18n_key: kind.i18n_key,
            i18n_args: Map::new(),
            request_id: &call.request_id,
            trace_id: call.trace.traceparent(),
            span_id: &call.trace.span_id,
            service: "profile-service",
            timestamp: call.now.rfc3339(),
            retry_after: None,
        }
    }
}

fn violations(call: &Call, error: &UpdateError, tongue: Tongue) -> Vec<FieldViolation> {
    let UpdateError::Invalid(violations) = error else { return Vec::new() };
    let shown = |violation: &Violation| FieldViolation {
        field: violation.field.clone(),
        code: code(&violation.fault),
        description: wording::describe(&violation.fault, tongue),
        value: violation.value.clone().filter(|_| call.development),
    };
    violations.iter().map(shown).collect()
}

/// The violation codes of `dto.FieldViolation`; there are no others.
const fn code(fault: &Fault) -> &'static str {
    match fault {
        Fault::Required => "required",
        Fault::Type(_) => "type",
        Fault::Format(_) => "format",
        Fault::Range(_) => "range",
        Fault::Length { .. } => "length",
        Fault::Empty => "empty",
        Fault::Unknown | Fault::ReadOnly => "unknown",
    }
}

fn detail(kind: &Kind, error: &UpdateError, tongue: Tongue) -> String {
    let plain = tongue.of(kind.detail, kind.detail_zh);
    match error {
        UpdateError::Credential(CredentialError::Expired) => {
            tongue.of("The access token has expired.", "访问令牌已过期。").to_owned()
        }
        UpdateError::Invalid(violations) => {
            let fields: Vec<&str> = violations.iter().map(|violation| violation.field.as_str()).collect();
            format!("{plain} ({})", fields.join(", "))
        }
        _ => plain.to_owned(),
    }
}

fn arguments(errors: &[FieldViolation], retry_after: Option<u32>) -> Map<String, Value> {
    let mut arguments = Map::new();
    if !errors.is_empty() {
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        arguments.insert("fields".to_owned(), json!(fields));
    }
    if let Some(seconds) = retry_after {
        arguments.insert("retry_after".to_owned(), json!(seconds));
    }
    arguments
}

/// RFC 6750, section 3: no error code where no credential was sent.
fn challenge(error: &CredentialError) -> String {
    const REALM: &str = r#"Bearer realm="profiles""#;
    match error {
        CredentialError::Missing => REALM.to_owned(),
        CredentialError::Malformed => {
            format!(r#"{REALM}, error="invalid_token", error_description="The access token is malformed""#)
        }
        CredentialError::Expired | CredentialError::ExpiredKey => {
            format!(r#"{REALM}, error="invalid_token", error_description="The access token expired""#)
        }
        CredentialError::Invalid | CredentialError::UnknownKey | CredentialError::UnknownClient => {
            format!(r#"{REALM}, error="invalid_token", error_description="The access token is invalid""#)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_catalogue_names_each_type_once_and_consistently() {
        let distinct = |of: fn(&Kind) -> String| CATALOGUE.iter().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!(distinct(|kind| kind.slug.to_owned()), CATALOGUE.len());
        assert_eq!(distinct(|kind| kind.code.to_string()), CATALOGUE.len());
        assert_eq!(distinct(|kind| kind.title_zh.to_owned()), CATALOGUE.len());
        for kind in CATALOGUE {
            assert_eq!(kind.code / 100, 301_010, "{}", kind.slug);
            assert_eq!(kind.i18n_key, format!("error.{}", kind.slug.replace('-', "_")));
        }
    }
}
