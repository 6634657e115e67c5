//! `cargo run -- import`: users of another table, from a file.

use super::table::TableArguments;
use crate::failure::{Context, Result};
use crate::import::Import;
use crate::import::progress::{Progress, Tally};
use crate::stdout::say;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use shared::clock::SystemClock;
use shared::config::Settings;
use shared::entropy::SystemEntropy;
use shared::schema::AttributeSchema;
use std::collections::HashMap;
use std::io::{IsTerminal, stderr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// How often a line tells of the progress where no terminal shows a bar.
const LINES_A_WORD: u64 = 10_000;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The users, one JSON object a line, as docs/import.md has it
    #[arg(value_name = "FILE.ndjson")]
    file: PathBuf,
    /// How many lines are on their way at a time
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    #[command(flatten)]
    table: TableArguments,
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let Arguments { file, concurrency, table } = arguments;
    // Before anything is asked of AWS.
    file.metadata().context(file.display())?;
    let table = table.open().await?;
    let mut settings = Settings::new(HashMap::new());
    let schema = AttributeSchema::configure(&mut settings, &[]);
    settings.finish().context("attributes.json")?;
    let import = Import {
        store: table.store(),
        schema: Arc::new(schema),
        entropy: Arc::new(SystemEntropy::new()),
        clock: Arc::new(SystemClock),
    };
    let mut progress = Progress::open(&file, &table.id)?;
    if progress.tally().lines > 0 {
        eprintln!("going on after line {}", progress.tally().lines);
    }
    let teller = Teller::new(&progress)?;
    let done = import.run(&file, &mut progress, concurrency.into(), |progress| teller.tell(progress)).await;
    teller.bar.finish_and_clear();
    done.context(format!("after line {}; the same command goes on there", progress.tally().lines))?;
    let report = progress.report().to_owned();
    let tally = progress.finish()?;
    say(words(&tally));
    if tally.refused == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("why lines were refused: {}", report.display());
    Ok(ExitCode::FAILURE)
}

fn words(tally: &Tally) -> String {
    let Tally { lines, imported, unchanged, refused, .. } = tally;
    format!("{lines} lines: {imported} imported, {unchanged} there already, {refused} refused")
}

/// A bar on a terminal, and elsewhere a line now and then.
struct Teller {
    bar: ProgressBar,
}

impl Teller {
    fn new(progress: &Progress) -> Result<Self> {
        let bar = if stderr().is_terminal() {
            let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {eta:>4} left  {msg}");
            ProgressBar::new(progress.length()).with_style(style.context("the progress bar")?)
        } else {
            ProgressBar::hidden()
        };
        bar.set_position(progress.tally().bytes);
        // What an earlier run has done says nothing of this one's speed.
        bar.reset_eta();
        Ok(Self { bar })
    }

    fn tell(&self, progress: &Progress) {
        let tally = progress.tally();
        if !self.bar.is_hidden() {
            self.bar.set_position(tally.bytes);
            self.bar.set_message(words(tally));
        } else if tally.lines.is_multiple_of(LINES_A_WORD) {
            eprintln!("{}", words(tally));
        }
    }
}
