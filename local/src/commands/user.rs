//! `cargo run -- user`: what operators do with single users.

use super::table::TableArguments;
use super::{store_failure, user_id};
use crate::failure::{Context, Failure, Result};
use crate::stdout::say;
use crate::users;
use clap::{Args, Subcommand};
use shared::clock::{Clock, SystemClock};
use shared::entropy::SystemEntropy;
use shared::export::{ExportError, HistoryRow, export};
use shared::profile::{Erasure, ProfilePatch, Unique};
use shared::store::{ActorKind, ChangedBy, IfMissing, Precondition, ProfileStore};
use shared::update::{Answer, UpdateCommand, UpdateError, update};
use shared::validation::{Phone, UserId};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print a user's profile as JSON, by canonical names
    Show {
        /// The user
        #[arg(value_parser = user_id)]
        id: UserId,
        #[command(flatten)]
        table: TableArguments,
    },
    /// Print the id of the user who holds a unique value
    Find {
        #[command(flatten)]
        value: UniqueValue,
        #[command(flatten)]
        table: TableArguments,
    },
    /// Print everything that is stored about a user, but secrets, as JSON
    Export {
        /// The user
        #[arg(value_parser = user_id)]
        id: UserId,
        #[command(flatten)]
        table: TableArguments,
    },
    /// Print who changed which attributes of a user when, newest first, one JSON object a line
    History {
        /// The user
        #[arg(value_parser = user_id)]
        id: UserId,
        /// How many changes at most
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        #[command(flatten)]
        table: TableArguments,
    },
    /// Erase a user: nothing of what is known of the user can be had again
    Erase {
        /// The user
        #[arg(value_parser = user_id)]
        id: UserId,
        #[command(flatten)]
        table: TableArguments,
    },
    /// Take a contact from a user, so that another can have it
    ClearContact {
        /// The user
        #[arg(value_parser = user_id)]
        id: UserId,
        #[command(flatten)]
        contact: Contact,
        #[command(flatten)]
        table: TableArguments,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct UniqueValue {
    /// Telephone number: 11 digits of mainland China, or E.164, for example +8613800138000
    #[arg(long)]
    phone: Option<String>,
    /// E-mail address, in any case
    #[arg(long)]
    email: Option<String>,
    /// Username, in any case
    #[arg(long)]
    username: Option<String>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Contact {
    /// Its telephone number
    #[arg(long)]
    phone: bool,
    /// Its e-mail address
    #[arg(long)]
    email: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::Show { id, table } => show(&table.open().await?.store(), &id).await,
        Command::Find { value, table } => find(&table.open().await?.store(), value).await,
        Command::Export { id, table } => export_user(&table.open().await?.store(), &id).await,
        Command::History { id, limit, table } => history(&table.open().await?.store(), &id, limit).await,
        Command::Erase { id, table } => erase(&table.open().await?.store(), id).await,
        Command::ClearContact { id, contact, table } => {
            clear_contact(&table.open().await?.store(), id, &contact).await
        }
    }
}

fn no_such_user() -> Failure {
    Failure::new("there is no such user")
}

fn erased() -> Failure {
    Failure::new("the user was erased")
}

async fn show(store: &ProfileStore, id: &UserId) -> Result<ExitCode> {
    let record = store.read(id).await.map_err(store_failure)?.ok_or_else(no_such_user)?;
    let profile = record.profile.ok_or_else(erased)?;
    say(format_args!("{:#}", users::canonical(&profile)));
    Ok(ExitCode::SUCCESS)
}

async fn export_user(store: &ProfileStore, id: &UserId) -> Result<ExitCode> {
    let document = export(store, id, SystemClock.now()).await.map_err(|error| match error {
        ExportError::NoSuchUser => no_such_user(),
        ExportError::Erased => erased(),
        ExportError::Store(error) => store_failure(error),
    })?;
    say(format_args!("{:#}", serde_json::to_value(document).context("the document")?));
    Ok(ExitCode::SUCCESS)
}

async fn history(store: &ProfileStore, id: &UserId, limit: u16) -> Result<ExitCode> {
    store.read(id).await.map_err(store_failure)?.ok_or_else(no_such_user)?.profile.ok_or_else(erased)?;
    let page = store.history(id, None, limit, SystemClock.now()).await.map_err(store_failure)?;
    for entry in page.entries {
        say(serde_json::to_value(HistoryRow::from(entry)).context("an entry")?);
    }
    Ok(ExitCode::SUCCESS)
}

async fn erase(store: &ProfileStore, target: UserId) -> Result<ExitCode> {
    let command = command(target, ProfilePatch::erasing(Erasure::Everything));
    match update(store, &SystemEntropy::new(), SystemClock.now(), &command).await {
        Ok(_) => {
            say(format_args!("erased {}", command.target));
            Ok(ExitCode::SUCCESS)
        }
        Err(UpdateError::Erased) => {
            say(format_args!("{} was erased already", command.target));
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Err(refused(&error)),
    }
}

async fn find(store: &ProfileStore, value: UniqueValue) -> Result<ExitCode> {
    let (unique, typed) = match value {
        UniqueValue { phone: Some(phone), .. } => (Unique::Phone, phone),
        UniqueValue { email: Some(email), .. } => (Unique::Email, email),
        UniqueValue { username: Some(username), .. } => (Unique::Username, username),
        _ => return Err(Failure::new("say what to look for: --phone, --email or --username")),
    };
    let name = unique.attribute().name();
    let stored = match Phone::parse_mainland(&typed) {
        Ok(phone) if unique == Unique::Phone => phone.into_string(),
        _ => unique.parse(&typed).map_err(|_| no_such_value(unique))?,
    };
    let owner = store.owner(unique, &unique.canonical(&stored)).await.map_err(store_failure)?;
    say(owner.ok_or_else(|| Failure::new(format!("no user has this {name}")))?);
    Ok(ExitCode::SUCCESS)
}

fn no_such_value(unique: Unique) -> Failure {
    let form = match unique {
        Unique::Phone => ": give 11 digits of mainland China, or E.164, for example +8613800138000",
        Unique::Email | Unique::Username => "",
    };
    Failure::new(format!("this is no {} that a user can have{form}", unique.attribute().name()))
}

async fn clear_contact(store: &ProfileStore, target: UserId, contact: &Contact) -> Result<ExitCode> {
    let mut patch = ProfilePatch::new();
    for (chosen, unique) in [(contact.phone, Unique::Phone), (contact.email, Unique::Email)] {
        if chosen {
            patch.clear(unique.attribute());
        }
    }
    let command = command(target, patch);
    match update(store, &SystemEntropy::new(), SystemClock.now(), &command).await {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(refused(&error)),
    }
}

fn refused(error: &UpdateError) -> Failure {
    match error {
        UpdateError::NoSuchUser => no_such_user(),
        error => Failure::new(format!("nothing was changed: {}", error.class())),
    }
}

/// An operator's change of a user who is there.
fn command(target: UserId, patch: ProfilePatch) -> UpdateCommand {
    UpdateCommand {
        target,
        patch,
        if_missing: IfMissing::Refuse,
        precondition: Precondition::default(),
        contacts_need_proof: false,
        proofs: Vec::new(),
        changed_by: ChangedBy {
            contract: "command-line".to_owned(),
            actor: ActorKind::Operator,
            origin: None,
        },
        answer: Answer::Bare,
    }
}
