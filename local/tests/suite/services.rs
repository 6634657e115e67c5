//! EventBridge and SQS, as AWS clients see them.

use crate::client::send;
use crate::fixture::stack;
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName};
use local::stack::Stack;
use serde_json::{Value as Json, json};

async fn call(stack: &Stack, target: &str, body: &str) -> (u16, Json) {
    let head = format!("POST / HTTP/1.1\nX-Amz-Target: {target}\nContent-Type: application/x-amz-json-1.1");
    let response = send(&stack.record().services_endpoint, &head, body.as_bytes()).await;
    (response.status, serde_json::from_str(&response.body).unwrap())
}

async fn put(stack: &Stack, entries: &Json) -> (u16, Json) {
    call(stack, "AWSEvents.PutEvents", &json!({"Entries": entries}).to_string()).await
}

fn entry(detail: &str) -> Json {
    json!({"EventBusName": "local-bus", "Source": "s", "DetailType": "t", "Detail": detail, "Time": 1.5})
}

#[tokio::test]
async fn events_are_taken_one_by_one() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let mut arn = entry(r#"{"n":2}"#);
    arn["EventBusName"] = json!("arn:aws:events:us-east-1:000000000000:event-bus/local-bus");
    let mut nameless = entry("{}");
    nameless.as_object_mut().unwrap().remove("DetailType");
    let (status, mut answer) = put(&stack, &json!([entry(r#"{"n":1}"#), entry("{"), nameless, arn])).await;
    let mut ids = Vec::new();
    for place in [0, 3] {
        ids.push(answer["Entries"][place]["EventId"].take());
    }
    let expected = json!({"FailedEntryCount": 2, "Entries": [
        {"EventId": null},
        {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."},
        {"ErrorCode": "InvalidArgument", "ErrorMessage": "Parameter DetailType is not valid."},
        {"EventId": null},
    ]});
    assert_eq!((status, answer), (200, expected));
    let event = |id: &Json, n: u8| {
        json!({
            "version": "0",
            "id": id,
            "detail-type": "t",
            "source": "s",
            "account": "000000000000",
            "time": "1970-01-01T00:00:01.500Z",
            "region": "us-east-1",
            "resources": [],
            "detail": {"n": n},
        })
    };
    let seen = send(stack.url(), "GET /_local/events HTTP/1.1", b"").await;
    let seen: Json = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(seen, json!([event(&ids[0], 1), event(&ids[1], 2)]));
    stack.stop().await;
}

#[tokio::test]
async fn calls_that_are_refused() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let error = |code: &str, message: &str| (400, json!({"__type": code, "message": message}));
    let mut elsewhere = entry("{}");
    elsewhere["EventBusName"] = json!("other");
    let large = json!({"text": "x".repeat(256 * 1024)}).to_string();
    for (entries, code, message) in [
        (json!([]), "ValidationException", "a call has 1 to 10 entries, not 0"),
        (json!(vec![entry("{}"); 11]), "ValidationException", "a call has 1 to 10 entries, not 11"),
        (json!([entry(&large)]), "ValidationException", "the entries have more than 262144 bytes together"),
        (json!([entry("{}"), elsewhere]), "ResourceNotFoundException", "Event bus does not exist."),
        (json!("x"), "ValidationException", "not a request that the local stack knows"),
    ] {
        assert_eq!(put(&stack, &entries).await, error(code, message));
    }
    let missing = r#"{"QueueUrl":"http://localhost/000000000000/Nothing"}"#;
    let no_queue = ("com.amazonaws.sqs#QueueDoesNotExist", "The specified queue does not exist.");
    let invalid = "com.amazonaws.sqs#InvalidParameterValue";
    for (target, body, (code, message)) in [
        ("AmazonSQS.ReceiveMessage", missing, no_queue),
        ("AmazonSQS.GetQueueAttributes", missing, no_queue),
        ("AmazonSQS.ReceiveMessage", "{", (invalid, "not JSON")),
        (
            "AmazonSQS.PurgeQueue",
            missing,
            ("UnknownOperationException", "PurgeQueue is not known to the local stack"),
        ),
        ("", "", ("UnknownOperationException", " is not known to the local stack")),
    ] {
        assert_eq!(call(&stack, target, body).await, error(code, message), "{target}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn the_sdk_finds_a_queue_as_on_aws() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let sqs = stack.record().sqs().await;
    // Nothing invokes a function from this queue.
    let url = stack.record().queue("SyncDeadLetterQueue").unwrap();
    let found = sqs.get_queue_url().queue_name("SyncDeadLetterQueue").send().await.unwrap();
    assert_eq!(found.queue_url(), Some(url));
    let reason = MessageAttributeValue::builder().data_type("String").string_value("{}").build().unwrap();
    let sent =
        sqs.send_message().queue_url(url).message_body("hello").message_attributes("reason", reason.clone());
    let sent = sent.send().await.unwrap();

    let receive = async || {
        let call = sqs.receive_message().queue_url(url).max_number_of_messages(10);
        call.send().await.unwrap().messages.unwrap_or_default()
    };
    let received = receive().await;
    let [message] = &received[..] else { panic!("{} messages", received.len()) };
    assert_eq!((message.message_id(), message.body()), (sent.message_id(), Some("hello")));
    assert_eq!(message.message_attributes().unwrap()["reason"], reason);
    assert_eq!(receive().await, []);

    let show = sqs.change_message_visibility().queue_url(url).visibility_timeout(0);
    show.receipt_handle(message.receipt_handle().unwrap()).send().await.unwrap();
    let received = receive().await;
    let depth = async || {
        let call = sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All);
        let attributes = call.send().await.unwrap().attributes.unwrap();
        attributes[&QueueAttributeName::ApproximateNumberOfMessagesNotVisible].clone()
    };
    assert_eq!(depth().await, "1");
    let delete = sqs.delete_message().queue_url(url);
    delete.receipt_handle(received[0].receipt_handle().unwrap()).send().await.unwrap();
    assert_eq!(depth().await, "0");
    stack.stop().await;
}
