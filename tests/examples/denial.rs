//! Sends each function that takes a body what is meant to wear it out, in three sizes, and prints what that takes.
//!
//! `cargo run -p tests --example denial`

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "the figures are what it is run for")]

use local::binaries;
use local::stack::{Stack, StackOptions};
use tests::denial::{Onslaught, send, targets};

#[tokio::main]
async fn main() {
    let data = tempfile::tempdir().unwrap();
    let built = binaries::build(false).unwrap();
    let stack = Stack::start(StackOptions::ephemeral(data.path(), Some(built))).await.unwrap();
    println!("| function | what | at most | CPU ms at a quarter | half | all | MB at most | answer |");
    println!("|---|---|---|---|---|---|---|---|");
    for target in targets(&stack).await {
        let function = stack.function(target.function).unwrap();
        let good = target.request.event_json();
        let (reply, spent) = send(function, &good).await;
        let row = |name: &str, most: usize, cpu: [f64; 3], peak: u64, status: u16| {
            let [quarter, half, all] = cpu.map(|cpu| format!("{cpu:.1}"));
            #[allow(clippy::cast_precision_loss, reason = "megabytes")]
            let peak = peak as f64 / 1e6;
            println!(
                "| {} | {name} | {most} | {quarter} | {half} | {all} | {peak:.1} | {status} |",
                target.function
            );
        };
        row("a good request", 1, [0.0, 0.0, milliseconds(spent.cpu)], spent.peak, reply.status);
        for onslaught in Onslaught::all() {
            let (mut cpu, mut peak, mut status) = ([0.0; 3], 0, 0);
            for (time, part) in cpu.iter_mut().zip([4, 2, 1]) {
                let (reply, spent) = send(function, &onslaught.event(&target, onslaught.most / part)).await;
                (*time, peak, status) = (milliseconds(spent.cpu), spent.peak.max(peak), reply.status);
            }
            row(onslaught.name, onslaught.most, cpu, peak, status);
        }
    }
    stack.stop().await;
}

#[allow(clippy::cast_precision_loss, reason = "a few seconds")]
fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}
