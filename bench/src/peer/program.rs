//! Other people's programs: interpreters and installers.

use local::failure::{Context, Failure, Result};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio::time::timeout;

/// How long an installation may take: without a network some wait for long.
const PATIENCE: Duration = Duration::from_secs(300);

/// What runs a language's programs.
pub struct Interpreter {
    /// The program itself: what is found by name may be a script that looks for it.
    pub path: PathBuf,
    /// Its version: `20.20.2`.
    pub version: String,
}

impl Interpreter {
    /// The first of these commands that is of the version `least` (major, minor) or newer. `question` has it print its
    /// own path and its version, a line each.
    ///
    /// # Errors
    /// When there is none; says the newest version it met.
    pub async fn find(candidates: &[&str], question: &[&str], least: (u32, u32)) -> Result<Self> {
        let mut older = None;
        for candidate in candidates {
            let Ok(output) = Command::new(candidate).args(question).stdin(Stdio::null()).output().await
            else {
                continue;
            };
            let answer = String::from_utf8_lossy(&output.stdout);
            let Some((path, version)) = answer.trim().split_once('\n') else { continue };
            if major_and_minor(version).is_some_and(|found| found >= least) {
                return Ok(Self { path: path.into(), version: version.to_owned() });
            }
            older = older.max(Some(version.to_owned()));
        }
        Err(Failure::new(match older {
            Some(version) => format!("{version} is older than {}.{}", least.0, least.1),
            None => "not installed".to_owned(),
        }))
    }

    /// Writes an executable file of this source that the interpreter runs with these `options`.
    ///
    /// # Errors
    /// When it cannot be written, or the interpreter's path cannot stand in a script's first line.
    pub fn script(&self, source: &Path, options: &str, target: &Path) -> Result<PathBuf> {
        let interpreter = self.path.display().to_string();
        if interpreter.contains(char::is_whitespace) {
            return Err(Failure::new("its path has white space"));
        }
        let program = std::fs::read_to_string(source).context(source.display())?;
        std::fs::write(target, format!("#!{interpreter}{options}\n{program}")).context(target.display())?;
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(target, executable).context(target.display())?;
        Ok(target.to_owned())
    }
}

fn major_and_minor(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Runs a command to its end. Where it fails, what it wrote goes to standard error.
///
/// # Errors
/// When it cannot be started, fails, or does not end in time; in a few words.
pub async fn run(command: &mut Command) -> Result<()> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let program = program.rsplit('/').next().unwrap_or_default();
    let words = command.as_std().get_args().map(|word| word.to_string_lossy());
    let words = words.filter(|word| !word.starts_with("--")).take(3);
    let name = words.fold(program.to_owned(), |name, word| format!("{name} {word}"));
    let output = timeout(PATIENCE, command.output()).await;
    let output = output.map_err(|_| Failure::new(format!("{name} takes too long")))?;
    let output = output.map_err(|_| Failure::new(format!("no {program}")))?;
    if output.status.success() {
        return Ok(());
    }
    for written in [&output.stdout, &output.stderr] {
        eprint!("{}", String::from_utf8_lossy(written));
    }
    Err(Failure::new(format!("{name} fails")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(major_and_minor("20.20.2"), Some((20, 20)));
        assert_eq!(major_and_minor("3.14.0rc1"), Some((3, 14)));
        assert!(major_and_minor("3.9.18") < Some((3, 11)));
        assert_eq!(major_and_minor("v20"), None);
    }

    #[tokio::test]
    async fn an_interpreter_is_found_only_when_it_is_new_enough() {
        // Any program that prints two lines will do.
        let find = |version: &'static str, least| async move {
            Interpreter::find(&["no-such-program", "printf"], &[r"/bin/x\n%s\n", version], least).await
        };
        let found = find("20.20.2", (20, 0)).await.unwrap();
        assert_eq!((found.path.as_path(), found.version.as_str()), (Path::new("/bin/x"), "20.20.2"));
        let refused = find("18.19.1", (20, 0)).await.err().unwrap();
        assert_eq!(refused.to_string(), "18.19.1 is older than 20.0");
        let missing = Interpreter::find(&["no-such-program"], &[], (20, 0)).await.err().unwrap();
        assert_eq!(missing.to_string(), "not installed");
    }

    #[tokio::test]
    async fn what_fails_is_named() {
        assert!(run(&mut Command::new("true")).await.is_ok());
        let failed = run(Command::new("false").args(["ci", "--quiet"])).await.unwrap_err();
        assert_eq!(failed.to_string(), "false ci fails");
        let missing = run(&mut Command::new("no-such-program")).await.unwrap_err();
        assert_eq!(missing.to_string(), "no no-such-program");
    }
}
