//! What was measured: `measured.json`. The sizes are held by a test; the times are those of one machine on one day.

use serde::Deserialize;

/// Everything that was measured.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// When, `YYYY-MM-DD`.
    pub date: String,
    /// On which processor.
    pub machine: String,
    /// Bytes of items.
    pub items: Items,
    /// Bytes of a request's log line, of a batch's, and of what Lambda and API Gateway write beside them.
    pub log: Log,
    /// Bytes of an answer as it leaves the API, headers included.
    pub answer: u32,
    /// Processor milliseconds of an invocation.
    pub cpu_ms: CpuMs,
    /// Most memory that any function had, in MB.
    pub memory: f64,
}

/// Bytes of a typical item of each kind, as DynamoDB counts them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Items {
    /// A profile with 16 attributes, all three unique ones included.
    pub profile: u32,
    /// A claim.
    pub claim: u32,
    /// A history entry.
    pub history: u32,
    /// A sync mark.
    pub mark: u32,
    /// An answer that is kept for an `Idempotency-Key`.
    pub answer: u32,
    /// A one-time code.
    pub challenge: u32,
    /// A send limit.
    pub limit: u32,
}

/// Bytes of log lines.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// A request's, with metrics.
    pub request: u32,
    /// A request's, without metrics.
    pub request_without_metrics: u32,
    /// A stream batch's.
    pub batch: u32,
    /// What Lambda itself writes about one invocation (not measured: no Lambda here).
    pub platform: u32,
    /// A line of the API's access log (not measured).
    pub access: u32,
}

/// Processor milliseconds.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CpuMs {
    /// An update.
    pub update: f64,
    /// A read.
    pub read: f64,
    /// A stream batch of one record, either stream function.
    pub batch: f64,
    /// From the start of a process to its readiness.
    pub start: f64,
}

impl Measured {
    /// What stands in this program.
    pub fn embedded() -> Self {
        serde_json::from_str(include_str!("measured.json")).expect("measured.json holds measurements")
    }
}
