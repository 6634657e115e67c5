//! What happened since the stack started, oldest first, for those who look now and those who wait for the next thing.

use crate::answer;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::Value as Json;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// A header: how many entries there were since the start, those of the answer included.
pub const COUNT: &str = "x-count";

/// Longest wait for the next entry, in seconds.
pub const MAX_WAIT: u64 = 25;

/// Entries, counted from the start.
#[derive(Clone)]
pub struct Feed(Arc<Shared>);

struct Shared {
    most: usize,
    kept: Mutex<Kept>,
    progress: watch::Sender<Progress>,
}

#[derive(Default)]
struct Kept {
    /// How many entries went before those that are kept.
    dropped: usize,
    entries: VecDeque<Json>,
}

#[derive(Clone, Copy, Default)]
struct Progress {
    entries: usize,
    closed: bool,
}

impl Feed {
    /// An empty feed that keeps at most so many entries; of more, the newest.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Shared { most, kept: Mutex::default(), progress: watch::Sender::default() }))
    }

    /// Adds an entry.
    pub fn push(&self, entry: Json) {
        let mut kept = self.lock();
        kept.entries.push_back(entry);
        if kept.entries.len() > self.0.most {
            kept.entries.pop_front();
            kept.dropped += 1;
        }
        let count = kept.dropped + kept.entries.len();
        drop(kept);
        self.0.progress.send_modify(|progress| progress.entries = progress.entries.max(count));
    }

    /// The entries after the first `seen` of all that there were, and how many those were to their end.
    pub fn entries(&self, seen: usize) -> (Vec<Json>, usize) {
        let kept = self.lock();
        let entries = kept.entries.iter().skip(seen.saturating_sub(kept.dropped)).cloned().collect();
        (entries, kept.dropped + kept.entries.len())
    }

    /// As [`Feed::entries`], but when there are none yet, waits for one: this long at most, and not beyond
    /// [`Feed::close`].
    pub async fn next(&self, seen: usize, wait: Duration) -> (Vec<Json>, usize) {
        let mut progress = self.0.progress.subscribe();
        let some = progress.wait_for(|progress| progress.entries > seen || progress.closed);
        // Whatever ends the wait: what is there now is the answer.
        let _ = timeout(wait, some).await;
        self.entries(seen)
    }

    /// Waits until there are more than `seen`, however long that takes.
    pub async fn beyond(&self, seen: usize) {
        let mut progress = self.0.progress.subscribe();
        // It ends with an error only when the feed is gone, which this holds.
        let _ = progress.wait_for(|progress| progress.entries > seen).await;
    }

    /// Ends the waits of [`Feed::next`].
    pub fn close(&self) {
        self.0.progress.send_modify(|progress| progress.closed = true);
    }

    /// Answers a `GET` with the entries as a JSON array; `?after=N` leaves out the first N since the start, and with
    /// `&wait=SECONDS` the answer waits for an entry when there is none yet. The header [`COUNT`] says what N is next, as
    /// entries may be gone. `name` is what the entries are called.
    pub async fn answer(&self, query: &str, name: &str) -> Response<Body> {
        let (after, wait) = match selection(query, name) {
            Ok(selection) => selection,
            Err(message) => return answer::message(StatusCode::BAD_REQUEST, &message),
        };
        let (entries, count) = self.next(after, wait).await;
        let mut response = answer::json(StatusCode::OK, Json::Array(entries).to_string());
        response.headers_mut().insert(COUNT, HeaderValue::from(count));
        response
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many entries to leave out, and how long to wait for one.
fn selection(query: &str, name: &str) -> Result<(usize, Duration), String> {
    let (mut after, mut wait) = (0, 0);
    for (parameter, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match (parameter.as_ref(), value.parse::<u64>()) {
            ("after", Ok(count)) => after = usize::try_from(count).unwrap_or(usize::MAX),
            ("wait", Ok(seconds)) if seconds <= MAX_WAIT => wait = seconds,
            ("after", _) => return Err(format!("after is a number of {name}")),
            ("wait", _) => return Err(format!("wait is a number of seconds, at most {MAX_WAIT}")),
            _ => return Err("only after and wait are known".to_owned()),
        }
    }
    Ok((after, Duration::from_secs(wait)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[tokio::test]
    async fn old_entries_go_and_the_count_goes_on() {
        let feed = Feed::new(2);
        for n in 1..=3 {
            feed.push(json!(n));
        }
        for (seen, left) in
            [(0, vec![json!(2), json!(3)]), (1, vec![json!(2), json!(3)]), (2, vec![json!(3)])]
        {
            assert_eq!(feed.entries(seen), (left.clone(), 3));
            assert_eq!(feed.next(seen, Duration::from_secs(3600)).await, (left, 3));
            let answer = feed.answer(&format!("after={seen}"), "entries").await;
            assert_eq!(answer.headers()[COUNT], "3");
        }
        feed.close();
        assert_eq!(feed.next(3, Duration::from_secs(3600)).await, (Vec::new(), 3));
    }
}
