//! `cargo run -- issuers`: issuers for the trial of a deployed stack that has no identity provider yet.

use super::DataDirectory;
use crate::failure::Result;
use crate::keys::Keys;
use crate::stdout::say;
use clap::Args;
use shared::entropy::SystemEntropy;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The secret of Secrets Manager that holds WTS's key; without it, no WTS issuer is printed
    #[arg(long, value_name = "ARN", value_parser = secret_arn)]
    wts_secret_arn: Option<String>,
    #[command(flatten)]
    data: DataDirectory,
}

fn secret_arn(text: &str) -> std::result::Result<String, String> {
    let is_arn = text.starts_with("arn:") && text.split(':').nth(2) == Some("secretsmanager");
    if is_arn {
        Ok(text.to_owned())
    } else {
        Err("arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME".to_owned())
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let keys = Keys::make(&arguments.data.path(), &SystemEntropy::new())?;
    say(keys.deployed_issuers(arguments.wts_secret_arn.as_deref())?);
    if arguments.wts_secret_arn.is_none() {
        eprintln!(
            "without WTS: put {} into Secrets Manager and name it with --wts-secret-arn",
            keys.wts_secret().display()
        );
    }
    Ok(ExitCode::SUCCESS)
}
