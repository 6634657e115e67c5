//! The published schemas, against what really goes out.

use super::{done, invoke, publish_changes, write};
use aws_sdk_dynamodb::types::AttributeValue;
use jsonschema::Validator;
use serde_json::{Value, json};
use shared::auth::Role;
use shared::events::Kind;
use shared::profile::{Attribute, Contact};
use tests::bus::detail;
use tests::{Bus, Request, World};

/// A schema's file and what it says.
fn schema(name: &str) -> Value {
    let path = format!("{}/../docs/events/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
    let schema = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(jsonschema::draft202012::meta::is_valid(&schema), "{name}");
    schema
}

fn validator(schema: &Value) -> Validator {
    jsonschema::options().should_validate_formats(true).build(schema).unwrap()
}

fn name_of(kind: Kind) -> String {
    kind.detail_type().to_lowercase().replace(' ', "-")
}

/// The event that EventBridge makes of an entry.
fn event(entry: &Value) -> Value {
    json!({
        "version": "0", "id": "00000000-0000-0000-0000-000000000000", "account": "000000000000",
        "region": "us-east-1", "resources": [], "time": "2026-04-03T12:00:00Z",
        "source": entry["Source"], "detail-type": entry["DetailType"], "detail": detail(entry),
    })
}

/// One event of each kind, as it really goes out: of users' own changes, of a machine's, of an erasure.
async fn real_events() -> Vec<Value> {
    let (world, bus) = (World::new().await, Bus::start().await);
    write(&world, &["1001", "1001"]).await;
    let system = Request::update_user("1001").bearer(&world.api_key(Role::Admin).await);
    let body = json!({
        "userName": "augusta", "email": "ada@example.com", "phone": "13800000099", "role": "User",
        "avatar": "https://example.com/a.png",
    });
    assert_eq!(world.send(&system.json(&body)).await.body["code"], "0000");
    erase(&world, "1001").await;
    write(&world, &["ben"]).await;
    let settings = [("EVENT_VALUES", "bio email phone"), ("EVENT_SOURCE", "profiles.test")];
    let trigger = publish_changes(&world, &bus, &settings).await;
    assert_eq!(invoke(&trigger, &world.stream().await).await, done());
    bus.calls().concat().iter().map(event).collect()
}

/// Leaves what an erasure leaves.
pub(super) async fn erase(world: &World, user: &str) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let by = [("contract", "sync"), ("actor", "sync"), ("origin", "directory")];
    let by = by.map(|(name, value)| (name.to_owned(), text(value))).into();
    let put = world.database.put_item().table_name(&world.table);
    let put = put.item("PK", text(&format!("USER#{user}"))).item("SK", text("PROFILE"));
    let put = put.item("version", AttributeValue::N("4".into())).item("change_id", text("change-4"));
    let put = put.item("erased_at", AttributeValue::N("1775217600000".into()));
    put.item("changed_by", AttributeValue::M(by)).send().await.unwrap();
}

#[tokio::test]
async fn each_kind_of_real_event_keeps_its_own_schema_and_no_other() {
    let events = real_events().await;
    let kinds: Vec<&Value> = events.iter().map(|event| &event["detail-type"]).collect();
    let expected = [
        "Profile Created",
        "Profile Created",
        "Profile Updated",
        "Profile Contact Changed",
        "Profile Erased",
    ];
    assert_eq!(kinds, expected);
    for kind in Kind::ALL {
        let schema = schema(&name_of(kind));
        let validator = validator(&schema);
        for event in &events {
            let errors: Vec<String> = validator.iter_errors(event).map(|error| error.to_string()).collect();
            assert_eq!(errors.is_empty(), event["detail-type"] == kind.detail_type(), "{event} {errors:?}");
        }
    }
}

#[tokio::test]
async fn a_real_event_has_no_member_that_its_schema_does_not_describe() {
    for event in real_events().await {
        let name = event["detail-type"].as_str().unwrap().to_lowercase().replace(' ', "-");
        let schema = schema(&name);
        let described = schema["properties"]["detail"]["properties"].as_object().unwrap();
        for member in event["detail"].as_object().unwrap().keys() {
            assert!(described.contains_key(member), "{name}: {member}");
        }
    }
}

#[tokio::test]
async fn a_schema_refuses_what_its_event_never_says() {
    let mut events = real_events().await.into_iter();
    let mut event = |kind: Kind| events.find(|event| event["detail-type"] == kind.detail_type()).unwrap();
    let events = Kind::ALL.map(&mut event);
    let wrong: [(&str, Value); 11] = [
        ("schema_version", json!(2)),
        ("event_id", json!("")),
        ("user_id", json!("ada@example.com")),
        ("version", json!(0)),
        ("time", json!("yesterday")),
        ("actor", json!("somebody")),
        ("origin", json!(null)),
        ("set", json!(["password"])),
        ("changed", json!("nickname")),
        ("removed", json!(["bio", "bio"])),
        ("values", json!({"password": "x"})),
    ];
    for event in events {
        let validator =
            validator(&schema(&event["detail-type"].as_str().unwrap().to_lowercase().replace(' ', "-")));
        assert!(validator.is_valid(&event), "{event}");
        for (member, value) in &wrong {
            let mut event = event.clone();
            event["detail"][member] = value.clone();
            assert!(!validator.is_valid(&event), "{event}");
        }
    }
}

/// The examples of the documentation: its JSON blocks.
fn documented() -> Vec<Value> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/events.md")).unwrap();
    let blocks = text.split("```json\n").skip(1).map(|block| block.split("```").next().unwrap());
    blocks.map(|block| serde_json::from_str(block).unwrap()).collect()
}

/// Without what is another in each run.
fn lasting(mut event: Value) -> Value {
    event["detail"]["event_id"] = Value::Null;
    event
}

#[tokio::test]
async fn the_documentation_shows_real_events_and_good_requests() {
    let (ours, requests): (Vec<Value>, Vec<Value>) =
        documented().into_iter().partition(|event| event["source"] == "profiles.test");
    let real: Vec<Value> =
        real_events().await.into_iter().filter(|event| event["detail"]["user_id"] == "1001").collect();
    assert_eq!(
        ours.into_iter().map(lasting).collect::<Vec<_>>(),
        real.into_iter().map(lasting).collect::<Vec<_>>()
    );
    let validator = validator(&schema("profile-sync-requested"));
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert!(validator.is_valid(&request), "{request}");
    }
}

#[test]
fn schemas_know_every_name() {
    let mut names: Vec<&str> = Attribute::ALL.iter().map(|attribute| attribute.name()).collect();
    let mut writable: Vec<&str> = names.iter().copied().filter(|name| *name != "role").collect();
    names.extend(Contact::ALL.map(Contact::verified_name));
    names.sort_unstable();
    writable.sort_unstable();
    for kind in Kind::ALL {
        assert_eq!(schema(&name_of(kind))["$defs"]["name"]["enum"], json!(names), "{kind:?}");
    }
    let request = schema("profile-sync-requested");
    let attributes = &request["properties"]["detail"]["properties"]["attributes"];
    assert_eq!(attributes["propertyNames"]["enum"], json!(writable));
}

#[test]
fn the_schema_of_sync_requests_tells_good_from_bad() {
    let validator = validator(&schema("profile-sync-requested"));
    let request =
        |detail: Value| json!({"source": "crm", "detail-type": "Profile Sync Requested", "detail": detail});
    let good = [
        json!({"user_id": "ada", "operation": "upsert", "sequence": 1, "attributes": {"nickname": "Ada", "bio": null}}),
        json!({"user_id": "ada", "operation": "upsert", "sequence": 9_007_199_254_740_992_u64,
               "attributes": {"custom_fields": {"a": 1}, "social_links": null}}),
        json!({"user_id": "ada", "operation": "erase", "sequence": 2}),
    ];
    for detail in good {
        assert!(validator.is_valid(&request(detail.clone())), "{detail}");
    }
    let change = |member: &str, value: Value| {
        let mut detail = json!({"user_id": "ada", "operation": "upsert", "sequence": 1, "attributes": {"nickname": "Ada"}});
        detail[member] = value;
        request(detail)
    };
    let bad = [
        change("user_id", json!("ada lovelace")),
        change("operation", json!("delete")),
        change("operation", json!("erase")),
        change("sequence", json!(0)),
        change("sequence", json!(9_007_199_254_740_993_u64)),
        change("sequence", json!(1.5)),
        change("attributes", json!({})),
        change("attributes", json!({"role": "Admin"})),
        change("attributes", json!({"password": "x"})),
        change("attributes", json!({"phone_verified": true})),
        change("attributes", json!({"nickname": 1})),
        change("attributes", json!({"custom_fields": "x"})),
        change("more", json!(1)),
        request(json!({"user_id": "ada", "operation": "upsert", "sequence": 1})),
    ];
    for request in bad {
        assert!(!validator.is_valid(&request), "{request}");
    }
}
