//! `cargo run -- api-key`: keys of the System user contract.

use super::table::TableArguments;
use super::{store_failure, user_id};
use crate::failure::{Failure, Result};
use crate::stdout::say;
use clap::{Args, Subcommand};
use shared::auth::{ApiKey, ApiKeyRecord, Role};
use shared::clock::{Clock, SystemClock, Timestamp};
use shared::entropy::SystemEntropy;
use shared::store::{ProfileStore, StoredApiKey};
use shared::validation::UserId;
use std::process::ExitCode;

/// As many digits of a key's SHA-256 name it in lists.
const SHOWN_DIGITS: usize = 12;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key and print it; it is never shown again
    Create {
        /// The user who answers for the key
        #[arg(long, value_name = "ID", value_parser = user_id)]
        owner: UserId,
        /// What the key may do: Admin changes every user, User changes none
        #[arg(long, default_value = "Admin", value_parser = role)]
        role: Role,
        /// For how long the key is good, in seconds [default: for ever]
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(1..))]
        expires_in: Option<i64>,
        /// What the key is for
        #[arg(long, default_value = "")]
        label: String,
        #[command(flatten)]
        table: TableArguments,
    },
    /// List all keys ever made, without the keys themselves
    List {
        #[command(flatten)]
        table: TableArguments,
    },
    /// Disable a key for good
    Revoke {
        /// The whole key, or its id as the list shows it
        key: String,
        #[command(flatten)]
        table: TableArguments,
    },
}

fn role(text: &str) -> std::result::Result<Role, String> {
    Role::parse(text).map_err(|_| "Admin or User".to_owned())
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::Create { owner, role, expires_in, label, table } => {
            let now = SystemClock.now();
            let expires = expires_in.map(|seconds| now.plus_seconds(seconds));
            let record = ApiKeyRecord { owner, label, role, created: now, expires, disabled: false };
            create(&table.open().await?.store(), &record).await
        }
        Command::List { table } => list(&table.open().await?.store()).await,
        Command::Revoke { key, table } => revoke(&table.open().await?.store(), &key).await,
    }
}

async fn create(store: &ProfileStore, record: &ApiKeyRecord) -> Result<ExitCode> {
    let key = ApiKey::generate(&SystemEntropy::new());
    store.put_api_key(&key.digest(), record).await.map_err(store_failure)?;
    say(key.expose());
    Ok(ExitCode::SUCCESS)
}

async fn list(store: &ProfileStore) -> Result<ExitCode> {
    let mut keys = store.api_keys().await.map_err(store_failure)?;
    keys.sort_by_key(|key| key.record.created);
    say(format_args!(
        "{:SHOWN_DIGITS$}  {:5}  {:24}  {:24}  {:8}  OWNER  LABEL",
        "ID", "ROLE", "CREATED", "EXPIRES", "STATE"
    ));
    let now = SystemClock.now();
    for StoredApiKey { digest, record } in keys {
        let expires = record.expires.map_or_else(|| "never".to_owned(), Timestamp::rfc3339);
        say(format_args!(
            "{:SHOWN_DIGITS$}  {:5}  {:24}  {expires:24}  {:8}  {}  {}",
            &digest[..SHOWN_DIGITS],
            record.role.as_str(),
            record.created.rfc3339(),
            state(&record, now),
            record.owner,
            record.label,
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn state(record: &ApiKeyRecord, now: Timestamp) -> &'static str {
    match (record.disabled, record.judge(now)) {
        (true, _) => "revoked",
        (false, Ok(())) => "good",
        (false, Err(_)) => "expired",
    }
}

async fn revoke(store: &ProfileStore, key: &str) -> Result<ExitCode> {
    let no_such_key = || Failure::new("there is no such API key");
    let digest = match ApiKey::parse(key) {
        Ok(key) => key.digest(),
        Err(_) => named(store, key).await?.ok_or_else(no_such_key)?,
    };
    let record = store.api_key(&digest).await.map_err(store_failure)?.ok_or_else(no_such_key)?;
    let named = format!("{} {} {}", &digest[..SHOWN_DIGITS], record.owner, record.label);
    let named = named.trim_end();
    if record.disabled {
        say(format_args!("{named} was revoked already"));
    } else if store.disable_api_key(&digest).await.map_err(store_failure)? {
        say(format_args!("revoked {named}"));
    } else {
        return Err(no_such_key());
    }
    Ok(ExitCode::SUCCESS)
}

/// The digest that begins like this. A few digits might name another key than was meant.
async fn named(store: &ProfileStore, beginning: &str) -> Result<Option<String>> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if beginning.len() < SHOWN_DIGITS || !beginning.bytes().all(is_digit) {
        return Err(Failure::new(format!(
            "say which API key: the whole key, or at least {SHOWN_DIGITS} digits of its id"
        )));
    }
    let keys = store.api_keys().await.map_err(store_failure)?;
    let mut digests = keys.into_iter().map(|key| key.digest).filter(|digest| digest.starts_with(beginning));
    match (digests.next(), digests.next()) {
        (Some(_), Some(_)) => Err(Failure::new("more than one API key's id begins like this")),
        (digest, _) => Ok(digest),
    }
}
