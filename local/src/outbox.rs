//! The outbox: letters to people go no further than here. `/_local/outbox`, a path of the local stack only, shows them.

use crate::answer;
use crate::process::Output;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use shared::clock::{Clock, SystemClock};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where letters are read, on the gateway.
pub const PATH: &str = "/_local/outbox";

/// Most letters that are kept; of more, the newest.
pub const MOST: usize = 1_000;

/// Letters that went out, kept in memory.
#[derive(Clone)]
pub struct Outbox(Arc<Shared>);

struct Shared {
    /// Base URL of the gateway.
    gateway: String,
    output: Output,
    letters: Mutex<VecDeque<Sent>>,
}

/// A letter as a function sends it. It has no `Debug`: there may be a code in it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// E.164, or an e-mail address.
    to: String,
    channel: Channel,
    code: Option<String>,
    subject: Option<String>,
    body: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Channel {
    Sms,
    Email,
}

#[derive(Clone, Serialize)]
struct Sent {
    #[serde(flatten)]
    letter: Letter,
    /// RFC 3339.
    sent_at: String,
}

impl Outbox {
    /// An empty one, which people read at this gateway. That there is something to read is a line of `output`.
    pub fn new(gateway: impl Into<String>, output: Output) -> Self {
        Self(Arc::new(Shared { gateway: gateway.into(), output, letters: Mutex::default() }))
    }

    /// Keeps a letter, and tells where to read it.
    pub fn put(&self, letter: Letter) {
        let mut letters = self.lock();
        letters.truncate(MOST - 1);
        letters.push_front(Sent { letter, sent_at: SystemClock.now().rfc3339() });
        drop(letters);
        let line = format!("a message went out; read it: curl '{}{PATH}'", self.0.gateway);
        self.0.output.write("outbox", &line);
    }

    /// Answers a `GET` of [`PATH`] with the letters as a JSON array, newest first; `?to=ADDRESS` leaves out those to
    /// others.
    pub fn answer(&self, query: &str) -> Response<Body> {
        match address(query) {
            Ok(to) => match self.letters(to.as_deref()) {
                Ok(letters) => answer::json(StatusCode::OK, letters),
                Err(_) => answer::message(StatusCode::INTERNAL_SERVER_ERROR, "try again"),
            },
            Err(fault) => answer::message(StatusCode::BAD_REQUEST, fault),
        }
    }

    /// Text, so that the members stay in their order.
    fn letters(&self, to: Option<&str>) -> serde_json::Result<String> {
        let letters = self.lock();
        let is_wanted = |sent: &&Sent| to.is_none_or(|to| sent.letter.to.eq_ignore_ascii_case(to));
        serde_json::to_string(&letters.iter().filter(is_wanted).collect::<Vec<_>>())
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Sent>> {
        self.0.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address that a query asks for. No address holds a space: one that is decoded was a `+`, which people forget to
/// write as `%2B`.
fn address(query: &str) -> Result<Option<String>, &'static str> {
    let mut address = None;
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if name != "to" {
            return Err("only to is known");
        }
        address = Some(value.replace(' ', "+"));
    }
    Ok(address)
}
