//! `/_local/events`.

use crate::client::{Response, send};
use crate::fixture::stack;
use serde_json::{Value as Json, json};

const EMPTY: &str = "[]";

fn answer(status: u16, body: &str) -> Response {
    Response::new(status, &[("content-type", "application/json")], body).kept_here()
}

/// A response without what no two answers share.
async fn request(url: &str, head: &str, body: &str) -> Response {
    let mut response = send(url, &format!("{head} HTTP/1.1"), body.as_bytes()).await;
    for name in ["date", "connection", "x-count"] {
        response.headers.remove(name);
    }
    response
}

#[tokio::test]
async fn what_is_put_in_is_seen() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let url = stack.url();
    assert_eq!(request(url, "GET /_local/events", "").await, answer(200, EMPTY));
    let event = r#"{"source":"crm","detail-type":"Unwanted","detail":{"n":1}}"#;
    let taken = request(url, "POST /_local/events", event).await;
    let id = serde_json::from_str::<Json>(&taken.body).unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(taken, answer(202, &format!(r#"{{"id":"{id}"}}"#)));

    let seen = request(url, "GET /_local/events", "").await;
    let mut events: Json = serde_json::from_str(&seen.body).unwrap();
    let time = events[0]["time"].take();
    assert!(time.as_str().is_some_and(|time| time.ends_with('Z')), "{time}");
    let expected = json!([{
        "version": "0",
        "id": id,
        "detail-type": "Unwanted",
        "source": "crm",
        "account": "000000000000",
        "time": null,
        "region": "us-east-1",
        "resources": [],
        "detail": {"n": 1},
    }]);
    assert_eq!(events, expected);

    // A captured event is the very same event once more.
    let captured = serde_json::from_str::<Json>(&seen.body).unwrap()[0].take().to_string();
    assert_eq!(request(url, "POST /_local/events", &captured).await, taken);
    let seen = request(url, "GET /_local/events", "").await;
    assert_eq!(seen, answer(200, &format!("[{captured},{captured}]")));
    let rest = request(url, "GET /_local/events?after=1", "").await;
    assert_eq!(rest, answer(200, &format!("[{captured}]")));
    assert_eq!(request(url, "GET /_local/events?after=9", "").await, answer(200, EMPTY));
    stack.stop().await;
}

#[tokio::test]
async fn a_follower_waits_for_the_next_event_or_the_end() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let url = stack.url().to_owned();
    let event = r#"{"source":"crm","detail-type":"t","detail":{}}"#;
    let (seen, taken) = tokio::join!(
        request(&url, "GET /_local/events?after=0&wait=25", ""),
        request(&url, "POST /_local/events", event),
    );
    let seen: Json = serde_json::from_str(&seen.body).unwrap();
    let taken: Json = serde_json::from_str(&taken.body).unwrap();
    assert_eq!(seen[0]["id"], taken["id"]);
    let follower = tokio::spawn(async move { request(&url, "GET /_local/events?after=1&wait=25", "").await });
    tokio::task::yield_now().await;
    stack.stop().await;
    let answered = follower.await;
    // It was told that there is nothing more, or came too late to be told anything.
    assert!(answered.is_err() || answered.is_ok_and(|answered| answered == answer(200, EMPTY)));
}

#[tokio::test]
async fn bad_requests_are_explained() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let post = "POST /_local/events";
    for (head, body, message) in [
        (post, "", "the body is not a JSON object"),
        (post, "[]", "the body is not a JSON object"),
        (post, "{}", "source is missing"),
        (
            post,
            r#"{"source":"","detail-type":"t","detail":{}}"#,
            "source is not a string with something in it",
        ),
        (post, r#"{"source":"s","detail":{}}"#, "detail-type is missing"),
        (
            post,
            r#"{"source":"s","detail-type":1,"detail":{}}"#,
            "detail-type is not a string with something in it",
        ),
        (post, r#"{"source":"s","detail-type":"t"}"#, "detail is missing"),
        (post, r#"{"source":"s","detail-type":"t","detail":"{}"}"#, "detail is not an object"),
        (
            post,
            r#"{"source":"s","detail-type":"t","detail":{},"Detail":{}}"#,
            "only source, detail-type, detail, id and time are known",
        ),
        ("GET /_local/events?after=x", "", "after is a number of events"),
        ("GET /_local/events?wait=26", "", "wait is a number of seconds, at most 25"),
        ("GET /_local/events?since=1", "", "only after and wait are known"),
    ] {
        let expected = answer(400, &json!({"message": message}).to_string());
        assert_eq!(request(stack.url(), head, body).await, expected, "{head} {body}");
    }
    assert_eq!(request(stack.url(), "GET /_local/events", "").await, answer(200, EMPTY));
    stack.stop().await;
}
