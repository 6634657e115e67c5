//! The log lines of invocations, kept for the test to read.

use serde_json::Value;
use shared::clock::Clock;
use shared::config::{Config, Settings};
use shared::telemetry::Telemetry;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

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
        let lines = Arc::clone(&self.0);
        let sink = move |line: &[u8]| {
            assert!(line.ends_with(b"\n") && !line[..line.len() - 1].contains(&b'\n'), "{line:?}");
            lines.lock().unwrap().push(serde_json::from_slice(line).unwrap());
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
