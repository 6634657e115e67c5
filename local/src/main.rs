//! The command `cargo run`.

#![allow(clippy::print_stderr, reason = "a command speaks through its standard streams")]

use clap::Parser;
use local::commands::CommandLine;
use std::process::ExitCode;

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(command_line.run()).unwrap_or_else(|failure| {
        eprintln!("error: {failure}");
        ExitCode::FAILURE
    });
    // A broken-off start may still be in a blocking call; nobody waits for that.
    runtime.shutdown_background();
    code
}
