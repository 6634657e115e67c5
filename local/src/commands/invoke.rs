//! `cargo run -- invoke FUNCTION EVENT`: one function, once, in a process of its own.

use super::DataDirectory;
use crate::demo::Credentials;
use crate::failure::{Context, Failure, Result};
use crate::gateway::INTEGRATION_TIMEOUT;
use crate::keys::Keys;
use crate::record::Record;
use crate::runtime::{FunctionSpec, InvocationError, Runtime};
use crate::stdout::say;
use clap::Args;
use shared::clock::{Clock, SystemClock};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Name of the function's binary, for example put-profile
    function: String,
    /// File with the invocation event; ${DEMO_TOKEN} and the like in it become the demo's credentials
    event: PathBuf,
    #[command(flatten)]
    data: DataDirectory,
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let data = arguments.data.path();
    let mut record = Record::read(&data)?;
    let names = record.functions.keys().cloned().collect::<Vec<_>>().join(", ");
    let recorded = record.functions.remove(&arguments.function);
    let recorded = recorded
        .ok_or_else(|| Failure::new(format!("there is no function {}, only {names}", arguments.function)))?;
    let event = std::fs::read_to_string(&arguments.event).context(arguments.event.display())?;
    let keys = Keys::of(&data)?;
    let event = Credentials::new(&keys, SystemClock.now()).fill_in(&arguments.function, &event)?;
    let runtime = Runtime::start().await?;
    let function = runtime.function(FunctionSpec {
        name: arguments.function.clone(),
        binary: recorded.binary,
        environment: recorded.environment,
        // No caller waits longer than the gateway does.
        timeout: INTEGRATION_TIMEOUT,
    });
    let outcome = function.invoke(event, "Root=1-00000000-000000000000000000000000").await;
    function.stop().await;
    match outcome {
        Ok(answer) => {
            say(String::from_utf8_lossy(&answer));
            Ok(ExitCode::SUCCESS)
        }
        Err(InvocationError::Failed(error)) => {
            say(String::from_utf8_lossy(&error));
            Ok(ExitCode::FAILURE)
        }
        Err(error) => Err(Failure::new(error.to_string())).context(arguments.function),
    }
}
