//! `publish-changes`: from the table's stream to an event bus, and to every other effect of a change.

use crate::batch::{Batch, BatchAnswer, Consumer, Unreadable};
use shared::config::Settings;
use shared::events::{Effect, Forgetting, History, Publisher};
use shared::ground::Ground;
use shared::trigger::Trigger;
use std::sync::Arc;

/// The trigger of the table's stream.
pub struct PublishChanges(Consumer);

impl PublishChanges {
    /// The same trigger with one more effect.
    #[must_use]
    pub fn with(mut self, effect: impl Effect + 'static) -> Self {
        self.0.add(effect);
        self
    }
}

impl Trigger for PublishChanges {
    const NAME: &'static str = "publish-changes";
    type Event = Batch;
    type Answer = BatchAnswer;

    fn configure(settings: &mut Settings, ground: Ground) -> Self {
        let bus = aws_sdk_eventbridge::Client::new(&ground.sdk);
        let publisher = Publisher::configure(settings, bus, Arc::clone(&ground.clock));
        let values = publisher.values().clone();
        let mut consumer = Consumer::configure(Self::NAME, settings, &ground, values, Unreadable::Tell);
        consumer.add(publisher);
        consumer.add(History::new(ground.store.clone()));
        consumer.add(Forgetting::new(ground.store));
        Self(consumer)
    }

    async fn handle(&self, batch: Batch, x_ray: Option<&str>) -> BatchAnswer {
        self.0.consume(&batch, x_ray).await
    }
}
