//! Prints the `ISSUERS` of a stack that trusts the tests' callers, for whoever deploys one.

#![allow(clippy::print_stdout, reason = "what it is for")]

use clap::Parser;
use std::path::PathBuf;
use tests::Keys;

/// Keys of the tests' issuers, made where they are missing, and the stack's parameter Issuers on standard output.
#[derive(Parser)]
struct Arguments {
    /// Directory of the signing keys: issuer.pk8, plain.pk8, wts.key
    directory: PathBuf,
    /// ARN of the secret that holds the text of wts.key [default: the file itself, for STAGE=dev only]
    #[arg(long, value_name = "ARN")]
    wts_secret_arn: Option<String>,
}

fn main() {
    let Arguments { directory, wts_secret_arn } = Arguments::parse();
    println!("{}", Keys::open(&directory).issuers(wts_secret_arn.as_deref()));
}
