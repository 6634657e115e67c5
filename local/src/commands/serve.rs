//! `cargo run`: the whole stack, until Ctrl-C.

use super::DataDirectory;
use crate::demo;
use crate::failure::{Context, Result};
use crate::stack::{ContactVerification, Stack, StackOptions};
use clap::Args;
use std::process::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Port of the gateway; 0 picks a free one
    #[arg(long, value_name = "N", default_value_t = 3000)]
    port: u16,
    #[command(flatten)]
    data: DataDirectory,
    /// Keep no data when the stack ends
    #[arg(long)]
    memory: bool,
    /// Whether CloudBase asks an ordinary user to prove a new phone or e-mail address
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = ContactVerification::Required)]
    contact_verification: ContactVerification,
    /// Build the functions as they are deployed: optimised, which takes minutes
    #[arg(long)]
    release: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let options = StackOptions {
        port: arguments.port,
        memory: arguments.memory,
        contact_verification: arguments.contact_verification,
        release: arguments.release,
        ..StackOptions::new(arguments.data.path())
    };
    // Until here and while it starts, a signal ends the process at once, and the kernel ends what it has started.
    let stack = Stack::start(options).await?;
    let mut signals = Signals::new()?;
    let demo = demo::prepare(&stack).await?;
    println!("ready {}", stack.url());
    println!("{demo}");
    signals.next().await;
    eprintln!("stopping; once more to stop at once");
    tokio::select! {
        () = stack.stop() => Ok(ExitCode::SUCCESS),
        () = signals.next() => Ok(ExitCode::FAILURE),
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
