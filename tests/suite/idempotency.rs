//! Requests sent again under their `Idempotency-Key`: what is kept, for how long, and who races for it.

use crate::contracts::idempotency::{KEY, changes, keyed, put, refusal, wts};
use serde_json::json;
use shared::clock::Clock;
use shared::http::Answer;
use std::sync::Arc;
use tests::{Fault, Request, World};

fn replayed(first: &Answer) -> Answer {
    first.clone().with("idempotency-replayed", "true")
}

#[tokio::test]
async fn the_same_request_has_the_same_answer_and_another_one_is_refused() {
    let world = World::new().await;
    for user in ["alice", "1"] {
        world.create(user).await;
    }
    for (request, other, refused) in changes(&world).await {
        let first = world.invoke(keyed(&renewed(&world, &request).await).event_json()).await;
        assert_eq!((first.status_code, first.header("idempotency-replayed")), (200, None));
        let items = world.items().await;
        // Later, but within a day; with another stretch of white space around the key, and without its quotes.
        world.clock.forward(24 * 3600 - 1);
        for key in [KEY.to_owned(), format!(" {KEY} "), KEY.replace('"', "")] {
            let again = renewed(&world, &request).await.header("idempotency-key", &key);
            assert_eq!(world.invoke(again.event_json()).await, replayed(&first), "{request:?}");
        }
        let reply = world.send(&keyed(&renewed(&world, &other).await)).await;
        assert_eq!(refusal(&reply), refused, "{other:?}");
        assert_eq!(world.items().await, items, "{request:?}");
        // After a day it is a request like any other.
        world.clock.forward(1);
        let anew = world.send(&keyed(&renewed(&world, &other).await)).await;
        assert_eq!((anew.status, anew.headers.get("idempotency-replayed")), (200, None), "{other:?}");
        assert_ne!(world.items().await, items);
    }
}

/// The request with a token that is good by now.
async fn renewed(world: &World, request: &Request) -> Request {
    match request.event_json()["routeKey"].as_str().unwrap() {
        "PUT /profiles/{user_id}" => request.clone().bearer(&world.token("alice")),
        "POST /api/v3/change_profile" => request.clone().bearer(&world.wts_token("1", "user")),
        "POST /api/v1/system/user/{id}/update" => request.clone(),
        _ => request.clone().bearer(&world.token("1")),
    }
}

#[tokio::test]
async fn a_condition_that_held_the_first_time_is_not_asked_again() {
    let world = World::new().await;
    world.create("alice").await;
    let request = keyed(&put(&world, &json!({"city": "Paris"}))).header("if-match", "\"1\"");
    let first = world.invoke(request.event_json()).await;
    assert_eq!((first.status_code, first.header("etag")), (200, Some("\"2\"")));
    assert_eq!(world.invoke(request.event_json()).await, replayed(&first));
    // The condition is a part of what was asked for.
    let other = world.send(&request.clone().header("if-match", "\"2\"")).await;
    assert_eq!(refusal(&other), json!([422, "idempotency-key-reused"]));
    let created =
        Request::put_profile("bob").bearer(&world.admin_token("root")).json(&json!({"city": "Rome"}));
    let created = keyed(&created).header("if-none-match", "*");
    let first = world.invoke(created.event_json()).await;
    assert_eq!(first.status_code, 200);
    assert_eq!(world.invoke(created.event_json()).await, replayed(&first));
}

/// What is answered was made before the change was written: it must be what was written.
#[tokio::test]
async fn the_answer_that_is_kept_shows_what_is_stored() {
    let world = World::new().await;
    for (step, body) in [
        json!({"nickname": "a", "custom_fields": {"x": 1}, "social_links": {"a": "b"}}),
        json!({"nickname": null, "city": "Paris", "custom_fields": {"x": null, "y": 2}}),
        json!({"social_links": null, "custom_fields": {"y": null}}),
        json!({"bio": "b"}),
    ]
    .into_iter()
    .enumerate()
    {
        world.clock.forward(1);
        let request = put(&world, &body).header("idempotency-key", &step.to_string());
        let kept = world.send(&request).await;
        let stored = world.send(&put(&world, &json!({}))).await;
        assert_eq!(kept.body["data"], stored.body["data"], "{body}");
        assert_eq!(kept.headers["etag"], stored.headers["etag"], "{body}");
    }
}

#[tokio::test]
async fn of_many_at_once_one_changes_and_all_have_its_answer() {
    let world = Arc::new(World::new().await);
    for user in ["alice", "1"] {
        world.create(user).await;
    }
    for (request, _, _) in changes(&world).await {
        let user = if request.event_json()["routeKey"] == "PUT /profiles/{user_id}" { "alice" } else { "1" };
        let version = world.profile(user).await.version;
        let sent: Vec<_> = (0..16)
            .map(|_| {
                let (world, event) = (Arc::clone(&world), keyed(&request).event_json());
                tokio::spawn(async move { world.invoke(event).await })
            })
            .collect();
        let mut answers = Vec::new();
        for answer in sent {
            answers.push(answer.await.unwrap());
        }
        let (first, others): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer.header("idempotency-replayed").is_none());
        assert_eq!((first.len(), first[0].status_code), (1, 200), "{request:?}");
        assert!(others.iter().all(|other| *other == replayed(&first[0])), "{others:?}");
        assert_eq!(world.profile(user).await.version, version + 1);
    }
}

#[tokio::test]
async fn an_acknowledgement_that_was_lost_is_no_reuse() {
    let world = World::new().await;
    world.create("alice").await;
    world.wire.spoil("TransactWriteItems", Fault::LostAnswer);
    let request = keyed(&put(&world, &json!({"city": "Paris"})));
    let first = world.invoke(request.event_json()).await;
    assert_eq!((first.status_code, first.header("idempotency-replayed")), (200, None));
    assert_eq!(world.profile("alice").await.version, 2);
    assert_eq!(world.invoke(request.event_json()).await, replayed(&first));
}

#[tokio::test]
async fn what_a_key_costs() {
    let world = World::new().await;
    for user in ["alice", "1"] {
        world.create(user).await;
    }
    world.send(&wts(&world, "0")).await;
    let transaction = vec!["TransactWriteItems"];
    let shown = vec!["BatchGetItem", "TransactWriteItems"];
    let costs = [
        (shown.clone(), vec!["BatchGetItem"]),
        (shown, vec!["BatchGetItem"]),
        (transaction.clone(), transaction),
        (vec!["TransactWriteItems", "TransactWriteItems"], vec!["TransactWriteItems"]),
        (vec!["GetItem", "TransactWriteItems", "TransactWriteItems"], vec!["GetItem", "TransactWriteItems"]),
    ];
    for ((request, _, _), (first, again)) in changes(&world).await.into_iter().zip(costs) {
        for expected in [first, again] {
            world.wire.calls();
            let reply = world.send(&keyed(&request)).await;
            assert_eq!(
                (reply.status, world.wire.calls()),
                (200, expected.iter().map(ToString::to_string).collect())
            );
        }
    }
}

/// An answer about somebody else is kept with them, and goes when they go.
#[tokio::test]
async fn an_answer_about_an_erased_user_is_not_given_again() {
    let world = World::new().await;
    world.create("alice").await;
    let by = |admin: &str| {
        keyed(
            &Request::put_profile("alice")
                .bearer(&world.admin_token(admin))
                .json(&json!({"nickname": "secret"})),
        )
    };
    let first = world.invoke(by("root").event_json()).await;
    assert_eq!(world.invoke(by("root").event_json()).await, replayed(&first));
    let kept: Vec<_> = world
        .items()
        .await
        .into_iter()
        .filter(|item| format!("{item:?}").contains("secret"))
        .map(|item| item["PK"].as_s().unwrap().clone())
        .collect();
    assert_eq!(kept, ["USER#alice", "USER#alice"]);
    world.erase("alice", 3).await;
    assert_eq!(refusal(&world.send(&by("root")).await), json!([404, "user-not-found"]));
}

/// Nor to who created the user, while the answer still waits for being deleted.
#[tokio::test]
async fn the_answer_to_a_creation_is_not_given_again_once_the_user_is_erased() {
    let world = World::new().await;
    let admin = world.admin_token("root");
    let create = Request::put_profile("alice").bearer(&admin).header("if-none-match", "*");
    let create = keyed(&create).json(&json!({"nickname": "secret"}));
    assert_eq!(world.send(&create).await.status, 200);
    let erase = Request::delete_profile("alice").bearer(&world.token("alice"));
    assert_eq!(world.send(&erase).await.status, 204);
    assert_eq!(refusal(&world.refused(&create).await), json!([404, "user-not-found"]));
    // Another request under the same key is told so.
    let other = create.json(&json!({}));
    assert_eq!(refusal(&world.refused(&other).await), json!([422, "idempotency-key-reused"]));
}

/// An erasure takes the administrator's record, and leaves the answers that are kept with others.
#[tokio::test]
async fn an_answer_without_its_record_is_in_nobodys_way() {
    let world = World::new().await;
    world.create("alice").await;
    let request = Request::put_profile("alice").bearer(&world.admin_token("root"));
    let request = keyed(&request).json(&json!({"nickname": "a"}));
    assert_eq!(world.send(&request).await.status, 200);
    let root = shared::validation::UserId::parse("root").unwrap();
    world.store.forget_answers(&root, (1, world.clock.now())).await.unwrap();
    let first = world.invoke(request.event_json()).await;
    assert_eq!((first.status_code, first.header("etag")), (200, Some("\"3\"")));
    assert_eq!(world.invoke(request.event_json()).await, replayed(&first));
}

/// Profile and answer are not read at one instant: a copy may see the tombstone beside the answer to the creation.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_create_a_user_anew_all_have_one_answer() {
    let world = Arc::new(World::new().await);
    world.erase("alice", 3).await;
    let create =
        Request::put_profile("alice").bearer(&world.admin_token("root")).header("if-none-match", "*");
    let create = keyed(&create).json(&json!({"nickname": "a"}));
    let mut sent = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (world, event) = (Arc::clone(&world), create.event_json());
        sent.spawn(async move { world.invoke(event).await });
    }
    let (first, others): (Vec<_>, Vec<_>) =
        sent.join_all().await.into_iter().partition(|answer| answer.header("idempotency-replayed").is_none());
    assert_eq!((first.len(), first[0].status_code, first[0].header("etag")), (1, 200, Some("\"4\"")));
    assert!(others.iter().all(|other| *other == replayed(&first[0])), "{others:?}");
}
