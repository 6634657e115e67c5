//! Event source mappings: what Lambda does between a stream or a queue and a function.

mod queue;
mod stream;

pub use queue::QueueMapping;
pub use stream::StreamMapping;

use crate::runtime::InvocationError;
use axum::body::Bytes;
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// Resolves when a mapping shall begin nothing more.
pub type Stop = watch::Receiver<bool>;

/// Before the first retry; twice as long before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How a batch went.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// These have failed; with none, the batch is done.
    Failed(BTreeSet<String>),
    /// The whole batch counts as failed.
    AllFailed,
}

/// What an answer with `batchItemFailures` says of a batch with these identifiers. As on Lambda, whoever answers nothing has
/// done everything, and whoever names something strange has done nothing.
fn verdict(answer: Result<Bytes, InvocationError>, sent: &BTreeSet<String>) -> Verdict {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        batch_item_failures: Option<Vec<Failure>>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Failure {
        item_identifier: String,
    }
    let Ok(answer) = answer else { return Verdict::AllFailed };
    let answer: Option<Answer> = match serde_json::from_slice::<Json>(&answer).map(serde_json::from_value) {
        Ok(Ok(answer)) => answer,
        _ => return Verdict::AllFailed,
    };
    let failures = answer.and_then(|answer| answer.batch_item_failures).unwrap_or_default();
    let failed: BTreeSet<String> = failures.into_iter().map(|failure| failure.item_identifier).collect();
    if failed.is_subset(sent) { Verdict::Failed(failed) } else { Verdict::AllFailed }
}

/// The pauses between tries that lead nowhere.
struct Pauses(Duration);

impl Pauses {
    const fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = LONGEST_PAUSE.min(pause * 2);
        pause
    }
}

/// Waits, unless the mapping is stopped meanwhile.
async fn pause(length: Duration, stop: &mut Stop) {
    tokio::select! {
        () = stopped(stop) => {}
        () = sleep(length) => {}
    }
}

/// Resolves when the mapping is stopped, or nobody is left who could stop it.
async fn stopped(stop: &mut Stop) {
    let _ = stop.wait_for(|stop| *stop).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_a_function() {
        let sent: BTreeSet<String> = ["1", "2", "3"].map(str::to_owned).into();
        let failed = |identifiers: &[&str]| {
            Verdict::Failed(identifiers.iter().map(|&identifier| identifier.to_owned()).collect())
        };
        for (answer, expected) in [
            ("null", failed(&[])),
            ("{}", failed(&[])),
            (r#"{"batchItemFailures":null}"#, failed(&[])),
            (r#"{"batchItemFailures":[]}"#, failed(&[])),
            (r#"{"batchItemFailures":[{"itemIdentifier":"3"},{"itemIdentifier":"2"}]}"#, failed(&["2", "3"])),
            (r#"{"batchItemFailures":[{"itemIdentifier":"4"}]}"#, Verdict::AllFailed),
            (r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#, Verdict::AllFailed),
            (r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#, Verdict::AllFailed),
            (r#"{"batchItemFailures":[{"identifier":"1"}]}"#, Verdict::AllFailed),
            (r#"{"batchItemFailures":"1"}"#, Verdict::AllFailed),
            (r#""done""#, Verdict::AllFailed),
            ("{", Verdict::AllFailed),
        ] {
            assert_eq!(verdict(Ok(answer.into()), &sent), expected, "{answer}");
        }
        assert_eq!(verdict(Err(InvocationError::Crashed), &sent), Verdict::AllFailed);
    }

    #[test]
    fn pauses_grow_up_to_a_limit() {
        let mut pauses = Pauses::new();
        let pauses: Vec<u128> = (0..9).map(|_| pauses.next().as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    }
}
