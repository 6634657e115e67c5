//! Mixed load on the local stack for half an hour. Prints figures, and fails when a request failed or a process grows.
//!
//! `cargo run -p tests --example soak -- --minutes 30`

#![allow(clippy::print_stdout, reason = "the figures are what it is run for")]

use clap::Parser;
use local::binaries;
use std::process::ExitCode;
use std::time::Duration;
use tests::soak::{Plan, run};

#[derive(Parser)]
struct Arguments {
    /// How long requests are made
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Steps begun each second; one is one to five requests
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rate: u32,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { minutes, rate } = Arguments::parse();
    let binaries = match binaries::build(false) {
        Ok(binaries) => binaries,
        Err(failure) => {
            println!("the binaries do not build: {failure}");
            return ExitCode::FAILURE;
        }
    };
    let report = run(Plan { time: Duration::from_secs(60 * minutes), rate, binaries }).await;
    println!("{report}");
    if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
