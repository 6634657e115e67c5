//! `DELETE /profiles/{user_id}`: what it leaves in the table.

use crate::contracts::erasure::{delete, endow};
use serde_json::json;
use shared::auth::Role;
use std::collections::BTreeSet;
use tests::{Options, Reply, Request, World};

async fn keys(world: &World) -> BTreeSet<String> {
    let items = world.items().await;
    let key = |item: &std::collections::HashMap<String, _>| -> String {
        let text = |name: &str| -> String {
            let value: &aws_sdk_dynamodb::types::AttributeValue = &item[name];
            value.as_s().unwrap().clone()
        };
        format!("{} {}", text("PK").split('#').next().unwrap(), text("SK").split('#').next().unwrap())
    };
    items.iter().map(key).collect()
}

/// Members of what is left of an erased user.
pub const TOMBSTONE: [&str; 9] = [
    "PK",
    "SK",
    "change_id",
    "changed_by",
    "erased_at",
    "previous_change_id",
    "schema",
    "user_id",
    "version",
];

#[tokio::test]
async fn erasing_leaves_a_tombstone_and_frees_the_names_at_once() {
    let world = World::new().await;
    let key = world.api_key(Role::Admin).await;
    endow(&world, "1001", &key).await;
    let all = ["APIKEY KEY", "CLAIM CLAIM", "CREDENTIAL CREDENTIAL", "INDEX APIKEY", "USER PROFILE"];
    assert_eq!(keys(&world).await, all.map(str::to_owned).into());

    world.wire.calls();
    assert_eq!(world.send(&delete(&world, "1001")).await, Reply::new(204, &[], json!("")));
    // The first guesses that there are no claims.
    assert_eq!(world.wire.calls(), ["TransactWriteItems", "TransactWriteItems"]);
    let left = ["APIKEY KEY", "INDEX APIKEY", "USER PROFILE"];
    assert_eq!(keys(&world).await, left.map(str::to_owned).into());
    let record = world.record("1001").await.unwrap();
    assert_eq!((record.version, record.profile), (3, None));
    let tombstone =
        world.items().await.into_iter().find(|item| item["PK"].as_s().unwrap() == "USER#1001").unwrap();
    let names: BTreeSet<&str> = tombstone.keys().map(String::as_str).collect();
    assert_eq!(names, TOMBSTONE.into());

    world.create("1002").await;
    let taken = json!({"userName": "NAME1001", "email": "1001@example.com", "phone": "13900001001"});
    let reply = world.send(&Request::update_user("1002").bearer(&key).json(&taken)).await;
    assert_eq!(reply.body["code"], "0000", "{reply:?}");

    // Erasing twice is fine, and writes nothing.
    assert_eq!(world.refused(&delete(&world, "1001")).await, Reply::new(204, &[], json!("")));
}

#[tokio::test]
async fn a_stack_may_require_preconditions() {
    let options = Options { settings: vec![("REQUIRE_PRECONDITIONS", "true".to_owned())] };
    let world = World::with(options).await;
    let put = || Request::put_profile("alice").bearer(&world.token("alice")).json(&json!({}));
    let body = json!({
        "type": "https://id.example.com/errors/precondition-required", "title": "Precondition Required",
        "status": 428, "instance": "https://id.example.com/profiles/alice", "code": 30_101_013,
        "detail": "Send If-Match with the entity tag of the version that you change, or If-None-Match: * to create. Nothing was written.",
        "i18n_key": "error.precondition_required", "request_id": "…", "trace_id": "…", "span_id": "…",
        "service": "profile-service", "timestamp": "2026-04-03T12:00:00.000Z",
    });
    let headers = [
        ("content-type", "application/problem+json"),
        ("content-language", "en"),
        ("vary", "Accept-Language"),
    ];
    let required = Reply::new(428, &headers, body);
    assert_eq!(world.refused(&put()).await.masked(), required);
    assert_eq!(world.send(&put().header("if-none-match", "*")).await.status, 200);
    assert_eq!(world.refused(&put()).await.masked(), required);
    assert_eq!(world.send(&put().header("if-match", "\"1\"")).await.status, 200);
    assert_eq!(world.refused(&delete(&world, "alice")).await.masked(), required);
    assert_eq!(world.send(&delete(&world, "alice").header("if-match", "*")).await.status, 204);

    let wrong = [("REQUIRE_PRECONDITIONS", "yes")];
    let fault = ["REQUIRE_PRECONDITIONS must be one of false, true"];
    assert_eq!(tests::wrong_settings::<authms::PutProfile>(&wrong).await, fault);
    assert_eq!(tests::wrong_settings::<authms::DeleteProfile>(&wrong).await, fault);
}
