//! The function binaries, built by a nested cargo.

use crate::failure::{Context, Failure, Result};
use crate::process::die_with_thread;
use crate::startup::{Startup, Step};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Root of the workspace that this program was built from.
pub fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// Builds every binary of the workspace and says where each one is. Blocks; cargo's words go to standard error.
///
/// # Errors
/// When cargo cannot be run or does not compile them.
pub fn build(release: bool) -> Result<BTreeMap<String, PathBuf>> {
    build_telling(release, &Startup::default())
}

/// As [`build`], telling there how it comes along.
///
/// # Errors
/// As [`build`].
pub fn build_telling(release: bool, startup: &Startup) -> Result<BTreeMap<String, PathBuf>> {
    if release {
        build_deployed(&["--bins"], startup)
    } else {
        // No `-p`: cargo would unify features differently and compile the SDK once more.
        run_build(&["--bins"], startup)
    }
}

/// Builds one function as it is deployed, and says where it is.
///
/// # Errors
/// As [`build`], and when there is no such function.
pub fn build_function(name: &str) -> Result<PathBuf> {
    let built = build_deployed(&["--bin", name], &Startup::default())?.remove(name);
    built.ok_or_else(|| Failure::new(format!("no function {name}")))
}

fn build_deployed(binaries: &[&str], startup: &Startup) -> Result<BTreeMap<String, PathBuf>> {
    // Nothing of the others is deployed, and with link-time optimisation it would take the longest of all.
    let mut arguments = vec!["--release", "--workspace"];
    for package in ["local", "tests", "bench"] {
        arguments.extend(["--exclude", package]);
    }
    arguments.extend(binaries);
    run_build(&arguments, startup)
}

/// Runs `cargo build` with these arguments in the workspace: name and place of each executable.
///
/// # Errors
/// As [`build`].
pub fn cargo_build(arguments: &[&str]) -> Result<BTreeMap<String, PathBuf>> {
    run_build(arguments, &Startup::default())
}

fn run_build(arguments: &[&str], startup: &Startup) -> Result<BTreeMap<String, PathBuf>> {
    let mut command = cargo(workspace());
    let format = if startup.coloured() { "json-diagnostic-rendered-ansi" } else { "json" };
    command.arg("build").args(arguments).arg(format!("--message-format={format}")).arg("--color=never");
    // Only with its bar, cargo says how many units there are.
    command.env("CARGO_TERM_PROGRESS_WHEN", "always").env("CARGO_TERM_PROGRESS_WIDTH", "200");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    die_with_thread(&mut command, libc::SIGTERM);
    let mut child = command.spawn().context("cannot run cargo")?;
    let (messages, words) = (child.stdout.take(), child.stderr.take());
    let built = std::thread::scope(|scope| {
        scope.spawn(|| words.into_iter().for_each(|words| tell_words(words, startup)));
        let lines = messages.into_iter().flat_map(|messages| BufReader::new(messages).lines());
        lines.map_while(std::io::Result::ok).filter_map(|line| heed(&line, startup)).collect()
    });
    let status = child.wait().context("cannot run cargo")?;
    if status.success() { Ok(built) } else { Err(Failure::new(format!("cargo build: {status}"))) }
}

/// The cargo that built this program, to be run in `directory`.
pub fn cargo(directory: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(directory);
    // These describe the package that runs us. Build scripts that look at them would run again each time.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(describes_a_package) {
            command.env_remove(name);
        }
    }
    command
}

fn describes_a_package(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
        .iter()
        .any(|prefix| variable.starts_with(prefix))
        || ["CARGO", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"].contains(&variable)
}

/// Heeds a line of cargo's output: the name and place of the executable that it announces. A diagnostic is told.
fn heed(line: &str, startup: &Startup) -> Option<(String, PathBuf)> {
    #[derive(Deserialize)]
    #[serde(tag = "reason")]
    enum Message {
        #[serde(rename = "compiler-artifact")]
        Artifact { target: Target, executable: Option<PathBuf> },
        #[serde(rename = "compiler-message")]
        Complaint { message: Diagnostic },
        #[serde(other)]
        Other,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
    }
    #[derive(Deserialize)]
    struct Diagnostic {
        rendered: Option<String>,
    }
    match serde_json::from_str(line).ok()? {
        Message::Artifact { target, executable } => Some((target.name, executable?)),
        Message::Complaint { message } => {
            startup.tell(Step::Diagnostic(message.rendered?.trim_end()));
            None
        }
        Message::Other => None,
    }
}

/// Tells what cargo writes beside its messages: lines, and in between the states of its bar, each ended by a carriage
/// return.
fn tell_words(words: impl Read, startup: &Startup) {
    let mut line = Vec::new();
    for byte in BufReader::new(words).bytes().map_while(std::io::Result::ok) {
        if byte != b'\n' && byte != b'\r' {
            line.push(byte);
            continue;
        }
        let text = String::from_utf8_lossy(&line);
        if let Some(step) = word(text.trim_end(), byte == b'\n') {
            startup.tell(step);
        }
        line.clear();
    }
}

fn word(text: &str, is_line: bool) -> Option<Step<'_>> {
    if !is_line {
        return compiling(text);
    }
    // The first word of what it does ends in the twelfth column.
    let (verb, rest) = text.split_at_checked(12).unwrap_or((text, ""));
    let is_status = rest.starts_with(' ')
        && verb.trim_start().starts_with(|first: char| first.is_ascii_uppercase())
        && verb.trim_start().chars().all(|letter| letter.is_ascii_alphabetic());
    Some(if is_status { Step::Status(text) } else { Step::Diagnostic(text) })
}

/// What a state of the bar says: `Building [=====>   ] 143/380: shared, local`.
fn compiling(bar: &str) -> Option<Step<'_>> {
    let (_, state) = bar.trim_start().strip_prefix("Building [")?.split_once("] ")?;
    let (count, units) = state.split_once(": ").unwrap_or((state, ""));
    let (done, total) = count.split_once('/')?;
    Some(Step::Compiling { done: done.parse().ok()?, total: total.parse().ok()?, units })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn executables_and_diagnostics_are_found_in_cargos_output() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let startup = Startup::new(false, {
            let told = told.clone();
            move |step| told.lock().unwrap().push(format!("{step:?}"))
        });
        let heed = |line: &str| heed(line, &startup);
        let line = r#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"put-profile"},"executable":"/t/put-profile"}"#;
        assert_eq!(heed(line), Some(("put-profile".to_owned(), PathBuf::from("/t/put-profile"))));
        let library =
            r#"{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"shared"},"executable":null}"#;
        assert_eq!(heed(library), None);
        assert_eq!(heed(r#"{"reason":"build-finished","success":true}"#), None);
        let warning =
            r#"{"reason":"compiler-message","target":{"name":"a"},"message":{"rendered":"warning: x\n\n"}}"#;
        assert_eq!(heed(warning), None);
        assert_eq!(*told.lock().unwrap(), [r#"Diagnostic("warning: x")"#]);
    }

    #[test]
    fn cargos_words_are_told_apart() {
        let bar = "    Building [==>   ] 143/380: shared, local(bin)";
        let expected = Step::Compiling { done: 143, total: 380, units: "shared, local(bin)" };
        assert_eq!(word(bar, false), Some(expected));
        assert_eq!(word("", false), None);
        for status in ["   Compiling shared v0.1.0", "    Blocking waiting for file lock on build directory"]
        {
            assert_eq!(word(status, true), Some(Step::Status(status)));
        }
        for complaint in ["error: could not compile `x`", "", "Caused by:", "  expected `=`, found `x`"] {
            assert_eq!(word(complaint, true), Some(Step::Diagnostic(complaint)));
        }
    }

    #[test]
    fn only_what_describes_a_package_is_kept_from_cargo() {
        let kept =
            ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "CARGO", "CARGO_TARGET_DIR", "CARGO_HOME", "PATH"];
        let removed: Vec<&str> = kept.into_iter().filter(|name| describes_a_package(name)).collect();
        assert_eq!(removed, ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "CARGO"]);
    }
}
