//! `send-notices`: from the table's stream to the people whose address is not a profile's any more.
//!
//! A consumer of its own: while the services that bring letters are down, changes are published all the same.

use crate::batch::{Batch, BatchAnswer, Consumer, Unreadable};
use shared::config::Settings;
use shared::courier::Courier;
use shared::events::{Notices, Values};
use shared::ground::Ground;
use shared::trigger::Trigger;
use std::sync::Arc;

/// The trigger of the table's stream.
pub struct SendNotices(Consumer);

impl Trigger for SendNotices {
    const NAME: &'static str = "send-notices";
    type Event = Batch;
    type Answer = BatchAnswer;

    fn configure(settings: &mut Settings, ground: Ground) -> Self {
        let courier = Courier::configure(settings, &ground.sdk);
        let notices = Notices::new(courier, ground.store.clone(), Arc::clone(&ground.clock));
        // `publish-changes` reads the same records.
        let mut consumer =
            Consumer::configure(Self::NAME, settings, &ground, Values::default(), Unreadable::PassOver);
        consumer.add(notices);
        Self(consumer)
    }

    async fn handle(&self, batch: Batch, x_ray: Option<&str>) -> BatchAnswer {
        self.0.consume(&batch, x_ray).await
    }
}
