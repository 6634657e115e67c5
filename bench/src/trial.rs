//! One process from its start to its end, measured.

use crate::process::{cpu_time, peak_memory};
use local::failure::{Context, Failure, Result};
use local::runtime::{Function, FunctionSpec, Runtime};
use serde_json::Value as Json;
use std::pin::Pin;
use std::time::{Duration, Instant};

/// Makes the next event, with whatever has to be stored for it. No two are the same where that would matter.
pub type Events = Box<dyn FnMut() -> Event + Send>;

/// An event that is being made.
pub type Event = Pin<Box<dyn Future<Output = Result<String>> + Send>>;

/// What an answer has to be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Of this HTTP status.
    Status(u16),
    /// With this text somewhere in it: of functions that are not invoked over HTTP, and of those whose status says nothing.
    Text(&'static str),
}

/// How much one process has to do.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Invocations that are not measured, after the first.
    pub warm_up: u32,
    /// Invocations that are.
    pub measured: u32,
}

impl Load {
    /// How often a process is invoked in all.
    pub const fn invocations(self) -> u32 {
        1 + self.warm_up + self.measured
    }
}

/// What one process took.
#[derive(Clone, Debug)]
pub struct Trial {
    /// From its start until it asks for work.
    pub init: Cost,
    /// The first invocation.
    pub first: Cost,
    /// Processor time of one warm invocation, on average.
    pub warm_cpu: Duration,
    /// How long each warm invocation took, shortest first.
    pub warm: Vec<Duration>,
    /// Most memory that it had at a time, in bytes.
    pub memory: u64,
}

/// What something took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// On the clock.
    pub wall: Duration,
    /// Of the processor.
    pub cpu: Duration,
}

/// Events for one process.
struct Drawn {
    first: String,
    warm_up: Vec<String>,
    measured: Vec<String>,
}

/// Starts a process, invokes it and ends it. Each answer must be as expected; `None`: whatever it says, it must not be an
/// error.
///
/// All events are made before the process starts, so that making them does not come between two invocations.
///
/// # Errors
/// When an event cannot be made, or the process does not start, or does not answer as expected.
pub async fn run(
    runtime: &Runtime,
    spec: FunctionSpec,
    load: Load,
    expected: Option<Expected>,
    events: &mut Events,
) -> Result<Trial> {
    let name = spec.name.clone();
    let drawn = draw(load, events).await.context(&name)?;
    let function = runtime.function(spec);
    let started = Instant::now();
    function.warm().await?;
    let wall = started.elapsed();
    let trial = measure(&function, wall, expected, drawn).await.context(name);
    function.stop().await;
    trial
}

async fn draw(load: Load, events: &mut Events) -> Result<Drawn> {
    let mut drawn = Drawn { first: events().await?, warm_up: Vec::new(), measured: Vec::new() };
    for _ in 0..load.warm_up {
        drawn.warm_up.push(events().await?);
    }
    for _ in 0..load.measured {
        drawn.measured.push(events().await?);
    }
    Ok(drawn)
}

async fn measure(
    function: &Function,
    init: Duration,
    expected: Option<Expected>,
    events: Drawn,
) -> Result<Trial> {
    let [process] = function.processes()[..] else { return Err(Failure::new("not one process")) };
    let init = Cost { wall: init, cpu: cpu_time(process).await? };
    let wall = invoke(function, expected, events.first).await?;
    let first = Cost { wall, cpu: cpu_time(process).await? - init.cpu };
    for event in events.warm_up {
        invoke(function, expected, event).await?;
    }
    let before = cpu_time(process).await?;
    let mut warm = Vec::new();
    for event in events.measured {
        warm.push(invoke(function, expected, event).await?);
    }
    let measured = u32::try_from(warm.len()).unwrap_or(u32::MAX);
    let warm_cpu = (cpu_time(process).await? - before) / measured.max(1);
    warm.sort();
    Ok(Trial { init, first, warm_cpu, warm, memory: peak_memory(process)? })
}

/// Hands an event to the function: how long its answer took. `expected` as for [`run`].
///
/// # Errors
/// When it does not answer as expected.
pub async fn invoke(function: &Function, expected: Option<Expected>, event: String) -> Result<Duration> {
    let started = Instant::now();
    let answer = function.invoke(event, "").await.context("invoking")?;
    let elapsed = started.elapsed();
    match expected {
        Some(expected) if !expected.is_met(&answer) => {
            let answer = String::from_utf8_lossy(&answer);
            Err(Failure::new(format!("{expected:?} expected, but the answer is {answer}")))
        }
        _ => Ok(elapsed),
    }
}

impl Expected {
    fn is_met(self, answer: &[u8]) -> bool {
        match self {
            Self::Status(status) => {
                serde_json::from_slice::<Json>(answer).is_ok_and(|answer| answer["statusCode"] == status)
            }
            Self::Text(text) => answer.windows(text.len()).any(|part| part == text.as_bytes()),
        }
    }
}
