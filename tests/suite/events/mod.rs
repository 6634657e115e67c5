//! Changes flow out: from writes through the contracts, over the engine's own stream, to a bus.

mod effects;
mod publish;
mod republish;
mod samples;
mod schemas;
mod undecodable;

use serde_json::{Value, json};
use shared::config::{ConfigError, Settings};
use shared::entropy::SystemEntropy;
use shared::ground::Ground;
use shared::sdk::named;
use shared::trigger::Trigger;
use std::sync::Arc;
use tests::{Bus, Request, World};
use triggers::PublishChanges;

const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/000000000000/failed-changes";

/// The trigger under test, on a world's clock and a bus of the test's own.
async fn publish_changes(world: &World, bus: &Bus, settings: &[(&str, &str)]) -> PublishChanges {
    let usual = [("EVENT_BUS", "profile-events"), ("FAILED_CHANGES_QUEUE_URL", QUEUE)];
    configured(world, bus, &[&usual, settings].concat()).await.unwrap()
}

/// The trigger with these settings alone.
async fn configured(
    world: &World,
    bus: &Bus,
    settings: &[(&str, &str)],
) -> Result<PublishChanges, ConfigError> {
    let values = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    let mut settings = Settings::new(values.collect());
    let ground = Ground {
        sdk: named(&bus.sdk().await, PublishChanges::NAME),
        store: world.store.clone(),
        clock: Arc::clone(&world.clock) as Arc<_>,
        entropy: Arc::new(SystemEntropy::new()),
        telemetry: world.journal.telemetry(Arc::clone(&world.clock) as Arc<_>),
    };
    let trigger = PublishChanges::configure(&mut settings, ground);
    settings.finish().map(|()| trigger)
}

/// Invokes the trigger with these records, and answers what Lambda is answered.
async fn invoke(trigger: &PublishChanges, records: &[Value]) -> Value {
    let batch = serde_json::from_value(json!({"Records": records})).unwrap();
    serde_json::to_value(trigger.handle(batch, None).await).unwrap()
}

/// The answer that has Lambda send this record and all after it again.
fn again_from(record: &Value) -> Value {
    json!({"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]})
}

fn done() -> Value {
    json!({"batchItemFailures": []})
}

/// What went out: each call as its users and versions.
fn versions(calls: &[Vec<Value>]) -> Vec<Vec<(String, u64)>> {
    let version = |entry: &Value| {
        let detail = tests::bus::detail(entry);
        (detail["user_id"].as_str().unwrap().to_owned(), detail["version"].as_u64().unwrap())
    };
    calls.iter().map(|call| call.iter().map(version).collect()).collect()
}

/// Users and versions as [`versions`] has them: `"ada 1"`.
fn calls(expected: &[&[&str]]) -> Vec<Vec<(String, u64)>> {
    let version = |text: &&str| {
        let (user, version) = text.split_once(' ').unwrap();
        (user.to_owned(), version.parse().unwrap())
    };
    expected.iter().map(|call| call.iter().map(version).collect()).collect()
}

/// One more version of these users' profiles, in this order.
async fn write(world: &World, users: &[&str]) {
    for user in users {
        world.clock.forward(1);
        let body = json!({"bio": format!("at {}", shared::clock::Clock::now(&*world.clock).seconds())});
        let request = Request::put_profile(user).bearer(&world.token(user)).json(&body);
        assert_eq!(world.send(&request).await.status, 200);
    }
}
