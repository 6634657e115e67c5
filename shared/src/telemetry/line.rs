//! A line's members.
//!
//! Those that begin with a capital are what CloudWatch makes metrics of: metrics, and the dimensions that they have. Format:
//! "Specification: Embedded metric format", Amazon CloudWatch User Guide.

use super::metric::{Definitions, Metrics, NAMESPACE};
use crate::clock::Timestamp;
use serde::Serialize;

/// What an invocation's line says beside its metrics.
pub trait Line: Serialize {
    /// Which kind of line it is.
    const MESSAGE: &'static str;
    /// The member that is the second dimension of its metrics, beside `Stack`.
    const DIMENSION: &'static str;
}

/// The line of a request.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RequestLine<'a> {
    /// `req_` and a UUID, also in error answers that have a place for it.
    pub request_id: &'a str,
    /// API Gateway's id of the request, which every caller is told in the header `apigw-requestid`.
    pub gateway_request_id: &'a str,
    /// 32 hexadecimal digits.
    pub trace_id: &'a str,
    /// The wire contract.
    #[serde(rename = "Contract")]
    pub contract: &'a str,
    /// The endpoint: its binary's name.
    pub endpoint: &'a str,
    /// HTTP status.
    pub status: u16,
    /// Class of outcome.
    pub outcome: &'a str,
    /// The change that was made, as its event names it (`event_id`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_id: Option<&'a str>,
}

impl Line for RequestLine<'_> {
    const MESSAGE: &'static str = "request";
    const DIMENSION: &'static str = "Contract";
}

/// The line of a trigger's batch.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct BatchLine<T> {
    /// The trigger: its binary's name.
    #[serde(rename = "Function")]
    pub function: &'static str,
    /// What the records came to, as this trigger counts it.
    #[serde(flatten)]
    pub tally: T,
}

impl<T: Serialize> Line for BatchLine<T> {
    const MESSAGE: &'static str = "batch";
    const DIMENSION: &'static str = "Function";
}

/// The line of somebody who has signed up elsewhere.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ConfirmationLine<'a> {
    /// The trigger: its binary's name.
    #[serde(rename = "Function")]
    pub function: &'static str,
    /// What it came to.
    pub outcome: &'a str,
    /// How many changes were carried out.
    pub applied: usize,
    /// How many wait in the queue of dead letters.
    pub queued: usize,
    /// Canonical names of attributes whose values broke a rule, separated by spaces.
    pub left_out: &'a str,
}

impl Line for ConfirmationLine<'_> {
    const MESSAGE: &'static str = "confirmation";
    const DIMENSION: &'static str = "Function";
}

/// A whole line.
#[derive(Serialize)]
pub(super) struct Document<'a, L> {
    timestamp: String,
    level: &'static str,
    message: &'static str,
    #[serde(flatten)]
    line: &'a L,
    #[serde(skip_serializing_if = "Option::is_none")]
    xray_trace_id: Option<&'a str>,
    #[serde(rename = "Stack", skip_serializing_if = "Option::is_none")]
    stack: Option<&'a str>,
    #[serde(flatten)]
    metrics: &'a Metrics,
    #[serde(rename = "_aws", skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    timestamp: i64,
    cloud_watch_metrics: [Directive<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'static str,
    dimensions: [[&'static str; 2]; 1],
    metrics: Definitions<'a>,
}

impl<'a, L: Line> Document<'a, L> {
    pub(super) fn new(
        now: Timestamp,
        stack: Option<&'a str>,
        xray_trace_id: Option<&'a str>,
        line: &'a L,
        metrics: &'a Metrics,
        embedded: bool,
    ) -> Self {
        let metadata = embedded.then(|| Metadata {
            timestamp: now.millis(),
            cloud_watch_metrics: [Directive {
                namespace: NAMESPACE,
                dimensions: [["Stack", L::DIMENSION]],
                metrics: metrics.definitions(),
            }],
        });
        let (level, message) = ("INFO", L::MESSAGE);
        Self { timestamp: now.rfc3339(), level, message, line, xray_trace_id, stack, metrics, metadata }
    }

    /// The line with its end.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1280);
        serde_json::to_writer(&mut bytes, self).expect("a line has text keys only");
        bytes.push(b'\n');
        bytes
    }
}
