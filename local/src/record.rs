//! `stack.json`: where the running stack is, for the other commands and for whoever wants to reach it by hand.

use crate::failure::{Context, Failure, Result};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, Region};
use serde::{Deserialize, Serialize};
use shared::store::ProfileStore;
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// Where a running stack is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Base URL of the gateway.
    pub url: String,
    /// Endpoint URL for AWS clients; any credentials do.
    pub dynamodb_endpoint: String,
    /// Endpoint URL for AWS clients of EventBridge and SQS; any credentials do.
    pub services_endpoint: String,
    /// URLs of the queues, by name.
    pub queues: BTreeMap<String, String>,
    /// Name of the table.
    pub table: String,
    /// Region to name to AWS clients.
    pub region: String,
    /// The functions, by the name of their binary.
    pub functions: BTreeMap<String, RecordedFunction>,
}

/// How to run one function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFunction {
    /// Its program.
    pub binary: PathBuf,
    /// All that it gets, except the address of a Runtime API.
    pub environment: BTreeMap<String, String>,
}

impl Record {
    /// The record of the stack that runs on a data directory.
    ///
    /// # Errors
    /// When none runs there, or it is not ready yet.
    pub fn read(data: &Path) -> Result<Self> {
        let not_running =
            || Failure::new(format!("no stack runs on {}; start one with `cargo run`", data.display()));
        // A stack that was killed leaves its record behind, but not its lock.
        let lock = File::open(lock_path(data)).map_err(|_| not_running())?;
        match lock.try_lock_shared() {
            Ok(()) => {
                // As when a tenancy ends; otherwise the next stack could find it taken.
                let _ = lock.unlock();
                return Err(not_running());
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error).context(lock_path(data).display()),
        }
        let path = record_path(data);
        let text = std::fs::read(&path)
            .map_err(|_| Failure::new(format!("the stack on {} is not ready yet", data.display())))?;
        serde_json::from_slice(&text).context(path.display())
    }

    /// A client of the stack's DynamoDB.
    pub async fn dynamodb(&self) -> Client {
        let config = aws_sdk_dynamodb::config::Builder::from(&shared::sdk::sdk_config())
            .endpoint_url(&self.dynamodb_endpoint)
            .region(Region::new(self.region.clone()))
            .credentials_provider(credentials());
        Client::from_conf(config.build())
    }

    /// The stack's table.
    pub async fn store(&self) -> ProfileStore {
        ProfileStore::new(self.dynamodb().await, self.table.as_str())
    }

    /// A client of the stack's queues.
    pub async fn sqs(&self) -> aws_sdk_sqs::Client {
        let config = aws_sdk_sqs::config::Builder::from(&shared::sdk::sdk_config())
            .endpoint_url(&self.services_endpoint)
            .region(Region::new(self.region.clone()))
            .credentials_provider(credentials());
        aws_sdk_sqs::Client::from_conf(config.build())
    }

    /// The URL of a queue.
    ///
    /// # Errors
    /// When the stack has none of this name.
    pub fn queue(&self, name: &str) -> Result<&str> {
        let url = self.queues.get(name).map(String::as_str);
        url.ok_or_else(|| Failure::new(format!("the stack has no queue {name}")))
    }
}

/// Any do: nobody checks them.
fn credentials() -> Credentials {
    Credentials::new("local", "local", None, None, "local stack")
}

/// The right to run a stack on a data directory. It ends with this value or with the process.
pub struct Tenancy {
    data: PathBuf,
    lock: File,
}

impl Tenancy {
    /// Takes the directory, making it if need be, and removes what a killed stack has left behind.
    ///
    /// # Errors
    /// When another stack runs on it.
    pub fn take(data: &Path) -> Result<Self> {
        std::fs::create_dir_all(data).context(data.display())?;
        // Functions run elsewhere and need the whole path.
        let data = data.canonicalize().context(data.display())?;
        let path = lock_path(&data);
        let lock =
            File::options().create(true).truncate(false).write(true).open(&path).context(path.display())?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message =
                    "another stack runs on it; stop that one, or choose another directory with --data";
                return Err(Failure::new(message)).context(data.display());
            }
            Err(TryLockError::Error(error)) => return Err(error).context(path.display()),
        }
        let tenancy = Self { data, lock };
        tenancy.withdraw();
        Ok(tenancy)
    }

    /// The directory, as an absolute path.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Writes the record. It appears whole or not at all.
    ///
    /// # Errors
    /// When the directory cannot be written to.
    pub fn publish(&self, record: &Record) -> Result<()> {
        let path = record_path(&self.data);
        let unfinished = path.with_extension("json.new");
        let text = serde_json::to_string_pretty(record).context(path.display())?;
        std::fs::write(&unfinished, text + "\n").context(unfinished.display())?;
        std::fs::rename(&unfinished, &path).context(path.display())
    }

    fn withdraw(&self) {
        let _ = std::fs::remove_file(record_path(&self.data));
    }
}

impl Drop for Tenancy {
    fn drop(&mut self) {
        self.withdraw();
        // Closing the file is not enough: a process that is just being started has it open until it is its own program.
        let _ = self.lock.unlock();
    }
}

fn record_path(data: &Path) -> PathBuf {
    data.join("stack.json")
}

fn lock_path(data: &Path) -> PathBuf {
    data.join("lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_there_as_long_as_its_stack() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("new");
        let not_running =
            Failure::new(format!("no stack runs on {}; start one with `cargo run`", data.display()));
        assert_eq!(Record::read(&data), Err(not_running.clone()));

        let tenancy = Tenancy::take(&data).unwrap();
        let not_ready = Failure::new(format!("the stack on {} is not ready yet", data.display()));
        assert_eq!(Record::read(&data), Err(not_ready));
        let function =
            RecordedFunction { binary: "/f".into(), environment: [("A".into(), "b".into())].into() };
        let record = Record {
            url: "http://127.0.0.1:3000".into(),
            dynamodb_endpoint: "http://127.0.0.1:1".into(),
            services_endpoint: "http://127.0.0.1:2".into(),
            queues: [("q".to_owned(), "http://localhost/q".to_owned())].into(),
            table: "t".into(),
            region: "us-east-1".into(),
            functions: [("f".to_owned(), function)].into(),
        };
        tenancy.publish(&record).unwrap();
        assert_eq!(Record::read(&data), Ok(record));

        drop(tenancy);
        assert_eq!(Record::read(&data), Err(not_running));
        assert!(!data.join("stack.json").exists());
    }

    #[test]
    fn a_record_that_a_killed_stack_left_behind_counts_for_nothing() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("lock"), "").unwrap();
        std::fs::write(directory.path().join("stack.json"), "{}").unwrap();
        assert!(Record::read(directory.path()).is_err());
        let _tenancy = Tenancy::take(directory.path()).unwrap();
        assert!(!directory.path().join("stack.json").exists());
    }

    #[test]
    fn only_one_stack_runs_on_a_directory() {
        let directory = tempfile::tempdir().unwrap();
        let first = Tenancy::take(directory.path()).unwrap();
        let refused = Tenancy::take(directory.path()).err().map(|failure| failure.to_string());
        let message = "another stack runs on it; stop that one, or choose another directory with --data";
        assert_eq!(refused, Some(format!("{}: {message}", first.data().display())));
        drop(first);
        assert!(Tenancy::take(directory.path()).is_ok());
    }
}
