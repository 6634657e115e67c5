//! `events republish`: for consumers that missed what the stream no longer holds.

use super::{invoke, publish_changes, write};
use clap::Parser;
use clap::error::ErrorKind;
use local::commands::CommandLine;
use local::record::{Record, RecordedFunction, Tenancy};
use serde_json::{Value, json};
use std::process::ExitCode;
use tests::bus::detail;
use tests::{Bus, World};

/// Runs the command on a stack that is this world with this bus.
async fn republish(world: &World, bus: &Bus, from: &str) -> Result<ExitCode, String> {
    let directory = tempfile::tempdir().unwrap();
    let tenancy = Tenancy::take(directory.path()).unwrap();
    let environment = [
        ("EVENT_BUS", "profile-events"),
        ("EVENT_VALUES", "bio"),
        ("AWS_ENDPOINT_URL_EVENTBRIDGE", bus.endpoint()),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let function = RecordedFunction { binary: "publish-changes".into(), environment };
    let record = json!({
        "url": "http://127.0.0.1:3000", "dynamodb_endpoint": world.wire.endpoint(), "services_endpoint": bus.endpoint(),
        "queues": {}, "table": world.table,
        "region": "us-east-1", "functions": {"publish-changes": function},
    });
    tenancy.publish(&serde_json::from_value::<Record>(record).unwrap()).unwrap();
    let data = directory.path().to_str().unwrap();
    let command = ["local", "events", "republish", "--from", from, "--data", data];
    let command = CommandLine::try_parse_from(command).map_err(|error| error.kind().to_string())?;
    command.run().await.map_err(|failure| failure.to_string())
}

fn sorted_details(calls: &[Vec<Value>]) -> Vec<(Value, Value)> {
    let mut details: Vec<(Value, Value)> =
        calls.concat().iter().map(|entry| (entry["DetailType"].clone(), detail(entry))).collect();
    details.sort_by_key(|(_, detail)| detail["user_id"].to_string());
    details
}

#[tokio::test]
async fn current_versions_go_out_again_with_their_own_ids() {
    let (world, bus) = (World::new().await, Bus::start().await);
    // One second apart, from 12:00:01 on.
    write(&world, &["ada", "ben", "cid", "ben"]).await;
    assert_eq!(republish(&world, &bus, "2026-04-03T14:00:03+02:00").await, Ok(ExitCode::SUCCESS));
    let whole = |id: String, user: &str, version: u64, time: &str, bio: &str| {
        let detail = json!({
            "schema_version": 1, "event_id": id, "user_id": user, "version": version, "time": time,
            "contract": "authms", "actor": "subject", "set": ["bio"], "changed": [], "removed": [],
            "values": {"bio": bio},
        });
        (json!("Profile Created"), detail)
    };
    let id = async |user| world.record(user).await.unwrap().change_id;
    let expected = [
        whole(id("ben").await, "ben", 2, "2026-04-03T12:00:04.000Z", "at 1775217604"),
        whole(id("cid").await, "cid", 1, "2026-04-03T12:00:03.000Z", "at 1775217603"),
    ];
    assert_eq!(sorted_details(&bus.calls()), expected);
    world.wire.calls();

    // The ids are those of the stream's own events.
    let trigger = publish_changes(&world, &bus, &[]).await;
    invoke(&trigger, &world.stream().await[2..]).await;
    let ids: Vec<Value> =
        sorted_details(&bus.calls()).into_iter().map(|(_, detail)| detail["event_id"].clone()).collect();
    assert_eq!(ids, expected.map(|(_, detail)| detail["event_id"].clone()));
}

#[tokio::test]
async fn erased_users_go_out_again_as_erased() {
    let (world, bus) = (World::new().await, Bus::start().await);
    super::schemas::erase(&world, "ada").await;
    assert_eq!(republish(&world, &bus, "2026-04-03T12:00:00Z").await, Ok(ExitCode::SUCCESS));
    let detail = json!({
        "schema_version": 1, "event_id": "change-4", "user_id": "ada", "version": 4,
        "time": "2026-04-03T12:00:00.000Z", "contract": "sync", "actor": "sync", "origin": "directory",
        "set": [], "changed": [], "removed": [],
    });
    assert_eq!(sorted_details(&bus.calls()), [(json!("Profile Erased"), detail)]);
    assert_eq!(republish(&world, &bus, "2026-04-03T12:00:01Z").await, Ok(ExitCode::SUCCESS));
    assert_eq!(bus.calls(), Vec::<Vec<Value>>::new());
}

#[tokio::test]
async fn more_than_one_page_of_the_table_is_read() {
    let (world, bus) = (World::new().await, Bus::start().await);
    let users: Vec<String> = (0..5).map(|number| format!("user{number}")).collect();
    write(&world, &users.iter().map(String::as_str).collect::<Vec<_>>()).await;
    // A scan's page ends after a megabyte; nothing else of the table is told.
    for number in 0..5 {
        let text = aws_sdk_dynamodb::types::AttributeValue::S("x".repeat(300 * 1024));
        let key = |text: String| aws_sdk_dynamodb::types::AttributeValue::S(text);
        let put = world.database.put_item().table_name(&world.table);
        let put = put.item("PK", key(format!("USER#user{number}"))).item("SK", key("A".into()));
        put.item("updated_at", text).send().await.unwrap();
    }
    assert_eq!(republish(&world, &bus, "2026-04-03T12:00:00Z").await, Ok(ExitCode::SUCCESS));
    let told: Vec<Value> =
        sorted_details(&bus.calls()).into_iter().map(|(_, detail)| detail["user_id"].clone()).collect();
    assert_eq!(told, users);
    let scans = world.wire.calls().iter().filter(|call| *call == "Scan").count();
    assert!(scans > 1, "{scans}");
}

#[tokio::test]
async fn what_the_bus_does_not_take_is_told() {
    let (world, bus) = (World::new().await, Bus::start().await);
    write(&world, &["ada", "ben"]).await;
    bus.refuse("ada", 1);
    let failure = "the event bus did not take all; 1 versions are published, run it again for the rest";
    assert_eq!(republish(&world, &bus, "2026-04-03T12:00:00Z").await, Err(failure.to_owned()));
    let usage = republish(&world, &bus, "yesterday").await;
    assert_eq!(usage, Err(ErrorKind::ValueValidation.to_string()));
}
