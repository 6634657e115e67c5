//! What API Gateway answers itself, put into a document: it may come from any operation, whatever its function says.

use super::document::{METHODS, add_value};
use axum::body::to_bytes;
use axum::http::StatusCode;
use local::answer::own;
use yaml_serde::{Mapping, Value};

/// Its statuses, and when it answers so. All but 429 are as the local gateway has them (`local/src/gateway.rs`).
pub const ANSWERS: [(StatusCode, &str); 8] = [
    (StatusCode::BAD_REQUEST, "The path cannot be decoded, or the body not be read"),
    (StatusCode::NOT_FOUND, "There is no such path, or it has no such method"),
    (StatusCode::REQUEST_TIMEOUT, "The body did not arrive within 30 s"),
    (
        StatusCode::PAYLOAD_TOO_LARGE,
        "The body is larger than 10 MB, or the event made of it than the 6 MB that a function takes",
    ),
    (StatusCode::TOO_MANY_REQUESTS, "More requests come in than the stack's limit lets through"),
    (
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        "Request line and headers are larger than 10,240 bytes together",
    ),
    (StatusCode::INTERNAL_SERVER_ERROR, "The function crashed, failed or ran out of its time"),
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "The function took longer than the 30 s that API Gateway waits, or none was free",
    ),
];

/// The body of its answer.
pub async fn body(status: StatusCode) -> String {
    let body = to_bytes(own(status).into_body(), usize::MAX).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

/// Puts its answers beside those that the operations have, and as `default` in place of those that they do not have; and
/// the header that it adds into every answer.
pub async fn put_into(document: &mut Value) {
    let own = super::read(std::path::Path::new("tests/src/openapi/gateway.yaml"));
    let sections = own["components"].as_mapping().unwrap();
    for (section, components) in sections {
        let into = member(member(document, "components"), section.as_str().unwrap());
        into.as_mapping_mut().unwrap().extend(components.as_mapping().unwrap().clone());
    }
    for (status, when) in ANSWERS {
        let message: Value = serde_json::from_str(&body(status).await).unwrap();
        let name = format!("gateway-{}", status.as_u16());
        let unlisted = &mut document["components"]["responses"]["Gateway"]["content"]["application/json"];
        add_value(unlisted, &name, when, message.clone());
        for responses in responses(document) {
            if let Some(response) = responses.get_mut(status.as_str()) {
                put_beside(response, when);
                add_value(&mut response["content"]["application/json"], &name, when, message.clone());
            }
        }
    }
    for responses in responses(document) {
        for response in responses.as_mapping_mut().unwrap().values_mut() {
            *member(member(response, "headers"), "apigw-requestid") =
                reference("headers", "GatewayRequestId");
        }
        *member(responses, "default") = reference("responses", "Gateway");
    }
}

/// The gateway's answer beside the function's: it has the headers of neither but its own, and its message alone.
fn put_beside(response: &mut Value, when: &str) {
    let described = response["description"].as_str().unwrap().trim_end();
    response["description"] =
        format!("{described}\n\nFrom API Gateway itself, with a `message`: {when}.").into();
    for (_, header) in response.get_mut("headers").and_then(Value::as_mapping_mut).into_iter().flatten() {
        header.as_mapping_mut().unwrap().shift_remove("required");
    }
    if response.get("content").is_none() {
        response["x-empty-body"] = true.into();
    }
    let media = member(member(response, "content"), "application/json");
    let message = reference("schemas", "GatewayMessage");
    media["schema"] = match media.get("schema").cloned() {
        Some(own) => object([("anyOf", Value::Sequence(vec![own, message]))]),
        None => message,
    };
}

fn responses(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document["paths"].as_mapping_mut().unwrap().values_mut();
    let operations = paths.flat_map(|path| path.as_mapping_mut().unwrap().iter_mut());
    operations
        .filter(|(method, _)| METHODS.contains(&method.as_str().unwrap()))
        .map(|(_, operation)| &mut operation["responses"])
}

/// A member, which may have to be made.
fn member<'a>(of: &'a mut Value, name: &str) -> &'a mut Value {
    of.as_mapping_mut().unwrap().entry(name.into()).or_insert_with(|| Mapping::new().into())
}

fn reference(section: &str, name: &str) -> Value {
    object([("$ref", format!("#/components/{section}/{name}").into())])
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members: Mapping = members.into_iter().map(|(name, value)| (name.into(), value)).collect();
    members.into()
}
