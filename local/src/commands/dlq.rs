//! `cargo run -- dlq`: sync requests that were refused, or failed too often.

use super::DataDirectory;
use crate::failure::{Context, Failure, Result};
use crate::record::Record;
use crate::stdout::say;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageAttributeValue, MessageSystemAttributeName};
use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};
use shared::clock::{Clock, SystemClock};
use std::collections::{BTreeSet, HashMap};
use std::process::ExitCode;

/// Where such requests wait for a person.
const DEAD_LETTERS: &str = "SyncDeadLetterQueue";

/// Where they are tried again.
const QUEUE: &str = "SyncQueue";

/// The message attribute that says, as JSON, why a request was refused.
const REASON: &str = "reason";

/// How long the letters are out of others' reach while a command looks at them, in seconds.
const HIDDEN: i32 = 30;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print each request as one line of JSON: message_id, age in seconds, reason
    List {
        /// Print the requests themselves as well; they are personal data
        #[arg(long)]
        bodies: bool,
        #[command(flatten)]
        data: DataDirectory,
    },
    /// Try requests again, once what stood in their way is gone
    Redrive {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        data: DataDirectory,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// Their message ids
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// All of them
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::List { bodies, data } => list(&DeadLetters::of(&data).await?, bodies).await,
        Command::Redrive { which, data } => redrive(&DeadLetters::of(&data).await?, &which).await,
    }
}

/// The queue of dead letters and the one that they came from.
struct DeadLetters {
    client: Client,
    letters: String,
    queue: String,
}

impl DeadLetters {
    async fn of(data: &DataDirectory) -> Result<Self> {
        let record = Record::read(&data.path())?;
        let (letters, queue) = (record.queue(DEAD_LETTERS)?.to_owned(), record.queue(QUEUE)?.to_owned());
        Ok(Self { client: record.sqs().await, letters, queue })
    }

    /// Takes every letter out of others' reach for a while.
    async fn take(&self) -> Result<Vec<Message>> {
        let mut taken: Vec<Message> = Vec::new();
        loop {
            let call = self
                .client
                .receive_message()
                .queue_url(&self.letters)
                .max_number_of_messages(10)
                .visibility_timeout(HIDDEN)
                .message_system_attribute_names(MessageSystemAttributeName::All)
                .message_attribute_names("All");
            let received = call.send().await.map_err(|_| silent())?.messages.unwrap_or_default();
            if received.is_empty() {
                taken.sort_by_key(sent);
                return Ok(taken);
            }
            taken.extend(received);
        }
    }

    /// Puts a letter back into others' reach.
    async fn put_back(&self, letter: &Message) -> Result<()> {
        let call = self.client.change_message_visibility().queue_url(&self.letters).visibility_timeout(0);
        let call = call.set_receipt_handle(letter.receipt_handle.clone());
        call.send().await.map(|_| ()).map_err(|_| silent())
    }

    /// Sends a letter to its queue again, and deletes it only then: at worst it is there twice, which does no harm.
    async fn redrive(&self, letter: &Message) -> Result<()> {
        let mut attributes: HashMap<String, MessageAttributeValue> =
            letter.message_attributes.clone().unwrap_or_default();
        attributes.remove(REASON);
        let call = self.client.send_message().queue_url(&self.queue).set_message_body(letter.body.clone());
        call.set_message_attributes(Some(attributes)).send().await.map_err(|_| silent())?;
        let call = self.client.delete_message().queue_url(&self.letters);
        let call = call.set_receipt_handle(letter.receipt_handle.clone());
        call.send().await.map(|_| ()).map_err(|_| silent())
    }
}

async fn list(letters: &DeadLetters, bodies: bool) -> Result<ExitCode> {
    let taken = letters.take().await?;
    let now = SystemClock.now().millis();
    for letter in &taken {
        letters.put_back(letter).await?;
        let mut line = json!({
            "message_id": letter.message_id,
            "age": (now - sent(letter)) / 1000,
            "reason": reason(letter),
        });
        if bodies {
            line["body"] = json!(letter.body);
        }
        say(line);
    }
    Ok(ExitCode::SUCCESS)
}

async fn redrive(letters: &DeadLetters, which: &Which) -> Result<ExitCode> {
    let mut wanted: BTreeSet<&str> = which.ids.iter().map(String::as_str).collect();
    let mut redriven = 0;
    for letter in letters.take().await? {
        if wanted.remove(letter.message_id().unwrap_or_default()) || which.all {
            letters.redrive(&letter).await?;
            redriven += 1;
        } else {
            letters.put_back(&letter).await?;
        }
    }
    say(format_args!("{redriven} sync requests go to {QUEUE} again"));
    match wanted.first() {
        None => Ok(ExitCode::SUCCESS),
        Some(missing) => Err(Failure::new(format!("there is no message {missing}"))).context(DEAD_LETTERS),
    }
}

/// Why the request was refused. One that merely failed too often bears no reason.
fn reason(letter: &Message) -> Json {
    let attributes = letter.message_attributes.as_ref();
    let reason = attributes.and_then(|attributes| attributes.get(REASON)?.string_value.as_deref());
    match reason {
        Some(reason) => serde_json::from_str(reason).unwrap_or_else(|_| json!({"reason": reason})),
        None => json!({"reason": "failed_too_often"}),
    }
}

/// When it was sent, in milliseconds since the epoch.
fn sent(letter: &Message) -> i64 {
    let attributes = letter.attributes.as_ref();
    let sent = attributes.and_then(|attributes| attributes.get(&MessageSystemAttributeName::SentTimestamp));
    sent.and_then(|sent| sent.parse().ok()).unwrap_or_default()
}

fn silent() -> Failure {
    Failure::new("the queues do not answer")
}
