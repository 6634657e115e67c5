//! Kills both event functions again and again while profiles change, prints figures, and fails when anything got lost,
//! overtook or changed its id on the way.
//!
//! `cargo run -p tests --example events_under_kills -- --updates 10000 --kills 200`

#![allow(clippy::print_stdout, reason = "the figures are what it is run for")]

use clap::Parser;
use local::binaries;
use std::process::ExitCode;
use std::time::Duration;
use tests::kills::{Plan, run};

#[derive(Parser)]
struct Arguments {
    /// Updates to make meanwhile
    #[arg(long, default_value_t = 10_000)]
    updates: u32,
    /// Processes to kill
    #[arg(long, default_value_t = 200)]
    kills: u32,
    /// Updates before that by which the lag is measured
    #[arg(long, default_value_t = 200)]
    lags: u32,
    /// Give up after so many minutes
    #[arg(long, default_value_t = 15)]
    minutes: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { updates, kills, lags, minutes } = Arguments::parse();
    let binaries = match binaries::build(false) {
        Ok(binaries) => binaries,
        Err(failure) => {
            println!("the functions do not build: {failure}");
            return ExitCode::FAILURE;
        }
    };
    let limit = Duration::from_secs(60 * minutes);
    let plan = Plan { updates, kills, lags, limit, binaries };
    // What the stack itself does not bring to an end in time is cut off.
    let Ok(report) = tokio::time::timeout(limit + Duration::from_secs(60), run(plan)).await else {
        println!(
            "given up: the stack does not come to an end {minutes} minutes and one more after the start"
        );
        return ExitCode::FAILURE;
    };
    println!("{report}");
    if report.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
