//! What the functions cost at run time, side by side with the floor and with what people would use instead.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command speaks through its standard streams"
)]

mod bed;
mod concurrency;
mod connection;
mod instructions;
mod peer;
mod population;
mod process;
mod scale;
mod tls;
mod tokens;
mod trial;
mod work;

use bed::Bed;
use clap::{Parser, Subcommand};
use local::binaries;
use local::failure::Result;
use local::runtime::FunctionSpec;
use std::process::ExitCode;
use tokens::Algorithm;
use trial::Trial;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Check>,
    #[arg(long)]
    dir: Option<std::path::PathBuf>,
    #[arg(long, default_value_t = 500)]
    measured: u32,
    #[arg(long, default_value_t = 5)]
    processes: u32,
    #[arg(long, default_value = "hs256")]
    algorithm: Algorithm,
    /// Only what an update costs, on tables of these numbers of profiles; by default of 1,000, 10,000 and 100,000
    #[arg(long, value_name = "NUMBER,…", num_args = 0.., value_delimiter = ',', value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    profiles: Option<Vec<u64>>,
    /// Only how these numbers of clients fare; by default 1 to 64
    #[arg(long, value_name = "NUMBER,…", num_args = 0.., value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=1000))]
    clients: Option<Vec<u32>>,
}

#[derive(Subcommand)]
enum Check {
    Instructions(instructions::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    if let Some(Check::Instructions(options)) = arguments.command {
        return instructions::run(options).await;
    }
    let mut built = binaries::build(false)?;
    let floor = arguments.dir.as_ref().map(|d| d.join("floor")).unwrap_or(built["floor"].clone());
    if let Some(dir) = &arguments.dir {
        for (name, path) in &mut built {
            if dir.join(name).exists() {
                *path = dir.join(name);
            }
        }
    }
    let bed = Bed::start(built).await?;
    if arguments.profiles.is_some() || arguments.clients.is_some() {
        if let Some(profiles) = asked(arguments.profiles, &scale::PROFILES) {
            for row in scale::measure(&bed, &profiles).await? {
                println!("{row:?}");
            }
        }
        if let Some(clients) = asked(arguments.clients, &concurrency::CLIENTS) {
            for row in concurrency::measure(&bed, &clients).await? {
                println!("{row:?}");
            }
        }
        bed.stop().await;
        return Ok(());
    }
    let issuer = bed.issuer(arguments.algorithm)?;
    let mut plain = work::plain_update(&bed, &issuer)?;
    plain.load.measured = arguments.measured;
    let peers = [peer::node(&bed, &issuer).await, peer::python(&bed, &issuer).await];
    let floor = FunctionSpec {
        name: "floor".into(),
        binary: floor,
        environment: Default::default(),
        timeout: std::time::Duration::from_secs(60),
    };
    for _ in 0..arguments.processes {
        let trial = trial::run(&bed.runtime, floor.clone(), plain.load, None, &mut plain.events).await?;
        show("floor", &trial);
        let trial =
            trial::run(&bed.runtime, plain.spec.clone(), plain.load, Some(plain.expected), &mut plain.events)
                .await?;
        show(plain.function, &trial);
        println!("{:?}", bed.capacity());
        for peer in &peers {
            match &peer.made {
                Ok(spec) => {
                    let trial = trial::run(
                        &bed.runtime,
                        spec.clone(),
                        plain.load,
                        Some(plain.expected),
                        &mut plain.events,
                    )
                    .await?;
                    show(&peer.name, &trial);
                }
                Err(reason) => println!("{:20} {reason}", peer.name),
            }
        }
    }
    for peer in &peers {
        println!("{:20} zip {:?}", peer.name, peer.zip);
    }
    bed.stop().await;
    Ok(())
}

/// The numbers that were asked for; where an option names none, the usual ones.
fn asked<T: Clone>(numbers: Option<Vec<T>>, usual: &[T]) -> Option<Vec<T>> {
    numbers.map(|numbers| if numbers.is_empty() { usual.to_vec() } else { numbers })
}

fn show(name: &str, t: &Trial) {
    println!(
        "{name:20} init {:?} cpu {:?}  first {:?} cpu {:?}  warm cpu {:?} p50 {:?} p99 {:?} mem {:.1} MB",
        t.init.wall,
        t.init.cpu,
        t.first.wall,
        t.first.cpu,
        t.warm_cpu,
        t.warm[t.warm.len() / 2],
        t.warm[t.warm.len() * 99 / 100],
        t.memory as f64 / 1e6
    );
}
