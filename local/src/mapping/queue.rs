//! From a queue to a function.

use super::{Pauses, Stop, Verdict, pause, stopped, verdict};
use crate::failure::Result;
use crate::queues::{Attribute, Queues, Received};
use crate::runtime::Function;
use crate::template::{QueueSource, REGION, queue_arn};
use serde_json::{Map, Value as Json, json};
use tokio::task::JoinSet;

/// Gives a queue's messages to a function and deletes those that it does not report as failed. The others come back when
/// the queue shows them again.
#[derive(Clone)]
pub struct QueueMapping {
    queues: Queues,
    source: QueueSource,
    function: Function,
}

impl QueueMapping {
    /// A mapping of the queue that the source names.
    pub const fn new(queues: Queues, source: QueueSource, function: Function) -> Self {
        Self { queues, source, function }
    }

    /// Works until it is stopped; invocations that run then are awaited.
    pub async fn run(self, stop: Stop) {
        let mut workers = JoinSet::new();
        for _ in 0..self.source.concurrency {
            workers.spawn(self.clone().work(stop.clone()));
        }
        workers.join_all().await;
    }

    async fn work(self, mut stop: Stop) {
        let mut pauses = Pauses::new();
        while !*stop.borrow() {
            tokio::select! {
                () = stopped(&mut stop) => return,
                _ = self.queues.wait(&self.source.queue) => {}
            }
            match self.step().await {
                Ok(()) => pauses = Pauses::new(),
                Err(failure) => {
                    self.function.tell(&failure.to_string());
                    pause(pauses.next(), &mut stop).await;
                }
            }
        }
    }

    async fn step(&self) -> Result<()> {
        let queue = &self.source.queue;
        let received = self.queues.receive(queue, self.source.batch_size, None)?;
        if received.is_empty() {
            return Ok(());
        }
        let records: Vec<Json> = received.iter().map(|received| record(queue, received)).collect();
        let sent = received.iter().map(|received| received.message.id.clone()).collect();
        let answer = self.function.invoke(json!({"Records": records}).to_string(), "").await;
        if let Verdict::Failed(failed) = verdict(answer, &sent) {
            for done in received.iter().filter(|received| !failed.contains(&received.message.id)) {
                self.queues.delete(queue, &done.receipt)?;
            }
        }
        Ok(())
    }
}

/// A message as Lambda gives it to a function.
fn record(queue: &str, received: &Received) -> Json {
    let message = &received.message;
    let attribute = |(name, attribute): (&String, &Attribute)| {
        let value = json!({
            "stringValue": attribute.string_value,
            "stringListValues": [],
            "binaryListValues": [],
            "dataType": attribute.data_type,
        });
        (name.clone(), value)
    };
    let attributes: Map<String, Json> = message.attributes.iter().map(attribute).collect();
    json!({
        "messageId": message.id,
        "receiptHandle": received.receipt,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": message.receives.to_string(),
            "SentTimestamp": message.sent.to_string(),
            "SenderId": "local",
            "ApproximateFirstReceiveTimestamp": message.first_received.unwrap_or_default().to_string(),
        },
        "messageAttributes": attributes,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn(queue),
        "awsRegion": REGION,
    })
}
