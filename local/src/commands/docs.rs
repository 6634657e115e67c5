//! `cargo run -- docs`: the API reference as files.

use crate::failure::{Context, Failure, Result};
use crate::reference;
use crate::stdout::say;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use url::Url;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Directory to write to; made when it is missing, and what is there of the same name is replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Base URL of the API that the reference speaks of [default: a local stack's]
    #[arg(long, value_name = "URL", value_parser = base_url)]
    server: Option<String>,
}

/// A base URL, as OpenAPI wants it: paths of the API are written behind it.
fn base_url(text: &str) -> std::result::Result<String, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let is_base =
        ["http", "https"].contains(&url.scheme()) && url.query().is_none() && url.fragment().is_none();
    match is_base && url.username().is_empty() && url.password().is_none() {
        true => Ok(url.as_str().trim_end_matches('/').to_owned()),
        false => Err("http or https, without user, query and fragment".to_owned()),
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let files = reference::files(arguments.server.as_deref())
        .ok_or_else(|| Failure::new("Scalar's file is not where its crate was built"))?;
    for (path, content) in files {
        let path = arguments.out.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).context(folder.display())?;
        }
        std::fs::write(&path, content).context(path.display())?;
    }
    say(arguments.out.join(reference::PAGE_NAME).display());
    Ok(ExitCode::SUCCESS)
}
