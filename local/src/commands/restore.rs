//! `cargo run -- restore`: what a restored backup has and the table has not.

use super::check::Pace;
use super::store_failure;
use super::table::TableArguments;
use crate::failure::{Failure, Result};
use crate::stdout::say;
use clap::Args;
use serde_json::json;
use shared::store::{Key, ProfileStore, Restored, Sheet};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The table that the backup was restored to, of the same account and region
    #[arg(long, value_name = "TABLE")]
    from: String,
    #[command(flatten)]
    pace: Pace,
    #[command(flatten)]
    table: TableArguments,
}

/// How many items of the backup became what.
#[derive(Default)]
struct Tally {
    written: usize,
    stand: usize,
    erased: usize,
    left: usize,
}

impl Tally {
    fn add(&mut self, restored: Vec<Restored>) {
        for restored in restored {
            match restored {
                Restored::Written => self.written += 1,
                Restored::Stands => self.stand += 1,
                Restored::Erased => self.erased += 1,
                Restored::Taken(user, taken) => {
                    self.left += 1;
                    let names: Vec<&str> = taken.iter().map(|unique| unique.attribute().name()).collect();
                    say(json!({"finding": "taken", "user_id": user, "attributes": names}));
                }
                Restored::Unreadable => {
                    self.left += 1;
                    say(json!({"finding": "unreadable"}));
                }
            }
        }
    }

    fn tell(&self, what: &str) {
        eprintln!(
            "{what}: {} written, {} stood here already, {} stay away (erased here, or without a user here), {} refused",
            self.written, self.stand, self.erased, self.left
        );
    }
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let table = arguments.table.open().await?;
    if table.name == arguments.from {
        return Err(Failure::new("a table is not restored from itself: name the restored one with --from"));
    }
    let store = table.store();
    let source = store.beside(&arguments.from);
    let begin = || arguments.pace.next(&source, None);
    let first = begin().await.map_err(|failure| {
        Failure::new(format!("{}: {failure}; is there such a table, in the same region?", arguments.from))
    })?;

    // What belongs to a user is only written where the user stands.
    let profiles = restore(&arguments.pace, &source, &store, first, true).await?;
    profiles.tell("profiles and tombstones");
    let others = restore(&arguments.pace, &source, &store, begin().await?, false).await?;
    others.tell("history, sync marks, API keys, applications");
    Ok(if profiles.left + others.left == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn restore(
    pace: &Pace,
    source: &ProfileStore,
    store: &ProfileStore,
    first: Sheet,
    profiles: bool,
) -> Result<Tally> {
    let (mut tally, mut sheet) = (Tally::default(), first);
    loop {
        let restored = if profiles {
            store.restore_profiles(source, &sheet.items).await
        } else {
            store.restore_others(&sheet.items).await
        };
        tally.add(restored.map_err(interrupted)?);
        let Some(next): Option<Key> = sheet.next else { return Ok(tally) };
        sheet = pace.next(source, Some(next)).await?;
    }
}

fn interrupted(error: shared::store::StoreError) -> Failure {
    Failure::new(format!("{}; run it again: what is written stays", store_failure(error)))
}
