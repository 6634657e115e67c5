//! What invokes functions from the stream and from a queue.

use crate::client::send;
use crate::engine::dynamodb;
use crate::fixture::{noted, options};
use local::stack::{Stack, StackOptions};
use serde_json::{Value as Json, json};
use std::path::Path;
use tempfile::TempDir;

/// A stack that keeps its data; its functions note down what they get.
async fn start(data: &Path, notes: &Path) -> Stack {
    let options = options(data, &[("Notes", notes.to_str().unwrap())]);
    Stack::start(StackOptions { memory: false, ..options }).await.unwrap()
}

fn directories() -> (TempDir, TempDir) {
    (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap())
}

/// Writes items in one transaction, so that the stream has all of them or none: sort key, label, act.
async fn write(stack: &Stack, items: &[(&str, &str, &str)]) {
    let put = |(kind, label, act): &(&str, &str, &str)| {
        let item = json!({"PK": {"S": label}, "SK": {"S": kind}, "label": {"S": label}, "act": {"S": act}});
        json!({"Put": {"TableName": "Table", "Item": item}})
    };
    let items: Vec<Json> = items.iter().map(put).collect();
    let request = json!({"TransactItems": items});
    dynamodb(&stack.record().dynamodb_endpoint, "TransactWriteItems", request).await;
}

#[tokio::test]
async fn a_batch_is_retried_from_its_lowest_failure() {
    let (data, notes) = directories();
    let stack = start(data.path(), notes.path()).await;
    let items = [
        ("PROFILE", "a", "take"),
        ("OTHER", "x", "take"),
        ("PROFILE", "b", "fail-once"),
        ("PROFILE", "c", "take"),
        ("PROFILE", "d", "fail-once"),
        ("PROFILE", "e", "take"),
    ];
    write(&stack, &items).await;
    // Five records are a batch; the filter lets only profiles through.
    let expected = [vec!["a", "b", "c", "d"], vec!["b", "c", "d", "e"]];
    assert_eq!(noted(notes.path(), "reader", 2).await, expected);
    write(&stack, &[("PROFILE", "f", "take")]).await;
    assert_eq!(noted(notes.path(), "reader", 3).await[2], ["f"]);
    stack.stop().await;
}

#[tokio::test]
async fn a_batch_without_an_answer_comes_again_as_a_whole() {
    for act in ["error-once", "crash-once"] {
        let (data, notes) = directories();
        let stack = start(data.path(), notes.path()).await;
        write(&stack, &[("PROFILE", "a", "take"), ("PROFILE", "b", act), ("PROFILE", "c", "take")]).await;
        let expected = [["a", "b", "c"], ["a", "b", "c"]];
        assert_eq!(noted(notes.path(), "reader", 2).await, expected, "{act}");
        write(&stack, &[("PROFILE", "d", "take")]).await;
        assert_eq!(noted(notes.path(), "reader", 3).await[2], ["d"], "{act}");
        stack.stop().await;
    }
}

#[tokio::test]
async fn a_restarted_stack_goes_on_where_it_was() {
    let (data, notes) = directories();
    let stack = start(data.path(), notes.path()).await;
    write(&stack, &[("PROFILE", "a", "take"), ("PROFILE", "b", "take")]).await;
    noted(notes.path(), "reader", 1).await;
    stack.stop().await;
    let stack = start(data.path(), notes.path()).await;
    write(&stack, &[("PROFILE", "c", "take")]).await;
    assert_eq!(noted(notes.path(), "reader", 2).await, [vec!["a", "b"], vec!["c"]]);
    stack.stop().await;
}

#[tokio::test]
async fn what_a_killed_stack_had_not_finished_comes_again() {
    let (data, notes) = directories();
    let stack = start(data.path(), notes.path()).await;
    write(&stack, &[("PROFILE", "a", "take")]).await;
    noted(notes.path(), "reader", 1).await;
    write(&stack, &[("PROFILE", "b", "hang-once")]).await;
    noted(notes.path(), "reader", 2).await;
    // The function has b and has not answered.
    drop(stack);
    let stack = start(data.path(), notes.path()).await;
    let expected = [["a"], ["b"], ["b"]];
    assert_eq!(noted(notes.path(), "reader", 3).await, expected);
    stack.stop().await;
}

#[tokio::test]
async fn the_stream_of_a_new_table_is_read_from_its_beginning() {
    let (data, notes) = directories();
    let stack = start(data.path(), notes.path()).await;
    write(&stack, &[("PROFILE", "a", "take")]).await;
    noted(notes.path(), "reader", 1).await;
    stack.stop().await;
    for file in std::fs::read_dir(data.path()).unwrap() {
        let file = file.unwrap().path();
        if file.file_name().unwrap().to_str().unwrap().starts_with("dynamodb.sqlite") {
            std::fs::remove_file(file).unwrap();
        }
    }
    let stack = start(data.path(), notes.path()).await;
    write(&stack, &[("PROFILE", "b", "take")]).await;
    assert_eq!(noted(notes.path(), "reader", 2).await, [["a"], ["b"]]);
    stack.stop().await;
}

/// Puts an event on the bus.
async fn post(stack: &Stack, detail_type: &str, label: &str, act: &str) -> String {
    let event = json!({"source": "test", "detail-type": detail_type, "detail": {"label": label, "act": act}});
    let response = send(stack.url(), "POST /_local/events HTTP/1.1", event.to_string().as_bytes()).await;
    assert_eq!(response.status, 202, "{}", response.body);
    serde_json::from_str::<Json>(&response.body).unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_message_that_keeps_failing_ends_among_the_dead_letters() {
    let (data, notes) = directories();
    let stack = start(data.path(), notes.path()).await;
    post(&stack, "Unwanted", "u", "take").await;
    let poisoned = post(&stack, "Wanted", "p", "fail").await;
    post(&stack, "Wanted", "r", "fail-once").await;
    post(&stack, "Wanted", "s", "take").await;
    let sqs = stack.record().sqs().await;
    let letters = stack.record().queue("SyncDeadLetterQueue").unwrap();
    let mut received = Vec::new();
    while received.is_empty() {
        // Shorter than the SDK's own patience.
        let receive =
            sqs.receive_message().queue_url(letters).wait_time_seconds(1).max_number_of_messages(10);
        received = receive.send().await.unwrap().messages.unwrap_or_default();
    }
    let bodies: Vec<Json> =
        received.iter().map(|letter| serde_json::from_str(letter.body().unwrap()).unwrap()).collect();
    let ids: Vec<&Json> = bodies.iter().map(|body| &body["id"]).collect();
    assert_eq!(ids, [&json!(poisoned)]);
    stack.stop().await;
    let mut labels = noted(notes.path(), "worker", 1).await.concat();
    labels.sort();
    assert_eq!(labels, ["p", "p", "r", "r", "s"]);
}
