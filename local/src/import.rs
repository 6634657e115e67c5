//! Users of another table, from a file with one JSON object a line, through the same use case as every other change.
//!
//! A line creates a profile or does nothing, so lines may be imported any number of times.

pub mod line;
pub mod progress;

use crate::failure::{Context, Failure, Result};
use futures_util::StreamExt;
use futures_util::stream;
use progress::Progress;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::entropy::{Entropy, below};
use shared::profile::{Basis, Profile, ProfilePatch, Unique, plan};
use shared::schema::AttributeSchema;
use shared::store::{ProfileStore, StoreError};
use shared::update::{UpdateCommand, UpdateError, update};
use shared::validation::Violation;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// Longest line in bytes, without its end; the longest body that a contract takes.
const LONGEST: u64 = 64 * 1024;

/// Most violations that a reason tells of.
const MOST_VIOLATIONS: usize = 50;

/// How often a line is tried again when the table is throttled beyond the SDK's own patience, after 1 s, 2 s, 4 s, ….
const SLOWDOWNS: u32 = 6;

/// What became of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The user was created.
    Imported,
    /// The user was there already, with all that the line says.
    Unchanged,
    /// Nothing was written.
    Refused(Refusal),
}

/// Why a line is not imported.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// It is not one JSON object of at most 64 KiB, without repeated members.
    Malformed,
    /// It breaks field rules; never empty.
    Invalid(Vec<Violation>),
    /// These values belong to other users; never empty.
    Taken(Vec<Unique>),
    /// There is such a user, who is not as the line says.
    Exists,
    /// The user was erased, and only an administrator brings one back.
    Erased,
}

impl Refusal {
    /// For machines: `{"reason": …}` with names of attributes and codes of rules, never a value.
    pub fn reason(&self) -> Value {
        match self {
            Self::Malformed => json!({"reason": "malformed"}),
            Self::Invalid(violations) => {
                let violations = violations.iter().take(MOST_VIOLATIONS);
                let violations: Vec<Value> = violations
                    .map(|violation| json!({"field": violation.field, "code": violation.fault.code()}))
                    .collect();
                json!({"reason": "invalid", "violations": violations})
            }
            Self::Taken(taken) => {
                let attributes: Vec<&str> = taken.iter().map(|unique| unique.attribute().name()).collect();
                json!({"reason": "taken", "attributes": attributes})
            }
            Self::Exists => json!({"reason": "exists"}),
            Self::Erased => json!({"reason": "erased"}),
        }
    }
}

/// Where an import goes, and by which rules.
#[derive(Clone)]
pub struct Import {
    /// The table.
    pub store: ProfileStore,
    /// Rules of the stack's own attributes.
    pub schema: Arc<AttributeSchema>,
    /// Where ids of changes come from.
    pub entropy: Arc<dyn Entropy>,
    /// When each line is written.
    pub clock: Arc<dyn Clock>,
}

impl Import {
    /// Imports what `progress` has not seen of the file, so many lines at a time; `told` hears of each line.
    ///
    /// # Errors
    /// When the file cannot be read or the database fails. What is done then need not be done again.
    pub async fn run(
        &self,
        file: &Path,
        progress: &mut Progress,
        concurrency: usize,
        mut told: impl FnMut(&Progress),
    ) -> Result<()> {
        let lines = Lines::open(file, progress.tally().bytes)?;
        let mut settled = stream::iter(lines)
            .map(|line| {
                let import = self.clone();
                async move {
                    let (end, text) = line?;
                    let line = tokio::spawn(async move { import.line(text).await });
                    Ok::<_, Failure>((end, line.await.context("a line")??))
                }
            })
            // In the file's order: one position says what is done.
            .buffered(concurrency);
        while let Some(line) = settled.next().await {
            let (end, outcome) = match line {
                Ok(line) => line,
                Err(failure) => {
                    progress.save()?;
                    return Err(failure);
                }
            };
            progress.settle(end, outcome.as_ref())?;
            told(progress);
        }
        Ok(())
    }

    /// Imports one line; `None`: it is blank.
    async fn line(&self, text: Text) -> Result<Option<Outcome>> {
        let text = match text {
            Text::TooLong => return Ok(Some(Outcome::Refused(Refusal::Malformed))),
            Text::Whole(text) if text.trim_ascii().is_empty() => return Ok(None),
            Text::Whole(text) => text,
        };
        let command = match line::read(&text, &self.schema, self.clock.now()) {
            Ok(command) => command,
            Err(refusal) => return Ok(Some(Outcome::Refused(refusal))),
        };
        let mut slowdowns = 0;
        loop {
            let error = match self.create(&command).await {
                Ok(outcome) => return Ok(Some(outcome)),
                Err(error) => error,
            };
            let later = matches!(error, UpdateError::Throttled | UpdateError::Contention);
            if !later || slowdowns == SLOWDOWNS {
                return Err(failed(&error));
            }
            // Lines that were refused at one time do not come again at one time.
            let millis = (1000 << slowdowns) + below(&*self.entropy, 1000);
            sleep(Duration::from_millis(millis.into())).await;
            slowdowns += 1;
        }
    }

    async fn create(&self, command: &UpdateCommand) -> std::result::Result<Outcome, UpdateError> {
        let refused = |refusal| Ok(Outcome::Refused(refusal));
        match update(&self.store, &*self.entropy, self.clock.now(), command).await {
            Ok(_) => Ok(Outcome::Imported),
            Err(UpdateError::Invalid(violations)) => refused(Refusal::Invalid(violations)),
            Err(UpdateError::Taken(taken)) => refused(Refusal::Taken(taken)),
            Err(UpdateError::Erased) => refused(Refusal::Erased),
            Err(UpdateError::PreconditionFailed) => {
                let stored = self.store.read(&command.target).await?;
                match stored.and_then(|record| record.profile) {
                    Some(profile) if says(&profile, &command.patch) => Ok(Outcome::Unchanged),
                    _ => refused(Refusal::Exists),
                }
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether a profile is all that a line says, its password aside, which nobody can read.
fn says(profile: &Profile, patch: &ProfilePatch) -> bool {
    plan(patch, Basis::Stored(profile)).is_ok_and(|mut plan| {
        plan.credential = None;
        plan.leaves(profile)
    })
}

fn failed(error: &UpdateError) -> Failure {
    match error {
        UpdateError::Throttled | UpdateError::Contention => StoreError::Throttled.into(),
        UpdateError::Unavailable => StoreError::Unavailable.into(),
        _ => StoreError::Internal.into(),
    }
}

/// A line's text, without its end.
#[derive(Debug)]
enum Text {
    Whole(Vec<u8>),
    /// More than [`LONGEST`].
    TooLong,
}

/// The lines of a file, one in memory at a time.
struct Lines {
    file: BufReader<File>,
    name: String,
    end: u64,
}

impl Lines {
    fn open(path: &Path, start: u64) -> Result<Self> {
        let name = path.display().to_string();
        let mut file = File::open(path).context(&name)?;
        file.seek(SeekFrom::Start(start)).context(&name)?;
        Ok(Self { file: BufReader::new(file), name, end: start })
    }

    fn read(&mut self) -> std::io::Result<Option<(u64, Text)>> {
        let mut text = Vec::new();
        // One byte more for the line's end.
        let read = self.file.by_ref().take(LONGEST + 1).read_until(b'\n', &mut text)?;
        self.end += read as u64;
        if text.last() == Some(&b'\n') {
            text.pop();
        } else if read as u64 > LONGEST {
            self.end += self.file.skip_until(b'\n')? as u64;
            return Ok(Some((self.end, Text::TooLong)));
        } else if read == 0 {
            return Ok(None);
        }
        Ok(Some((self.end, Text::Whole(text))))
    }
}

impl Iterator for Lines {
    type Item = Result<(u64, Text)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().context(&self.name).transpose()
    }
}
