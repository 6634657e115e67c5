//! `cargo run -- events`: what the stack tells other systems.

use super::{DataDirectory, republish, tail};
use crate::failure::Result;
use crate::record::Record;
use clap::{Args, Subcommand};
use shared::clock::Timestamp;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print each event on the bus as it comes, as one line of JSON, until Ctrl-C
    Tail {
        /// Print first those that came since the stack started
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        data: DataDirectory,
    },
    /// Publish again the current version of each profile that changed at or after a time
    ///
    /// For consumers that missed events which the stream no longer holds. A version keeps its event_id.
    Republish {
        /// RFC 3339, for example 2026-04-03T12:00:00Z
        #[arg(long, value_name = "TIME", value_parser = republish::time)]
        from: Timestamp,
        #[command(flatten)]
        data: DataDirectory,
    },
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::Tail { all, data } => tail::run(&Record::read(&data.path())?, all).await,
        Command::Republish { from, data } => republish::run(&Record::read(&data.path())?, from).await,
    }
}
