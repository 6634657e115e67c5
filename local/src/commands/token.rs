//! `cargo run -- token`: a token of the data directory's own issuers.

use super::{DataDirectory, user_id};
use crate::failure::{Failure, Result};
use crate::keys::{Claims, Keys};
use crate::stdout::say;
use clap::{Args, ValueEnum};
use shared::clock::{Clock, SystemClock};
use shared::validation::UserId;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The user whose token it is (`sub`)
    #[arg(
        long,
        value_name = "ID",
        value_parser = user_id,
        required_unless_present = "contract",
        conflicts_with = "contract"
    )]
    sub: Option<UserId>,
    /// Make the user an administrator
    #[arg(long, conflicts_with = "contract")]
    admin: bool,
    /// OAuth scopes, separated by spaces
    #[arg(long, default_value = "openid", conflicts_with = "contract")]
    scope: String,
    /// For how long the token is good, in seconds; negative: already expired
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, allow_negative_numbers = true)]
    expires_in: i64,
    /// A contract whose tokens are of a kind of their own
    #[arg(long, requires = "openid", requires = "access")]
    contract: Option<OwnTokens>,
    /// WTS: the user whose token it is
    #[arg(long, value_name = "ID", value_parser = user_id, requires = "contract")]
    openid: Option<UserId>,
    /// WTS: the user's access level, for example user or admin
    #[arg(long, value_name = "LEVEL", requires = "contract")]
    access: Option<String>,
    #[command(flatten)]
    data: DataDirectory,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OwnTokens {
    Wts,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let (keys, now) = (Keys::of(&arguments.data.path())?, SystemClock.now());
    let token = match (&arguments.sub, &arguments.openid, &arguments.access) {
        (Some(subject), ..) => keys.token(&Claims {
            subject: subject.as_str(),
            scope: &arguments.scope,
            admin: arguments.admin,
            issued: now,
            expires_in: arguments.expires_in,
        })?,
        (None, Some(openid), Some(access)) => {
            keys.wts_token(openid.as_str(), access, now, arguments.expires_in)?
        }
        _ => return Err(Failure::new("say whose token it is: --sub ID")),
    };
    say(token);
    Ok(ExitCode::SUCCESS)
}
