//! Other systems' changes: an EventBridge rule puts their `Profile Sync Requested` events into a queue, and this
//! function carries them out.
//!
//! A request that never will be carried out goes to the dead-letter queue with its reason and counts as done. One
//! that later may be is reported as failed, so that the queue delivers it again; after too many times the queue
//! itself moves it to the dead letters. Neither holds up the rest of its batch.

use crate::dead_letters::DeadLetters;
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::config::Settings;
use shared::events::request::{Envelope, Refusal, SyncRequest};
use shared::events::source::Sources;
use shared::events::sync::{Applied, SyncError, apply};
use shared::ground::Ground;
use shared::store::ProfileStore;
use shared::telemetry::{BatchLine, Metric, Metrics, XRay};
use shared::trigger::Trigger;
use std::panic::AssertUnwindSafe;

/// The trigger.
pub struct SyncProfiles {
    ground: Ground,
    sources: Sources,
    dead_letters: DeadLetters,
}

/// A batch as SQS hands it to Lambda.
#[derive(Debug, Deserialize)]
pub struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Message>,
}

/// One message of a batch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    message_id: String,
    #[serde(default)]
    body: String,
}

/// Which messages are to be delivered again.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failures {
    /// Empty: the whole batch is done.
    pub batch_item_failures: Vec<Failure>,
}

/// A message to be delivered again.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Its `messageId`.
    pub item_identifier: String,
}

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Carried out, or nothing in it was new.
    Applied(Applied),
    /// Moved to the dead letters.
    Refused,
    /// To be delivered again.
    Failed,
}

/// What the line of a batch says beside its metrics.
#[derive(Serialize)]
struct Requests {
    applied: usize,
    unchanged: usize,
    stale: usize,
}

impl Trigger for SyncProfiles {
    const NAME: &'static str = "sync-profiles";
    type Event = Batch;
    type Answer = Failures;

    fn configure(settings: &mut Settings, ground: Ground) -> Self {
        Self {
            sources: Sources::configure(settings),
            dead_letters: DeadLetters::configure(settings, &ground),
            ground,
        }
    }

    async fn handle(&self, batch: Batch, x_ray: Option<&str>) -> Failures {
        let invocation = self.ground.telemetry.begin(x_ray.and_then(XRay::parse));
        let now = invocation.started;
        let store = self.ground.store.metered_anew();
        let mut outcomes = Vec::new();
        for message in &batch.records {
            // A defect that one message meets is no reason to hold up the others.
            let work = AssertUnwindSafe(self.work(&store, now, &message.body).boxed()).catch_unwind();
            outcomes.push(work.await.unwrap_or(Outcome::Failed));
        }
        let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
        let tally = Requests {
            applied: count(Outcome::Applied(Applied::Changed)),
            unchanged: count(Outcome::Applied(Applied::Unchanged)),
            stale: count(Outcome::Applied(Applied::Stale)),
        };
        let metrics = Metrics::of_records(outcomes.len())
            .with(Metric::Unfinished, count(Outcome::Failed))
            .with(Metric::GivenUp, count(Outcome::Refused))
            .with_usage(store.usage());
        self.ground.telemetry.end(&invocation, &BatchLine { function: Self::NAME, tally }, metrics);
        let failed =
            batch.records.into_iter().zip(outcomes).filter(|(_, outcome)| *outcome == Outcome::Failed);
        let failure = |(message, _): (Message, _)| Failure { item_identifier: message.message_id };
        Failures { batch_item_failures: failed.map(failure).collect() }
    }
}

impl SyncProfiles {
    async fn work(&self, store: &ProfileStore, now: Timestamp, body: &str) -> Outcome {
        match self.apply(store, now, body).await {
            Ok(applied) => Outcome::Applied(applied),
            Err(SyncError::Refused(refusal)) if self.dead_letters.put(body, &refusal.reason()).await => {
                Outcome::Refused
            }
            Err(SyncError::Refused(_)) => Outcome::Failed,
            Err(SyncError::Contention | SyncError::Store(_)) => Outcome::Failed,
        }
    }

    async fn apply(&self, store: &ProfileStore, now: Timestamp, body: &str) -> Result<Applied, SyncError> {
        let Envelope { source, detail } = Envelope::read(body)?;
        let source = self.sources.get(&source).ok_or(Refusal::UnknownSource)?;
        let request = SyncRequest::read(source, detail, now)?;
        apply(store, &*self.ground.entropy, now, source, &request).await
    }
}
