//! Publishing: the effect without which a change has not been told.

use super::change::{Change, Values};
use super::effect::Effect;
use crate::clock::Clock;
use crate::config::Settings;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// Entries of one `PutEvents` call, at most (Amazon EventBridge API Reference, PutEvents).
const ENTRIES_PER_CALL: usize = 10;
/// Bytes of one `PutEvents` call's entries, at most (Amazon EventBridge User Guide, "Calculating event entry size").
const BYTES_PER_CALL: usize = 256 * 1024;
/// Bytes that EventBridge counts for an entry's time.
const BYTES_OF_TIME: usize = 14;
/// After this long no further call is begun: what was published so far counts, so that a slow bus still gets on
/// from batch to batch. A call that hangs through all its attempts ends well within the effect's time limit.
const PATIENCE_SECONDS: i64 = 30;

/// Publishes changes on an event bus.
#[derive(Clone)]
pub struct Publisher {
    client: Client,
    clock: Arc<dyn Clock>,
    bus: String,
    source: String,
    values: Values,
}

/// A call in the making: positions of changes, and their entries.
#[derive(Default)]
struct Call {
    positions: Vec<usize>,
    entries: Vec<PutEventsRequestEntry>,
    bytes: usize,
}

impl Publisher {
    /// Reads `EVENT_BUS`, `EVENT_SOURCE` and `EVENT_VALUES`.
    pub fn configure(settings: &mut Settings, client: Client, clock: Arc<dyn Clock>) -> Self {
        let bus = settings.required("EVENT_BUS");
        let source = settings.optional("EVENT_SOURCE").unwrap_or_else(|| "profile-service".to_owned());
        // AWS keeps the prefix to itself: PutEvents would refuse each entry.
        if source.starts_with("aws.") || source.len() > 256 {
            settings.fault("EVENT_SOURCE", "must not begin with aws. and not be longer than 256 bytes");
        }
        let list = settings.optional("EVENT_VALUES").unwrap_or_default();
        let values = Values::parse(&list).unwrap_or_else(|| {
            settings.fault("EVENT_VALUES", "names something that is no attribute");
            Values::default()
        });
        Self { client, clock, bus, source, values }
    }

    /// The attributes whose values are told.
    pub const fn values(&self) -> &Values {
        &self.values
    }

    /// Publishes changes, which must come in the order in which they were made; answers the positions of those that
    /// are not known to be published.
    ///
    /// Each user's changes go out one after the other: none shares a call with an earlier one, and none is sent
    /// after an earlier one failed. A call that fails as a whole ends the attempt, since the next would fail, too.
    pub async fn publish(&self, changes: &[Change]) -> BTreeSet<usize> {
        let mut waiting: BTreeSet<usize> = (0..changes.len()).collect();
        let mut unpublished = BTreeSet::new();
        let patience = self.clock.now().plus_seconds(PATIENCE_SECONDS);
        while !waiting.is_empty() && self.clock.now() < patience {
            let call = self.next_call(changes, &waiting);
            let sent = self.client.put_events().set_entries(Some(call.entries)).send().await;
            let Ok(output) = sent else { break };
            let taken = output.entries();
            for (index, position) in call.positions.into_iter().enumerate() {
                waiting.remove(&position);
                let is_taken = taken.get(index).is_some_and(|entry| entry.error_code().is_none());
                if !is_taken {
                    unpublished.insert(position);
                    let user = &changes[position].user_id;
                    let later = waiting.iter().copied().filter(|later| changes[*later].user_id == *user);
                    let later: Vec<usize> = later.collect();
                    waiting.retain(|position| !later.contains(position));
                    unpublished.extend(later);
                }
            }
        }
        unpublished.append(&mut waiting);
        unpublished
    }

    /// The first waiting change of each user, as many as one call holds.
    fn next_call(&self, changes: &[Change], waiting: &BTreeSet<usize>) -> Call {
        let mut call = Call::default();
        let mut users = HashSet::new();
        for &position in waiting {
            let change = &changes[position];
            if !users.insert(&change.user_id) {
                continue;
            }
            let frame = self.source.len() + change.kind.detail_type().len() + BYTES_OF_TIME;
            let detail = change.detail(BYTES_PER_CALL - frame);
            let bytes = call.bytes + frame + detail.len();
            if call.entries.len() == ENTRIES_PER_CALL || bytes > BYTES_PER_CALL {
                break;
            }
            call.bytes = bytes;
            call.positions.push(position);
            call.entries.push(
                PutEventsRequestEntry::builder()
                    .event_bus_name(&self.bus)
                    .source(&self.source)
                    .detail_type(change.kind.detail_type())
                    .time(DateTime::from_millis(change.written.millis()))
                    .detail(detail)
                    .build(),
            );
        }
        call
    }
}

impl Effect for Publisher {
    fn name(&self) -> &'static str {
        "publish"
    }

    fn is_indispensable(&self) -> bool {
        true
    }

    fn apply<'a>(&'a self, changes: &'a [Change]) -> BoxFuture<'a, BTreeSet<usize>> {
        self.publish(changes).boxed()
    }
}
