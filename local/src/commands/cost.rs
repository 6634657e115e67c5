//! `cargo run -- cost`: what the deployed stack costs a month.

use crate::cost::load::Standing;
use crate::cost::{Bill, Load, Measured, PriceList, Stack};
use crate::failure::{Failure, Result};
use crate::stdout::say;
use crate::template::Template;
use clap::Args;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    load: Load,
    #[command(flatten)]
    stack: Stack,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode> {
    let Arguments { load, stack, json } = arguments;
    let shares = [load.unique_share, load.merged_share, load.keyed_share];
    if shares.iter().any(|share| !(0.0..=100.0).contains(share)) || shares.iter().sum::<f64>() > 100.0 {
        return Err(Failure::new("the shares of updates are percentages, together 100 at most"));
    }
    let stack = stack.over(Standing::read(&Template::default_path())?);
    let bill = Bill::of(load, stack, &Measured::embedded(), &PriceList::embedded());
    if json {
        say(serde_json::to_string(&bill).map_err(|error| Failure::new(error.to_string()))?);
    } else {
        say(bill.to_string().trim_end());
    }
    Ok(ExitCode::SUCCESS)
}
