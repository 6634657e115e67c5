//! How long the workspace builds and starts, in a copy of it.

use crate::figures::Builds;
use crate::statistics::{median, rounded};
use local::binaries::{cargo, workspace};
use local::failure::{Context, Failure, Result};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Measures debug builds and the start of `cargo run`. Takes some minutes and up to 2 GB below `target`, which it clears.
///
/// # Errors
/// When a build fails or the stack does not start.
pub fn measure() -> Result<Builds> {
    let place = workspace().join("target/bench/builds");
    clear(&place)?;
    let copy = place.join("copy");
    copy_to(&copy)?;
    eprintln!("builds: the whole workspace, from nothing");
    run(cargo(&copy).arg("fetch").arg("--locked"))?;
    let build = || run(cargo(&copy).args(["build", "--workspace", "--locked", "--offline"]));
    let cold = timed(build)?;
    eprintln!("builds: after a change of one line in shared");
    change_a_line(&copy.join("shared/src/clock.rs"))?;
    let changed = timed(build)?;
    eprintln!("builds: cargo run");
    // The first time it still links, and makes keys and a table.
    until_ready(&copy)?;
    let mut ready = Vec::new();
    for _ in 0..3 {
        ready.push(until_ready(&copy)?.as_secs_f64());
    }
    clear(&place)?;
    Ok(Builds {
        cold_wall_s: rounded(cold.0),
        cold_cpu_s: rounded(cold.1),
        changed_wall_s: rounded(changed.0),
        changed_cpu_s: rounded(changed.1),
        ready_wall_s: rounded(median(ready)),
    })
}

fn clear(place: &Path) -> Result<()> {
    match std::fs::remove_dir_all(place) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context(place.display()),
        _ => Ok(()),
    }
}

/// The files that git knows, as they are now.
fn copy_to(copy: &Path) -> Result<()> {
    let output = Command::new("git").args(["ls-files", "-z"]).current_dir(workspace()).output();
    let output = output.context("cannot run git")?;
    if !output.status.success() {
        return Err(Failure::new("no git repository: builds are measured in a copy of what git knows"));
    }
    let names = String::from_utf8(output.stdout).context("names of files")?;
    for name in names.split_terminator('\0') {
        let (from, to) = (workspace().join(name), copy.join(name));
        if from.is_file() {
            std::fs::create_dir_all(to.parent().unwrap_or(copy)).context(to.display())?;
            std::fs::copy(&from, &to).context(name)?;
        }
    }
    Ok(())
}

fn change_a_line(file: &Path) -> Result<()> {
    let text = std::fs::read_to_string(file).context(file.display())?;
    let changed = text + "\n/// One line more.\npub const ONE_LINE_MORE: u8 = 1;\n";
    std::fs::write(file, changed).context(file.display())
}

fn run(command: &mut Command) -> Result<()> {
    command.env_remove("CARGO_TARGET_DIR").stdin(Stdio::null()).stdout(Stdio::null());
    let status = command.status().context("cannot run cargo")?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("{command:?}: {status}"))) }
}

/// Seconds on the clock and of the processor.
fn timed(work: impl Fn() -> Result<()>) -> Result<(f64, f64)> {
    let (started, before) = (Instant::now(), children_cpu()?);
    work()?;
    Ok((started.elapsed().as_secs_f64(), children_cpu()? - before))
}

/// Processor seconds of the children that have ended and were waited for, and of theirs (proc_pid_stat(5): `cutime`, `cstime`).
fn children_cpu() -> Result<f64> {
    /// The kernel's `USER_HZ`: 100 on every architecture that this is built for.
    const TICKS_PER_SECOND: f64 = 100.0;
    let statistics = std::fs::read_to_string("/proc/self/stat").context("/proc/self/stat")?;
    // The second field, a name in parentheses, may hold anything.
    let fields = statistics.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: f64 = fields.skip(13).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    Ok(ticks / TICKS_PER_SECOND)
}

/// From `cargo run` until it says that it is ready.
fn until_ready(copy: &Path) -> Result<Duration> {
    let started = Instant::now();
    let mut command = cargo(copy);
    command.args(["run", "--quiet", "--offline", "--", "--port", "0"]).env_remove("CARGO_TARGET_DIR");
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cannot run cargo")?;
    let written = child.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines);
    let ready = written.map_while(std::result::Result::ok).any(|line| line.starts_with("ready "));
    let elapsed = started.elapsed();
    // cargo has become the program that it runs, so this ends the stack; its processes end with it.
    child.kill().context("the stack cannot be ended")?;
    child.wait().context("the stack cannot be ended")?;
    if ready { Ok(elapsed) } else { Err(Failure::new("cargo run ended before it was ready")) }
}
