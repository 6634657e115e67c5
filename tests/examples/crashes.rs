//! Kills the stack, its engine in the midst of a write, or its functions under load, prints figures, and fails when
//! anything acknowledged is lost, doubled or torn, or a start is not clean.
//!
//! `cargo run -p tests --example crashes -- --victim stack --rounds 50`

#![allow(clippy::print_stdout, reason = "the figures are what it is run for")]

use clap::{Parser, ValueEnum};
use local::binaries;
use std::process::ExitCode;
use std::time::Duration;
use tests::crashes::{Plan, Victim, run};

#[derive(Parser)]
struct Arguments {
    /// What is killed
    #[arg(long, value_enum)]
    victim: Chosen,
    /// How often
    #[arg(long, default_value_t = 50)]
    rounds: u32,
    /// Where the random moments begin
    #[arg(long, default_value_t = 9)]
    seed: u64,
    /// No round begins after so many minutes
    #[arg(long, default_value_t = 20)]
    minutes: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Chosen {
    Stack,
    Engine,
    Function,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { victim, rounds, seed, minutes } = Arguments::parse();
    let victim = match victim {
        Chosen::Stack => Victim::Stack,
        Chosen::Engine => Victim::Engine,
        Chosen::Function => Victim::Function,
    };
    let binaries = match binaries::build(false) {
        Ok(binaries) => binaries,
        Err(failure) => {
            println!("the binaries do not build: {failure}");
            return ExitCode::FAILURE;
        }
    };
    let limit = Duration::from_secs(60 * minutes);
    let report = run(Plan { victim, rounds, seed, limit, binaries }).await;
    println!("{report}");
    if report.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
