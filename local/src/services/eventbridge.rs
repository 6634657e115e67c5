//! `PutEvents`.

use super::{Backends, Refusal, read, unknown_operation};
use crate::bus::{Bus, Event};
use crate::template::bus_arn;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use shared::clock::Timestamp;

/// Most entries in a call.
const MAX_ENTRIES: usize = 10;

/// Most bytes in a call, counted as EventBridge counts them.
const MAX_BYTES: usize = 256 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutEvents {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Entry {
    event_bus_name: Option<String>,
    source: Option<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    #[serde(default)]
    resources: Vec<String>,
    /// Seconds since the epoch.
    time: Option<f64>,
    #[serde(rename = "TraceHeader")]
    _trace_header: Option<String>,
}

pub(super) async fn answer(backends: &Backends, operation: &str, body: &[u8]) -> Result<Json, Refusal> {
    if operation != "PutEvents" {
        return Err(unknown_operation(operation));
    }
    let PutEvents { entries } = read("ValidationException", body)?;
    if entries.is_empty() || entries.len() > MAX_ENTRIES {
        let message = format!("a call has 1 to {MAX_ENTRIES} entries, not {}", entries.len());
        return Err(Refusal::new("ValidationException", message));
    }
    if entries.iter().map(Entry::size).sum::<usize>() > MAX_BYTES {
        let message = format!("the entries have more than {MAX_BYTES} bytes together");
        return Err(Refusal::new("ValidationException", message));
    }
    let named = |name: &&Bus| {
        let is_its = |wanted: &str| wanted == name.name() || wanted == bus_arn(name.name());
        entries.iter().all(|entry| entry.event_bus_name.as_deref().is_some_and(is_its))
    };
    let Some(bus) = backends.bus.as_ref().filter(named) else {
        return Err(Refusal::new("ResourceNotFoundException", "Event bus does not exist."));
    };
    let mut results = Vec::new();
    for entry in entries {
        results.push(match entry.event() {
            Ok(event) => match bus.put(event).await {
                Ok(id) => json!({"EventId": id}),
                Err(failure) => {
                    let refusal = Refusal::internal("InternalFailure", &failure);
                    json!({"ErrorCode": refusal.code, "ErrorMessage": refusal.message})
                }
            },
            Err((code, message)) => json!({"ErrorCode": code, "ErrorMessage": message}),
        });
    }
    let failed = results.iter().filter(|result| result.get("ErrorCode").is_some()).count();
    Ok(json!({"FailedEntryCount": failed, "Entries": results}))
}

impl Entry {
    fn size(&self) -> usize {
        let texts = [&self.source, &self.detail_type, &self.detail];
        let time = if self.time.is_some() { 14 } else { 0 };
        let texts: usize = texts.into_iter().flatten().map(String::len).sum();
        texts + time + self.resources.iter().map(String::len).sum::<usize>()
    }

    fn event(self) -> Result<Event, (&'static str, &'static str)> {
        let missing = |name| ("InvalidArgument", name);
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let source = filled(self.source).ok_or(missing("Parameter Source is not valid."))?;
        let detail_type = filled(self.detail_type).ok_or(missing("Parameter DetailType is not valid."))?;
        let detail = filled(self.detail).ok_or(missing("Parameter Detail is not valid."))?;
        let detail = serde_json::from_str(&detail).ok().filter(Json::is_object);
        let detail = detail.ok_or(("MalformedDetail", "Detail is malformed."))?;
        #[expect(clippy::cast_possible_truncation, reason = "a time in this era")]
        let time = self.time.map(|seconds| Timestamp::from_millis((seconds * 1000.0) as i64).rfc3339());
        Ok(Event { time, resources: self.resources, ..Event::new(source, detail_type, detail) })
    }
}
