//! In which order changes go out, and what comes again.

use super::{again_from, calls, configured, done, invoke, publish_changes, versions, write};
use serde_json::{Value, json};
use tests::bus::detail;
use tests::{Bus, Request, World};

#[tokio::test]
async fn a_real_change_goes_out_as_it_is_documented() {
    let (world, bus) = (World::new().await, Bus::start().await);
    let request = Request::put_profile("ada").bearer(&world.token("ada"));
    assert_eq!(
        world.send(&request.clone().json(&json!({"first_name": "Ada", "city": "London"}))).await.status,
        200
    );
    world.clock.forward(60);
    let second = json!({"first_name": "Augusta", "bio": "Analyst", "city": null});
    assert_eq!(world.send(&request.json(&second)).await.status, 200);
    let record = world.record("ada").await.unwrap();

    let trigger = publish_changes(&world, &bus, &[("EVENT_VALUES", "bio")]).await;
    let records = world.stream().await;
    assert_eq!(invoke(&trigger, &records[1..]).await, done());
    let mut sent = bus.calls();
    let expected = json!({
        "schema_version": 1, "event_id": record.change_id, "user_id": "ada", "version": 2,
        "time": "2026-04-03T12:01:00.000Z", "contract": "authms", "actor": "subject",
        "set": ["bio"], "changed": ["first_name"], "removed": ["city"], "values": {"bio": "Analyst"},
    });
    assert_eq!(detail(&sent[0][0]), expected);
    sent[0][0]["Detail"] = Value::Null;
    assert_eq!(
        sent,
        [[json!({
            "EventBusName": "profile-events", "Source": "profile-service", "DetailType": "Profile Updated",
            "Time": 1_775_217_660, "Detail": null,
        })]]
    );
}

#[tokio::test]
async fn no_call_holds_two_versions_of_one_user() {
    let (world, bus) = (World::new().await, Bus::start().await);
    write(&world, &["ada", "ben", "ada", "cid", "ada", "ben"]).await;
    let trigger = publish_changes(&world, &bus, &[]).await;
    assert_eq!(invoke(&trigger, &world.stream().await).await, done());
    let expected = calls(&[&["ada 1", "ben 1", "cid 1"], &["ada 2", "ben 2"], &["ada 3"]]);
    assert_eq!(versions(&bus.calls()), expected);
}

#[tokio::test]
async fn a_call_holds_ten_entries_at_most() {
    let (world, bus) = (World::new().await, Bus::start().await);
    let users: Vec<String> = (10..22).map(|number| format!("user{number}")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    write(&world, &users).await;
    let trigger = publish_changes(&world, &bus, &[]).await;
    assert_eq!(invoke(&trigger, &world.stream().await).await, done());
    assert_eq!(bus.calls().iter().map(Vec::len).collect::<Vec<_>>(), [10, 2]);
}

#[tokio::test]
async fn a_call_holds_256_kib_at_most() {
    let (world, bus) = (World::new().await, Bus::start().await);
    let users = ["u1", "u2", "u3", "u4", "u5", "u6", "u7"];
    write(&world, &users).await;
    let mut records = world.stream().await;
    for record in &mut records {
        record["dynamodb"]["NewImage"]["bio"]["S"] = json!("x".repeat(60 * 1024));
    }
    records[6]["dynamodb"]["NewImage"]["bio"]["S"] = json!("x".repeat(256 * 1024));
    let trigger = publish_changes(&world, &bus, &[("EVENT_VALUES", "bio")]).await;
    assert_eq!(invoke(&trigger, &records).await, done());
    let sent = bus.calls();
    let expected = calls(&[&["u1 1", "u2 1", "u3 1", "u4 1"], &["u5 1", "u6 1", "u7 1"]]);
    assert_eq!(versions(&sent), expected);
    let told: Vec<bool> = sent.concat().iter().map(|entry| detail(entry).get("values").is_some()).collect();
    assert_eq!(told, [true, true, true, true, true, true, false], "only the one without room");
}

#[tokio::test]
async fn after_a_failed_entry_that_users_later_versions_wait() {
    let (world, bus) = (World::new().await, Bus::start().await);
    write(&world, &["ben", "ada", "ben", "ada", "ada", "ben"]).await;
    let (trigger, records) = (publish_changes(&world, &bus, &[]).await, world.stream().await);
    bus.refuse("ada", 2);
    assert_eq!(invoke(&trigger, &records).await, again_from(&records[3]));
    let first = bus.calls();
    let expected = calls(&[&["ben 1", "ada 1"], &["ben 2", "ada 2"], &["ben 3"]]);
    assert_eq!(versions(&first), expected);

    // Lambda comes back from there; what goes out twice has the same id.
    assert_eq!(invoke(&trigger, &records[3..]).await, done());
    let second = bus.calls();
    assert_eq!(versions(&second), calls(&[&["ada 2", "ben 3"], &["ada 3"]]));
    assert_eq!(detail(&second[0][1]), detail(&first[2][0]));
}

#[tokio::test]
async fn the_earliest_of_several_failures_is_answered() {
    let (world, bus) = (World::new().await, Bus::start().await);
    write(&world, &["ada", "ben", "cid", "ada", "ben"]).await;
    let (trigger, records) = (publish_changes(&world, &bus, &[]).await, world.stream().await);
    bus.refuse("cid", 1);
    bus.refuse("ben", 1);
    assert_eq!(invoke(&trigger, &records).await, again_from(&records[1]));
    assert_eq!(versions(&bus.calls()), calls(&[&["ada 1", "ben 1", "cid 1"], &["ada 2"]]));
}

#[tokio::test]
async fn a_call_that_fails_as_a_whole_ends_the_attempt() {
    let (world, bus) = (World::new().await, Bus::start().await);
    write(&world, &["ada", "ben", "ada"]).await;
    let (trigger, records) = (publish_changes(&world, &bus, &[]).await, world.stream().await);
    bus.spoil("PutEvents", 3);
    assert_eq!(invoke(&trigger, &records).await, again_from(&records[0]));
    assert_eq!(bus.calls(), Vec::<Vec<Value>>::new());

    // One attempt of a call may fail without anybody noticing.
    bus.spoil("PutEvents", 1);
    assert_eq!(invoke(&trigger, &records).await, done());
    assert_eq!(versions(&bus.calls()), calls(&[&["ada 1", "ben 1"], &["ada 2"]]));
}

#[tokio::test]
async fn a_slow_bus_still_gets_on_from_batch_to_batch() {
    let (world, bus) = (World::new().await, Bus::start().await);
    write(&world, &["ada", "ada", "ada", "ada"]).await;
    let (trigger, records) = (publish_changes(&world, &bus, &[]).await, world.stream().await);
    bus.slow_down(&world.clock, 15);
    assert_eq!(invoke(&trigger, &records).await, again_from(&records[2]));
    assert_eq!(versions(&bus.calls()), calls(&[&["ada 1"], &["ada 2"]]));
    assert_eq!(invoke(&trigger, &records[2..]).await, done());
    assert_eq!(versions(&bus.calls()), calls(&[&["ada 3"], &["ada 4"]]));
}

#[tokio::test]
async fn while_the_bus_is_down_nothing_is_lost() {
    let (world, bus) = (World::new().await, Bus::start().await);
    write(&world, &["ada"]).await;
    let (trigger, records) = (publish_changes(&world, &bus, &[]).await, world.stream().await);
    drop(bus);
    assert_eq!(invoke(&trigger, &records).await, again_from(&records[0]));
}

#[tokio::test]
async fn what_changed_nothing_or_is_no_profile_gives_no_event() {
    let (world, bus) = (World::new().await, Bus::start().await);
    write(&world, &["ada", "ada"]).await;
    let mut records = world.stream().await;
    // The same version twice, as a write that was repeated shows itself.
    let image = records[1]["dynamodb"]["OldImage"].clone();
    records[1]["dynamodb"]["NewImage"] = image;
    // A stream without a filter would bring this.
    records[0]["dynamodb"]["Keys"] = json!({"PK": {"S": "SYNC#ada"}, "SK": {"S": "SYNC#crm"}});
    let trigger = publish_changes(&world, &bus, &[]).await;
    assert_eq!(invoke(&trigger, &records).await, done());
    assert_eq!((bus.calls(), bus.messages()), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn wrong_settings_are_told_at_once() {
    let (world, bus) = (World::new().await, Bus::start().await);
    let wrong = [("EVENT_SOURCE", "aws.profiles"), ("EVENT_VALUES", "bio, password")];
    let error = configured(&world, &bus, &wrong).await.map(drop).unwrap_err();
    assert_eq!(
        error.to_string(),
        "wrong settings: EVENT_BUS is not set; EVENT_SOURCE must not begin with aws. and not be longer than 256 \
         bytes; EVENT_VALUES names something that is no attribute; FAILED_CHANGES_QUEUE_URL is not set"
    );
}
