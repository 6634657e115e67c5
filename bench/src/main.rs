//! What the functions cost at run time, side by side with the floor and with what people would use instead.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command speaks through its standard streams"
)]

mod bars;
mod bed;
mod builds;
mod concurrency;
mod conditions;
mod connection;
mod contest;
mod figures;
mod instructions;
mod page;
mod peer;
mod plots;
mod population;
mod process;
mod scale;
mod size;
mod statistics;
mod svg;
mod table;
mod tables;
mod tls;
mod tokens;
mod trial;
mod work;
mod zip;

use bed::Bed;
use clap::{Parser, Subcommand, ValueEnum};
use contest::{Bare, Extent};
use figures::{Conditions, Figures, Taken};
use local::binaries;
use local::failure::{Failure, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Processes of each row.
const PROCESSES: u32 = 7;

/// Measures the service, prints tables, and renews docs/performance.md with its plots.
///
/// Builds everything optimised first, which takes long the first time. A run that measures less than everything of a section
/// (--only, --quick, --dir, other --processes or --profiles) is printed and kept nowhere, unless --json says where.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    check: Option<Check>,
    /// What to measure
    #[arg(long, value_enum, value_delimiter = ',', value_name = "SECTION", default_values_t = Section::value_variants().to_vec())]
    sections: Vec<Section>,
    /// Only rows with this in the name of their function, path or language
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Three processes of at most 100 invocations a row, for a first look
    #[arg(long)]
    quick: bool,
    /// Processes of each row; figures are medians over them
    #[arg(long, value_name = "N", default_value_t = PROCESSES, value_parser = clap::value_parser!(u32).range(1..))]
    processes: u32,
    /// Take binaries from here, `NAME` or `NAME/bootstrap`, instead of building them
    #[arg(long, value_name = "DIRECTORY")]
    dir: Option<PathBuf>,
    /// Sizes of the tables of the section `scale`, in profiles
    #[arg(long, value_name = "NUMBER", value_delimiter = ',', default_values_t = scale::PROFILES, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    profiles: Vec<u64>,
    /// Where the figures are kept
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measure nothing: draw docs/performance.md and its plots anew from docs/performance.json
    #[arg(long, exclusive = true)]
    redraw: bool,
}

#[derive(Subcommand)]
enum Check {
    Instructions(instructions::Options),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Section {
    /// Every function and path, the floor and the peers; some minutes
    Functions,
    /// What an update costs on tables of different sizes; some minutes
    Scale,
    /// Updates by 1 to 64 clients at once; half a minute
    Concurrency,
    /// Builds of the workspace and the start of `cargo run`; some minutes
    Builds,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    if let Some(Check::Instructions(options)) = arguments.check {
        return instructions::run(options).await;
    }
    let kept = Figures::read(&page::figures_path())?;
    if arguments.redraw {
        return page::redraw(&kept);
    }
    let figures = measure(&arguments).await?;
    for named in tables::all(&figures) {
        if let Some(table) = named.table {
            println!("{}\n\n{}", named.title, table.text());
        }
    }
    if let Some(figures) = tables::cost_model(&figures) {
        println!("As local/src/cost/measured.json names them\n\n{figures}");
    }
    let is_whole = arguments.only.is_none() && !arguments.quick && arguments.dir.is_none();
    let is_whole = is_whole && arguments.profiles == scale::PROFILES && arguments.processes == PROCESSES;
    match &arguments.json {
        Some(file) => Figures::read(file)?.overlaid(figures).write(file),
        None if is_whole => {
            let figures = kept.overlaid(figures);
            figures.write(&page::figures_path())?;
            page::redraw(&figures)
        }
        None => Ok(()),
    }
}

async fn measure(arguments: &Arguments) -> Result<Figures> {
    let asked = |section| arguments.sections.contains(&section);
    let mut figures = Figures::default();
    if [Section::Functions, Section::Scale, Section::Concurrency].into_iter().any(asked) {
        let (binaries, bare) = programs(arguments.dir.as_deref())?;
        let bed = Bed::start(binaries).await?;
        let measured = on(&bed, bare, arguments, &mut figures).await;
        bed.stop().await;
        measured?;
    }
    if asked(Section::Builds) {
        let started = Instant::now();
        figures.builds = Some(taken(started, builds::measure()?));
    }
    Ok(figures)
}

/// The sections that need functions.
async fn on(bed: &Bed, bare: Bare, arguments: &Arguments, figures: &mut Figures) -> Result<()> {
    let asked = |section| arguments.sections.contains(&section);
    if asked(Section::Functions) {
        let started = Instant::now();
        let (processes, invocations) =
            if arguments.quick { (3, 100) } else { (arguments.processes, u32::MAX) };
        let extent = Extent { processes, invocations, only: arguments.only.clone() };
        figures.functions = Some(taken(started, contest::hold(bed, bare, &extent).await?));
    }
    if asked(Section::Scale) {
        let started = Instant::now();
        eprintln!("scale: tables of {:?} profiles", arguments.profiles);
        figures.scale = Some(taken(started, scale::measure(bed, &arguments.profiles).await?));
    }
    if asked(Section::Concurrency) {
        let started = Instant::now();
        eprintln!("concurrency: {:?} clients", concurrency::CLIENTS);
        figures.concurrency = Some(taken(started, concurrency::measure(bed, &concurrency::CLIENTS).await?));
    }
    Ok(())
}

fn taken<T>(started: Instant, figures: T) -> Taken<T> {
    Taken { conditions: Conditions::present(started.elapsed()), figures }
}

/// The functions' binaries by name, and those that do less: from `directory`, or built as they are deployed. A function that
/// `directory` does not have is built unoptimised.
fn programs(directory: Option<&Path>) -> Result<(BTreeMap<String, PathBuf>, Bare)> {
    let found = |name: &str| {
        let directory = directory?;
        let places = [directory.join(name), directory.join(name).join("bootstrap")];
        places.into_iter().find(|place| place.is_file())
    };
    eprintln!("building the functions and the floor");
    let mut functions = binaries::build(directory.is_none())?;
    let mut unoptimised = Vec::new();
    for (name, binary) in &mut functions {
        match found(name) {
            Some(place) => *binary = place,
            None => unoptimised.push(name.as_str()),
        }
    }
    if let Some(directory) = directory {
        eprintln!("not in {}, so unoptimised: {}", directory.display(), unoptimised.join(", "));
    }
    let mut built = match (found("floor"), found("one_call")) {
        (Some(_), Some(_)) => BTreeMap::new(),
        _ => binaries::cargo_build(&["--release", "-p", "bench", "--examples"])?,
    };
    let mut bare = |name: &str| {
        let program = found(name).or_else(|| built.remove(name));
        program.ok_or_else(|| Failure::new(format!("no {name} was built")))
    };
    let bare = Bare { floor: bare("floor")?, one_call: bare("one_call")? };
    Ok((functions, bare))
}
