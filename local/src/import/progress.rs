//! How far an import has come, and what it has refused, in two files beside the imported one.

use super::{Outcome, Refusal};
use crate::failure::{Context, Failure, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fs::{File, TryLockError};
use std::io::{BufWriter, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// After so many lines the position is written to the disk. What a kill loses of it is imported again, which changes
/// nothing.
const LINES_A_SAVE: u64 = 500;

/// What has become of the lines so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Lines that are done with, blank ones too.
    pub lines: u64,
    /// Where the next line begins, in bytes.
    pub bytes: u64,
    /// Lines whose user was created.
    pub imported: u64,
    /// Lines whose user was there already, with all that the line says.
    pub unchanged: u64,
    /// Lines that were refused.
    pub refused: u64,
}

/// What the position file holds.
#[derive(Debug, Serialize, Deserialize)]
struct Position {
    /// The table's id: in another one, nothing is imported yet.
    table: String,
    /// Length of the imported file in bytes: another file begins anew.
    length: u64,
    /// Length of the report in bytes.
    report: u64,
    tally: Tally,
}

/// An import's progress. Only one import of a file runs at a time.
#[derive(Debug)]
pub struct Progress {
    position: Position,
    path: PathBuf,
    report: BufWriter<File>,
    report_path: PathBuf,
}

impl Progress {
    /// Goes on where an import of this file into this table was broken off, or begins.
    ///
    /// # Errors
    /// When the files cannot be read or written, or another import of the file runs.
    pub fn open(imported: &Path, table: &str) -> Result<Self> {
        let length = imported.metadata().context(imported.display())?.len();
        let (path, report_path) =
            (imported.with_extension("position.json"), imported.with_extension("refused.ndjson"));
        let report = File::options().create(true).truncate(false).read(true).write(true).open(&report_path);
        let mut report = report.context(report_path.display())?;
        match report.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::new("another import of it runs")).context(imported.display());
            }
            Err(TryLockError::Error(error)) => return Err(error).context(report_path.display()),
        }
        let beginning = || Position { table: table.to_owned(), length, report: 0, tally: Tally::default() };
        let position = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).context(path.display())?,
            Err(error) if error.kind() == ErrorKind::NotFound => beginning(),
            Err(error) => return Err(error).context(path.display()),
        };
        let goes_on = position.table == table && position.length == length;
        let position = if goes_on { position } else { beginning() };
        report.set_len(position.report).context(report_path.display())?;
        report.seek(SeekFrom::End(0)).context(report_path.display())?;
        Ok(Self { position, path, report: BufWriter::new(report), report_path })
    }

    /// What has become of the lines so far.
    pub const fn tally(&self) -> &Tally {
        &self.position.tally
    }

    /// Length of the imported file in bytes.
    pub const fn length(&self) -> u64 {
        self.position.length
    }

    /// Where refused lines are told of.
    pub fn report(&self) -> &Path {
        &self.report_path
    }

    /// The next line is done with; `None`: it was blank. `end` is where it ends, in bytes.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn settle(&mut self, end: u64, outcome: Option<&Outcome>) -> Result<()> {
        let tally = &mut self.position.tally;
        tally.lines += 1;
        tally.bytes = end;
        match outcome {
            None => {}
            Some(Outcome::Imported) => tally.imported += 1,
            Some(Outcome::Unchanged) => tally.unchanged += 1,
            Some(Outcome::Refused(refusal)) => {
                tally.refused += 1;
                let line = tally.lines;
                self.tell(line, refusal)?;
            }
        }
        if self.position.tally.lines.is_multiple_of(LINES_A_SAVE) { self.save() } else { Ok(()) }
    }

    fn tell(&mut self, line: u64, refusal: &Refusal) -> Result<()> {
        let mut row = json!({"line": line});
        if let (Some(row), Some(reason)) = (row.as_object_mut(), refusal.reason().as_object()) {
            row.extend(reason.clone());
        }
        let row = format!("{row}\n");
        self.position.report += row.len() as u64;
        self.report.write_all(row.as_bytes()).context(self.report_path.display())
    }

    /// Writes to the disk how far it has come, the report first.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn save(&mut self) -> Result<()> {
        self.report.flush().context(self.report_path.display())?;
        self.report.get_ref().sync_data().context(self.report_path.display())?;
        let text = serde_json::to_vec(&self.position).context(self.path.display())?;
        let fresh = self.path.with_extension("new");
        std::fs::write(&fresh, text)
            .and_then(|()| std::fs::rename(&fresh, &self.path))
            .context(self.path.display())
    }

    /// The import is done: there is nothing to go on with, and a report only where something was refused.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn finish(mut self) -> Result<Tally> {
        self.save()?;
        if self.position.tally.refused == 0 {
            std::fs::remove_file(&self.report_path).context(self.report_path.display())?;
        }
        std::fs::remove_file(&self.path).context(self.path.display())?;
        Ok(std::mem::take(&mut self.position.tally))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let _ = self.report.flush();
        // Closing the file is not enough: a process that is just being started has it open until it is its own program.
        let _ = self.report.get_ref().unlock();
    }
}
