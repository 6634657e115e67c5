//! `cargo run -- events`: what the stack tells other systems.

use super::{DataDirectory, tail};
use crate::failure::Result;
use crate::record::Record;
use clap::{Args, Subcommand};
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
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::Tail { all, data } => tail::run(&Record::read(&data.path())?, all).await,
    }
}
