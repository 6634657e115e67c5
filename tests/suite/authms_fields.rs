//! AuthMS: when today is, and what the database refuses.

use crate::contracts::authms::{invalid, put, send, success};
use serde_json::json;
use tests::{Fault, World};

#[tokio::test]
async fn what_was_refused_by_the_database_is_not_half_stored() {
    let world = World::new().await;
    send(&world, &put(&world, &json!({"city": "Paris"}))).await;
    for _ in 0..3 {
        world.wire.spoil("UpdateItem", Fault::Answer(500, "InternalServerError"));
    }
    assert_eq!(send(&world, &put(&world, &json!({"city": null, "bio": "x"}))).await.status, 503);
    assert_eq!(send(&world, &put(&world, &json!({}))).await, success("alice", 1, &json!({"city": "Paris"})));
}

#[tokio::test]
async fn a_birthdate_is_today_at_the_latest() {
    let world = World::new().await;
    let today = json!({"birthdate": "2026-04-03"});
    assert_eq!(send(&world, &put(&world, &today)).await, success("alice", 1, &today));
    let tomorrow = put(&world, &json!({"birthdate": "2026-04-04"}));
    let broken = ("birthdate", "range", "must lie between 1900-01-01 and today", Some(json!("2026-04-04")));
    assert_eq!(send(&world, &tomorrow).await, invalid(&[broken]));
}
