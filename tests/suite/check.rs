//! The check of a whole table, and what it puts right.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::auth::Role;
use shared::clock::{Clock, Timestamp};
use shared::profile::Unique;
use shared::store::{ActorKind, Finding, HistoryEntry, Item, Key, Mark, claim_key};
use shared::validation::UserId;
use tests::{Follower, Request, World};

fn id(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// What is wrong: fault, user, sort key.
type Row = (&'static str, String, String);

fn row(finding: &Finding) -> Row {
    let user = finding.user_id.as_ref().map_or_else(String::new, ToString::to_string);
    (finding.fault.name(), user, finding.place().to_owned())
}

fn rows(findings: &[Finding]) -> Vec<Row> {
    let mut rows: Vec<Row> = findings.iter().map(row).collect();
    rows.sort();
    rows
}

fn expected<const N: usize>(rows: [(&'static str, &str, &str); N]) -> Vec<Row> {
    let owned = |(fault, user, place): (&'static str, &str, &str)| (fault, user.to_owned(), place.to_owned());
    let mut rows: Vec<Row> = rows.into_iter().map(owned).collect();
    rows.sort();
    rows
}

/// A day later nothing is still being tidied up.
async fn findings(world: &World) -> Vec<Finding> {
    world.store.check(&world.items().await, world.clock.now().plus_seconds(86_400)).await.unwrap()
}

/// How many of the findings were put right.
async fn repair(world: &World) -> usize {
    let mut repaired = 0;
    for finding in findings(world).await {
        repaired += usize::from(world.store.repair(&finding).await.unwrap());
    }
    repaired
}

async fn delete(world: &World, key: &Key) {
    let delete = world.database.delete_item().table_name(&world.table);
    delete.set_key(Some(key.attributes())).send().await.unwrap();
}

async fn put(world: &World, key: &Key, members: &[(&str, AttributeValue)]) {
    let mut item: Item = key.attributes();
    item.extend(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    world.database.put_item().table_name(&world.table).set_item(Some(item)).send().await.unwrap();
}

fn entry(version: u64, time: Timestamp) -> HistoryEntry {
    HistoryEntry {
        version,
        time,
        contract: "authms".into(),
        actor: ActorKind::Subject,
        origin: None,
        set: vec!["city".into()],
        changed: Vec::new(),
        removed: Vec::new(),
    }
}

/// Users with contacts, a password, history, marks; an API key; an application; one user erased.
async fn populated() -> World {
    let world = World::new().await;
    for (user, contacts) in [
        ("alice", json!({"phone": "+86 13900139000", "email": "Alice@example.com", "nickname": "Al"})),
        ("bob", json!({"phone": "+86 13900139001"})),
        ("carol", json!({"email": "carol@example.com"})),
    ] {
        let edit = Request::edit_user_basic().bearer(&world.token(user)).json(&contacts);
        assert_eq!(world.send(&edit).await.status, 200);
        world.store.put_history(&[(&id(user), entry(1, world.clock.now()))]).await.unwrap();
    }
    world.api_key(Role::Admin).await;
    put(&world, &Key::credential(&id("alice")), &[("password_hash", text("$argon2id$"))]).await;
    world.client().await;
    world.store.put_mark(&id("bob"), "crm", &Mark::default()).await.unwrap();
    let erase = Request::delete_profile("carol").bearer(&world.token("carol"));
    assert_eq!(world.send(&erase).await.status, 204);
    delete(&world, &Key::history(&id("carol"), 1)).await;
    world
}

#[tokio::test]
async fn a_sound_table_has_no_findings() {
    let world = populated().await;
    assert!(world.items().await.len() > 10);
    assert_eq!(rows(&findings(&world).await), []);
}

#[tokio::test]
async fn each_inconsistency_is_found_and_claims_are_mended() {
    let world = populated().await;
    let alice_phone = claim_key(Unique::Phone, "+8613900139000");
    let alice_email = claim_key(Unique::Email, "alice@example.com");
    delete(&world, &alice_phone).await;
    put(&world, &alice_email, &[("owner", text("bob"))]).await;
    put(&world, &claim_key(Unique::Username, "nobody"), &[("owner", text("nobody"))]).await;
    put(&world, &Key::credential(&id("carol")), &[("password_hash", text("$argon2id$"))]).await;
    assert_eq!(
        rows(&findings(&world).await),
        expected([
            ("claim-missing", "alice", "PROFILE"),
            ("claim-of-another", "alice", "PROFILE"),
            ("claim-stale", "bob", "CLAIM"),
            ("claim-stale", "nobody", "CLAIM"),
            ("left-behind", "carol", "CREDENTIAL"),
        ])
    );

    // What is another's can be put right once that claim is gone.
    assert_eq!(repair(&world).await, 4);
    assert_eq!(rows(&findings(&world).await), expected([("claim-missing", "alice", "PROFILE")]));
    assert_eq!(repair(&world).await, 1);
    assert_eq!(rows(&findings(&world).await), []);
    for (unique, value) in [(Unique::Phone, "+8613900139000"), (Unique::Email, "alice@example.com")] {
        assert_eq!(world.store.owner(unique, value).await.unwrap(), Some(id("alice")));
    }
    let released = world.store.owner(Unique::Username, "nobody").await.unwrap();
    assert_eq!(released, None);
}

#[tokio::test]
async fn what_needs_a_person_is_told_and_left_alone() {
    let world = populated().await;
    let now = world.clock.now();
    // Bob has Alice's number too.
    let twice = world.database.update_item().table_name(&world.table);
    let twice = twice.set_key(Some(Key::profile(&id("bob")).attributes()));
    let twice = twice.update_expression("SET phone = :phone");
    twice.expression_attribute_values(":phone", text("+8613900139000")).send().await.unwrap();
    world.store.put_history(&[(&id("bob"), entry(9, now)), (&id("carol"), entry(1, now))]).await.unwrap();
    world.store.put_history(&[(&id("nobody"), entry(1, now))]).await.unwrap();
    let tombstone = world.database.update_item().table_name(&world.table);
    let tombstone = tombstone.set_key(Some(Key::profile(&id("carol")).attributes()));
    let tombstone = tombstone.update_expression("SET city = :city");
    tombstone.expression_attribute_values(":city", text("Paris")).send().await.unwrap();
    put(&world, &Key::profile(&id("dave")), &[("city", text("Rome"))]).await;
    put(&world, &Key { pk: "ELSE".into(), sk: "WHERE".into() }, &[]).await;
    let digest = world.store.api_keys().await.unwrap().remove(0).digest;
    delete(&world, &Key::api_key_listing(&digest)).await;
    let found = expected([
        ("claim-of-another", "bob", "PROFILE"),
        ("claim-stale", "bob", "CLAIM"),
        ("history-ahead", "bob", "HIST#00000000000000000009"),
        ("left-behind", "carol", "HIST#00000000000000000001"),
        ("left-behind", "carol", "PROFILE"),
        ("left-behind", "nobody", "HIST#00000000000000000001"),
        ("unlisted", "operator", "KEY"),
        ("unreadable", "", "WHERE"),
        ("unreadable", "dave", "PROFILE"),
    ]);
    assert_eq!(rows(&findings(&world).await), found);
    // The number that Bob had is free again; the rest stays.
    assert_eq!(repair(&world).await, 1);
    assert_eq!(findings(&world).await.len(), found.len() - 1);
    assert_eq!(world.store.owner(Unique::Phone, "+8613900139001").await.unwrap(), None);
    assert_eq!(world.store.owner(Unique::Phone, "+8613900139000").await.unwrap(), Some(id("alice")));
}

#[tokio::test]
async fn an_erased_users_keys_history_and_marks_are_left_behind_only_after_an_hour() {
    let world = populated().await;
    world.erase("operator", 1).await;
    let mark = json!({"user_id": "carol", "attributes": {"city": 3}, "erased": 0, "revision": 1});
    let mark: Mark = serde_json::from_value(mark).unwrap();
    world.store.put_history(&[(&id("carol"), entry(1, world.clock.now()))]).await.unwrap();
    let fresh = Mark::default();
    world.store.put_mark(&id("carol"), "crm", &fresh).await.unwrap();
    world.store.put_mark(&id("carol"), "crm", &mark).await.unwrap();
    let at_once = world.store.check(&world.items().await, world.clock.now()).await.unwrap();
    assert_eq!(rows(&at_once), []);
    assert_eq!(
        rows(&findings(&world).await),
        expected([
            ("left-behind", "carol", "HIST#00000000000000000001"),
            ("left-behind", "carol", "SYNC#crm"),
            ("left-behind", "operator", "KEY"),
            ("left-behind", "operator", &listing(&world).await),
        ])
    );
}

async fn listing(world: &World) -> String {
    format!("APIKEY#{}", world.store.api_keys().await.unwrap().remove(0).digest)
}

#[tokio::test]
async fn who_writes_meanwhile_causes_no_finding_and_no_repair() {
    let world = populated().await;
    let before = world.items().await;
    delete(&world, &claim_key(Unique::Phone, "+8613900139000")).await;
    let seen = findings(&world).await;
    assert_eq!(rows(&seen), expected([("claim-missing", "alice", "PROFILE")]));
    put(&world, &claim_key(Unique::Phone, "+8613900139000"), &[("owner", text("alice"))]).await;

    let edit = json!({"phone": "+86 13900139002"});
    let edit = Request::edit_user_basic().bearer(&world.token("alice")).json(&edit);
    assert_eq!(world.send(&edit).await.status, 200);
    let stale = world.store.check(&before, world.clock.now()).await.unwrap();
    assert_eq!(rows(&stale), []);
    // The claim was missing then; now it would be one of a number that Alice does not have.
    assert!(!world.store.repair(&seen[0]).await.unwrap());
    assert_eq!(world.store.owner(Unique::Phone, "+8613900139000").await.unwrap(), None);
}

/// A user whose history has been kept, of six versions.
async fn told() -> World {
    let world = World::new().await;
    for city in 0..6 {
        world.clock.forward(1);
        let put = Request::put_profile("erin").bearer(&world.token("erin"));
        assert_eq!(world.send(&put.json(&json!({"city": format!("City {city}")}))).await.status, 200);
    }
    let mut follower = Follower::of(&world).await;
    assert!(follower.follow(&world).await);
    assert_eq!(rows(&findings(&world).await), []);
    world
}

#[tokio::test]
async fn versions_that_a_history_does_not_tell_of_are_told() {
    let place = |version: u64| Key::history(&id("erin"), version).sk;
    for (missing, found) in [
        (vec![3], vec![place(2), place(4)]),
        (vec![1], vec![place(2)]),
        (vec![2, 3, 4], vec![place(1), place(5)]),
        (vec![6], vec![place(5), "PROFILE".to_owned()]),
        (vec![1, 2, 3, 4, 5, 6], vec!["PROFILE".to_owned()]),
    ] {
        let world = told().await;
        for version in &missing {
            delete(&world, &Key::history(&id("erin"), *version)).await;
        }
        let gap = |place: &String| ("history-gap", "erin".to_owned(), place.clone());
        assert_eq!(rows(&findings(&world).await), found.iter().map(gap).collect::<Vec<_>>(), "{missing:?}");
        // What needs a person: what is not known cannot be written.
        assert_eq!(repair(&world).await, 0);
        // They may still be on their way; and after 90 days they go by themselves.
        let at_once = world.store.check(&world.items().await, world.clock.now()).await.unwrap();
        assert_eq!(rows(&at_once), [], "{missing:?}");
        world.clock.forward(91 * 86_400);
        assert_eq!(rows(&findings(&world).await), [], "{missing:?}");
    }
}

/// A new life's history begins where it was created anew, and a busy user's gaps are told too.
#[tokio::test]
async fn a_history_without_gaps_is_none_and_one_of_a_busy_user_may_have_some() {
    let world = told().await;
    let erase = Request::delete_profile("erin").bearer(&world.token("erin"));
    assert_eq!(world.send(&erase).await.status, 204);
    world.clock.forward(7200);
    let anew = Request::put_profile("erin").bearer(&world.admin_token("root")).header("if-none-match", "*");
    assert_eq!(world.send(&anew.json(&json!({"city": "Rome"}))).await.status, 200);
    for hours in 0..4 {
        world.clock.forward(7200);
        let put = Request::put_profile("erin").bearer(&world.token("erin"));
        assert_eq!(world.send(&put.json(&json!({"city": format!("City {hours}")}))).await.status, 200);
    }
    let mut follower = Follower::of(&world).await;
    assert!(follower.follow(&world).await);
    assert_eq!(rows(&findings(&world).await), []);
    // Version 8 began the new life. It changes this very moment, too.
    delete(&world, &Key::history(&id("erin"), 10)).await;
    let now = world.store.check(&world.items().await, world.clock.now()).await.unwrap();
    let gap = |version: u64| ("history-gap", "erin".to_owned(), Key::history(&id("erin"), version).sk);
    assert_eq!(rows(&now), [gap(9), gap(11)]);
}

#[tokio::test]
async fn an_item_that_is_not_as_this_version_writes_it_is_told() {
    let key = |pk: &str, sk: &str| Key { pk: pk.into(), sk: sk.into() };
    let number = |number: &str| AttributeValue::N(number.to_owned());
    let soon = || ("expires_at", number("1775300000"));
    let claim = claim_key(Unique::Phone, "+8613900139000");
    for (place, members) in [
        // Keys of no shape that there is.
        (key("USER#alice", "HIST#2"), vec![]),
        (key("USER#alice", "ELSE"), vec![]),
        (key(&claim.pk, "ELSE"), vec![("owner", text("alice"))]),
        (key("CREDENTIAL#alice", "ELSE"), vec![("password_hash", text("$argon2id$"))]),
        (key("ELSE", "PROFILE"), vec![]),
        // Members that are missing, or of a type that they do not have.
        (Key::history(&id("alice"), 1), vec![("version", number("1"))]),
        (Key::credential(&id("alice")), vec![("password_hash", number("1"))]),
        (claim.clone(), vec![("owner", number("1"))]),
        (key("USER#alice", "SYNC#crm"), vec![("attributes", text("none")), soon()]),
        (key("USER#alice", "IDEM#0"), vec![]),
        (key("OTP#0", "CHALLENGE"), vec![("expires_at", text("soon"))]),
        (key("LIMIT#source#0", "2026-04-03"), vec![("count", number("1"))]),
        (key("NOTICE#0", "TOLD#phone"), vec![]),
        (Key::api_key("0"), vec![("owner", text("alice"))]),
    ] {
        let world = populated().await;
        put(&world, &place, &members).await;
        let found = rows(&findings(&world).await);
        let told = found.iter().any(|(fault, _, at)| *fault == "unreadable" && *at == place.sk);
        assert!(told, "{place:?}: {found:?}");
    }
    // Of a profile.
    for (name, value) in [
        ("phone", number("13900139000")),
        ("nickname", AttributeValue::Ss(vec!["Al".to_owned()])),
        ("custom_fields", text("{}")),
        ("phone_verified", text("true")),
        ("version", text("1")),
        ("version", number("0")),
        ("updated_at", text("today")),
        ("user_id", text("bob")),
        ("changed_by", text("alice")),
        ("schema", text("new")),
        // A layout that is newer than the next one.
        ("schema", number("3")),
    ] {
        let world = populated().await;
        for user in ["alice", "carol"] {
            let spoil = world.database.update_item().table_name(&world.table);
            let spoil = spoil.set_key(Some(Key::profile(&id(user)).attributes()));
            let spoil =
                spoil.update_expression("SET #name = :value").expression_attribute_names("#name", name);
            spoil.expression_attribute_values(":value", value.clone()).send().await.unwrap();
            let found = rows(&findings(&world).await);
            let told = found.iter().any(|(fault, of, _)| *fault == "unreadable" && of == user);
            // A tombstone is of a time of its own.
            assert!(told || (user == "carol" && name == "updated_at"), "{user} {name} {value:?}: {found:?}");
        }
    }
}
