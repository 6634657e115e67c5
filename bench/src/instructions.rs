//! The regression check: how many instructions the plain update takes, as Valgrind counts them.
//!
//! Seconds depend on what else a machine does; instructions hardly do. Only the function's own are counted, not the kernel's.

use crate::bed::Bed;
use crate::process::{cpu_time, terminate};
use crate::tokens::{Algorithm, Issuer};
use crate::trial::{self, Expected};
use crate::work::{self, Work};
use local::binaries;
use local::failure::{Context, Failure, Result};
use local::runtime::FunctionSpec;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::env::consts::ARCH;
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

/// More than so many percent above the baseline is a regression; more than so many below, the baseline says little.
const TOLERANCE: u64 = 10;

/// How to renew the baseline.
const RENEW: &str = "to renew the baseline: cargo run --bin bench -- instructions --write";

/// What was counted, and by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Counts {
    /// The compiler, as it names itself.
    rustc: String,
    /// What counted, as it names itself.
    valgrind: String,
    /// By what was done. `init`: from the start of the process until it waits for work; anything else: one warm
    /// invocation.
    instructions: BTreeMap<String, u64>,
}

/// What is stored: counts by the processor's architecture, as Rust calls it.
type Baselines = BTreeMap<String, Counts>;

/// Counts, and compares or writes.
///
/// # Errors
/// When something cannot be built or counted, when there is no baseline to compare with, or on a regression.
pub async fn run(options: Options) -> Result<()> {
    let (rustc, valgrind) = (version("rustc")?, version("valgrind")?);
    let program = match &options.dir {
        Some(directory) => directory.join(FUNCTION),
        None => binaries::build_function(FUNCTION)?,
    };
    let bed = Bed::start(binaries::build(false)?).await?;
    let instructions = count(&bed, &Counter::new(&program)?).await;
    bed.stop().await;
    let counted = Counts { rustc, valgrind, instructions: instructions? };

    let path = binaries::workspace().join("bench/instructions.json");
    let stored = std::fs::read_to_string(&path).context(path.display())?;
    let mut stored: Baselines = serde_json::from_str(&stored).context(path.display())?;
    let baseline = stored.get(ARCH);
    if let Some(baseline) = baseline {
        print!("{}", table(baseline, &counted));
    }
    if options.write {
        stored.insert(ARCH.to_owned(), counted);
        let text = serde_json::to_string_pretty(&stored).context(path.display())?;
        return std::fs::write(&path, text + "\n").context(path.display());
    }
    let baseline = baseline.ok_or_else(|| Failure::new(format!("no baseline for {ARCH}; {RENEW}")))?;
    match judge(baseline, &counted) {
        Verdict::Holds => Ok(()),
        Verdict::Stale => {
            println!("more than {TOLERANCE} % fewer: the baseline is stale; {RENEW}");
            Ok(())
        }
        Verdict::Regressed => {
            Err(Failure::new(format!("more than {TOLERANCE} % more instructions; {RENEW}")))
        }
        Verdict::Other => Err(Failure::new(format!("the baseline is of other things; {RENEW}"))),
    }
}

async fn count(bed: &Bed, counter: &Counter) -> Result<BTreeMap<String, u64>> {
    let issuer = bed.issuer(Algorithm::Hs256)?;
    let mut works = [work::plain_update(bed, &issuer)?, expired_token(bed, &issuer)?];
    let mut instructions = BTreeMap::new();
    instructions.insert("init".to_owned(), counter.process(bed, &mut works[0], 0).await?);
    for work in &mut works {
        let warm = counter.process(bed, work, WARM_UP).await?;
        let more = counter.process(bed, work, WARM_UP + MEASURED).await?;
        let difference = more.checked_sub(warm).filter(|difference| *difference > 0);
        let difference =
            difference.ok_or_else(|| Failure::new("more invocations took no more instructions"))?;
        instructions.insert(work.path.to_owned(), difference / u64::from(MEASURED));
    }
    Ok(instructions)
}

/// The plain update with a token that has run out: refused before the store is asked.
fn expired_token(bed: &Bed, issuer: &Issuer) -> Result<Work> {
    let mut event = bed.sample(FUNCTION, "updated")?;
    event["headers"]["authorization"] = format!("Bearer {}", issuer.token("bench-plain", -3600)?).into();
    let spec = bed.function(FUNCTION, Some(issuer))?;
    Ok(Work::new((FUNCTION, "expired token"), spec, Expected::Status(401), work::always(event.to_string())))
}

/// A script that runs a program under Valgrind, whose `cachegrind` without its caches counts instructions and nothing
/// else; and where the counts go.
struct Counter {
    directory: TempDir,
}

impl Counter {
    fn new(program: &Path) -> Result<Self> {
        let directory = tempfile::tempdir().context("no temporary directory")?;
        let counter = Self { directory };
        let script = format!(
            "#!/bin/sh\nexec valgrind -q --tool=cachegrind --cache-sim=no --cachegrind-out-file={} {}\n",
            quoted(&counter.directory.path().join("%p")),
            quoted(program),
        );
        let path = counter.script();
        std::fs::write(&path, script).context(path.display())?;
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).context(path.display())?;
        Ok(counter)
    }

    fn script(&self) -> PathBuf {
        self.directory.path().join("counted")
    }

    /// Instructions of a process that is started, invoked so many times and ended. Hash seeds, and how the kernel cuts what
    /// it hands over, make them differ by less than a percent.
    async fn process(&self, bed: &Bed, work: &mut Work, invocations: u32) -> Result<u64> {
        let mut spec = FunctionSpec { binary: self.script(), ..work.spec.clone() };
        for name in ["PATH", "VALGRIND_LIB"] {
            let value = std::env::var(name).ok();
            spec.environment.extend(value.map(|value| (name.to_owned(), value)));
        }
        let function = bed.runtime.function(spec);
        function.warm().await?;
        for _ in 0..invocations {
            trial::invoke(&function, Some(work.expected), (work.events)().await?).await?;
        }
        let [process] = function.processes()[..] else { return Err(Failure::new("not one process")) };
        cpu_time(process).await?;
        // Valgrind tells its sum when a signal ends the process, but not when it is killed.
        terminate(process)?;
        let path = self.directory.path().join(process.to_string());
        let total = timeout(Duration::from_secs(10), total_of(&path)).await;
        function.stop().await;
        total.map_err(|_| Failure::new("Valgrind told no sum"))
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

/// What a comparison comes to.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Holds,
    /// Something takes so many fewer that the next regression could hide in the difference.
    Stale,
    Regressed,
    /// Not the same things were counted.
    Other,
}

fn judge(baseline: &Counts, counted: &Counts) -> Verdict {
    let (before, now) = (&baseline.instructions, &counted.instructions);
    let any = |beyond: fn(u64, u64) -> bool| before.values().zip(now.values()).any(|(b, n)| beyond(*b, *n));
    if !before.keys().eq(now.keys()) {
        Verdict::Other
    } else if any(|before, now| now * 100 > before * (100 + TOLERANCE)) {
        Verdict::Regressed
    } else if any(|before, now| now * 100 < before * (100 - TOLERANCE)) {
        Verdict::Stale
    } else {
        Verdict::Holds
    }
}

/// Both side by side, and whether the same tools made them.
fn table(baseline: &Counts, counted: &Counts) -> String {
    let mut text = format!("{:16}{:>12}{:>12}{:>10}\n", "instructions", "baseline", "now", "change");
    for (name, now) in &counted.instructions {
        let Some(before) = baseline.instructions.get(name) else { continue };
        let change = (*now as f64 / *before as f64 - 1.0) * 100.0;
        text += &format!("{name:16}{before:>12}{now:>12}{change:>+8.1} %\n");
    }
    for (before, now) in [(&baseline.rustc, &counted.rustc), (&baseline.valgrind, &counted.valgrind)] {
        if before != now {
            text += &format!("the baseline was counted with {before}, this with {now}\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(instructions: [(&str, u64); 2]) -> Counts {
        Counts {
            rustc: "rustc 1.95.0".to_owned(),
            valgrind: "valgrind-3.19.0".to_owned(),
            instructions: instructions.map(|(name, count)| (name.to_owned(), count)).into(),
        }
    }

    #[test]
    fn the_sum_is_the_last_line_once_it_is_whole() {
        let written = "desc: I1 cache: \nevents: Ir\nfn=main\n7 12\nsummary: 7946027\n";
        assert_eq!(total(written), Some(7_946_027));
        for cut in 0..written.len() {
            assert_eq!(total(&written[..cut]), None, "{cut} bytes");
        }
        assert_eq!(total("summary: 1\n7 12\n"), None);
    }

    #[test]
    fn a_tenth_more_passes_and_anything_beyond_does_not() {
        let baseline = counts([("init", 7_000_000), ("plain update", 1000)]);
        let judged = |init, update| judge(&baseline, &counts([("init", init), ("plain update", update)]));
        assert_eq!(judged(7_000_000, 1000), Verdict::Holds);
        assert_eq!(judged(7_000_000, 1099), Verdict::Holds);
        assert_eq!(judged(7_700_000, 1100), Verdict::Holds);
        assert_eq!(judged(7_000_000, 1101), Verdict::Regressed);
        assert_eq!(judged(7_700_001, 1000), Verdict::Regressed);
        assert_eq!(judged(6_300_000, 900), Verdict::Holds);
        assert_eq!(judged(7_000_000, 899), Verdict::Stale);
        // What was gained in one place does not pay for another.
        assert_eq!(judged(7_700_001, 1), Verdict::Regressed);
    }

    #[test]
    fn other_things_are_not_compared() {
        let baseline = counts([("init", 7), ("plain update", 1)]);
        assert_eq!(judge(&baseline, &counts([("init", 7), ("read", 1)])), Verdict::Other);
        let fewer = Counts { instructions: BTreeMap::from([("init".to_owned(), 7)]), ..baseline.clone() };
        assert_eq!(judge(&baseline, &fewer), Verdict::Other);
        assert_eq!(judge(&fewer, &baseline), Verdict::Other);
    }

    #[test]
    fn the_table_names_tools_that_differ() {
        let baseline = counts([("init", 7_000_000), ("plain update", 1000)]);
        let newer = Counts {
            rustc: "rustc 1.96.0".to_owned(),
            ..counts([("init", 7_007_000), ("plain update", 850)])
        };
        assert_eq!(
            table(&baseline, &newer),
            "instructions        baseline         now    change\n\
             init                 7000000     7007000    +0.1 %\n\
             plain update            1000         850   -15.0 %\n\
             the baseline was counted with rustc 1.95.0, this with rustc 1.96.0\n"
        );
    }

    #[test]
    fn paths_are_one_word_of_the_shell() {
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
