//! A batch of the table's stream, and what its consumers have in common.

use crate::failed_changes::{FailedChange, FailedChanges, Reason};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::clock::Clock;
use shared::config::Settings;
use shared::events::{Change, Effect, Values, apply_all};
use shared::ground::Ground;
use shared::store::{ProfileStore, StreamRecord};
use shared::telemetry::{BatchLine, Metric, Metrics, Telemetry, XRay};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A batch of stream records, each as it came: one that is malformed must not spoil the others.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Batch {
    #[serde(rename = "Records", default)]
    records: Vec<Value>,
}

/// Which record comes again, and all after it: the earliest that is not done with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchAnswer {
    batch_item_failures: Vec<ItemFailure>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

/// What a batch came to.
#[derive(Default)]
struct Tally {
    changes: usize,
    undecodable: usize,
    /// Effects that were given up, and records of which the queue was told.
    given_up: usize,
    /// Positions of the records that must come again.
    unfinished: BTreeSet<usize>,
}

/// What the line of a batch says beside its metrics.
#[derive(Serialize)]
struct Changes {
    changes: usize,
    undecodable: usize,
}

/// What becomes of a record that no consumer can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// The queue of failed changes is told.
    Tell,
    /// It is passed over, because another consumer tells of it.
    PassOver,
}

/// A consumer of the stream: reads its records as changes, and applies effects to each.
pub(crate) struct Consumer {
    function: &'static str,
    clock: Arc<dyn Clock>,
    store: ProfileStore,
    telemetry: Arc<Telemetry>,
    values: Values,
    effects: Vec<Box<dyn Effect>>,
    failed_changes: FailedChanges,
    unreadable: Unreadable,
}

impl Consumer {
    /// One for this function, without any effect yet. Reads `FAILED_CHANGES_QUEUE_URL`; changes show these values.
    pub(crate) fn configure(
        function: &'static str,
        settings: &mut Settings,
        ground: &Ground,
        values: Values,
        unreadable: Unreadable,
    ) -> Self {
        let queue = settings.required("FAILED_CHANGES_QUEUE_URL");
        Self {
            function,
            clock: Arc::clone(&ground.clock),
            store: ground.store.clone(),
            telemetry: Arc::clone(&ground.telemetry),
            values,
            effects: Vec::new(),
            failed_changes: FailedChanges::new(aws_sdk_sqs::Client::new(&ground.sdk), queue),
            unreadable,
        }
    }

    /// One more effect.
    pub(crate) fn add(&mut self, effect: impl Effect + 'static) {
        self.effects.push(Box::new(effect));
    }

    /// Applies all effects to the changes of a batch, and says from which record on it must come again.
    pub(crate) async fn consume(&self, batch: &Batch, x_ray: Option<&str>) -> BatchAnswer {
        let invocation = self.telemetry.begin(x_ray.and_then(XRay::parse));
        let before = self.store.usage();
        let tally = self.work(&batch.records).await;
        let line = Changes { changes: tally.changes, undecodable: tally.undecodable };
        let metrics = Metrics::of_records(batch.records.len())
            .with(Metric::Unfinished, tally.unfinished.len())
            .with(Metric::GivenUp, tally.given_up)
            .with_usage(self.store.usage() - before);
        self.telemetry.end(&invocation, &BatchLine { function: self.function, tally: line }, metrics);
        // An empty identifier has Lambda repeat the whole batch.
        let failure = tally.unfinished.first().map(|position| ItemFailure {
            item_identifier: sequence_number(&batch.records[*position]).unwrap_or_default().to_owned(),
        });
        BatchAnswer { batch_item_failures: failure.into_iter().collect() }
    }

    async fn work(&self, records: &[Value]) -> Tally {
        let mut tally = Tally::default();
        let (mut positions, mut changes) = (Vec::new(), Vec::new());
        for (position, record) in records.iter().enumerate() {
            match StreamRecord::decode(record) {
                Ok(None) => {}
                Ok(Some(StreamRecord { old, new })) => {
                    if let Some(change) = Change::between(old.as_ref(), &new, &self.values) {
                        positions.push(position);
                        changes.push(change);
                    }
                }
                Err(undecodable) => {
                    tally.undecodable += 1;
                    if self.unreadable == Unreadable::PassOver {
                        continue;
                    }
                    let message = FailedChange {
                        reason: Reason::Undecodable,
                        sequence_number: sequence_number(record),
                        event_id: undecodable.event_id.as_deref(),
                        user: undecodable.user_id.as_ref(),
                    };
                    // A queue that has failed once is not waited for again: all from there comes again anyway.
                    if tally.unfinished.is_empty() && self.failed_changes.tell(&message).await {
                        tally.given_up += 1;
                    } else {
                        tally.unfinished.insert(position);
                    }
                }
            }
        }
        let applied = apply_all(&self.effects, &changes, self.clock.now()).await;
        tally.unfinished.extend(applied.unfinished.into_iter().map(|change| positions[change]));
        for (effect, change) in applied.given_up {
            let position = positions[change];
            // What comes again is given up when it does.
            if tally.unfinished.first().is_some_and(|first| *first <= position) {
                continue;
            }
            tally.given_up += 1;
            let message = FailedChange {
                reason: Reason::GivenUp { effect },
                sequence_number: sequence_number(&records[position]),
                event_id: Some(&changes[change].event_id),
                user: Some(&changes[change].user_id),
            };
            if !self.failed_changes.tell(&message).await {
                tally.unfinished.insert(position);
            }
        }
        tally.changes = changes.len();
        tally
    }
}

fn sequence_number(record: &Value) -> Option<&str> {
    record["dynamodb"]["SequenceNumber"].as_str()
}
