//! One JSON log line an invocation: what happened, how long it took, what it cost. Nothing personal.
//!
//! The line is a document in CloudWatch's embedded metric format as well, so that CloudWatch makes metrics of it. Other
//! lines are `tracing`'s. `docs/logs.md` says what is in them.

mod line;
mod metric;
mod x_ray;

pub use line::{BatchLine, ConfirmationLine, Line, RequestLine};
pub use metric::{Metric, Metrics};
pub use x_ray::XRay;

use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Where lines go, each with its line end.
pub type Sink = Box<dyn Fn(&[u8]) + Send + Sync>;

/// Writes the one line of each invocation of this process.
pub struct Telemetry {
    stack: Option<String>,
    metrics: bool,
    clock: Arc<dyn Clock>,
    sink: Sink,
    warm: AtomicBool,
}

/// An invocation that is under way.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// When it began.
    pub started: Timestamp,
    /// Where Lambda stands in X-Ray's trace.
    pub x_ray: Option<XRay>,
    cold: bool,
}

impl Telemetry {
    /// Lines of the stack that these settings name.
    pub fn new(config: &Config, clock: Arc<dyn Clock>, sink: Sink) -> Self {
        let (stack, metrics) = (config.stack_name.clone(), config.metrics);
        Self { stack, metrics, clock, sink, warm: AtomicBool::new(false) }
    }

    /// Begins an invocation.
    pub fn begin(&self, x_ray: Option<XRay>) -> Invocation {
        Invocation { started: self.clock.now(), x_ray, cold: !self.warm.swap(true, Ordering::Relaxed) }
    }

    /// Ends an invocation: writes its line.
    pub fn end<L: Line>(&self, invocation: &Invocation, line: &L, mut metrics: Metrics) {
        let now = self.clock.now();
        // Clocks are set back, too.
        metrics.count(Metric::Latency, (now.millis() - invocation.started.millis()).max(0));
        metrics.count_if(Metric::ColdStarts, invocation.cold);
        let x_ray_trace_id = invocation.x_ray.as_ref().map(XRay::trace_id);
        let document =
            line::Document::new(now, self.stack.as_deref(), x_ray_trace_id, line, &metrics, self.metrics);
        (self.sink)(&document.to_bytes());
    }
}

/// Writes a line to standard output. What cannot be written there can be told nowhere.
pub fn standard_output(line: &[u8]) {
    let _ = std::io::stdout().lock().write_all(line);
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
        .finish()
        // No line shows spans; the runtime opens one for each invocation.
        .with(filter_fn(|metadata| metadata.is_event()))
        .init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
}
