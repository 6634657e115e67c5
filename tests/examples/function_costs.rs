//! Processor time and memory of the function binaries as they are deployed, behind the local Runtime API: what the cost model
//! takes from `local/src/cost/measured.json`.
//!
//! `cargo run -p tests --example function_costs -- DIRECTORY`, where DIRECTORY holds `<function>/bootstrap` as
//! `cargo lambda build --release` leaves it.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "the figures are what it is run for")]

use clap::Parser;
use local::binaries;
use local::keys::Claims;
use local::runtime::{Function, FunctionSpec, Runtime};
use local::stack::{Stack, StackOptions};
use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::Request;

#[derive(Parser)]
struct Arguments {
    /// Holds `<function>/bootstrap`
    directory: PathBuf,
    /// Invocations of each function that are measured, after a hundred that are not
    #[arg(long, default_value_t = 2000)]
    invocations: u32,
    /// Processes of each function whose start is measured
    #[arg(long, default_value_t = 20)]
    starts: u32,
}

const USER: &str = "0b2f7a52-6c0e-4d4e-9a53-3c9c1f3f7a10";

/// Nanoseconds that all threads of a process have run.
fn run_time(process: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let of = |task: std::io::Result<std::fs::DirEntry>| {
        let statistics = std::fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap();
        statistics.split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    tasks.map(of).sum()
}

/// Most memory that a process has had, in kilobytes.
fn peak_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// A batch of one change, as the stream hands it over.
fn batch() -> Value {
    let sample = binaries::workspace().join("events/publish-changes/good.json");
    let mut event: Value = serde_json::from_slice(&std::fs::read(sample).unwrap()).unwrap();
    event["Records"].as_array_mut().unwrap().truncate(1);
    event
}

async fn measure(function: &Function, event: &Value, arguments: &Arguments) {
    let event = event.to_string();
    let [process] = function.processes()[..] else { panic!("one process at a time") };
    for _ in 0..100 {
        function.invoke(event.clone(), "").await.unwrap();
    }
    let before = run_time(process);
    for _ in 0..arguments.invocations {
        function.invoke(event.clone(), "").await.unwrap();
    }
    let spent = (run_time(process) - before) as f64 / 1e6 / f64::from(arguments.invocations);
    let memory = peak_memory(process) as f64 / 1024.0;
    println!("{:<20} {spent:>8.3} ms an invocation, {memory:>5.1} MB at most", function.spec().name);
}

/// The middle of the starts: each is a process of its own.
async fn measure_start(spec: &FunctionSpec, runtime: &Runtime, starts: u32) {
    let mut times = Vec::new();
    for _ in 0..starts {
        let function = runtime.function(spec.clone());
        function.warm().await.unwrap();
        times.push(run_time(function.processes()[0]) as f64 / 1e6);
        function.stop().await;
    }
    times.sort_by(f64::total_cmp);
    println!("{:<20} {:>8.3} ms a start", spec.name, times[times.len() / 2]);
}

fn deployed(directory: &Path, stack: &Stack, name: &str) -> FunctionSpec {
    let recorded = &stack.record().functions[name];
    FunctionSpec {
        name: name.to_owned(),
        binary: directory.join(name).join("bootstrap").canonicalize().unwrap(),
        environment: recorded.environment.clone(),
        timeout: Duration::from_secs(60),
    }
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let directory = tempfile::tempdir().unwrap();
    let built = binaries::build(false).unwrap();
    let stack =
        Stack::start(StackOptions::ephemeral(directory.path().join("data"), Some(built))).await.unwrap();
    let runtime = Runtime::start().await.unwrap();
    let issued = SystemClock.now();
    let claims = Claims { subject: USER, scope: "openid", admin: false, issued, expires_in: 3600 };
    let token = stack.keys().token(&claims).unwrap();
    let profile = json!({
        "address": "123 Main St", "avatar_url": "https://example.com/avatar.jpg", "bio": "Software Engineer",
        "birthdate": "1990-01-15", "city": "San Francisco", "country": "US", "first_name": "John", "gender": "male",
        "language": "en-US", "last_name": "Doe", "nickname": "Johnny", "timezone": "America/Los_Angeles",
        "website": "https://johndoe.com",
    });
    let update = Request::put_profile(USER).bearer(&token).json(&profile).event_json();
    let read = Request::get_profile(USER).bearer(&token).event_json();
    for (name, event) in [
        ("put-profile", update),
        ("get-profile", read),
        ("publish-changes", batch()),
        ("send-notices", batch()),
    ] {
        let spec = deployed(&arguments.directory, &stack, name);
        measure_start(&spec, &runtime, arguments.starts).await;
        let function = runtime.function(spec);
        function.warm().await.unwrap();
        measure(&function, &event, &arguments).await;
        function.stop().await;
    }
    stack.stop().await;
}
