//! Room in the data directory. When the disk is full, functions answer that their database is not to be had, in their
//! contracts' words; why, only the terminal can say.

use crate::failure::{Context, Result};
use crate::process::Output;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bytes that must be free: what the database's log holds before it goes into the database.
pub const NEEDED: usize = 4 * 1024 * 1024;

/// How often it is said that there is no room.
const AGAIN: Duration = Duration::from_secs(10);

/// What a function's line about a request has when the database did not answer.
const UNAVAILABLE: &str = r#""outcome":"unavailable""#;

/// Whether [`NEEDED`] bytes can be written to a directory. Blocks.
///
/// # Errors
/// What the operating system says, when not.
pub fn look(data: &Path) -> Result<()> {
    let path = data.join("room");
    let written = File::create(&path).and_then(|mut file| file.write_all(&vec![0; NEEDED]));
    // It may not be there.
    let _ = std::fs::remove_file(&path);
    written.context(format_args!("{}: no {} MiB can be written", data.display(), NEEDED >> 20))
}

/// An output that hands every line on, and looks for room now and when a function misses its database. What it finds wrong
/// then is a line of its own. Blocks.
///
/// # Errors
/// When there is no room now.
pub fn watched(data: &Path, output: Output) -> Result<Output> {
    look(data)?;
    Ok(watching(data.to_owned(), output))
}

fn watching(data: PathBuf, output: Output) -> Output {
    let (output, looked) = (Arc::new(output), Arc::new(Mutex::<Option<Instant>>::default()));
    Output::new(move |name, line| {
        output.write(name, line);
        if !line.contains(UNAVAILABLE) {
            return;
        }
        let mut looked = looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_some_and(|looked| looked.elapsed() < AGAIN) {
            return;
        }
        *looked = Some(Instant::now());
        let (data, output) = (data.clone(), Arc::clone(&output));
        std::thread::spawn(move || {
            if let Err(failure) = look(&data) {
                output.write("data", &format!("{failure}; updates are refused until there is room"));
            }
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_function_without_its_database_has_the_directory_looked_at() {
        let directory = tempfile::tempdir().unwrap();
        let gone = directory.path().join("gone");
        let (said, heard) = mpsc::channel();
        let output = Output::new(move |name, line| said.send(format!("{name}: {line}")).unwrap());
        let output = watching(gone.clone(), output);
        for line in
            ["{\"outcome\":\"updated\"}", "{\"outcome\":\"unavailable\"}", "{\"outcome\":\"unavailable\"}"]
        {
            output.write("put-profile", line);
        }
        drop(output);
        let mut lines: Vec<String> = heard.iter().collect();
        lines.retain(|line| !line.starts_with("put-profile: "));
        let expected = format!(
            "data: {}: no 4 MiB can be written: No such file or directory (os error 2); \
             updates are refused until there is room",
            gone.display()
        );
        assert_eq!(lines, [expected]);
    }

    #[test]
    fn a_look_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        look(directory.path()).unwrap();
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
