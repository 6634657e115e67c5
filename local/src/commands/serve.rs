//! `cargo run`: the whole stack, until Ctrl-C.

use super::DataDirectory;
use crate::demo;
use crate::failure::{Context, Result};
use crate::stack::{ContactVerification, Stack, StackOptions};
use crate::terminal::{Language, Ready, Terminal};
use clap::Args;
use std::process::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

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
    /// Print JSON lines for a machine, as docs/logs.md says
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let terminal = Terminal::new(if arguments.json { Language::Json } else { Language::Text });
    let options = StackOptions {
        port: arguments.port,
        memory: arguments.memory,
        contact_verification: arguments.contact_verification,
        release: arguments.release,
        startup: terminal.startup(),
        output: terminal.output(),
        ..StackOptions::new(arguments.data.path())
    };
    // Until here and while it starts, a signal ends the process at once, and the kernel ends what it has started.
    let started = Stack::start(options).await;
    terminal.started();
    let stack = started?;
    let mut signals = Signals::new()?;
    let url = stack.url();
    terminal.ready(&Ready {
        url: url.to_owned(),
        console: format!("{url}/_local/"),
        reference: format!("{url}/docs"),
        examples: demo::prepare(&stack).await?,
    });
    let (ended, end) = oneshot::channel();
    let follower = tokio::spawn(terminal.clone().follow(stack.access_log().feed().clone(), end));
    signals.next().await;
    terminal.stopping();
    tokio::select! {
        () = stack.stop() => {}
        () = signals.next() => return Ok(ExitCode::FAILURE),
    }
    let _ = ended.send(());
    follower.await.context("the last requests")?;
    Ok(ExitCode::SUCCESS)
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
