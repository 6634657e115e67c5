//! What happened to messages, line by line, so that a killed stack finds them again.

use super::Message;
use crate::failure::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// One thing that happened.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "snake_case")]
pub(super) enum Entry {
    /// A message came to a queue.
    Kept { queue: String, message: Message },
    /// A message was given out.
    Received { id: String, at: i64 },
    /// A message went to its queue's dead-letter queue.
    Moved { id: String, to: String },
    /// A message was done with.
    Deleted { id: String },
}

/// The file of entries; none when nothing is to be kept.
pub(super) struct Journal(Option<Written>);

/// A file, and how much of it is whole entries.
struct Written {
    file: File,
    length: u64,
}

impl Journal {
    /// Opens the journal and says which messages it leaves, by queue, oldest first. What is over is forgotten.
    pub(super) fn open(path: Option<&Path>) -> Result<(Self, Vec<(String, Message)>)> {
        let Some(path) = path else { return Ok((Self(None), Vec::new())) };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).context(path.display()),
        };
        let left = replay(&text).context(path.display())?;
        let fresh = path.with_extension("new");
        let mut file = File::create(&fresh).context(fresh.display())?;
        let mut lines = Vec::new();
        for (queue, message) in &left {
            lines.extend(line(&Entry::Kept { queue: queue.clone(), message: message.clone() })?);
        }
        file.write_all(&lines).context(fresh.display())?;
        file.sync_all().context(fresh.display())?;
        std::fs::rename(&fresh, path).context(path.display())?;
        sync_directory(path)?;
        Ok((Self(Some(Written { file, length: lines.len() as u64 })), left))
    }

    /// Writes an entry. It outlives this process, but not yet the machine.
    pub(super) fn write(&mut self, entry: &Entry) -> Result<()> {
        let Some(Written { file, length }) = &mut self.0 else { return Ok(()) };
        let line = line(entry)?;
        // On a full disk the entry before may have been written in part: this one takes that part's place.
        let written = file.set_len(*length).and_then(|()| file.seek(SeekFrom::Start(*length)));
        written.and_then(|_| file.write_all(&line)).context("the journal of the queues")?;
        *length += line.len() as u64;
        Ok(())
    }

    /// A handle whose `sync_data` makes everything written so far outlive the machine.
    pub(super) fn file(&self) -> Result<Option<File>> {
        self.0
            .as_ref()
            .map(|written| written.file.try_clone())
            .transpose()
            .context("the journal of the queues")
    }
}

fn line(entry: &Entry) -> Result<Vec<u8>> {
    let mut line = serde_json::to_vec(entry).context("an entry")?;
    line.push(b'\n');
    Ok(line)
}

/// A renamed file is found after a power cut only when its directory is on the disk as well.
fn sync_directory(path: &Path) -> Result<()> {
    let directory = path.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
    File::open(&directory).and_then(|directory| directory.sync_all()).context(directory.display())
}

fn replay(text: &str) -> Result<Vec<(String, Message)>> {
    // What stands behind the last newline was never acknowledged.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut left: BTreeMap<String, (usize, String, Message)> = BTreeMap::new();
    for (number, line) in whole.lines().enumerate() {
        let entry: Entry = serde_json::from_str(line).context(format_args!("line {}", number + 1))?;
        match entry {
            Entry::Kept { queue, message } => {
                left.insert(message.id.clone(), (number, queue, message));
            }
            Entry::Received { id, at } => {
                if let Some((_, _, message)) = left.get_mut(&id) {
                    message.count_receive(at);
                }
            }
            Entry::Moved { id, to } => {
                if let Some((_, queue, _)) = left.get_mut(&id) {
                    *queue = to;
                }
            }
            Entry::Deleted { id } => {
                left.remove(&id);
            }
        }
    }
    let mut left: Vec<_> = left.into_values().collect();
    left.sort_by_key(|(number, ..)| *number);
    Ok(left.into_iter().map(|(_, queue, message)| (queue, message)).collect())
}
