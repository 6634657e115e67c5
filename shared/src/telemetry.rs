//! One JSON log line per request: what happened, how long it took, what it cost. Nothing personal.

/// What a request's log line says.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// `req_` and a UUID, also in error answers that have a place for it.
    pub request_id: &'a str,
    /// API Gateway's id of the request, which every caller is told in the header `apigw-requestid`.
    pub gateway_request_id: &'a str,
    /// 32 hexadecimal digits.
    pub trace_id: &'a str,
    /// The wire contract.
    pub contract: &'a str,
    /// The endpoint: its binary's name.
    pub endpoint: &'a str,
    /// HTTP status.
    pub status: u16,
    /// Class of outcome.
    pub outcome: &'a str,
    /// Milliseconds from invocation to answer.
    pub duration_ms: i64,
    /// Calls to DynamoDB.
    pub dynamodb_calls: u32,
}

/// Writes the line.
pub fn log(line: &Line<'_>) {
    tracing::info!(
        request_id = line.request_id,
        gateway_request_id = line.gateway_request_id,
        trace_id = line.trace_id,
        contract = line.contract,
        endpoint = line.endpoint,
        status = line.status,
        outcome = line.outcome,
        duration_ms = line.duration_ms,
        dynamodb_calls = line.dynamodb_calls,
        "request"
    );
}

/// Starts JSON logging to standard output, and logs a panic's place but not its message, which may hold what a
/// caller sent.
pub fn start() {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_max_level(tracing::Level::INFO)
        .with_writer(std::io::stdout)
        .init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
}
