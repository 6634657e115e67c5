//! AuthMS, `GET /profiles/{user_id}`: the bytes of an answer.

use crate::contracts::authms::{NOON, put, send};
use crate::contracts::authms_reads::get;
use serde_json::json;
use tests::World;

#[tokio::test]
async fn equal_versions_are_equal_bytes() {
    let world = World::new().await;
    send(&world, &put(&world, &json!({"city": "Rome"}))).await;
    let first = world.invoke(get(&world).event_json()).await;
    world.clock.forward(3600);
    let later = world.invoke(get(&world).event_json()).await;
    assert_eq!(later, first);
    assert_eq!(first.body_json()["timestamp"], NOON);
    // The next version says when it came to be.
    send(&world, &put(&world, &json!({"city": "Oslo"}))).await;
    world.clock.forward(60);
    let body = world.invoke(get(&world).event_json()).await.body_json();
    assert_eq!(body["timestamp"], "2026-04-03T13:00:00.000Z");
    assert_eq!(body["timestamp"], body["data"]["profile"]["updated_at"]);
}
