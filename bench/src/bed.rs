//! What everything is measured on: an embedded DynamoDB without a stream, TLS in front of it, and function processes behind a
//! Runtime API.

use crate::tls::Front;
use crate::tokens::{Algorithm, Issuer};
use local::demo::{self, Credentials};
use local::failure::{Context, Failure, Result};
use local::process::{Ending, Output};
use local::runtime::{FunctionSpec, Runtime};
use local::stack::{Stack, StackOptions};
use serde_json::Value as Json;
use shared::clock::{Clock, SystemClock};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::sleep;

/// A stack, and what measuring needs beside it.
pub struct Bed {
    /// The functions over plain HTTP behind a gateway.
    pub stack: Stack,
    /// Where measured processes run.
    pub runtime: Runtime,
    lines: Lines,
    front: Front,
    directory: TempDir,
}

/// Log lines of measured processes.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

/// What invocations cost in DynamoDB, by the functions' own log lines, on average.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Capacity {
    /// Calls.
    pub calls: f64,
    /// Read capacity units.
    pub read_units: f64,
    /// Write capacity units.
    pub write_units: f64,
}

impl Bed {
    /// Starts everything on these function binaries.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn start(binaries: BTreeMap<String, PathBuf>) -> Result<Self> {
        let directory = tempfile::tempdir().context("no temporary directory")?;
        let quiet = Output::new(|_, _| {});
        let options = StackOptions::ephemeral(directory.path().join("data"), Some(binaries));
        let stack = Stack::start(StackOptions { stream: false, output: quiet, ..options }).await?;
        demo::prepare(&stack).await?;
        let backend = stack.record().dynamodb_endpoint.strip_prefix("http://").unwrap_or_default();
        let backend = backend.parse().context("DynamoDB's endpoint")?;
        let front = Front::start(backend, directory.path()).await?;
        let lines = Lines::default();
        let collected = lines.clone();
        let output = Output::new(move |_, line| collected.push(line));
        let runtime = Runtime::with(output, Ending::ByThemselves).await?;
        Ok(Self { stack, runtime, lines, front, directory })
    }

    /// An issuer of tokens.
    ///
    /// # Errors
    /// When its keys cannot be made.
    pub fn issuer(&self, algorithm: Algorithm) -> Result<Issuer> {
        Issuer::new(algorithm, self.directory.path())
    }

    /// One of our functions as it is deployed: over TLS, with metrics. `issuer`: whose tokens it takes; `None`: those of the
    /// stack's own.
    ///
    /// # Errors
    /// When there is no such function.
    pub fn function(&self, name: &str, issuer: Option<&Issuer>) -> Result<FunctionSpec> {
        let function = self.stack.function(name);
        let mut spec = function.ok_or_else(|| Failure::new(format!("no function {name}")))?.spec().clone();
        let mut set = |name: &str, value: String| spec.environment.insert(name.to_owned(), value);
        for (name, value) in self.database() {
            set(&name, value);
        }
        set("METRICS", "emf".to_owned());
        set("STACK_NAME", "bench".to_owned());
        if let Some(issuer) = issuer {
            set("ISSUERS", issuer.issuers());
        }
        spec.timeout = Duration::from_secs(60);
        Ok(spec)
    }

    /// Where any AWS client finds the table, and whom it has to trust.
    pub fn database(&self) -> BTreeMap<String, String> {
        let record = self.stack.record();
        let bundle = self.front.bundle().display().to_string();
        [
            ("AWS_ENDPOINT_URL_DYNAMODB", self.front.endpoint()),
            ("AWS_CA_BUNDLE", &bundle),
            ("AWS_REGION", &record.region),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("TABLE_NAME", &record.table),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// A sample event of `events/`, with the demo's credentials filled in.
    ///
    /// # Errors
    /// When there is no such event.
    pub fn sample(&self, function: &str, case: &str) -> Result<Json> {
        let path = local::binaries::workspace().join(format!("events/{function}/{case}.json"));
        let event = std::fs::read_to_string(&path).context(path.display())?;
        let event = Credentials::new(self.stack.keys(), SystemClock.now()).fill_in(function, &event)?;
        serde_json::from_str(&event).context(path.display())
    }

    /// Forgets what lines there are.
    pub fn forget_lines(&self) {
        self.lines.take();
    }

    /// What so many invocations of one of our functions cost since this was last asked, on average.
    ///
    /// # Errors
    /// When their lines do not come within ten seconds: they take a way of their own.
    pub async fn capacity(&self, invocations: u32) -> Result<Capacity> {
        let mut counted: Vec<Json> = Vec::new();
        for _ in 0..10_000 {
            let lines = self.lines.take();
            let lines = lines.iter().filter_map(|line| serde_json::from_str::<Json>(line).ok());
            counted.extend(lines.filter(|line| line["DynamoDBCalls"].is_number()));
            if counted.len() >= invocations as usize {
                break;
            }
            sleep(Duration::from_millis(1)).await;
        }
        if counted.len() != invocations as usize {
            let message = format!("{} log lines of {invocations} invocations", counted.len());
            return Err(Failure::new(message));
        }
        let mean = |member: &str| {
            let sum: f64 = counted.iter().filter_map(|line| line[member].as_f64()).sum();
            sum / f64::from(invocations)
        };
        Ok(Capacity {
            calls: mean("DynamoDBCalls"),
            read_units: mean("ReadUnits"),
            write_units: mean("WriteUnits"),
        })
    }

    /// Ends everything.
    pub async fn stop(self) {
        self.stack.stop().await;
    }
}

impl Lines {
    fn push(&self, line: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
