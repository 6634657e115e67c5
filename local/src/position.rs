//! How far a function has come in the stream.

use crate::failure::{Context, Result};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use tokio::task::spawn_blocking;

/// The last record that is done with. It is written only then, so a record that was under way is read again.
#[derive(Debug)]
pub struct Position {
    kept: Kept,
    path: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// ARN of the stream: a new table's stream begins anew.
    stream: String,
    /// Sequence number of the record; none before the first.
    after: Option<String>,
}

impl Position {
    /// The position in a stream that a file keeps, or its beginning. Without a file nothing is kept.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open(path: Option<PathBuf>, stream: &str) -> Result<Self> {
        let beginning = Kept { stream: stream.to_owned(), after: None };
        let Some(file) = &path else { return Ok(Self { kept: beginning, path }) };
        let kept = match std::fs::read(file) {
            Ok(text) => serde_json::from_slice(&text).context(file.display())?,
            Err(error) if error.kind() == ErrorKind::NotFound => beginning.clone(),
            Err(error) => return Err(error).context(file.display()),
        };
        Ok(Self { kept: if kept.stream == stream { kept } else { beginning }, path })
    }

    /// Sequence number of the last record that is done with.
    pub fn after(&self) -> Option<&str> {
        self.kept.after.as_deref()
    }

    /// Moves on, on the disk first.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn advance(&mut self, sequence_number: &str) -> Result<()> {
        let next = Kept { after: Some(sequence_number.to_owned()), ..self.kept.clone() };
        if let Some(path) = self.path.clone() {
            let text = serde_json::to_vec(&next).context(path.display())?;
            let written = spawn_blocking(move || replace(&path, &text).context(path.display()));
            written.await.context("the position was not written")??;
        }
        self.kept = next;
        Ok(())
    }
}

/// The file has the old content or the new, whatever is killed.
fn replace(path: &PathBuf, text: &[u8]) -> std::io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = File::create(&fresh)?;
    file.write_all(text)?;
    file.sync_data()?;
    std::fs::rename(&fresh, path)
}
