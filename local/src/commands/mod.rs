//! What the command line offers. Each command is a file of its own.

mod invoke;
mod serve;

use crate::binaries::workspace;
use crate::failure::Result;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// One user profile in five wire contracts, running on this machine.
///
/// Without a command, the whole stack is built and served until Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "local", bin_name = "cargo run --", version, args_conflicts_with_subcommands = true)]
pub struct CommandLine {
    #[command(flatten)]
    serve: serve::Arguments,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the functions and serve the whole stack until Ctrl-C (the default)
    Serve(serve::Arguments),
    /// Invoke one function of the running stack once and print its answer
    Invoke(invoke::Arguments),
}

/// Where the stack keeps its things.
#[derive(Debug, Args)]
struct DataDirectory {
    /// Directory for data, keys and stack.json [default: .local in the workspace]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl DataDirectory {
    fn path(self) -> PathBuf {
        self.data.unwrap_or_else(|| workspace().join(".local"))
    }
}

impl CommandLine {
    /// Does what was asked for.
    ///
    /// # Errors
    /// When it cannot be done; the message is for the person at the terminal.
    pub async fn run(self) -> Result<ExitCode> {
        match self.command.unwrap_or(Command::Serve(self.serve)) {
            Command::Serve(arguments) => serve::run(arguments).await,
            Command::Invoke(arguments) => invoke::run(arguments).await,
        }
    }
}
