//! The sample events in `events/publish-changes` do what their names say.

use super::{QUEUE, calls, done, invoke, publish_changes, versions};
use serde_json::{Value, json};
use tests::{Bus, World};

#[tokio::test]
async fn each_sample_does_what_its_name_says() {
    let undecodable = json!({
        "reason": "undecodable", "sequence_number": "100000000000000000004", "event_id": "e4", "user": "sample-bob",
    });
    let cases = [
        ("good", calls(&[&["sample-ada 1"], &["sample-ada 2"], &["sample-ada 3"]]), vec![]),
        ("duplicate", calls(&[&["sample-ada 1"], &["sample-ada 1"]]), vec![]),
        ("poisoned", calls(&[&["sample-ada 1"], &["sample-ada 2"]]), vec![(QUEUE.to_owned(), undecodable)]),
    ];
    let (world, bus) = (World::new().await, Bus::start().await);
    let trigger = publish_changes(&world, &bus, &[]).await;
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/publish-changes");
    let mut samples: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    samples.sort();
    assert_eq!(samples, ["duplicate", "good", "poisoned"]);
    for (sample, sent, messages) in cases {
        let text = std::fs::read_to_string(format!("{directory}/{sample}.json")).unwrap();
        let event: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(invoke(&trigger, event["Records"].as_array().unwrap()).await, done(), "{sample}");
        assert_eq!(versions(&bus.calls()), sent, "{sample}");
        assert_eq!(bus.messages(), messages, "{sample}");
    }
}
