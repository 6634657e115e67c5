//! What becomes, after an erasure, of all that was kept beside the profile; whatever interrupts it.

use serde_json::{Value, json};
use shared::auth::{ApiKey, ApiKeyRecord, Role};
use shared::clock::Clock;
use shared::entropy::SystemEntropy;
use shared::validation::UserId;
use std::collections::BTreeMap;
use tests::inbox::{erase, upsert};
use tests::{Follower, Inbox, Request, World};

fn id(user: &str) -> UserId {
    UserId::parse(user).unwrap()
}

/// An API key of this user, made now.
async fn key_of(world: &World, owner: &str) -> String {
    let key = ApiKey::generate(&SystemEntropy::new());
    let record = ApiKeyRecord {
        owner: id(owner),
        label: "own".into(),
        role: Role::Admin,
        created: world.clock.now(),
        expires: None,
        disabled: false,
    };
    world.store.put_api_key(&key.digest(), &record).await.unwrap();
    key.expose().to_owned()
}

async fn put(world: &World, user: &str, token: &str, key: &str, body: Value) -> u16 {
    let request = Request::put_profile(user).bearer(token).header("idempotency-key", key).json(&body);
    world.send(&request).await.status
}

async fn delete(world: &World, user: &str) {
    let reply = world.send(&Request::delete_profile(user).bearer(&world.token(user))).await;
    assert_eq!(reply.status, 204);
}

/// Users `1001` and `1002` with all that is ever kept beside a profile.
async fn lived() -> (Inbox, Follower) {
    let inbox = Inbox::open().await;
    let world = &inbox.world;
    for user in ["1001", "1002"] {
        let (own, theirs) = (format!("\"first {user}\""), format!("\"second {user}\""));
        assert_eq!(put(world, user, &world.token(user), &own, json!({"city": "Oslo"})).await, 200);
        assert_eq!(put(world, user, &world.admin_token("root"), &theirs, json!({"bio": "b"})).await, 200);
        let requests = [
            upsert("crm", user, 5, json!({"nickname": "Nick"})),
            upsert("crm", user, 3, json!({"city": "Paris"})),
            upsert("idp", user, 8, json!({"name": "N."})),
        ];
        assert_eq!(inbox.deliver(&requests).await, [0; 0]);
        for _ in 0..2 {
            key_of(world, user).await;
        }
        // More than one call takes.
        for number in 0..30 {
            let key = format!("\"more {number}\"");
            assert_eq!(put(world, user, &world.token(user), &key, json!({"city": key})).await, 200);
        }
    }
    let mut follower = Follower::of(world).await;
    assert!(follower.follow(world).await);
    (inbox, follower)
}

/// All that is kept about a user, by key: in the partition, and as the owner of API keys.
async fn about(inbox: &Inbox, user: &str) -> BTreeMap<String, Value> {
    let table = inbox.table().await.into_iter();
    let own = format!("USER#{user} ");
    table.filter(|(key, item)| key.starts_with(&own) || item.get("owner") == Some(&json!(user))).collect()
}

/// What may be left of a user who was erased at this version.
async fn assert_erased(inbox: &Inbox, user: &str, version: u64, marks: &[(&str, u64)]) {
    let left = about(inbox, user).await;
    let keys = left.iter().filter(|(key, _)| !key.starts_with("USER#"));
    let keys: Vec<&Value> = keys.map(|(_, item)| &item["disabled"]).collect();
    assert_eq!(keys, [&json!(true); 4], "two keys, each in its own item and in the listing");
    let stored: BTreeMap<&str, &Value> = left
        .iter()
        .filter_map(|(key, item)| Some((key.strip_prefix(&format!("USER#{user} "))?, item)))
        .collect();
    let mut expected: Vec<String> = marks.iter().map(|(source, _)| format!("SYNC#{source}")).collect();
    expected.insert(0, "PROFILE".to_owned());
    assert_eq!(stored.keys().copied().collect::<Vec<_>>(), expected);
    assert_eq!((&stored["PROFILE"]["version"], stored["PROFILE"].get("city")), (&json!(version), None));
    for (source, erased) in marks {
        let mark = stored[&*format!("SYNC#{source}")];
        assert_eq!((&mark["attributes"], &mark["erased"]), (&json!({}), &json!(erased)), "{source}");
    }
}

const MARKS: [(&str, u64); 2] = [("crm", 5), ("idp", 8)];

#[tokio::test]
async fn everything_of_the_user_goes_and_nothing_of_others() {
    let (inbox, mut follower) = lived().await;
    let world = &inbox.world;
    let (before, bystander) = (about(&inbox, "1001").await, about(&inbox, "1002").await);
    let count = |part: &str| before.keys().filter(|key| key.contains(part)).count();
    // An entry for each version; the user's own answers and the one about the user that the administrator was given.
    assert_eq!((count("HIST#"), count("IDEM#"), count("SYNC#"), count("APIKEY#")), (35, 32, 2, 4));
    let own_key = key_of(world, "1002").await;
    let bystander = about(&inbox, "1002").await.len().max(bystander.len() + 2);

    delete(world, "1001").await;
    assert!(follower.follow(world).await);
    assert_erased(&inbox, "1001", 36, &MARKS).await;
    assert_eq!(about(&inbox, "1002").await.len(), bystander);
    let update = Request::update_user("1002").bearer(&own_key).json(&json!({"nickName": "n"}));
    assert_eq!(world.send(&update).await.body["code"], "0000");

    // Again, and from the beginning: nothing comes back.
    let after = about(&inbox, "1001").await;
    follower.forget();
    assert!(follower.follow(world).await);
    assert_eq!(about(&inbox, "1001").await, after);
}

#[tokio::test]
async fn an_erased_users_key_is_refused() {
    let world = World::new().await;
    world.create("1001").await;
    let key = key_of(&world, "1001").await;
    delete(&world, "1001").await;
    assert!(Follower::of(&world).await.follow(&world).await);
    let update = Request::update_user("1").bearer(&key).json(&json!({"nickName": "n"}));
    let reply = world.refused(&update).await;
    assert_eq!(json!([reply.body["code"], reply.body["message"]]), json!(["4000", "Invalid API Key."]));
}

#[tokio::test]
async fn an_erasure_cut_off_at_any_call_is_completed_by_the_retry() {
    let mut cut = 0;
    loop {
        let (inbox, mut follower) = lived().await;
        let world = &inbox.world;
        delete(world, "1001").await;
        world.wire.cut_after(cut);
        let done = follower.follow(world).await;
        let was_cut = world.wire.mend() == Some(0) && !done;
        assert!(follower.follow(world).await, "after {cut} calls");
        assert_erased(&inbox, "1001", 36, &MARKS).await;
        if !was_cut {
            break;
        }
        cut += 1;
    }
    // The queries of history, answers, marks and keys; the deletes; the marks; the keys.
    assert!(cut >= 12, "{cut}");
}

#[tokio::test]
async fn history_is_never_written_for_a_tombstone_nor_over_one() {
    let world = World::new().await;
    world.create("1001").await;
    let put = Request::put_profile("1001").bearer(&world.token("1001")).json(&json!({"city": "Oslo"}));
    assert_eq!(world.send(&put).await.status, 200);
    delete(&world, "1001").await;
    let recreate =
        Request::put_profile("1001").bearer(&world.admin_token("root")).header("if-none-match", "*");
    assert_eq!(world.send(&recreate.json(&json!({"bio": "b"}))).await.status, 200);
    let versions = async || {
        let request = Request::get_history("1001").bearer(&world.token("1001"));
        let entries = world.send(&request).await.body["data"]["entries"].as_array().unwrap().clone();
        entries.iter().map(|entry| entry["version"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    // All of it in one batch, and then again.
    let mut follower = Follower::of(&world).await;
    for _ in 0..2 {
        assert!(follower.follow(&world).await);
        assert_eq!(versions().await, [4]);
        follower.forget();
    }
}

#[tokio::test]
async fn what_a_recreated_user_has_since_then_stays() {
    let (inbox, mut follower) = lived().await;
    let world = &inbox.world;
    world.clock.forward(3600);
    delete(world, "1001").await;
    world.clock.forward(3600);
    let admin = world.admin_token("root");
    let recreate = Request::put_profile("1001").bearer(&admin).header("if-none-match", "*");
    let recreate = recreate.header("idempotency-key", "\"anew\"").json(&json!({"city": "Bergen"}));
    let created = world.send(&recreate).await;
    assert_eq!(created.status, 200);
    assert_eq!(inbox.deliver(&[upsert("crm", "1001", 6, json!({"nickname": "Neu"}))]).await, [0; 0]);
    let key = key_of(world, "1001").await;

    // The function comes late to all of it, and is made to repeat it.
    for _ in 0..2 {
        assert!(follower.follow(world).await);
        let left = about(&inbox, "1001").await;
        let count = |part: &str| left.keys().filter(|key| key.contains(part)).count();
        assert_eq!((count("HIST#"), count("IDEM#"), count("SYNC#")), (2, 1, 2), "{left:?}");
        // What a mark says of the new profile cannot be told from what it said of the old one.
        assert_eq!(left["USER#1001 SYNC#crm"]["attributes"], json!({"city": 3, "nickname": 6}));
        let disabled = left.iter().filter(|(_, item)| item.get("disabled") == Some(&json!(true))).count();
        assert_eq!(disabled, 4);
        follower.forget();
    }
    let update = Request::update_user("1002").bearer(&key).json(&json!({"nickName": "n"}));
    assert_eq!(world.send(&update).await.body["code"], "0000");
    let replayed = world.send(&recreate).await;
    assert_eq!((replayed.status, &replayed.body), (200, &created.body));
    assert_eq!(replayed.headers["idempotency-replayed"], "true");
}

#[tokio::test]
async fn what_was_said_before_the_erasure_stays_said() {
    // Whether or not the function has seen the erasure when the next request comes.
    for followed in [false, true] {
        let (inbox, mut follower) = lived().await;
        let world = &inbox.world;
        delete(world, "1001").await;
        if followed {
            assert!(follower.follow(world).await);
        }
        let older = [
            upsert("crm", "1001", 4, json!({"city": "Rome"})),
            upsert("crm", "1001", 5, json!({"nickname": "Nick"})),
            upsert("idp", "1001", 8, json!({"bio": "late"})),
            erase("crm", "1001", 2),
        ];
        assert_eq!(inbox.deliver(&older).await, [0; 0]);
        assert_eq!(world.record("1001").await.unwrap().profile, None, "followed: {followed}");
        assert_eq!(inbox.deliver(&[upsert("crm", "1001", 6, json!({"city": "Rome"}))]).await, [0; 0]);
        let profile = world.profile("1001").await;
        let attributes: Vec<_> =
            profile.attributes.iter().map(|(name, value)| (name.name(), value.clone())).collect();
        assert_eq!((profile.version, attributes), (37, vec![("city", json!("Rome"))]));
    }
}

/// Between an erasure and what follows from it there may be less than machines' clocks differ by.
#[tokio::test]
async fn what_a_user_recreated_at_once_was_answered_stays() {
    let (inbox, mut follower) = lived().await;
    let world = &inbox.world;
    delete(world, "1001").await;
    let admin = world.admin_token("root");
    let recreate = Request::put_profile("1001").bearer(&admin).header("if-none-match", "*");
    let recreate = recreate.header("idempotency-key", "\"anew\"").json(&json!({"city": "Bergen"}));
    let created = world.send(&recreate).await;
    assert_eq!(created.status, 200);
    assert_eq!(put(world, "1001", &world.token("1001"), "\"own\"", json!({"bio": "b"})).await, 200);

    assert!(follower.follow(world).await);
    let left = about(&inbox, "1001").await;
    assert_eq!(left.keys().filter(|key| key.contains("IDEM#")).count(), 2, "{left:?}");
    let replayed = world.refused(&recreate).await;
    assert_eq!((replayed.status, &replayed.body), (200, &created.body));
}

/// A caller who has not heard of it asks again, and means the user that was.
#[tokio::test]
async fn an_own_erasure_asked_for_again_erases_nobody_anew() {
    let (inbox, mut follower) = lived().await;
    let world = &inbox.world;
    let erasure = Request::delete_profile("1001").bearer(&world.token("1001"));
    let erasure = erasure.header("idempotency-key", "\"gone\"");
    assert_eq!(world.send(&erasure).await.status, 204);
    assert!(follower.follow(world).await);
    let admin = world.admin_token("root");
    let recreate = Request::put_profile("1001").bearer(&admin).header("if-none-match", "*").json(&json!({}));
    assert_eq!(world.send(&recreate).await.status, 200);
    assert!(follower.follow(world).await);
    assert_eq!(world.refused(&erasure).await.status, 204);
    assert_eq!(world.profile("1001").await.version, 37);
}
