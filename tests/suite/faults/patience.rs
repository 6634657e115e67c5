//! Ten seconds of silence, with the time-outs that functions have: each contract answers before Lambda ends it.

use super::Count;
use super::scene::{ALL, Act, BadDay, Scene};
use super::verdict::{Verdict, refusal, word};
use local::template::Template;
use std::collections::BTreeMap;
use std::time::Duration;
use tests::Fault;
use tokio::task::JoinSet;

/// One endpoint of each contract, the first call of each.
const SILENT: [(Act, &str); 5] = [
    (Act::Put, "UpdateItem"),
    (Act::Patch, "UpdateItem"),
    (Act::Change, "UpdateItem"),
    (Act::Edit, "UpdateItem"),
    (Act::Update, "GetItem"),
];

/// The shortest of the functions' time-outs.
fn time_limit() -> Duration {
    let template = Template::read(&Template::default_path(), &BTreeMap::new()).unwrap();
    let endpoints = template.functions.iter().filter(|function| !function.routes.is_empty());
    endpoints.map(|function| function.timeout).min().unwrap()
}

/// All at once, since they only wait.
pub async fn contracts() -> Count {
    let (mut tasks, limit) = (JoinSet::new(), time_limit());
    for (act, operation) in SILENT {
        let scene = *ALL.iter().find(|scene| scene.act == act && !scene.keyed).unwrap();
        tasks.spawn(async move { silence(scene, operation, limit).await });
    }
    let faults = tasks.join_all().await.into_iter().sum();
    Count { cells: SILENT.len(), faults }
}

async fn silence(scene: Scene, operation: &str, limit: Duration) -> usize {
    let (day, user) = (BadDay::dawn(None).await, "770001");
    let request = scene.set(&day, user).await;
    day.world.wire.spoil_after(operation, 0, usize::MAX, Fault::Silence);
    let reply = tokio::time::timeout(limit, day.world.send(&request)).await;
    let reply = reply.unwrap_or_else(|_| panic!("{scene:?}: no answer within {limit:?}"));
    assert_eq!(Some(word(&reply)), refusal(scene.face, Verdict::Unavailable), "{scene:?}");
    day.world.wire.injected()
}

#[test]
fn the_sdk_tries_three_times_with_jitter_and_gives_up_in_time() {
    let sdk = shared::sdk::sdk_config();
    let retries = sdk.retry_config().unwrap();
    assert_eq!((retries.max_attempts(), retries.initial_backoff()), (3, Duration::from_millis(100)));
    let timeouts = sdk.timeout_config().unwrap();
    let attempt = timeouts.operation_attempt_timeout().unwrap();
    // Before the second attempt 100 ms at most, before the third 200 ms.
    assert!(attempt * 3 + Duration::from_millis(300) < Duration::from_secs(9));
    assert!(timeouts.connect_timeout().unwrap() < attempt);
    // Without which the SDK draws how long it waits between attempts at random.
    assert!(!retries.use_static_exponential_base());
}
