//! What invokes a function besides the API: the table's stream, a queue.

use super::messaging::queue_of;
use super::read_as;
use crate::failure::{Context, Failure, Result};
use crate::pattern::Pattern;
use serde::Deserialize;
use serde_json::Value as Json;

/// An event source mapping.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// The table's stream.
    Stream(StreamSource),
    /// A queue.
    Queue(QueueSource),
}

/// An event of the type `DynamoDB`: read from the beginning, retried without end, failures reported record by record.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamSource {
    /// Most records in an invocation.
    pub batch_size: usize,
    /// Records that none of these accepts are passed over; without any, none is.
    pub filters: Vec<Pattern>,
}

/// An event of the type `SQS`, with failures reported message by message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueSource {
    /// Name of the queue.
    pub queue: String,
    /// Most messages in an invocation.
    pub batch_size: usize,
    /// Most invocations at a time.
    pub concurrency: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct StreamEvent {
    stream: String,
    starting_position: String,
    #[serde(default = "hundred")]
    batch_size: usize,
    parallelization_factor: Option<u32>,
    maximum_retry_attempts: Option<i64>,
    maximum_record_age_in_seconds: Option<i64>,
    #[serde(default)]
    function_response_types: Vec<String>,
    filter_criteria: Option<FilterCriteria>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct FilterCriteria {
    filters: Vec<Filter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Filter {
    pattern: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct QueueEvent {
    queue: String,
    #[serde(default = "ten")]
    batch_size: usize,
    #[serde(default)]
    function_response_types: Vec<String>,
    scaling_config: Option<ScalingConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ScalingConfig {
    maximum_concurrency: u32,
}

const fn hundred() -> usize {
    100
}

const fn ten() -> usize {
    10
}

/// How many batches of a queue Lambda begins with when nothing is said.
const CONCURRENCY: u32 = 5;

impl StreamEvent {
    /// `stream` is the ARN of the one stream that there is.
    pub(super) fn source(self, stream: &str) -> Result<StreamSource> {
        expect("Stream", &self.stream.as_str(), &stream)?;
        expect("StartingPosition", &self.starting_position.as_str(), &"TRIM_HORIZON")?;
        expect("ParallelizationFactor", &self.parallelization_factor.unwrap_or(1), &1)?;
        expect("MaximumRetryAttempts", &self.maximum_retry_attempts.unwrap_or(-1), &-1)?;
        expect("MaximumRecordAgeInSeconds", &self.maximum_record_age_in_seconds.unwrap_or(-1), &-1)?;
        reports_failures(&self.function_response_types)?;
        let filters = self.filter_criteria.map(|criteria| criteria.filters).unwrap_or_default();
        let pattern = |filter: Filter| {
            let pattern: Json = serde_json::from_str(&filter.pattern).context("a filter's pattern")?;
            Pattern::parse(&pattern)
        };
        let filters = filters.into_iter().map(pattern).collect::<Result<_>>()?;
        Ok(StreamSource { batch_size: self.batch_size, filters })
    }
}

impl QueueEvent {
    pub(super) fn source(self) -> Result<QueueSource> {
        reports_failures(&self.function_response_types)?;
        let concurrency = self.scaling_config.map_or(CONCURRENCY, |scaling| scaling.maximum_concurrency);
        Ok(QueueSource { queue: queue_of(&self.queue)?, batch_size: self.batch_size, concurrency })
    }
}

fn reports_failures(types: &[String]) -> Result<()> {
    expect("FunctionResponseTypes", &types, &["ReportBatchItemFailures".to_owned()].as_slice())
}

/// Other values have a meaning on AWS that the local stack does not imitate.
fn expect<T: PartialEq + std::fmt::Debug>(property: &str, value: &T, known: &T) -> Result<()> {
    if value == known {
        return Ok(());
    }
    Err(Failure::new(format!("{property} {value:?} is not known to the local stack, only {known:?}")))
}

/// An event by its type.
#[derive(Deserialize)]
#[serde(tag = "Type", content = "Properties")]
pub(super) enum Event {
    HttpApi(Json),
    #[serde(rename = "DynamoDB")]
    Stream(StreamEvent),
    #[serde(rename = "SQS")]
    Queue(QueueEvent),
}

/// The route that an `HttpApi` event names, and its API.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct HttpApiEvent {
    pub(super) api_id: String,
    pub(super) method: String,
    pub(super) path: String,
}

impl HttpApiEvent {
    pub(super) fn read(properties: Json) -> Result<Self> {
        read_as(properties, "HttpApi")
    }
}
