//! Other systems' sync requests, and the function that carries them out.

use crate::{Bus, Canaries, Options, World};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value, json};
use shared::trigger::Trigger;
use std::collections::BTreeMap;
use triggers::SyncProfiles;

/// Where refused requests go.
pub const DEAD_LETTERS: &str = "https://sqs.test/dead-letters";

/// The configured sources: `crm` proves nothing, `idp` proves contacts.
pub const SOURCES: &str = r#"[
    {"source": "crm", "attributes": ["username", "nickname", "city", "phone", "email", "social_links", "custom_fields"]},
    {"source": "idp", "attributes": ["name", "bio", "phone", "email"], "asserts_verified": true}
]"#;

/// A world with the function behind a queue.
pub struct Inbox {
    /// The table and the five contracts on it.
    pub world: World,
    /// Where refused requests go.
    pub queue: Bus,
    function: SyncProfiles,
}

impl Inbox {
    /// An empty table, nothing delivered yet.
    pub async fn open() -> Self {
        Self::with_sources(SOURCES).await
    }

    /// The same with other sources.
    pub async fn with_sources(sources: &str) -> Self {
        let (world, queue) = (World::with(Options::default()).await, Bus::start().await);
        let settings = [("SYNC_SOURCES", sources), ("SYNC_DLQ_URL", DEAD_LETTERS)];
        let function = world.trigger(queue.sdk().await, &settings);
        Self { world, queue, function }
    }

    /// Delivers one batch; which of its messages are to be delivered again, counted from 0.
    pub async fn deliver(&self, bodies: &[Value]) -> Vec<usize> {
        self.deliver_texts(&bodies.iter().map(Value::to_string).collect::<Vec<_>>()).await
    }

    /// The same, with bodies letter for letter.
    pub async fn deliver_texts(&self, bodies: &[String]) -> Vec<usize> {
        for body in bodies {
            let request: Value = serde_json::from_str(body).unwrap_or_default();
            Canaries::of_this_test().add_said(&request["detail"]["attributes"]);
        }
        let records = bodies.iter().enumerate().map(|(index, body)| {
            json!({
                "messageId": index.to_string(), "receiptHandle": "handle", "body": body,
                "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {},
                "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:sync",
            })
        });
        self.invoke(json!({"Records": records.collect::<Vec<_>>()})).await
    }

    /// Hands the function an invocation event as it is.
    pub async fn invoke(&self, event: Value) -> Vec<usize> {
        let answer = self.function.handle(serde_json::from_value(event).unwrap(), None).await;
        let answer = serde_json::to_value(answer).unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap();
        failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap().parse().unwrap()).collect()
    }

    /// The dead letters since the last time this was asked: their bodies, and their reasons.
    pub fn dead_letters(&self) -> Vec<(String, Value)> {
        let letter = |request: Value| {
            let body = request["MessageBody"].as_str().unwrap().to_owned();
            let attribute = &request["MessageAttributes"]["reason"];
            let reason = serde_json::from_str(attribute["StringValue"].as_str().unwrap()).unwrap();
            let expected = json!({"QueueUrl": DEAD_LETTERS, "MessageBody": body,
                "MessageAttributes": {"reason": {"DataType": "String", "StringValue": attribute["StringValue"]}}});
            assert_eq!(request, expected);
            (body, reason)
        };
        self.queue.requests().into_iter().map(letter).collect()
    }

    /// The whole table by key, without the random ids of changes.
    pub async fn table(&self) -> BTreeMap<String, Value> {
        let mut table = BTreeMap::new();
        for item in self.world.items().await {
            let mut item: Map<String, Value> =
                item.into_iter().map(|(name, value)| (name, plain(value))).collect();
            let key = format!("{} {}", text(item.remove("PK")), text(item.remove("SK")));
            for id in ["change_id", "previous_change_id"].into_iter().filter_map(|name| item.remove(name)) {
                assert_eq!(text(Some(id)).len(), 36);
            }
            table.insert(key, Value::Object(item));
        }
        table
    }
}

/// A `Profile Sync Requested` event as EventBridge delivers it.
pub fn event(source: &str, detail: Value) -> Value {
    json!({
        "version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Profile Sync Requested",
        "source": source, "account": "123456789012", "time": "2026-04-03T11:59:59Z", "region": "us-east-1",
        "resources": [], "detail": detail,
    })
}

/// A request to change attributes.
pub fn upsert(source: &str, user_id: &str, sequence: u64, attributes: Value) -> Value {
    let detail =
        json!({"user_id": user_id, "operation": "upsert", "sequence": sequence, "attributes": attributes});
    event(source, detail)
}

/// A request to erase a user.
pub fn erase(source: &str, user_id: &str, sequence: u64) -> Value {
    event(source, json!({"user_id": user_id, "operation": "erase", "sequence": sequence}))
}

fn text(value: Option<Value>) -> String {
    value.unwrap().as_str().unwrap().to_owned()
}

/// A stored value as JSON says it.
pub fn plain(value: AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => Value::String(text),
        AttributeValue::N(digits) => serde_json::from_str(&digits).unwrap(),
        AttributeValue::Bool(flag) => Value::Bool(flag),
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::L(values) => values.into_iter().map(plain).collect(),
        AttributeValue::M(members) => members.into_iter().map(|(name, value)| (name, plain(value))).collect(),
        AttributeValue::B(bytes) => Value::String(shared::entropy::hex(bytes.as_ref())),
        other => panic!("no item holds {other:?}"),
    }
}
