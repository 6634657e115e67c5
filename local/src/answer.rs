//! A function's answer as an HTTP response (payload format 2.0), the answers that are the gateway's own, and what those of
//! the local stack's own paths are made of.
//!
//! As observed on AWS: whatever a function returns without a `statusCode` becomes the body of a 200; with one, it must be
//! a response in every member.

use axum::body::{Body, Bytes};
use axum::http::header::{ALLOW, CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Json>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// Headers that the gateway writes itself.
const NOT_TAKEN: [&str; 5] = ["connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"];

/// The response for what a function returned.
pub fn response(payload: &Bytes) -> Response<Body> {
    match serde_json::from_slice::<Json>(payload) {
        Ok(Json::Object(answer)) if answer.contains_key("statusCode") => {
            let answer = serde_json::from_value(Json::Object(answer)).ok();
            answer.and_then(full_response).unwrap_or_else(|| own(StatusCode::INTERNAL_SERVER_ERROR))
        }
        _ => with_body(StatusCode::OK, "application/json", payload.clone()),
    }
}

fn full_response(answer: Answer) -> Option<Response<Body>> {
    let body = answer.body.unwrap_or_default();
    let body =
        if answer.is_base64_encoded { Bytes::from(STANDARD.decode(body).ok()?) } else { Bytes::from(body) };
    let status = StatusCode::from_u16(answer.status_code).ok().filter(|status| !status.is_informational())?;
    let mut response = with_body(status, "text/plain;charset=utf-8", body);
    for (name, value) in answer.headers.unwrap_or_default() {
        let name = HeaderName::try_from(name).ok()?;
        let value = match value {
            Json::String(text) => HeaderValue::try_from(text).ok()?,
            Json::Number(_) | Json::Bool(_) => HeaderValue::try_from(value.to_string()).ok()?,
            _ => return None,
        };
        if !NOT_TAKEN.contains(&name.as_str()) {
            response.headers_mut().insert(name, value);
        }
    }
    for cookie in answer.cookies.unwrap_or_default() {
        response.headers_mut().append(SET_COOKIE, HeaderValue::try_from(cookie).ok()?);
    }
    Some(response)
}

/// An answer that never was a function's: `{"message":"Not Found"}`.
pub fn own(status: StatusCode) -> Response<Body> {
    let text = match status {
        // The name in use when the gateway was made; RFC 9110 has renamed it since.
        StatusCode::PAYLOAD_TOO_LARGE => "Request Entity Too Large",
        status => status.canonical_reason().unwrap_or_default(),
    };
    message(status, text)
}

/// `{"message":…}`.
pub(crate) fn message(status: StatusCode, text: &str) -> Response<Body> {
    json(status, json!({"message": text}).to_string())
}

/// An answer that is this JSON text.
pub(crate) fn json(status: StatusCode, text: String) -> Response<Body> {
    with_body(status, "application/json", text.into())
}

/// 405, where only these methods are known.
pub(crate) fn not_allowed(known: &'static str) -> Response<Body> {
    let mut response = own(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(known));
    response
}

fn with_body(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;

    /// Status, headers and body.
    async fn rendered(payload: impl Into<Bytes>) -> (u16, Vec<(String, String)>, Bytes) {
        let (parts, body) = response(&payload.into()).into_parts();
        let headers = parts.headers.iter();
        let headers = headers.map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned())).collect();
        (parts.status.as_u16(), headers, to_bytes(body, usize::MAX).await.unwrap())
    }

    fn of(status: u16, headers: &[(&str, &str)], body: &'static [u8]) -> (u16, Vec<(String, String)>, Bytes) {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        (status, headers, Bytes::from_static(body))
    }

    #[tokio::test]
    async fn full_answers() {
        let answer = json!({
            "statusCode": 201,
            "headers": {"Content-Type": "application/json", "ETag": "\"7\"", "Retry-After": 3, "Content-Length": "99"},
            "multiValueHeaders": {"x": ["ignored"]},
            "cookies": ["a=1; Secure", "b=2"],
            "body": "{}",
            "isBase64Encoded": false,
        });
        let headers = [
            ("content-type", "application/json"),
            ("etag", "\"7\""),
            ("retry-after", "3"),
            ("set-cookie", "a=1; Secure"),
            ("set-cookie", "b=2"),
        ];
        assert_eq!(rendered(answer.to_string()).await, of(201, &headers, b"{}"));
        let binary = json!({"statusCode": 200, "body": "/wA=", "isBase64Encoded": true}).to_string();
        assert_eq!(
            rendered(binary).await,
            of(200, &[("content-type", "text/plain;charset=utf-8")], b"\xff\0")
        );
        let empty = json!({"statusCode": 204, "headers": null, "body": null}).to_string();
        assert_eq!(rendered(empty).await, of(204, &[("content-type", "text/plain;charset=utf-8")], b""));
    }

    #[tokio::test]
    async fn anything_without_a_status_is_the_body_of_a_200() {
        let json = [("content-type", "application/json")];
        for payload in [&b"{\"name\":\"x\"}"[..], b"null", b"\"text\"", b"{\"name\":"] {
            assert_eq!(rendered(payload).await, of(200, &json, payload));
        }
    }

    #[tokio::test]
    async fn a_status_with_anything_unfit_is_an_internal_error() {
        for answer in [
            json!({"statusCode": "200"}),
            json!({"statusCode": 99}),
            json!({"statusCode": 101}),
            json!({"statusCode": 200, "body": {"not": "a string"}}),
            json!({"statusCode": 200, "body": "%", "isBase64Encoded": true}),
            json!({"statusCode": 200, "headers": {"a b": "c"}}),
            json!({"statusCode": 200, "headers": {"a": "b\r\nc: d"}}),
            json!({"statusCode": 200, "headers": {"a": ["b"]}}),
        ] {
            let expected =
                of(500, &[("content-type", "application/json")], b"{\"message\":\"Internal Server Error\"}");
            assert_eq!(rendered(answer.to_string()).await, expected, "{answer}");
        }
    }
}
