//! What the command line offers. Each command is a file of its own.

mod api_key;
mod check;
mod client;
mod cost;
mod dlq;
mod docs;
mod events;
mod import;
mod invoke;
mod issuers;
mod republish;
mod restore;
mod serve;
mod table;
mod tail;
mod token;
mod user;

use crate::binaries::workspace;
use crate::failure::{Failure, Result};
use clap::{Args, Parser, Subcommand};
use shared::store::StoreError;
use shared::validation::UserId;
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
    /// Print a token of the local stack's own issuers
    Token(token::Arguments),
    /// Print those issuers for the parameter Issuers of a deployed stack, making their keys where there are none
    Issuers(issuers::Arguments),
    /// Make, list and revoke API keys
    ApiKey(api_key::Arguments),
    /// Make, list and revoke applications, which may have one-time codes sent
    Client(client::Arguments),
    /// Look at a user, find, export or erase one, take a contact from one
    User(user::Arguments),
    /// Create the users of another table from a file; goes on where it was broken off
    Import(import::Arguments),
    /// Read a whole table and tell where its items do not agree, one JSON object a line
    ///
    /// The exit code is 1 where something is left that is not in order.
    Check(check::Arguments),
    /// Write what a restored backup has and the table has not; what stands there stays, and so do erasures
    Restore(restore::Arguments),
    /// What the stack tells other systems of changes
    Events(events::Arguments),
    /// Sync requests that were refused or failed for good
    Dlq(dlq::Arguments),
    /// Write the API reference as files that any web server can offer
    Docs(docs::Arguments),
    /// Work out what the deployed stack costs a month
    Cost(cost::Arguments),
}

/// Where the stack keeps its things.
#[derive(Debug, Args)]
struct DataDirectory {
    /// Directory for data, keys and stack.json [default: .local in the workspace]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl DataDirectory {
    fn path(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(|| workspace().join(".local"))
    }
}

fn user_id(text: &str) -> std::result::Result<UserId, String> {
    UserId::parse(text)
        .map_err(|_| "1 to 128 letters, digits or ._:|- beginning with a letter or digit".to_owned())
}

fn store_failure(error: StoreError) -> Failure {
    error.into()
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
            Command::Token(arguments) => token::run(&arguments),
            Command::Issuers(arguments) => issuers::run(&arguments),
            Command::ApiKey(arguments) => api_key::run(arguments).await,
            Command::Client(arguments) => client::run(arguments).await,
            Command::User(arguments) => user::run(arguments).await,
            Command::Import(arguments) => import::run(arguments).await,
            Command::Check(arguments) => check::run(arguments).await,
            Command::Restore(arguments) => restore::run(arguments).await,
            Command::Events(arguments) => events::run(arguments).await,
            Command::Dlq(arguments) => dlq::run(arguments).await,
            Command::Docs(arguments) => docs::run(&arguments),
            Command::Cost(arguments) => cost::run(arguments),
        }
    }
}
