//! `cargo run -- check`: whether the items of a table agree with each other.

use super::store_failure;
use super::table::TableArguments;
use crate::failure::Result;
use crate::stdout::say;
use clap::Args;
use serde_json::{Map, Value};
use shared::clock::{Clock, SystemClock};
use shared::store::{Finding, Key, ProfileStore, Sheet};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Put right what needs no person: claims, and passwords of nobody
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    pace: Pace,
    #[command(flatten)]
    table: TableArguments,
}

/// How fast a whole table is read.
#[derive(Debug, Args)]
pub(super) struct Pace {
    /// Read capacity units a second, at most; one is two reads of up to 4 KB
    #[arg(long, value_name = "UNITS", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    read_units: u32,
}

impl Pace {
    /// Reads the next part of a table, once what was read since the last one has had its time.
    pub(super) async fn next(&self, store: &ProfileStore, after: Option<Key>) -> Result<Sheet> {
        let before = store.usage().read_units;
        let sheet = store.sheet(after).await.map_err(store_failure)?;
        self.wait(store.usage().read_units - before).await;
        Ok(sheet)
    }

    /// Waits for as long as these read units may take.
    pub(super) async fn wait(&self, units: f64) {
        tokio::time::sleep(Duration::from_secs_f64(units / f64::from(self.read_units))).await;
    }
}

/// What one reading of the table showed.
#[derive(Default)]
struct Outcome {
    items: usize,
    repaired: usize,
    /// What is left, by its name.
    left: BTreeMap<&'static str, usize>,
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let store = arguments.table.open().await?.store();
    loop {
        let outcome = read(&store, &arguments.pace, arguments.repair).await?;
        let left: usize = outcome.left.values().sum();
        let kinds: Vec<String> = outcome.left.iter().map(|(name, count)| format!("{count} {name}")).collect();
        let repaired =
            if arguments.repair { format!("; {} repaired", outcome.repaired) } else { String::new() };
        let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
        let findings = if left == 1 { "finding" } else { "findings" };
        eprintln!("{} items; {left} {findings}{kinds}{repaired}", outcome.items);
        // What is repaired may be what something else waited for.
        if outcome.repaired == 0 || left == 0 {
            return Ok(if left == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        eprintln!("once more, since something else may be in order now");
    }
}

async fn read(store: &ProfileStore, pace: &Pace, repair: bool) -> Result<Outcome> {
    let (mut outcome, mut next) = (Outcome::default(), None);
    loop {
        let sheet = pace.next(store, next).await?;
        let before = store.usage().read_units;
        for finding in store.check(&sheet.items, SystemClock.now()).await.map_err(store_failure)? {
            let repaired = repair && store.repair(&finding).await.map_err(store_failure)?;
            say(row(&finding, repaired));
            if repaired {
                outcome.repaired += 1;
            } else {
                *outcome.left.entry(finding.fault.name()).or_default() += 1;
            }
        }
        pace.wait(store.usage().read_units - before).await;
        outcome.items += sheet.items.len();
        next = sheet.next;
        if next.is_none() {
            return Ok(outcome);
        }
    }
}

/// A finding, without any value.
fn row(finding: &Finding, repaired: bool) -> Value {
    let mut row = Map::from_iter([("finding".to_owned(), finding.fault.name().into())]);
    if let Some(user) = &finding.user_id {
        row.insert("user_id".into(), user.as_str().into());
    }
    row.insert("item".into(), finding.place().into());
    if let Some(unique) = finding.fault.unique() {
        row.insert("attribute".into(), unique.attribute().name().into());
    }
    if repaired {
        row.insert("repaired".into(), true.into());
    }
    Value::Object(row)
}
