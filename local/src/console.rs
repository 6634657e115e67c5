//! `/_local/`, paths of the local stack only: a page that shows one profile as every contract sees it, and what the page
//! is made of.
//!
//! | path | what it answers |
//! |---|---|
//! | `/_local/` and below | the [`page`] and its files |
//! | [`USERS`] | users of the table; with `?id=` one profile, by canonical names |
//! | [`CREDENTIALS`] | credentials to act with as a user, and for one |
//! | [`access_log::PATH`] | the requests that were answered |
//! | [`tap::PATH`] | what went over the event bus |
//! | [`outbox::PATH`] | what people would have been sent |

pub mod page;

use crate::access_log::{self, AccessLog};
use crate::answer;
use crate::bus::Bus;
use crate::demo::Credentials;
use crate::failure::Result;
use crate::keys::Keys;
use crate::loopback;
use crate::outbox::{self, Outbox};
use crate::tap;
use crate::users;
use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};
use serde_json::{Value as Json, json};
use shared::clock::{Clock, SystemClock};
use shared::store::ProfileStore;
use shared::validation::UserId;
use std::net::SocketAddr;

/// Where everything of the console is.
pub const PATH: &str = "/_local/";

/// Where users are listed and shown.
pub const USERS: &str = "/_local/users";

/// Where credentials are had.
pub const CREDENTIALS: &str = "/_local/credentials";

/// Most users that are listed.
pub const MOST_USERS: usize = 200;

/// What the console shows.
pub struct Console {
    /// Address of the gateway.
    pub gateway: SocketAddr,
    /// The keys that the functions trust.
    pub keys: Keys,
    /// The table.
    pub store: ProfileStore,
    /// The event bus, where the template has one.
    pub bus: Option<Bus>,
    /// What people would have been sent.
    pub outbox: Outbox,
    /// The requests that the gateway has answered.
    pub access_log: AccessLog,
}

impl Console {
    /// Whether a path is the console's.
    pub fn has(path: &str) -> bool {
        path.starts_with(PATH) || path == PATH.trim_end_matches('/')
    }

    /// Answers a request for a path of its own. None of these requests is logged: they are no part of the API, and a
    /// page asks without end.
    pub async fn answer(&self, parts: &Parts, body: &Bytes) -> Response<Body> {
        if !loopback::is_ours(parts, self.gateway) {
            let text = format!("this is only for http://{}{PATH}", self.gateway);
            return answer::message(StatusCode::FORBIDDEN, &text);
        }
        let query = parts.uri.query().unwrap_or_default();
        match (&parts.method, parts.uri.path(), &self.bus) {
            (&Method::GET, tap::PATH, Some(bus)) => bus.events().answer(query, "events").await,
            (&Method::POST, tap::PATH, Some(bus)) => tap::put(bus, body).await,
            (_, tap::PATH, Some(_)) => answer::not_allowed("GET, POST"),
            (&Method::GET, access_log::PATH, _) => self.access_log.feed().answer(query, "requests").await,
            (&Method::GET, outbox::PATH, _) => self.outbox.answer(query),
            (&Method::GET, USERS, _) => self.users(query).await,
            (&Method::GET, CREDENTIALS, _) => self.credentials(query),
            (&Method::GET, path, _) => page::file(path).unwrap_or_else(|| answer::own(StatusCode::NOT_FOUND)),
            _ => answer::not_allowed("GET"),
        }
    }

    async fn users(&self, query: &str) -> Response<Body> {
        let answered = match parameter(query, "id") {
            Err(message) => Ok((StatusCode::BAD_REQUEST, json!({"message": message}))),
            Ok(None) => {
                users::some(&self.store, MOST_USERS).await.map(|users| (StatusCode::OK, Json::Array(users)))
            }
            Ok(Some(id)) => self.user(&id).await,
        };
        told(answered)
    }

    async fn user(&self, id: &UserId) -> Result<(StatusCode, Json)> {
        let record = self.store.read(id).await?;
        Ok(match record.map(|record| record.profile) {
            Some(Some(profile)) => (StatusCode::OK, users::canonical(&profile)),
            Some(None) => (StatusCode::NOT_FOUND, json!({"message": "the user was erased"})),
            None => (StatusCode::NOT_FOUND, json!({"message": "there is no such user"})),
        })
    }

    fn credentials(&self, query: &str) -> Response<Body> {
        let message = match parameter(query, "user") {
            Ok(Some(user)) => {
                let credentials = Credentials::new(&self.keys, SystemClock.now());
                return told(credentials.of(&user).map(|credentials| (StatusCode::OK, credentials)));
            }
            Ok(None) => "user is missing".to_owned(),
            Err(message) => message,
        };
        answer::message(StatusCode::BAD_REQUEST, &message)
    }
}

/// The user whom a query names, by the only parameter that it may have.
fn parameter(query: &str, known: &str) -> std::result::Result<Option<UserId>, String> {
    let mut user = None;
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if name != known {
            return Err(format!("only {known} is known"));
        }
        user = Some(UserId::parse(&value).map_err(|_| format!("{known} is not a user id"))?);
    }
    Ok(user)
}

fn told(answered: Result<(StatusCode, Json)>) -> Response<Body> {
    match answered {
        Ok((status, body)) => answer::json(status, body.to_string()),
        Err(failure) => answer::message(StatusCode::INTERNAL_SERVER_ERROR, &failure.to_string()),
    }
}
