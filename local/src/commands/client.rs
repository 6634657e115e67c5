//! `cargo run -- client`: applications that may have one-time codes sent.

use super::store_failure;
use super::table::TableArguments;
use crate::failure::{Failure, Result};
use crate::stdout::say;
use clap::{Args, Subcommand};
use serde::Serialize;
use shared::auth::{ClientId, ClientRecord, ClientSecret};
use shared::clock::{Clock, SystemClock};
use shared::entropy::SystemEntropy;
use shared::store::{ProfileStore, StoredClient};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make an application and print its id and secret as JSON; the secret is never shown again
    Create {
        /// What people call the application
        #[arg(long, value_name = "NAME", value_parser = name)]
        name: String,
        #[command(flatten)]
        table: TableArguments,
    },
    /// List all applications ever made, without their secrets
    List {
        #[command(flatten)]
        table: TableArguments,
    },
    /// Disable an application for good
    Revoke {
        /// The application's id
        #[arg(value_parser = id)]
        id: ClientId,
        #[command(flatten)]
        table: TableArguments,
    },
}

#[derive(Serialize)]
struct Created<'a> {
    client_id: &'a str,
    client_secret: &'a str,
}

fn name(text: &str) -> std::result::Result<String, String> {
    let good = (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if good { Ok(text.to_owned()) } else { Err("1 to 64 characters in one line".to_owned()) }
}

fn id(text: &str) -> std::result::Result<ClientId, String> {
    ClientId::parse(text).ok_or_else(|| "app- and 32 hexadecimal digits".to_owned())
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::Create { name, table } => create(&table.open().await?.store(), name).await,
        Command::List { table } => list(&table.open().await?.store()).await,
        Command::Revoke { id, table } => revoke(&table.open().await?.store(), &id).await,
    }
}

async fn create(store: &ProfileStore, name: String) -> Result<ExitCode> {
    let entropy = SystemEntropy::new();
    let (id, secret) = (ClientId::generate(&entropy), ClientSecret::generate(&entropy));
    let record =
        ClientRecord { name, secret_digest: secret.digest(), created: SystemClock.now(), disabled: false };
    store.put_client(&id, &record).await.map_err(store_failure)?;
    let created = Created { client_id: id.as_str(), client_secret: secret.expose() };
    say(serde_json::to_string(&created).map_err(|error| Failure::new(error.to_string()))?);
    Ok(ExitCode::SUCCESS)
}

async fn list(store: &ProfileStore) -> Result<ExitCode> {
    let mut clients = store.clients().await.map_err(store_failure)?;
    clients.sort_by_key(|client| client.record.created);
    say(format_args!("{:36}  {:24}  {:7}  NAME", "ID", "CREATED", "STATE"));
    for StoredClient { id, record } in clients {
        let state = if record.disabled { "revoked" } else { "good" };
        say(format_args!("{id:36}  {:24}  {state:7}  {}", record.created.rfc3339(), record.name));
    }
    Ok(ExitCode::SUCCESS)
}

async fn revoke(store: &ProfileStore, id: &ClientId) -> Result<ExitCode> {
    let no_such_client = || Failure::new("there is no such application");
    let record = store.client(id).await.map_err(store_failure)?.ok_or_else(no_such_client)?;
    if record.disabled {
        say(format_args!("{id} {} was revoked already", record.name));
    } else if store.disable_client(id).await.map_err(store_failure)? {
        say(format_args!("revoked {id} {}", record.name));
    } else {
        return Err(no_such_client());
    }
    Ok(ExitCode::SUCCESS)
}
