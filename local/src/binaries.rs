//! The function binaries, built by a nested cargo.

use crate::failure::{Context, Failure, Result};
use crate::process::die_with_thread;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Root of the workspace that this program was built from.
pub fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// Builds every binary of the workspace and says where each one is. Blocks; cargo's progress goes to standard error.
///
/// # Errors
/// When cargo cannot be run or does not compile them.
pub fn build(release: bool) -> Result<BTreeMap<String, PathBuf>> {
    if release {
        build_deployed(&["--bins"])
    } else {
        // No `-p`: cargo would unify features differently and compile the SDK once more.
        cargo_build(&["--bins"])
    }
}

/// Builds one function as it is deployed, and says where it is.
///
/// # Errors
/// As [`build`], and when there is no such function.
pub fn build_function(name: &str) -> Result<PathBuf> {
    let built = build_deployed(&["--bin", name])?.remove(name);
    built.ok_or_else(|| Failure::new(format!("no function {name}")))
}

fn build_deployed(binaries: &[&str]) -> Result<BTreeMap<String, PathBuf>> {
    // Nothing of the others is deployed, and with link-time optimisation it would take the longest of all.
    let mut arguments = vec!["--release", "--workspace"];
    for package in ["local", "tests", "bench"] {
        arguments.extend(["--exclude", package]);
    }
    arguments.extend(binaries);
    cargo_build(&arguments)
}

/// Runs `cargo build` with these arguments in the workspace: name and place of each executable.
///
/// # Errors
/// As [`build`].
pub fn cargo_build(arguments: &[&str]) -> Result<BTreeMap<String, PathBuf>> {
    let mut command = cargo(workspace());
    command.arg("build").args(arguments).arg("--message-format=json-render-diagnostics");
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    die_with_thread(&mut command, libc::SIGTERM);
    let output = command.output().context("cannot run cargo")?;
    if !output.status.success() {
        return Err(Failure::new(format!("cargo build: {}", output.status)));
    }
    Ok(output.stdout.split(|byte| *byte == b'\n').filter_map(executable).collect())
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

/// Name and place, when this line of cargo's output announces an executable.
fn executable(line: &[u8]) -> Option<(String, PathBuf)> {
    #[derive(Deserialize)]
    struct Artifact {
        target: Target,
        executable: Option<PathBuf>,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
    }
    let artifact: Artifact = serde_json::from_slice(line).ok()?;
    Some((artifact.target.name, artifact.executable?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_found_in_cargos_output() {
        let line = br#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"put-profile"},"executable":"/t/put-profile"}"#;
        assert_eq!(executable(line), Some(("put-profile".to_owned(), PathBuf::from("/t/put-profile"))));
        let library =
            br#"{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"shared"},"executable":null}"#;
        assert_eq!(executable(library), None);
        assert_eq!(executable(br#"{"reason":"build-finished","success":true}"#), None);
    }

    #[test]
    fn only_what_describes_a_package_is_kept_from_cargo() {
        let kept =
            ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "CARGO", "CARGO_TARGET_DIR", "CARGO_HOME", "PATH"];
        let removed: Vec<&str> = kept.into_iter().filter(|name| describes_a_package(name)).collect();
        assert_eq!(removed, ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "CARGO"]);
    }
}
