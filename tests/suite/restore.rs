//! What a restored backup has and the table has not.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use serde_json::json;
use shared::auth::Role;
use shared::clock::Clock;
use shared::profile::{Attribute, Unique};
use shared::store::{ActorKind, HistoryEntry, Item, Key, Mark, ProfileStore, Restored};
use shared::validation::UserId;
use tests::{Request, World};

fn id(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

/// Name of the other table.
fn backup(world: &World) -> String {
    format!("{}-restored", world.table)
}

/// The table as it is now, as another table.
pub async fn back_up(world: &World) -> ProfileStore {
    let name = backup(world);
    let create = world.database.create_table().table_name(&name).billing_mode(BillingMode::PayPerRequest);
    let mut create = create;
    for (name, kind) in [("PK", KeyType::Hash), ("SK", KeyType::Range)] {
        let key = KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
        let text = AttributeDefinition::builder().attribute_name(name);
        let text = text.attribute_type(ScalarAttributeType::S).build().unwrap();
        create = create.key_schema(key).attribute_definitions(text);
    }
    create.send().await.unwrap();
    for item in world.items().await {
        world.database.put_item().table_name(&name).set_item(Some(item)).send().await.unwrap();
    }
    world.store.beside(&name)
}

async fn backed_up(world: &World) -> Vec<Item> {
    world.database.scan().table_name(backup(world)).send().await.unwrap().items.unwrap()
}

/// Loses the items whose partition ends like this.
async fn lose(world: &World, ending: &str) {
    for item in world.items().await {
        let key = Key::of(&item).unwrap();
        if key.pk.ends_with(ending) {
            let delete = world.database.delete_item().table_name(&world.table);
            delete.set_key(Some(key.attributes())).send().await.unwrap();
        }
    }
}

async fn change(world: &World, user: &str, body: serde_json::Value) {
    let edit = Request::edit_user_basic().bearer(&world.token(user)).json(&body);
    assert_eq!(world.send(&edit).await.status, 200);
    let version = world.profile(user).await.version;
    let entry = HistoryEntry {
        version,
        time: world.clock.now(),
        contract: "cloudbase".into(),
        actor: ActorKind::Subject,
        origin: None,
        set: vec!["nickname".into()],
        changed: Vec::new(),
        removed: Vec::new(),
    };
    world.store.put_history(&[(&id(user), entry)]).await.unwrap();
}

fn count(all: &[Restored], one: &Restored) -> usize {
    all.iter().filter(|restored| *restored == one).count()
}

#[tokio::test]
async fn a_lost_table_comes_back_as_it_was() {
    let world = World::new().await;
    change(&world, "alice", json!({"phone": "+86 13900139000", "nickname": "Al"})).await;
    change(&world, "alice", json!({"nickname": "Alice"})).await;
    change(&world, "bob", json!({"email": "bob@example.com"})).await;
    world.api_key(Role::Admin).await;
    let password = world.database.put_item().table_name(&world.table);
    let password = password.set_item(Some(Key::credential(&id("alice")).attributes()));
    password.item("password_hash", AttributeValue::S("$argon2id$".into())).send().await.unwrap();
    world.client().await;
    world.store.put_mark(&id("bob"), "crm", &Mark::default()).await.unwrap();
    world.erase("carol", 4).await;

    let (before, backup) = (world.items().await, back_up(&world).await);
    lose(&world, "").await;
    assert_eq!(world.items().await, []);
    let items = backed_up(&world).await;
    let profiles = world.store.restore_profiles(&backup, &items).await.unwrap();
    assert_eq!(profiles, vec![Restored::Written; 3]);
    let others = world.store.restore_others(&items).await.unwrap();
    assert_eq!(count(&others, &Restored::Written), others.len());
    let after = world.items().await;
    assert_eq!(after.len(), before.len());
    assert!(before.iter().all(|item| after.contains(item)));

    // Once more does nothing.
    let again = world.store.restore_profiles(&backup, &items).await.unwrap();
    assert_eq!(again, vec![Restored::Stands; 3]);
    let again = world.store.restore_others(&items).await.unwrap();
    assert_eq!(count(&again, &Restored::Stands), others.len());
}

#[tokio::test]
async fn what_stands_stays_and_nobody_erased_comes_back() {
    let world = World::new().await;
    for (user, phone) in [("alice", "0"), ("bob", "1"), ("carol", "2"), ("dave", "3")] {
        change(&world, user, json!({"phone": format!("+86 1390013900{phone}"), "nickname": user})).await;
    }
    world.api_key(Role::Admin).await;
    let backup = back_up(&world).await;
    change(&world, "alice", json!({"nickname": "Newer"})).await;
    lose(&world, "bob").await;
    let erase = Request::delete_profile("carol").bearer(&world.token("carol"));
    assert_eq!(world.send(&erase).await.status, 204);
    lose(&world, "dave").await;
    // Dave's claim is lost as well, and Erin takes the number.
    let claim = shared::store::claim_key(Unique::Phone, "+8613900139003");
    lose(&world, &claim.pk).await;
    change(&world, "erin", json!({"phone": "+86 13900139003"})).await;
    // The key's owner was erased after the backup, and the key's items are lost.
    world.erase("operator", 1).await;
    let digest = world.store.api_keys().await.unwrap().remove(0).digest;
    lose(&world, &digest).await;
    lose(&world, "INDEX").await;

    let items = backed_up(&world).await;
    let profiles = world.store.restore_profiles(&backup, &items).await.unwrap();
    assert_eq!(count(&profiles, &Restored::Stands), 1);
    assert_eq!(count(&profiles, &Restored::Written), 1);
    assert_eq!(count(&profiles, &Restored::Erased), 1);
    assert_eq!(count(&profiles, &Restored::Taken(id("dave"), vec![Unique::Phone])), 1);
    world.store.restore_others(&items).await.unwrap();

    assert_eq!(world.profile("alice").await.text(Attribute::Nickname), Some("Newer"));
    let bob = world.profile("bob").await;
    assert_eq!((bob.version, bob.text(Attribute::Phone)), (1, Some("+8613900139001")));
    assert_eq!(world.store.history(&id("bob"), None, 9, world.clock.now()).await.unwrap().entries.len(), 1);
    assert!(world.record("carol").await.unwrap().profile.is_none());
    assert_eq!(world.store.owner(Unique::Phone, "+8613900139002").await.unwrap(), None);
    assert!(world.record("dave").await.is_none());
    let history = world.store.history(&id("dave"), None, 9, world.clock.now()).await.unwrap();
    assert_eq!(history.entries, []);
    let keys = world.store.api_keys().await.unwrap();
    assert!(keys.iter().all(|key| key.record.disabled) && keys.len() == 1);
    assert!(world.store.api_key(&digest).await.unwrap().unwrap().disabled);
    // Whoever was erased since has no history from before; the rest agrees.
    let later = world.clock.now().plus_seconds(86_400);
    let findings = world.store.check(&world.items().await, later).await.unwrap();
    let left: Vec<_> =
        findings.iter().map(|finding| (finding.fault.name(), finding.user_id.clone())).collect();
    // In this world no stream is read that would have tidied up after Carol.
    assert_eq!(left, [("left-behind", Some(id("carol")))]);
}

#[tokio::test]
async fn a_mark_of_an_erased_user_says_no_more_than_how_far_the_source_had_got() {
    let world = World::new().await;
    change(&world, "alice", json!({"nickname": "Al"})).await;
    let mark: Mark =
        serde_json::from_value(json!({"attributes": {"city": 7}, "erased": 0, "revision": 0})).unwrap();
    world.store.put_mark(&id("alice"), "crm", &mark).await.unwrap();
    back_up(&world).await;
    lose(&world, "alice").await;
    world.erase("alice", 2).await;
    let items = backed_up(&world).await;
    let others = world.store.restore_others(&items).await.unwrap();
    assert_eq!((count(&others, &Restored::Written), count(&others, &Restored::Erased)), (1, 1));
    let (_, mark) = world.store.read_marked(&id("alice"), "crm").await.unwrap();
    assert!(mark.attributes.is_empty());
    assert_eq!(mark.erased, 7);
}

#[tokio::test]
async fn history_of_a_life_before_an_erasure_stays_away() {
    let world = World::new().await;
    change(&world, "alice", json!({"nickname": "Al"})).await;
    back_up(&world).await;
    let erase = Request::delete_profile("alice").bearer(&world.token("alice"));
    assert_eq!(world.send(&erase).await.status, 204);
    lose(&world, "alice").await;
    world.erase("alice", 2).await;
    world.clock.forward(60);
    let anew = Request::put_profile("alice").bearer(&world.admin_token("max")).json(&json!({}));
    assert_eq!(world.send(&anew.header("If-None-Match", "*")).await.status, 200);
    let others = world.store.restore_others(&backed_up(&world).await).await.unwrap();
    assert_eq!(others, [Restored::Erased]);
}
