//! One process from its start to its end, measured.

use crate::process::{cpu_time, peak_memory};
use local::failure::{Context, Failure, Result};
use local::runtime::{Function, FunctionSpec, Runtime};
use serde_json::Value as Json;
use std::time::{Duration, Instant};

/// What invocations are made of: the event with this number. No number is used twice.
pub type Events<'a> = &'a mut (dyn FnMut() -> String + Send);

/// How much one process has to do.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Invocations that are not measured, after the first.
    pub warm_up: u32,
    /// Invocations that are.
    pub measured: u32,
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

/// Starts a process, invokes it and ends it. Each answer must have the status `expected`; `None`: whatever it says, it
/// must not be an error.
///
/// # Errors
/// When it does not start, or does not answer as expected.
pub async fn run(
    runtime: &Runtime,
    spec: FunctionSpec,
    load: Load,
    expected: Option<u16>,
    events: Events<'_>,
) -> Result<Trial> {
    let name = spec.name.clone();
    let function = runtime.function(spec);
    let started = Instant::now();
    function.warm().await?;
    let wall = started.elapsed();
    let trial = measure(&function, wall, load, expected, events).await.context(name);
    function.stop().await;
    trial
}

async fn measure(
    function: &Function,
    init: Duration,
    load: Load,
    expected: Option<u16>,
    events: Events<'_>,
) -> Result<Trial> {
    let [process] = function.processes()[..] else { return Err(Failure::new("not one process")) };
    let init = Cost { wall: init, cpu: cpu_time(process).await? };
    let wall = invoke(function, expected, events()).await?;
    let first = Cost { wall, cpu: cpu_time(process).await? - init.cpu };
    for _ in 0..load.warm_up {
        invoke(function, expected, events()).await?;
    }
    let before = cpu_time(process).await?;
    let mut warm = Vec::new();
    for _ in 0..load.measured {
        warm.push(invoke(function, expected, events()).await?);
    }
    let warm_cpu = (cpu_time(process).await? - before) / load.measured.max(1);
    warm.sort();
    Ok(Trial { init, first, warm_cpu, warm, memory: peak_memory(process)? })
}

/// Hands an event to the function: how long its answer took. `expected` as for [`run`].
///
/// # Errors
/// When it does not answer as expected.
pub async fn invoke(function: &Function, expected: Option<u16>, event: String) -> Result<Duration> {
    let started = Instant::now();
    let answer = function.invoke(event, "").await.context("invoking")?;
    let elapsed = started.elapsed();
    if let Some(expected) = expected {
        let answer: Json = serde_json::from_slice(&answer).context("the answer")?;
        if answer["statusCode"] != expected {
            return Err(Failure::new(format!("status {expected} expected, but the answer is {answer}")));
        }
    }
    Ok(elapsed)
}
