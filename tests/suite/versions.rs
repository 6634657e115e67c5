//! Versions of the functions side by side on one table: what the next one has written, and what an earlier one left.

use crate::erasure::TOMBSTONE;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::auth::Role;
use std::collections::{BTreeSet, HashMap};
use tests::bus::detail;
use tests::{Follower, Reply, Request, World};

type Item = HashMap<String, AttributeValue>;

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

async fn item(world: &World, user: &str) -> Item {
    let get = world.database.get_item().table_name(&world.table);
    let get = get.key("PK", text(&format!("USER#{user}"))).key("SK", text("PROFILE"));
    get.send().await.unwrap().item.unwrap()
}

async fn put(world: &World, item: Item) {
    world.database.put_item().table_name(&world.table).set_item(Some(item)).send().await.unwrap();
}

/// What a version that is so much newer may have made of a profile: members and members of members that nobody knows
/// here, one of them with a name that no expression may hold.
fn added() -> Item {
    let nested = AttributeValue::M([("since".to_owned(), number(1_775_217_600_000))].into());
    [
        ("pronouns".to_owned(), text("they/them")),
        ("consents".to_owned(), AttributeValue::L(vec![nested])),
        ("x-origin id".to_owned(), text("crm")),
    ]
    .into()
}

/// A profile in all five contracts' hands, as a version of this layout left it.
async fn grown(world: &World, user: &str, schema: u64) {
    for request in changes(world, user, "first").await {
        assert_eq!(world.send(&request).await.status, 200, "{request:?}");
    }
    let mut item = item(world, user).await;
    item.extend(added());
    item.insert("schema".to_owned(), number(schema));
    let AttributeValue::M(changed_by) = item.get_mut("changed_by").unwrap() else { panic!("no map") };
    changed_by.insert("device".to_owned(), text("watch"));
    let AttributeValue::M(fields) = item.get_mut("custom_fields").unwrap() else { panic!("no map") };
    fields.insert("nested".to_owned(), AttributeValue::M([("deep".to_owned(), text("kept"))].into()));
    put(world, item).await;
}

/// One change through each contract: plain, merged, unique, with a password, and with a kept answer.
async fn changes(world: &World, user: &str, value: &str) -> Vec<Request> {
    let (token, wts) = (world.token(user), world.wts_token(user, "user"));
    let api_key = world.api_key(Role::Admin).await;
    let digits = format!("1390013{:04}", value.bytes().map(u32::from).sum::<u32>());
    let room =
        json!({"who": user, "block": "1", "room": value, "phone": digits, "isp": "mobile", "account": "1"});
    let edit = json!({"username": format!("{user}.{value}"), "gender": "MALE"});
    let update = json!({"email": format!("{value}@example.com"), "password": "correct horse"});
    vec![
        Request::put_profile(user)
            .bearer(&token)
            .json(&json!({"city": value, "custom_fields": {"own": value}})),
        Request::put_profile(user)
            .bearer(&token)
            .json(&json!({"bio": value}))
            .header("idempotency-key", &format!("\"{value}\"")),
        Request::patch_userinfo().bearer(&token).json(&json!({"nickname": value})),
        Request::change_profile().bearer(&wts).json(&room),
        Request::edit_user_basic().bearer(&token).json(&edit),
        Request::update_user(user).bearer(&api_key).json(&update),
    ]
}

fn reads(world: &World, user: &str) -> [Request; 6] {
    let (token, wts) = (world.token(user), world.wts_token(user, "user"));
    [
        Request::get_profile(user).bearer(&token),
        Request::get_history(user).bearer(&token),
        Request::export_profile(user).bearer(&token),
        Request::get_userinfo().bearer(&token),
        Request::view_profile().bearer(&wts).query("who", user),
        Request::get_user_me().bearer(&token),
    ]
}

/// Members of the item that are none of this version's.
fn beyond(item: &Item) -> Item {
    let added = added();
    item.iter().filter(|(name, _)| added.contains_key(*name)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

#[tokio::test]
async fn what_the_next_version_added_outlives_every_change_of_this_one() {
    let world = World::new().await;
    grown(&world, "1", 2).await;
    for request in changes(&world, "1", "second").await {
        let before = item(&world, "1").await;
        let reply = world.send(&request).await;
        assert_eq!(reply.status, 200, "{request:?} {reply:?}");
        let after = item(&world, "1").await;
        assert_ne!(before["version"], after["version"], "{request:?} {reply:?}");
        assert_eq!((beyond(&after), &after["schema"]), (added(), &number(2)), "{request:?}");
        let AttributeValue::M(fields) = &after["custom_fields"] else { panic!("no map") };
        assert_eq!(fields["nested"], AttributeValue::M([("deep".to_owned(), text("kept"))].into()));
    }
    for request in reads(&world, "1") {
        let reply = world.send(&request).await;
        assert_eq!(reply.status, 200, "{request:?} {reply:?}");
        assert!(!reply.body.to_string().contains("pronouns"), "{reply:?}");
    }
    // A member that only it knows is no news to this version's consumer of the stream, and in nobody's way.
    let mut follower = Follower::of(&world).await;
    assert!(follower.follow(&world).await);
    assert_eq!(follower.bus.letters(), []);
    let told: BTreeSet<u64> = follower
        .bus
        .calls()
        .iter()
        .flatten()
        .map(|entry| detail(entry)["version"].as_u64().unwrap())
        .collect();
    let last = world.profile("1").await.version;
    assert_eq!(told, (1..=last).collect());
}

#[tokio::test]
async fn an_erasure_takes_what_it_does_not_know_too() {
    let world = World::new().await;
    grown(&world, "1", 2).await;
    // And one with nothing unique, of whom an erasure need not have read anything.
    world.create("2").await;
    let mut plain = item(&world, "2").await;
    plain.extend(added());
    plain.insert("schema".to_owned(), number(2));
    put(&world, plain).await;
    for user in ["1", "2"] {
        let version = world.profile(user).await.version;
        let reply = world.send(&Request::delete_profile(user).bearer(&world.token(user))).await;
        assert_eq!(reply.status, 204, "{reply:?}");
        let left = item(&world, user).await;
        let names: BTreeSet<&str> = left.keys().map(String::as_str).collect();
        assert_eq!(names, BTreeSet::from(TOMBSTONE));
        assert_eq!((&left["version"], &left["schema"]), (&number(version + 1), &number(1)));
    }
}

#[tokio::test]
async fn a_layout_that_is_two_versions_newer_is_left_alone() {
    let world = World::new().await;
    grown(&world, "1", 3).await;
    let before = world.items().await.len();
    let stored = item(&world, "1").await;
    let outcome = |reply: &Reply| (reply.status, reply.body["code"].clone());
    let mut outcomes = Vec::new();
    for request in changes(&world, "1", "second").await {
        outcomes.push(outcome(&world.send(&request).await));
    }
    let erasure = Request::delete_profile("1").bearer(&world.token("1"));
    outcomes.push(outcome(&world.send(&erasure).await));
    // In the words of a store that does not answer: whoever asks again may be answered by the newer version.
    let problem = (503, json!(30_101_012));
    let expected = [
        problem.clone(),
        problem.clone(),
        (503, Value::Null),
        (500, Value::Null),
        (500, Value::Null),
        (200, json!("5000")),
        problem.clone(),
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(outcome(&world.send(&reads(&world, "1")[0]).await), problem);
    assert_eq!(item(&world, "1").await, stored);
    // The API key of the changes above is new, with its listing.
    assert_eq!(world.items().await.len(), before + 2);
    // The stream's consumer tells a person, and goes on.
    let mut follower = Follower::of(&world).await;
    assert!(follower.follow(&world).await);
    assert_eq!(follower.bus.letters().len(), 1);
}

#[tokio::test]
async fn what_an_earlier_version_left_out_is_no_obstacle() {
    let world = World::new().await;
    world.create("1").await;
    let mut old = item(&world, "1").await;
    old.remove("schema");
    put(&world, old).await;
    for request in reads(&world, "1") {
        assert_eq!(world.send(&request).await.status, 200, "{request:?}");
    }
    for request in changes(&world, "1", "first").await {
        assert_eq!(world.send(&request).await.status, 200, "{request:?}");
    }
    assert_eq!(item(&world, "1").await["schema"], number(1));
}
