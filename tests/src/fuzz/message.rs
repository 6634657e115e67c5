//! A request as text, so that its parts can be cut, moved and doubled like any text.

use crate::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The event of a request at this route. A line each for path parameters (`/name: value`), query parameters
/// (`?name: value`) and headers (`name: value`), an empty line, the body. Without an empty line, all of it is the body.
pub fn event(route: &str, input: &[u8]) -> Value {
    let end = input.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = end.map_or((&[][..], input), |end| (&input[..end], &input[end + 2..]));
    let mut request = Request::at(route);
    for line in String::from_utf8_lossy(head).lines() {
        let Some((name, value)) = line.split_once(": ") else { continue };
        request = match (name.strip_prefix('/'), name.strip_prefix('?')) {
            // API Gateway gives those that its route has.
            (Some(name), _) if route.contains(&format!("{{{name}}}")) => request.parameter(name, value),
            (Some(_), _) => request,
            (_, Some(name)) => request.query(name, value),
            // API Gateway gives names in lower case.
            _ => request.header(&name.to_ascii_lowercase(), value),
        };
    }
    let mut event = request.event_json();
    match std::str::from_utf8(body) {
        Ok(text) => event["body"] = json!(text),
        Err(_) => {
            event["body"] = json!(STANDARD.encode(body));
            event["isBase64Encoded"] = json!(true);
        }
    }
    event
}

/// The text of which [`event`] makes this event.
pub fn text(event: &Value) -> Vec<u8> {
    let mut text = String::new();
    for (sign, member) in [("/", "pathParameters"), ("?", "queryStringParameters"), ("", "headers")] {
        for (name, value) in event[member].as_object().into_iter().flatten() {
            text = text + sign + name + ": " + value.as_str().unwrap() + "\n";
        }
    }
    text.push('\n');
    (text + event["body"].as_str().unwrap_or_default()).into_bytes()
}
