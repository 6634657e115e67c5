//! What another system's request does to a profile. Items are compared as a whole.

use serde_json::{Value, json};
use shared::auth::Role;
use shared::profile::Unique;
use shared::store::claim_key;
use std::collections::BTreeMap;
use std::slice::from_ref;
use tests::inbox::{erase, upsert};
use tests::{Inbox, Reply, Request};

/// Noon, where every test's clock stands.
const NOON: i64 = 1_775_217_600_000;

fn table<const N: usize>(items: [(String, Value); N]) -> BTreeMap<String, Value> {
    items.into()
}

fn profile(user_id: &str) -> String {
    format!("USER#{user_id} PROFILE")
}

fn mark(user_id: &str, source: &str, attributes: Value, erased: u64, revision: u64) -> (String, Value) {
    let item = json!({"attributes": attributes, "erased": erased, "revision": revision, "schema": 1});
    (format!("USER#{user_id} SYNC#{source}"), item)
}

fn claim(unique: Unique, canonical: &str, owner: &str) -> (String, Value) {
    (format!("{} CLAIM", claim_key(unique, canonical).pk), json!({"owner": owner, "schema": 1}))
}

fn by(source: &str) -> Value {
    json!({"contract": "sync", "actor": "sync", "origin": source})
}

#[tokio::test]
async fn a_first_request_creates_and_a_later_one_changes_what_it_names() {
    let inbox = Inbox::open().await;
    let first = upsert(
        "crm",
        "7",
        3,
        json!({"nickname": "e\u{301}", "city": "Paris", "phone": "+8613900139000", "email": "A@Example.com",
            "social_links": {"a": "b", "c": null}}),
    );
    assert_eq!(inbox.deliver(&[first]).await, [0; 0]);
    let mut stored = json!({
        "user_id": "7", "version": 1, "schema": 1, "created_at": NOON, "updated_at": NOON, "changed_by": by("crm"),
        "nickname": "é", "city": "Paris", "phone": "+8613900139000", "email": "A@example.com",
        "social_links": {"a": "b"},
    });
    let marks = json!({"nickname": 3, "city": 3, "phone": 3, "email": 3, "social_links": 3});
    let expected = table([
        (profile("7"), stored.clone()),
        mark("7", "crm", marks, 0, 1),
        claim(Unique::Phone, "+8613900139000", "7"),
        claim(Unique::Email, "a@example.com", "7"),
    ]);
    assert_eq!(inbox.table().await, expected);

    inbox.world.clock.forward(1);
    let second = json!({"nickname": null, "phone": "+8613900139001", "social_links": {"d": "e"}});
    assert_eq!(inbox.deliver(&[upsert("crm", "7", 5, second)]).await, [0; 0]);
    stored.as_object_mut().unwrap().remove("nickname");
    stored["version"] = json!(2);
    stored["updated_at"] = json!(NOON + 1_000);
    stored["phone"] = json!("+8613900139001");
    // An object replaces the whole: its members have no sequence of their own.
    stored["social_links"] = json!({"d": "e"});
    let marks = json!({"nickname": 5, "city": 3, "phone": 5, "email": 3, "social_links": 5});
    let expected = table([
        (profile("7"), stored),
        mark("7", "crm", marks, 0, 2),
        claim(Unique::Phone, "+8613900139001", "7"),
        claim(Unique::Email, "a@example.com", "7"),
    ]);
    assert_eq!(inbox.table().await, expected);
    assert_eq!(inbox.dead_letters(), []);
}

#[tokio::test]
async fn an_attribute_is_applied_only_when_it_is_newer() {
    let inbox = Inbox::open().await;
    let newest = upsert("crm", "7", 5, json!({"nickname": "new"}));
    assert_eq!(inbox.deliver(from_ref(&newest)).await, [0; 0]);
    let before = inbox.table().await;
    let stale = upsert("crm", "7", 4, json!({"nickname": null}));
    assert_eq!(inbox.deliver(&[newest, stale]).await, [0; 0]);
    assert_eq!(inbox.table().await, before);

    // Older than one attribute's mark, newer than another's.
    let partly = upsert("crm", "7", 4, json!({"nickname": "old", "city": "Rome"}));
    assert_eq!(inbox.deliver(&[partly]).await, [0; 0]);
    let stored = json!({"user_id": "7", "version": 2, "schema": 1, "created_at": NOON, "updated_at": NOON,
        "changed_by": by("crm"), "nickname": "new", "city": "Rome"});
    let expected = table([(profile("7"), stored), mark("7", "crm", json!({"nickname": 5, "city": 4}), 0, 2)]);
    assert_eq!(inbox.table().await, expected);
    // Another source counts for itself.
    assert_eq!(inbox.deliver(&[upsert("idp", "7", 1, json!({"name": "N"}))]).await, [0; 0]);
    assert_eq!(inbox.table().await[&profile("7")]["name"], "N");
}

#[tokio::test]
async fn news_that_changes_nothing_moves_only_the_mark() {
    let inbox = Inbox::open().await;
    let said = json!({"nickname": "n", "phone": "+8613900139000", "city": null});
    assert_eq!(inbox.deliver(&[upsert("crm", "7", 1, said.clone())]).await, [0; 0]);
    let mut expected = inbox.table().await;
    assert_eq!(inbox.deliver(&[upsert("crm", "7", 2, said)]).await, [0; 0]);
    expected.extend([mark("7", "crm", json!({"nickname": 2, "phone": 2, "city": 2}), 0, 2)]);
    assert_eq!(inbox.table().await, expected);
}

#[tokio::test]
async fn five_contracts_see_what_came_in() {
    let inbox = Inbox::open().await;
    let said =
        json!({"username": "ming", "nickname": "小明", "phone": "+8613900139000", "email": "m@example.com"});
    let proved = json!({"bio": "hello", "email": "m@example.com"});
    let failed = inbox.deliver(&[upsert("crm", "1001", 1, said), upsert("idp", "1001", 1, proved)]).await;
    assert_eq!(failed, [0; 0]);

    let world = &inbox.world;
    let (token, key) = (world.token("1001"), world.api_key(Role::Admin).await);
    let put = world.send(&Request::put_profile("1001").bearer(&token).json(&json!({}))).await;
    assert_eq!(
        put.body["data"]["profile"],
        json!({"user_id": "1001", "version": 2, "created_at": "2026-04-03T12:00:00.000Z",
            "updated_at": "2026-04-03T12:00:00.000Z", "nickname": "小明", "bio": "hello"})
    );
    let claims = world.send(&Request::patch_userinfo().bearer(&token).json(&json!({}))).await;
    assert_eq!(
        claims.body,
        json!({"sub": "1001", "email": "m@example.com", "phone_number": "13900139000", "nickname": "小明",
            "updated_at": 1_775_217_600, "email_verified": true, "phone_number_verified": false})
    );
    // The others have no answer that shows a profile, but to them its values are taken.
    let wts = json!({"who": "1001", "block": "1", "room": "1", "phone": "13900139000", "isp": "mobile", "account": "1"});
    let wts = Request::change_profile().bearer(&world.wts_token("1001", "user")).json(&wts);
    assert_eq!(world.send(&wts).await.status, 200);
    world.create("2").await;
    let edit =
        Request::edit_user_basic().bearer(&world.token("2")).json(&json!({"phone": "+86 13900139000"}));
    let taken = json!({"error": "phone_already_exists", "error_code": 409,
        "error_description": "Phone number already exists"});
    assert_eq!(world.send(&edit).await, Reply::json(409, taken));
    let update = Request::update_user("2").bearer(&key).json(&json!({"userName": "MING"}));
    assert_eq!(world.send(&update).await.body["message"], "Username is already taken.");
}

#[tokio::test]
async fn what_belongs_to_another_is_refused_with_its_reason() {
    let inbox = Inbox::open().await;
    let mine = json!({"phone": "+86 13900139000", "email": "a@example.com"});
    let edit = Request::edit_user_basic().bearer(&inbox.world.token("1")).json(&mine);
    assert_eq!(inbox.world.send(&edit).await.status, 200);
    let before = inbox.table().await;
    let both = json!({"nickname": "n", "phone": "+8613900139000", "email": "A@EXAMPLE.com"});
    let request = upsert("crm", "2", 1, both);
    assert_eq!(inbox.deliver(from_ref(&request)).await, [0; 0]);
    let reason = json!({"reason": "taken", "attributes": ["phone", "email"]});
    assert_eq!(inbox.dead_letters(), [(request.to_string(), reason)]);
    assert_eq!(inbox.table().await, before);

    // Let go over HTTP, it is free, and the same request succeeds.
    let token = inbox.world.admin_token("boss");
    let clear = json!({"user_id": "1", "phone": "", "email": ""});
    let edit = Request::edit_user_basic().bearer(&token).json(&clear);
    assert_eq!(inbox.world.send(&edit).await, Reply::json(200, json!({})));
    assert_eq!(inbox.deliver(&[request]).await, [0; 0]);
    assert_eq!(inbox.dead_letters(), []);
    assert_eq!(inbox.table().await[&profile("2")]["phone"], "+8613900139000");
}

#[tokio::test]
async fn only_who_asserts_it_proves_a_contact() {
    let inbox = Inbox::open().await;
    let phone = |number: &str| json!({"phone": number});
    let (a, b) = ("+8613900139000", "+8613900139001");
    // Who says which phone, and whether it is proved then.
    let steps = [
        ("crm", 1, a, None),
        ("idp", 1, a, Some(true)),
        ("crm", 2, a, Some(true)),
        ("crm", 3, b, None),
        ("idp", 2, a, Some(true)),
        ("idp", 3, b, Some(true)),
    ];
    for (source, sequence, number, proved) in steps {
        assert_eq!(inbox.deliver(&[upsert(source, "7", sequence, phone(number))]).await, [0; 0]);
        let stored = &inbox.table().await[&profile("7")];
        assert_eq!(
            (&stored["phone"], stored.get("phone_verified").and_then(Value::as_bool)),
            (&json!(number), proved),
            "{source} {sequence}"
        );
    }
    assert_eq!(inbox.deliver(&[upsert("idp", "7", 4, json!({"phone": null}))]).await, [0; 0]);
    assert_eq!(inbox.table().await[&profile("7")].get("phone_verified"), None);
}

#[tokio::test]
async fn an_erasure_leaves_a_tombstone_and_nothing_personal() {
    let inbox = Inbox::open().await;
    let said =
        json!({"username": "ming", "phone": "+8613900139000", "email": "m@example.com", "nickname": "n"});
    let proved = json!({"phone": "+8613900139000", "bio": "b"});
    inbox.deliver(&[upsert("crm", "7", 1, said), upsert("idp", "7", 1, proved)]).await;
    let key = inbox.world.api_key(Role::Admin).await;
    let password = json!({"password": "correct horse", "role": "User"});
    let update = Request::update_user("7").bearer(&key).json(&password);
    assert_eq!(inbox.world.send(&update).await.body["code"], "0000");
    let keys = inbox.table().await.into_iter().filter(|(key, _)| key.contains("APIKEY#"));
    let mut expected: BTreeMap<String, Value> = keys.collect();

    inbox.world.clock.forward(1);
    assert_eq!(inbox.deliver(&[erase("crm", "7", 2)]).await, [0; 0]);
    let tombstone = json!({"user_id": "7", "version": 4, "schema": 1, "erased_at": NOON + 1_000, "changed_by": by("crm")});
    expected.extend([
        (profile("7"), tombstone),
        mark("7", "crm", json!({}), 2, 2),
        mark("7", "idp", json!({"phone": 1, "bio": 1}), 0, 1),
    ]);
    assert_eq!(inbox.table().await, expected);
    // Again, and what was said before it, change nothing.
    let late = upsert("crm", "7", 1, json!({"city": "Paris"}));
    assert_eq!(inbox.deliver(&[erase("crm", "7", 2), late, erase("crm", "7", 1)]).await, [0; 0]);
    assert_eq!(inbox.table().await, expected);
    // A newer one is noted, but there is nothing left to erase.
    assert_eq!(inbox.deliver(&[erase("crm", "7", 3)]).await, [0; 0]);
    expected.extend([mark("7", "crm", json!({}), 3, 3)]);
    assert_eq!(inbox.table().await, expected);
    let put = Request::put_profile("7").bearer(&inbox.world.token("7")).json(&json!({"city": "Paris"}));
    assert_eq!(inbox.world.send(&put).await.status, 404);

    // What is said after it creates the user again; the version goes on counting.
    inbox.world.clock.forward(1);
    assert_eq!(inbox.deliver(&[upsert("crm", "7", 4, json!({"phone": "+8613900139000"}))]).await, [0; 0]);
    let stored = json!({"user_id": "7", "version": 5, "schema": 1, "created_at": NOON + 2_000,
        "updated_at": NOON + 2_000, "changed_by": by("crm"), "phone": "+8613900139000"});
    expected.extend([
        (profile("7"), stored),
        mark("7", "crm", json!({"phone": 4}), 3, 4),
        claim(Unique::Phone, "+8613900139000", "7"),
    ]);
    assert_eq!(inbox.table().await, expected);
}

#[tokio::test]
async fn an_erasure_that_comes_late_keeps_what_is_newer() {
    let inbox = Inbox::open().await;
    let older = json!({"nickname": "n", "email": "m@example.com"});
    let newer = json!({"city": "Paris", "phone": "+8613900139000"});
    inbox.deliver(&[upsert("crm", "7", 1, older), upsert("crm", "7", 3, newer)]).await;
    inbox.deliver(&[upsert("idp", "7", 9, json!({"bio": "b"})), erase("crm", "7", 2)]).await;
    let stored = json!({"user_id": "7", "version": 4, "schema": 1, "created_at": NOON, "updated_at": NOON,
        "changed_by": by("crm"), "city": "Paris", "phone": "+8613900139000"});
    let expected = table([
        (profile("7"), stored),
        mark("7", "crm", json!({"city": 3, "phone": 3}), 2, 3),
        mark("7", "idp", json!({"bio": 9}), 0, 1),
        claim(Unique::Phone, "+8613900139000", "7"),
    ]);
    assert_eq!(inbox.table().await, expected);
}

#[tokio::test]
async fn an_erasure_that_overtakes_everything_leaves_a_tombstone_too() {
    let inbox = Inbox::open().await;
    inbox.deliver(&[erase("crm", "7", 2), upsert("crm", "7", 1, json!({"nickname": "n"}))]).await;
    let tombstone =
        json!({"user_id": "7", "version": 1, "schema": 1, "erased_at": NOON, "changed_by": by("crm")});
    let expected = table([(profile("7"), tombstone), mark("7", "crm", json!({}), 2, 1)]);
    assert_eq!(inbox.table().await, expected);
}

#[tokio::test]
async fn a_clock_that_is_behind_does_not_turn_a_profile_back() {
    let inbox = Inbox::open().await;
    inbox.deliver(&[upsert("crm", "7", 3, json!({"city": "Paris"}))]).await;
    inbox.world.clock.forward(-90);
    inbox.deliver(&[upsert("crm", "7", 4, json!({"city": "Rome"}))]).await;
    let stored = json!({
        "user_id": "7", "version": 2, "schema": 1, "created_at": NOON, "updated_at": NOON, "changed_by": by("crm"),
        "city": "Rome",
    });
    let expected = table([(profile("7"), stored), mark("7", "crm", json!({"city": 4}), 0, 2)]);
    assert_eq!(inbox.table().await, expected);
}
