//! A record that nobody can read never blocks the others.

use super::{QUEUE, again_from, calls, done, invoke, publish_changes, versions, write};
use serde_json::{Value, json};
use tests::{Bus, World};

/// What makes a record undecodable, and the `user` that is still known of it.
fn spoilt_records(good: &Value) -> Vec<(&'static str, Value, Option<&'static str>)> {
    let spoilt = |spoil: &dyn Fn(&mut Value)| {
        let mut record = good.clone();
        spoil(&mut record["dynamodb"]);
        record
    };
    vec![
        (
            "no version",
            spoilt(&|d| drop(d["NewImage"].as_object_mut().unwrap().remove("version"))),
            Some("ben"),
        ),
        ("no change id", spoilt(&|d| d["NewImage"]["change_id"] = json!({"N": "1"})), Some("ben")),
        ("no item", spoilt(&|d| d["NewImage"] = json!({"version": "1"})), Some("ben")),
        ("deleted by hand", spoilt(&|d| drop(d.as_object_mut().unwrap().remove("NewImage"))), Some("ben")),
        ("a bad old image", spoilt(&|d| d["OldImage"] = json!({})), Some("ben")),
        (
            "nobody's",
            spoilt(&|d| {
                d["Keys"]["PK"] = json!({"S": "USER#"});
                d["NewImage"]["PK"] = json!({"S": "USER#"});
            }),
            None,
        ),
        ("no keys", spoilt(&|d| d["Keys"] = json!(null)), None),
    ]
}

#[tokio::test]
async fn an_undecodable_record_goes_to_the_queue_and_the_others_to_the_bus() {
    let (world, bus) = (World::new().await, Bus::start().await);
    write(&world, &["ada", "ben", "cid"]).await;
    let (trigger, records) = (publish_changes(&world, &bus, &[]).await, world.stream().await);
    for (case, spoilt, user) in spoilt_records(&records[1]) {
        let message = json!({
            "reason": "undecodable", "sequence_number": spoilt["dynamodb"]["SequenceNumber"],
            "event_id": spoilt["eventID"], "user": user,
        });
        let batch = [records[0].clone(), spoilt, records[2].clone()];
        assert_eq!(invoke(&trigger, &batch).await, done(), "{case}");
        assert_eq!(bus.messages(), [(QUEUE.to_owned(), message)], "{case}");
        assert_eq!(versions(&bus.calls()), calls(&[&["ada 1", "cid 1"]]), "{case}");
    }
}

#[tokio::test]
async fn a_record_that_is_no_object_spoils_nothing() {
    let (world, bus) = (World::new().await, Bus::start().await);
    write(&world, &["ada"]).await;
    let (trigger, records) = (publish_changes(&world, &bus, &[]).await, world.stream().await);
    assert_eq!(invoke(&trigger, &[json!("?"), records[0].clone()]).await, done());
    let message = json!({"reason": "undecodable", "sequence_number": null, "event_id": null, "user": null});
    assert_eq!(bus.messages(), [(QUEUE.to_owned(), message)]);
    assert_eq!(versions(&bus.calls()), calls(&[&["ada 1"]]));
}

#[tokio::test]
async fn while_the_queue_is_down_an_undecodable_record_comes_again() {
    let (world, bus) = (World::new().await, Bus::start().await);
    write(&world, &["ada", "ben", "cid"]).await;
    let (trigger, mut records) = (publish_changes(&world, &bus, &[]).await, world.stream().await);
    records[1]["dynamodb"]["NewImage"] = json!({});
    bus.spoil("SendMessage", 3);
    assert_eq!(invoke(&trigger, &records).await, again_from(&records[1]));
    assert_eq!(bus.messages(), []);
    assert_eq!(versions(&bus.calls()), calls(&[&["ada 1", "cid 1"]]), "the others do not wait");
    assert_eq!(invoke(&trigger, &records[1..]).await, done());
    assert_eq!(bus.messages().len(), 1);
}

#[tokio::test]
async fn a_record_without_a_number_that_must_come_again_brings_the_whole_batch() {
    let (world, bus) = (World::new().await, Bus::start().await);
    let trigger = publish_changes(&world, &bus, &[]).await;
    bus.spoil("SendMessage", 3);
    let answer = json!({"batchItemFailures": [{"itemIdentifier": ""}]});
    assert_eq!(invoke(&trigger, &[json!({})]).await, answer);
}
