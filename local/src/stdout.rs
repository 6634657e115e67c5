//! Standard output of a command.

use std::fmt::Display;
use std::io::{ErrorKind, Write, stdout};

/// Status of a command whose reader has gone, as shells tell of one that SIGPIPE has ended.
const READER_GONE: i32 = 128 + libc::SIGPIPE;

/// Prints a line. When nobody reads any more (`… | head -1`), that is the command's quiet end; a stack's processes end with
/// it.
pub fn say(line: impl Display) {
    let mut stdout = stdout().lock();
    match writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(READER_GONE),
        Err(error) => {
            eprintln!("error: standard output: {error}");
            std::process::exit(1);
        }
    }
}
