//! The event bus: EventBridge as far as its callers and targets can tell.

use crate::failure::Result;
use crate::feed::Feed;
use crate::queues::Queues;
use crate::template::{ACCOUNT, BusResource, REGION};
use serde_json::{Value as Json, json};
use shared::clock::{Clock, SystemClock, Timestamp};
use shared::entropy::{SystemEntropy, uuid};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most events that are kept to be looked at; of more, the newest.
pub const MOST: usize = 1_000;

/// A bus, and what was put on it last.
#[derive(Clone)]
pub struct Bus(Arc<Shared>);

struct Shared {
    resource: BusResource,
    queues: Queues,
    events: Feed,
}

/// An event as its sender gives it. It has no `Debug`: the detail may be personal.
#[derive(Clone, PartialEq)]
pub struct Event {
    /// Who tells of it.
    pub source: String,
    /// What kind of event it is.
    pub detail_type: String,
    /// What is told.
    pub detail: Json,
    /// Identifier; `None` gives it a new one.
    pub id: Option<String>,
    /// When it happened, in RFC 3339; `None` is now.
    pub time: Option<String>,
    /// Resources that it is about.
    pub resources: Vec<String>,
}

impl Event {
    /// An event of now.
    pub fn new(source: impl Into<String>, detail_type: impl Into<String>, detail: Json) -> Self {
        Self {
            source: source.into(),
            detail_type: detail_type.into(),
            detail,
            id: None,
            time: None,
            resources: Vec::new(),
        }
    }

    fn envelope(self, id: &str, now: Timestamp) -> Json {
        json!({
            "version": "0",
            "id": id,
            "detail-type": self.detail_type,
            "source": self.source,
            "account": ACCOUNT,
            "time": self.time.unwrap_or_else(|| now.rfc3339()),
            "region": REGION,
            "resources": self.resources,
            "detail": self.detail,
        })
    }
}

impl Bus {
    /// A bus whose rules lead to these queues.
    pub fn new(resource: BusResource, queues: Queues) -> Self {
        Self(Arc::new(Shared { resource, queues, events: Feed::new(MOST) }))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.resource.name
    }

    /// Takes an event: when this returns its identifier, every queue whose rule accepts the event has it.
    ///
    /// # Errors
    /// When a queue cannot keep it; others may have it by then.
    pub async fn put(&self, event: Event) -> Result<String> {
        let id = event.id.clone().unwrap_or_else(|| uuid(&SystemEntropy::new()));
        let envelope = event.envelope(&id, SystemClock.now());
        let accepting = self.0.resource.rules.iter().filter(|rule| rule.pattern.matches(&envelope));
        for queue in accepting.flat_map(|rule| &rule.queues) {
            self.0.queues.send(queue, envelope.to_string(), BTreeMap::new()).await?;
        }
        self.0.events.push(envelope);
        Ok(id)
    }

    /// What was put on it, the newest [`MOST`].
    pub fn events(&self) -> &Feed {
        &self.0.events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_last_events_are_kept() {
        let queues = Queues::open(&[], None, Arc::new(SystemClock)).unwrap();
        let bus = Bus::new(BusResource { name: "bus".to_owned(), rules: Vec::new() }, queues);
        for n in 0..=MOST {
            bus.put(Event::new("test", "Counted", json!({"n": n}))).await.unwrap();
        }
        let (events, count) = bus.events().entries(0);
        assert_eq!((events.len(), count), (MOST, MOST + 1));
        assert_eq!(events[0]["detail"]["n"], 1);
    }
}
