//! The regression check: how many instructions the plain update takes, as Valgrind counts them.
//!
//! Seconds depend on what else a machine does; instructions hardly do. Only the function's own are counted, not the kernel's.

use crate::bed::Bed;
use crate::process::cpu_time;
use crate::tokens::{Algorithm, Issuer};
use crate::trial;
use crate::work::{self, Work};
use local::binaries;
use local::failure::{Context, Failure, Result};
use local::runtime::FunctionSpec;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// Counts instructions of one function, in INIT and of warm invocations, and compares them with the stored baseline.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// Store what is counted as the new baseline
    #[arg(long)]
    write: bool,
    /// Directory that holds the function's binary; without it, it is built as it is deployed
    #[arg(long, value_name = "DIRECTORY")]
    dir: Option<PathBuf>,
}

/// What is counted: the function that the issue of speed is judged by.
const FUNCTION: &str = "patch-userinfo";

/// Invocations after which a process is warm.
const WARM_UP: u32 = 20;

/// Invocations over which a warm one's instructions are averaged.
const MEASURED: u32 = 100;

/// Processes of each kind; the median counts. Hash seeds, and how the kernel cuts what it hands over, differ.
const PROCESSES: usize = 3;

/// More than so many percent above the baseline is a regression; more than so many below, the baseline says little.
const TOLERANCE: u64 = 10;

/// What was counted, and by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Counts {
    /// The processor's architecture.
    architecture: String,
    /// The compiler, as it names itself.
    rustc: String,
    /// What counted, as it names itself.
    valgrind: String,
    /// By what was done. `init`: from the start of the process until it asks for work; anything else: one warm invocation.
    instructions: BTreeMap<String, u64>,
}

/// Counts, and compares or writes.
///
/// # Errors
/// When something cannot be built or counted, when there is no baseline to compare with, or on a regression.
pub async fn run(options: Options) -> Result<()> {
    let program = match &options.dir {
        Some(directory) => directory.join(FUNCTION),
        None => binaries::build_function(FUNCTION)?,
    };
    let valgrind = Valgrind::new(&program)?;
    let bed = Bed::start(binaries::build(false)?).await?;
    let instructions = count(&bed, &valgrind).await;
    bed.stop().await;
    let counted = Counts {
        architecture: std::env::consts::ARCH.to_owned(),
        rustc: version("rustc")?,
        valgrind: version("valgrind")?,
        instructions: instructions?,
    };
    let stored = binaries::workspace().join("bench/instructions.json");
    if options.write {
        let text = serde_json::to_string_pretty(&counted).context("the baseline")?;
        return std::fs::write(&stored, text + "\n").context(stored.display());
    }
    let text = std::fs::read_to_string(&stored).context(stored.display())?;
    let baseline: Counts = serde_json::from_str(&text).context(stored.display())?;
    let report = compare(&baseline, &counted)?;
    print!("{}", report.text);
    if report.regressed {
        Err(Failure::new(format!("more than {TOLERANCE} % more instructions")))
    } else {
        Ok(())
    }
}

async fn count(bed: &Bed, valgrind: &Valgrind) -> Result<BTreeMap<String, u64>> {
    let issuer = bed.issuer(Algorithm::Hs256)?;
    let mut works = [work::plain_update(bed, &issuer)?, expired_token(bed, &issuer)?];
    let mut instructions = BTreeMap::new();
    instructions.insert("init".to_owned(), valgrind.median(bed, &mut works[0], 0).await?);
    for work in &mut works {
        let warm = valgrind.median(bed, work, WARM_UP).await?;
        let more = valgrind.median(bed, work, WARM_UP + MEASURED).await?;
        instructions.insert(work.path.to_owned(), more.saturating_sub(warm) / u64::from(MEASURED));
    }
    Ok(instructions)
}

/// The plain update with a token that has run out: refused before the store is asked.
fn expired_token(bed: &Bed, issuer: &Issuer) -> Result<Work> {
    let mut event = bed.sample(FUNCTION, "updated")?;
    event["headers"]["authorization"] = format!("Bearer {}", issuer.token("bench-plain", -3600)?).into();
    let event = event.to_string();
    let plain = work::plain_update(bed, issuer)?;
    Ok(Work { path: "expired token", status: Some(401), events: Box::new(move || event.clone()), ..plain })
}

/// A script that runs a program under Valgrind. `cachegrind` without its caches counts instructions and nothing else.
struct Valgrind {
    directory: TempDir,
}

impl Valgrind {
    fn new(program: &Path) -> Result<Self> {
        let directory = tempfile::tempdir().context("no temporary directory")?;
        let valgrind = Self { directory };
        let script = format!(
            "#!/bin/sh\nexec valgrind -q --tool=cachegrind --cache-sim=no --cachegrind-out-file={} {}\n",
            quoted(&valgrind.directory.path().join("%p")),
            quoted(program),
        );
        let path = valgrind.script();
        std::fs::write(&path, script).context(path.display())?;
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).context(path.display())?;
        Ok(valgrind)
    }

    fn script(&self) -> PathBuf {
        self.directory.path().join("counted")
    }

    /// Instructions of a process that is started, invoked so many times and ended.
    async fn median(&self, bed: &Bed, work: &mut Work, invocations: u32) -> Result<u64> {
        let mut counts = Vec::new();
        for _ in 0..PROCESSES {
            counts.push(self.process(bed, work, invocations).await?);
        }
        counts.sort();
        eprintln!("{} after {invocations}: {counts:?}", work.path);
        Ok(counts[PROCESSES / 2])
    }

    async fn process(&self, bed: &Bed, work: &mut Work, invocations: u32) -> Result<u64> {
        let mut spec = FunctionSpec { binary: self.script(), ..work.spec.clone() };
        for name in ["PATH", "VALGRIND_LIB"] {
            let value = std::env::var(name).ok();
            spec.environment.extend(value.map(|value| (name.to_owned(), value)));
        }
        let function = bed.runtime.function(spec);
        function.warm().await?;
        for _ in 0..invocations {
            trial::invoke(&function, work.status, (work.events)()).await?;
        }
        let [process] = function.processes()[..] else { return Err(Failure::new("not one process")) };
        cpu_time(process).await?;
        // Valgrind tells its sum when a signal ends the process, but not when it is killed.
        let ended = Command::new("kill").arg(process.to_string()).status().context("cannot run kill")?;
        let path = self.directory.path().join(process.to_string());
        let total = timeout(Duration::from_secs(10), total_of(&path)).await;
        function.stop().await;
        total.map_err(|_| Failure::new(format!("Valgrind told no sum (kill: {ended})")))
    }
}

/// The sum in this file, once Valgrind has written it to its end.
async fn total_of(path: &Path) -> u64 {
    loop {
        if let Some(total) = std::fs::read_to_string(path).ok().as_deref().and_then(total) {
            return total;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// The sum in what cachegrind has written: its last line, `summary: 12345`.
fn total(written: &str) -> Option<u64> {
    written.strip_suffix('\n')?.lines().last()?.strip_prefix("summary: ")?.parse().ok()
}

/// A shell's word for a path.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// What a program answers to `--version`, its first line.
fn version(program: &str) -> Result<String> {
    let output = Command::new(program).arg("--version").output().context(program)?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}

/// What is told of a comparison.
#[derive(Debug)]
struct Report {
    text: String,
    regressed: bool,
}

/// Fails where the two say nothing of each other.
fn compare(baseline: &Counts, counted: &Counts) -> Result<Report> {
    let renew = "to renew the baseline: cargo run -p bench -- instructions --write";
    if baseline.architecture != counted.architecture {
        let (one, other) = (&baseline.architecture, &counted.architecture);
        return Err(Failure::new(format!("the baseline is of {one}, this is {other}; {renew}")));
    }
    if !baseline.instructions.keys().eq(counted.instructions.keys()) {
        return Err(Failure::new(format!("the baseline is of other things; {renew}")));
    }
    let mut text = format!("{:24}{:>14}{:>14}{:>10}\n", "instructions", "baseline", "now", "change");
    let (mut regressed, mut stale) = (false, false);
    for ((name, &before), &now) in baseline.instructions.iter().zip(counted.instructions.values()) {
        let change = (now as f64 / before as f64 - 1.0) * 100.0;
        text += &format!("{name:24}{before:>14}{now:>14}{change:>+8.1} %\n");
        regressed |= now * 100 > before * (100 + TOLERANCE);
        stale |= now * 100 < before * (100 - TOLERANCE);
    }
    for (before, now) in [(&baseline.rustc, &counted.rustc), (&baseline.valgrind, &counted.valgrind)] {
        if before != now {
            text += &format!("the baseline was counted with {before}, this with {now}\n");
        }
    }
    if stale {
        text += &format!("more than {TOLERANCE} % fewer: the baseline is stale\n");
    }
    if regressed || stale {
        text += &format!("{renew}\n");
    }
    Ok(Report { text, regressed })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(init: u64) -> Counts {
        Counts {
            architecture: "x86_64".to_owned(),
            rustc: "rustc 1.95.0".to_owned(),
            valgrind: "valgrind-3.19.0".to_owned(),
            instructions: BTreeMap::from([("init".to_owned(), init), ("plain update".to_owned(), 500)]),
        }
    }
}
