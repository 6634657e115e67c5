//! The calls of SQS that functions and operators make.

use super::{Backends, Refusal, read, unknown_operation};
use crate::queues::{Attribute, MAX_MESSAGE, Queues, Received};
use crate::template::queue_url;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout;

/// Longest that `ReceiveMessage` waits, in seconds.
const MAX_WAIT: u64 = 20;

/// Longest that a message may stay hidden, in seconds.
const MAX_VISIBILITY: u64 = 43_200;

const INVALID: &str = "com.amazonaws.sqs#InvalidParameterValue";

pub(super) async fn answer(backends: &Backends, operation: &str, body: &[u8]) -> Result<Json, Refusal> {
    let queues = &backends.queues;
    match operation {
        "SendMessage" => send(queues, read(INVALID, body)?).await,
        "ReceiveMessage" => receive(queues, read(INVALID, body)?).await,
        "DeleteMessage" => delete(queues, &read(INVALID, body)?),
        "ChangeMessageVisibility" => change_visibility(queues, &read(INVALID, body)?),
        "GetQueueUrl" => url(queues, &read(INVALID, body)?),
        "GetQueueAttributes" => attributes(queues, &read(INVALID, body)?),
        _ => Err(unknown_operation(operation)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SendMessage {
    queue_url: String,
    message_body: String,
    #[serde(default)]
    message_attributes: BTreeMap<String, Attribute>,
}

async fn send(queues: &Queues, request: SendMessage) -> Result<Json, Refusal> {
    let queue = queue(queues, &request.queue_url)?.to_owned();
    let attributes = request.message_attributes.iter();
    let attributes: usize =
        attributes.map(|(name, value)| name.len() + value.data_type.len() + value.string_value.len()).sum();
    if request.message_body.is_empty() || request.message_body.len() + attributes > MAX_MESSAGE {
        return Err(Refusal::new(INVALID, format!("a message has 1 to {MAX_MESSAGE} bytes")));
    }
    match queues.send(&queue, request.message_body, request.message_attributes).await {
        Ok(id) => Ok(json!({"MessageId": id})),
        Err(failure) => Err(Refusal::internal("InternalFailure", &failure)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ReceiveMessage {
    queue_url: String,
    max_number_of_messages: Option<usize>,
    visibility_timeout: Option<u64>,
    wait_time_seconds: Option<u64>,
    // Whichever are asked for, all are given.
    #[serde(rename = "AttributeNames")]
    _attribute_names: Option<Json>,
    #[serde(rename = "MessageSystemAttributeNames")]
    _message_system_attribute_names: Option<Json>,
    #[serde(rename = "MessageAttributeNames")]
    _message_attribute_names: Option<Json>,
}

async fn receive(queues: &Queues, request: ReceiveMessage) -> Result<Json, Refusal> {
    let queue = queue(queues, &request.queue_url)?;
    let most = request.max_number_of_messages.unwrap_or(1);
    let wait = request.wait_time_seconds.unwrap_or(0);
    if !(1..=10).contains(&most) || wait > MAX_WAIT {
        return Err(Refusal::new(INVALID, format!("1 to 10 messages, 0 to {MAX_WAIT} seconds")));
    }
    let visibility = request.visibility_timeout.map(visibility).transpose()?;
    if wait > 0 {
        // Whether there is one or not: what is there then is the answer.
        let _ = timeout(Duration::from_secs(wait), queues.wait(queue)).await;
    }
    let received = queues
        .receive(queue, most, visibility)
        .map_err(|failure| Refusal::internal("InternalFailure", &failure))?;
    let messages: Vec<Json> = received.iter().map(shown).collect();
    Ok(json!({"Messages": messages}))
}

fn shown(received: &Received) -> Json {
    let message = &received.message;
    json!({
        "MessageId": message.id,
        "ReceiptHandle": received.receipt,
        "Body": message.body,
        "Attributes": {
            "ApproximateReceiveCount": message.receives.to_string(),
            "SentTimestamp": message.sent.to_string(),
            "ApproximateFirstReceiveTimestamp": message.first_received.unwrap_or_default().to_string(),
        },
        "MessageAttributes": message.attributes,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Handled {
    queue_url: String,
    receipt_handle: String,
    visibility_timeout: Option<u64>,
}

fn delete(queues: &Queues, request: &Handled) -> Result<Json, Refusal> {
    let queue = queue(queues, &request.queue_url)?;
    let deleted = queues.delete(queue, &request.receipt_handle);
    deleted.map_err(|failure| Refusal::internal("InternalFailure", &failure))?;
    Ok(json!({}))
}

fn change_visibility(queues: &Queues, request: &Handled) -> Result<Json, Refusal> {
    let queue = queue(queues, &request.queue_url)?;
    let Some(seconds) = request.visibility_timeout else {
        return Err(Refusal::new(INVALID, "VisibilityTimeout is missing"));
    };
    match queues.show_after(queue, &request.receipt_handle, visibility(seconds)?) {
        Ok(true) => Ok(json!({})),
        _ => Err(Refusal::new("com.amazonaws.sqs#ReceiptHandleIsInvalid", "the receipt does not count")),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetQueueUrl {
    queue_name: String,
}

fn url(queues: &Queues, request: &GetQueueUrl) -> Result<Json, Refusal> {
    if queues.has(&request.queue_name) {
        Ok(json!({"QueueUrl": queue_url(&request.queue_name)}))
    } else {
        Err(no_queue())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetQueueAttributes {
    queue_url: String,
    // Whichever are asked for, all are given.
    #[serde(rename = "AttributeNames")]
    _attribute_names: Option<Json>,
}

fn attributes(queues: &Queues, request: &GetQueueAttributes) -> Result<Json, Refusal> {
    let queue = queue(queues, &request.queue_url)?;
    let internal = |failure| Refusal::internal("InternalFailure", &failure);
    let (arn, resource) = queues.describe(queue).map_err(internal)?;
    let depth = queues.depth(queue).map_err(internal)?;
    Ok(json!({"Attributes": {
        "QueueArn": arn,
        "ApproximateNumberOfMessages": depth.visible.to_string(),
        "ApproximateNumberOfMessagesNotVisible": depth.hidden.to_string(),
        "VisibilityTimeout": resource.visibility.as_secs().to_string(),
    }}))
}

/// The queue that a URL names, whatever host it gives.
fn queue<'a>(queues: &Queues, url: &'a str) -> Result<&'a str, Refusal> {
    let name = url.rsplit_once('/').map_or(url, |(_, name)| name);
    if queues.has(name) { Ok(name) } else { Err(no_queue()) }
}

fn no_queue() -> Refusal {
    Refusal::new("com.amazonaws.sqs#QueueDoesNotExist", "The specified queue does not exist.")
}

fn visibility(seconds: u64) -> Result<Duration, Refusal> {
    if seconds > MAX_VISIBILITY {
        return Err(Refusal::new(
            INVALID,
            format!("a message stays hidden {MAX_VISIBILITY} seconds at most"),
        ));
    }
    Ok(Duration::from_secs(seconds))
}
