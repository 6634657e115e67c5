//! The log lines of invocations, kept for the test to read. Each is held against `docs/log-line.schema.json`
//! and against what went into the test's stacks.

use crate::{Canaries, Place};
use jsonschema::Validator;
use serde_json::{Value, json};
use shared::clock::{Clock, Timestamp};
use shared::config::{Config, Settings};
use shared::telemetry::Telemetry;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

/// Where lines go instead of to standard output.
#[derive(Clone, Default)]
pub struct Journal(Arc<Mutex<Vec<Value>>>);

impl Journal {
    /// A process that writes its lines here: of a stack named `test`, with metrics.
    pub fn telemetry(&self, clock: Arc<dyn Clock>) -> Arc<Telemetry> {
        let values = [("TABLE_NAME", "none"), ("STACK_NAME", "test"), ("METRICS", "emf")];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.telemetry_of(&Settings::new(HashMap::from(values)).config(), clock)
    }

    /// The same with other settings.
    pub fn telemetry_of(&self, config: &Config, clock: Arc<dyn Clock>) -> Arc<Telemetry> {
        let (lines, canaries) = (Arc::clone(&self.0), Canaries::of_this_test());
        let sink = move |line: &[u8]| {
            assert!(line.ends_with(b"\n") && !line[..line.len() - 1].contains(&b'\n'), "{line:?}");
            let line = serde_json::from_slice(line).unwrap();
            assert_described(&line);
            canaries.hold_json(Place::Line, &line);
            lines.lock().unwrap().push(line);
        };
        Arc::new(Telemetry::new(config, clock, Box::new(sink)))
    }

    /// The lines that were written since the last time this was asked.
    pub fn lines(&self) -> Vec<Value> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// The only line that was written since.
    pub fn line(&self) -> Value {
        let mut lines = self.lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines.remove(0)
    }
}

/// The published schema of log lines.
pub fn schema() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/log-line.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The line keeps to its schema, and CloudWatch finds in it every metric and every dimension that it names, and metrics of
/// no more than those.
pub fn assert_described(line: &Value) {
    static SCHEMA: LazyLock<Validator> = LazyLock::new(|| jsonschema::validator_for(&schema()).unwrap());
    let errors: Vec<String> = SCHEMA.iter_errors(line).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?} in {line}");
    let Some(metadata) = line.get("_aws") else { return };
    let directive = &metadata["CloudWatchMetrics"][0];
    let defined = directive["Metrics"].as_array().unwrap().iter().map(|metric| &metric["Name"]);
    let mut named: Vec<&str> = defined
        .chain(directive["Dimensions"][0].as_array().unwrap())
        .map(|name| name.as_str().unwrap())
        .collect();
    named.sort_unstable();
    let capital = |name: &&String| name.starts_with(|first: char| first.is_ascii_uppercase());
    let mut members: Vec<&str> =
        line.as_object().unwrap().keys().filter(capital).map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(named, members, "{line}");
    for name in directive["Dimensions"][0].as_array().unwrap() {
        assert!(line[name.as_str().unwrap()].is_string(), "{name} in {line}");
    }
    for metric in directive["Metrics"].as_array().unwrap() {
        let unit = if metric["Name"] == "Latency" { "Milliseconds" } else { "Count" };
        assert_eq!(
            (line[metric["Name"].as_str().unwrap()].is_number(), &metric["Unit"]),
            (true, &json!(unit))
        );
    }
    let written = Timestamp::from_millis(metadata["Timestamp"].as_i64().unwrap());
    assert_eq!(line["timestamp"], written.rfc3339());
}
