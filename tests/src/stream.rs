//! The engine's stream of the table, read over the wire as Lambda's poller reads DynamoDB's, and the function behind it.

use crate::wire::call;
use crate::{Bus, World};
use serde_json::{Value, json};
use shared::trigger::Trigger;
use triggers::PublishChanges;

/// `publish-changes`, which is handed each record until it is done with it.
pub struct Follower {
    /// Where its events go.
    pub bus: Bus,
    function: PublishChanges,
    done: usize,
}

impl Follower {
    /// The function of this world, at the beginning of its stream.
    pub async fn of(world: &World) -> Self {
        let bus = Bus::start().await;
        let settings = [("EVENT_BUS", "changes"), ("FAILED_CHANGES_QUEUE_URL", "https://sqs.test/failed")];
        Self { function: world.trigger(bus.sdk().await, &settings), bus, done: 0 }
    }

    /// Hands it what it is not done with; whether it now is.
    pub async fn follow(&mut self, world: &World) -> bool {
        let records = world.stream().await;
        let batch = serde_json::from_value(json!({"Records": &records[self.done..]})).unwrap();
        let answer = serde_json::to_value(self.function.handle(batch, None).await).unwrap();
        let failed = answer["batchItemFailures"].get(0).map(|failure| &failure["itemIdentifier"]);
        let again = |number: &Value| {
            records.iter().position(|record| record["dynamodb"]["SequenceNumber"] == *number).unwrap()
        };
        self.done = failed.map_or(records.len(), again);
        failed.is_none()
    }

    /// Has it begin again, as after a checkpoint that was lost.
    pub const fn forget(&mut self) {
        self.done = 0;
    }
}

impl World {
    /// Every record of the table's stream that lets only profiles through, from the first on, as Lambda hands them
    /// over.
    pub async fn stream(&self) -> Vec<Value> {
        let streams = self.read_stream("ListStreams", &json!({"TableName": self.table})).await;
        let arn = &streams["Streams"][0]["StreamArn"];
        let stream = self.read_stream("DescribeStream", &json!({"StreamArn": arn})).await;
        let mut records = Vec::new();
        for shard in stream["StreamDescription"]["Shards"].as_array().unwrap() {
            let from_first =
                json!({"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"});
            let first = self.read_stream("GetShardIterator", &from_first).await;
            let mut iterator = first["ShardIterator"].clone();
            // An open shard has no last page, but one without records.
            while iterator.is_string() {
                let page = self.read_stream("GetRecords", &json!({"ShardIterator": iterator})).await;
                let found = page["Records"].as_array().unwrap();
                iterator = if found.is_empty() { Value::Null } else { page["NextShardIterator"].clone() };
                records.extend(found.iter().cloned());
            }
        }
        records.retain(|record| record["dynamodb"]["Keys"]["SK"] == json!({"S": "PROFILE"}));
        records
    }

    async fn read_stream(&self, operation: &str, request: &Value) -> Value {
        let target = format!("DynamoDBStreams_20120810.{operation}");
        call(self.database.endpoint(), &target, request).await
    }
}
