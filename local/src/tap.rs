//! `/_local/events`, a path of the local stack only: what went over the event bus, and a way to put something on it.

use crate::answer;
use crate::bus::{Bus, Event};
use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde_json::{Map, Value as Json, json};

/// Where the tap is. `GET` is answered with the events since the stack started, the newest [`MOST`](crate::bus::MOST) of
/// them, as [`Feed::answer`](crate::feed::Feed::answer) says.
pub const PATH: &str = "/_local/events";

/// Answers a `POST`, which puts an event on the bus, with its `id`.
pub async fn put(bus: &Bus, body: &[u8]) -> Response<Body> {
    match event(body) {
        Ok(event) => match bus.put(event).await {
            Ok(id) => answer::json(StatusCode::ACCEPTED, json!({"id": id}).to_string()),
            Err(failure) => answer::message(StatusCode::INTERNAL_SERVER_ERROR, &failure.to_string()),
        },
        Err(message) => answer::message(StatusCode::BAD_REQUEST, &message),
    }
}

/// Members of an envelope that the bus writes itself: a captured event can be put in as it is.
const OWN: [&str; 4] = ["version", "account", "region", "resources"];

/// The event that a body asks for. With `id` and `time`, it is the very same event once more.
fn event(body: &[u8]) -> Result<Event, String> {
    let Ok(Json::Object(mut members)) = serde_json::from_slice(body) else {
        return Err("the body is not a JSON object".to_owned());
    };
    members.retain(|name, _| !OWN.contains(&name.as_str()));
    let source = text(&mut members, "source")?.ok_or("source is missing")?;
    let detail_type = text(&mut members, "detail-type")?.ok_or("detail-type is missing")?;
    let detail = members.remove("detail").ok_or("detail is missing")?;
    if !detail.is_object() {
        return Err("detail is not an object".to_owned());
    }
    let (id, time) = (text(&mut members, "id")?, text(&mut members, "time")?);
    if !members.is_empty() {
        return Err("only source, detail-type, detail, id and time are known".to_owned());
    }
    Ok(Event { id, time, ..Event::new(source, detail_type, detail) })
}

fn text(members: &mut Map<String, Json>, name: &str) -> Result<Option<String>, String> {
    match members.remove(name) {
        None => Ok(None),
        Some(Json::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(format!("{name} is not a string with something in it")),
    }
}
