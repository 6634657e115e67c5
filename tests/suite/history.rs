//! Who changed which attributes when: written from the stream, read a page at a time.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::auth::Role;
use std::collections::HashMap;
use std::sync::Arc;
use tests::{Follower, Options, Reply, Request, World};
use tokio::task::JoinSet;

const DAY: i64 = 24 * 3600;

fn put(world: &World, user: &str, body: &Value) -> Request {
    Request::put_profile(user).bearer(&world.token(user)).json(body)
}

async fn succeed(world: &World, request: Request) {
    let reply = world.send(&request).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

/// The history as its user sees it.
async fn page(world: &World, user: &str, query: &[(&str, &str)]) -> Value {
    let request = Request::get_history(user).bearer(&world.token(user));
    let request = query.iter().fold(request, |request, (name, value)| request.query(name, value));
    let reply = world.send(&request).await;
    let headers = [("content-type", "application/json"), ("cache-control", "no-store")];
    let data = reply.body["data"].clone();
    let body =
        json!({"code": 0, "message": "获取变更历史成功", "timestamp": reply.body["timestamp"], "data": data});
    assert_eq!(reply, Reply::new(200, &headers, body));
    data
}

fn versions(page: &Value) -> Vec<u64> {
    let entries = page["entries"].as_array().unwrap();
    entries.iter().map(|entry| entry["version"].as_u64().unwrap()).collect()
}

async fn history_items(world: &World) -> Vec<HashMap<String, AttributeValue>> {
    let is_history = |item: &HashMap<String, AttributeValue>| item["SK"].as_s().unwrap().starts_with("HIST#");
    world.items().await.into_iter().filter(is_history).collect()
}

#[tokio::test]
async fn each_version_is_told_without_values() {
    let world = World::new().await;
    let key = world.api_key(Role::Admin).await;
    let secret = json!({"nickname": "Secretive", "city": "Hidden", "custom_fields": {"k": "concealed"}});
    succeed(&world, put(&world, "1001", &secret)).await;
    world.clock.forward(1);
    let admin = world.admin_token("root");
    let by_admin =
        Request::put_profile("1001").bearer(&admin).json(&json!({"city": null, "bio": "b", "nickname": "x"}));
    succeed(&world, by_admin).await;
    world.clock.forward(1);
    let machine = Request::update_user("1001").bearer(&key).json(&json!({"email": "veiled@example.com"}));
    succeed(&world, machine).await;
    assert_eq!(
        page(&world, "1001", &[]).await,
        json!({"entries": []}),
        "nobody has looked at the stream yet"
    );

    let mut follower = Follower::of(&world).await;
    assert!(follower.follow(&world).await);
    let entries = json!({"entries": [
        {"version": 3, "time": "2026-04-03T12:00:02.000Z", "contract": "system-user", "actor": "api_key",
         "set": ["email"], "changed": [], "removed": []},
        {"version": 2, "time": "2026-04-03T12:00:01.000Z", "contract": "authms", "actor": "admin",
         "set": ["bio"], "changed": ["nickname"], "removed": ["city"]},
        {"version": 1, "time": "2026-04-03T12:00:00.000Z", "contract": "authms", "actor": "subject",
         "set": ["city", "custom_fields", "nickname"], "changed": [], "removed": []},
    ]});
    assert_eq!(page(&world, "1001", &[]).await, entries);

    let items = history_items(&world).await;
    let written = format!("{items:?}");
    for value in ["Secretive", "Hidden", "concealed", "veiled"] {
        assert!(!written.contains(value), "{value} in {written}");
    }
    let first = items.iter().find(|item| item["version"].as_n().unwrap() == "1").unwrap();
    let names = |names: &[&str]| {
        AttributeValue::L(names.iter().map(|name| AttributeValue::S((*name).to_owned())).collect())
    };
    let (text, number) =
        (|text: &str| AttributeValue::S(text.to_owned()), |n: i64| AttributeValue::N(n.to_string()));
    let expected = [
        ("PK", text("USER#1001")),
        ("SK", text("HIST#00000000000000000001")),
        ("schema", number(1)),
        ("version", number(1)),
        ("time", number(1_775_217_600_000)),
        ("contract", text("authms")),
        ("actor", text("subject")),
        ("set", names(&["city", "custom_fields", "nickname"])),
        ("changed", names(&[])),
        ("removed", names(&[])),
        ("expires_at", number(1_775_217_600 + 90 * DAY)),
    ];
    assert_eq!(*first, expected.map(|(name, value)| (name.to_owned(), value)).into());

    // The same records again come to the same entries.
    let before = world.items().await;
    follower.forget();
    assert!(follower.follow(&world).await);
    assert_eq!(world.items().await, before);
}

#[tokio::test]
async fn pages_join_without_gap_or_overlap() {
    let world = World::new().await;
    for city in 0..45 {
        succeed(&world, put(&world, "alice", &json!({"city": format!("c{city}")}))).await;
    }
    succeed(&world, put(&world, "bob", &json!({}))).await;
    assert!(Follower::of(&world).await.follow(&world).await);

    let first = page(&world, "alice", &[]).await;
    assert_eq!(versions(&first), (26..=45).rev().collect::<Vec<u64>>());
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = page(&world, "alice", &[("cursor", cursor), ("limit", "24")]).await;
    assert_eq!(versions(&second), (2..=25).rev().collect::<Vec<u64>>());
    let third = page(&world, "alice", &[("cursor", second["next_cursor"].as_str().unwrap())]).await;
    assert_eq!((versions(&third), third.get("next_cursor")), (vec![1], None));
    // As many as there are: no cursor that leads nowhere.
    let all = page(&world, "alice", &[("limit", "45")]).await;
    assert_eq!((versions(&all).len(), all.get("next_cursor")), (45, None));
    assert_eq!(versions(&page(&world, "alice", &[("limit", "1")]).await), [45]);

    // Nobody else's cursor leads anywhere, not even to one's own entries.
    let forged = cursor.replace('a', "b");
    let zero = "0".repeat(32);
    for (name, value, code) in [
        ("cursor", "", "format"),
        ("cursor", "7", "format"),
        ("cursor", &forged, "format"),
        ("cursor", &zero, "format"),
        ("limit", "0", "range"),
        ("limit", "101", "range"),
        ("limit", "+5", "range"),
        ("limit", "", "range"),
        ("limit", "99999999999", "range"),
    ] {
        let request = Request::get_history("alice").bearer(&world.token("alice")).query(name, value);
        let reply = world.refused(&request).await;
        let error = &reply.body["errors"][0];
        assert_eq!(
            json!([reply.status, reply.body["code"], error["field"], error["code"]]),
            json!([400, 30_101_001, name, code]),
            "{name}={value}"
        );
    }
    let bobs = Request::get_history("bob").bearer(&world.token("bob")).query("cursor", cursor);
    assert_eq!(world.refused(&bobs).await.status, 400);
    let both =
        Request::get_history("bob").bearer(&world.token("bob")).query("cursor", "?").query("limit", "many");
    assert_eq!(world.refused(&both).await.body["i18n_args"], json!({"fields": ["limit", "cursor"]}));
}

#[tokio::test]
async fn entries_are_over_after_90_days_whether_or_not_they_are_deleted() {
    let world = World::new().await;
    succeed(&world, put(&world, "alice", &json!({}))).await;
    world.clock.forward(1);
    succeed(&world, put(&world, "alice", &json!({"city": "Oslo"}))).await;
    assert!(Follower::of(&world).await.follow(&world).await);
    world.clock.forward(90 * DAY - 2);
    assert_eq!(versions(&page(&world, "alice", &[]).await), [2, 1]);
    world.clock.forward(1);
    assert_eq!(versions(&page(&world, "alice", &[]).await), [2]);
    // Nor does what is over make another page.
    assert_eq!(page(&world, "alice", &[("limit", "1")]).await.get("next_cursor"), None);
    world.clock.forward(1);
    assert_eq!(page(&world, "alice", &[]).await, json!({"entries": []}));
    assert_eq!(history_items(&world).await.len(), 2);
}

#[tokio::test]
async fn only_the_user_and_administrators_see_it() {
    let world = World::new().await;
    world.create("alice").await;
    world.erase("gone", 3).await;
    let get = |user: &str| Request::get_history(user);
    let admin = world.admin_token("root");
    let told = |reply: Reply| json!([reply.status, reply.body["code"]]);
    for (request, expected) in [
        (get("alice"), json!([401, 30_101_004])),
        (get("alice").bearer(&world.token("bob")), json!([403, 30_101_005])),
        (get("nobody").bearer(&world.token("bob")), json!([403, 30_101_005])),
        (get("a@b").bearer(&world.token("bob")), json!([403, 30_101_005])),
        (get("a@b").bearer(&admin), json!([400, 30_101_001])),
        (get("nobody").bearer(&admin), json!([404, 30_101_006])),
        (get("gone").bearer(&admin), json!([404, 30_101_006])),
        (get("gone").bearer(&world.token("gone")), json!([404, 30_101_006])),
        (get("alice").bearer(&admin), json!([200, 0])),
    ] {
        assert_eq!(told(world.refused(&request).await), expected, "{request:?}");
    }
    world.wire.calls();
    page(&world, "alice", &[]).await;
    let mut calls = world.wire.calls();
    calls.sort();
    assert_eq!(calls, ["GetItem", "Query"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_16_writers_with_if_match_every_accepted_write_is_in_the_history_in_order() {
    const WRITERS: usize = 16;
    const WRITES: usize = 3;
    let world = Arc::new(World::with(Options::default()).await);
    world.create("alice").await;
    let token = world.token("alice");
    let mut tasks = JoinSet::new();
    for writer in 0..WRITERS {
        let (world, token) = (Arc::clone(&world), token.clone());
        tasks.spawn(async move {
            let (mut etag, mut accepted) = (1, Vec::new());
            let attribute = ["city", "bio", "nickname", "address"][writer % 4];
            while accepted.len() < WRITES {
                let request = Request::put_profile("alice").bearer(&token);
                let request = request.header("if-match", &format!("\"{etag}\""));
                let value = format!("{writer}.{}", accepted.len());
                let reply = world.send(&request.json(&json!({ attribute: value }))).await;
                match reply.status {
                    200 => {
                        etag = reply.body["data"]["profile"]["version"].as_u64().unwrap();
                        assert_eq!(reply.headers["etag"], format!("\"{etag}\""));
                        accepted.push((etag, attribute));
                    }
                    412 => etag = world.record("alice").await.unwrap().version,
                    other => panic!("{other}: {reply:?}"),
                }
            }
            accepted
        });
    }
    let mut accepted: Vec<(u64, &str)> = tasks.join_all().await.concat();
    accepted.sort_unstable();
    let total = (WRITERS * WRITES) as u64;
    assert_eq!(
        accepted.iter().map(|(version, _)| *version).collect::<Vec<_>>(),
        (2..=total + 1).collect::<Vec<_>>()
    );

    assert!(Follower::of(&world).await.follow(&world).await);
    let mut shown = page(&world, "alice", &[("limit", "100")]).await["entries"].as_array().unwrap().clone();
    shown.reverse();
    let attributes = |entry: &Value| [entry["set"].clone(), entry["changed"].clone()];
    assert_eq!((shown.remove(0)["version"].clone(), shown.len()), (json!(1), accepted.len()));
    let mut seen = std::collections::BTreeSet::new();
    for (entry, (version, attribute)) in shown.iter().zip(accepted) {
        let expected = if seen.insert(attribute) {
            [json!([attribute]), json!([])]
        } else {
            [json!([]), json!([attribute])]
        };
        assert_eq!((&entry["version"], attributes(entry)), (&json!(version), expected));
    }
}
