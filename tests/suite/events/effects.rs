//! Other effects of a change beside publishing: none holds up another for ever.

use super::{QUEUE, again_from, calls, done, invoke, publish_changes, versions, write};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;
use shared::events::{Change, Effect, GIVE_UP_AFTER_SECONDS};
use std::collections::BTreeSet;
use tests::{Bus, World};

/// Never works for this user.
struct Grudge(&'static str);

impl Effect for Grudge {
    fn name(&self) -> &'static str {
        "grudge"
    }

    fn apply<'a>(&'a self, changes: &'a [Change]) -> BoxFuture<'a, BTreeSet<usize>> {
        let bears =
            |(position, change): (usize, &Change)| (change.user_id.as_str() == self.0).then_some(position);
        let failed: BTreeSet<usize> = changes.iter().enumerate().filter_map(bears).collect();
        async { failed }.boxed()
    }
}

#[tokio::test]
async fn an_effect_that_keeps_failing_is_given_up_after_six_hours_and_told_of() {
    let (world, bus) = (World::new().await, Bus::start().await);
    write(&world, &["ada", "ben", "cid", "ben"]).await;
    let trigger = publish_changes(&world, &bus, &[]).await.with(Grudge("ben"));
    let records = world.stream().await;
    let everything = calls(&[&["ada 1", "ben 1", "cid 1"], &["ben 2"]]);

    // Until then everything is published, and comes again from the change that is not done with.
    assert_eq!(invoke(&trigger, &records).await, again_from(&records[1]));
    assert_eq!((versions(&bus.calls()), bus.messages()), (everything.clone(), vec![]));

    // The clock stands where the last change was made, two seconds after the first of ben's.
    world.clock.forward(GIVE_UP_AFTER_SECONDS - 2);
    assert_eq!(invoke(&trigger, &records).await, again_from(&records[3]));
    let message = |position: usize| {
        let message = json!({
            "reason": "given_up", "effect": "grudge", "user": "ben",
            "sequence_number": records[position]["dynamodb"]["SequenceNumber"],
            "event_id": records[position]["dynamodb"]["NewImage"]["change_id"]["S"],
        });
        (QUEUE.to_owned(), message)
    };
    assert_eq!((versions(&bus.calls()), bus.messages()), (everything, vec![message(1)]));

    world.clock.forward(2);
    bus.spoil("SendMessage", 3);
    assert_eq!(invoke(&trigger, &records[3..]).await, again_from(&records[3]), "nobody could be told");
    assert_eq!(invoke(&trigger, &records[3..]).await, done());
    assert_eq!(bus.messages(), [message(3)]);
}
