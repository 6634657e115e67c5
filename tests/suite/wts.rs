//! WTS: a failing database.

use crate::contracts::wts::{change, failure};
use serde_json::json;
use tests::{Fault, World};

#[tokio::test]
async fn a_failing_database_is_told_in_this_contracts_words() {
    let world = World::new().await;
    world.create("alice").await;
    let internal = failure(500, 1, "system met a uncaught error,please view logs.");
    for (times, status, error, expected) in [
        (
            6,
            400,
            "TransactionConflictException",
            failure(409, "logic", "the profile is being changed by others, please try again"),
        ),
        (3, 400, "ThrottlingException", failure(503, 1, "too many requests, please try again later")),
        (3, 500, "InternalServerError", internal.clone()),
        (1, 400, "ValidationException", internal),
    ] {
        for _ in 0..times {
            world.wire.spoil("UpdateItem", Fault::Answer(status, error));
        }
        assert_eq!(world.refused(&change(&world, json!({}))).await, expected, "{error}");
        assert!(!world.wire.forget(), "{error}: fewer attempts than expected");
    }
}
