//! `/_local/requests`. How an entry is joined with a function's line is tested there and, with real functions, in
//! `terminal.rs`.

use crate::client::{Response, send};
use crate::fixture::stack;
use serde_json::{Value as Json, json};

async fn request(url: &str, head: &str) -> Response {
    send(url, &format!("{head} HTTP/1.1"), b"").await
}

/// The entries that a request for them shows, without what no two have in common.
async fn entries(url: &str, query: &str) -> Vec<Json> {
    let answer = request(url, &format!("GET /_local/requests{query}")).await;
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "application/json"));
    assert!(!answer.headers.contains_key("apigw-requestid"));
    let mut entries: Vec<Json> = serde_json::from_str(&answer.body).unwrap();
    for entry in &mut entries {
        assert!(entry["ms"].take().is_u64() && entry["time"].take().is_string(), "{entry}");
    }
    entries
}

fn entry(id: &Json, route: &str, function: Option<&str>, status: u16) -> Json {
    json!({
        "id": id, "time": null, "route": route, "contract": null, "function": function, "status": status,
        "outcome": null, "ms": null, "dynamodb_calls": null, "read_units": null, "write_units": null,
    })
}

#[tokio::test]
async fn every_request_to_the_api_and_no_other_is_kept_without_its_path() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let url = stack.url();
    assert_eq!(entries(url, "").await, Vec::<Json>::new());
    let mut expected = Vec::new();
    for (head, route, function, status) in [
        ("GET /patient/zoe", "GET -", None, 404),
        ("POST /patient/%zz", "POST -", None, 400),
        // A function that writes no line, and one that crashes.
        ("POST /patient/zoe", "POST /patient/{name}", Some("patient"), 200),
        ("POST /patient/zoe?x=crash", "POST /patient/{name}", Some("patient"), 500),
    ] {
        let head = format!("{head} HTTP/1.1{}", if status == 500 { "\nX-Act: crash" } else { "" });
        let answer = send(url, &head, b"").await;
        let id = json!(answer.headers["apigw-requestid"]);
        let seen = entries(url, &format!("?after={}&wait=25", expected.len())).await;
        expected.push(entry(&id, route, function, status));
        assert_eq!(seen, expected[expected.len() - 1..]);
        assert_eq!(answer.status, status);
    }
    assert_eq!(entries(url, "").await, expected);
    assert_eq!(entries(url, "?after=3").await, expected[3..]);
    assert_eq!(entries(url, "?after=9").await, Vec::<Json>::new());
    stack.stop().await;
}

#[tokio::test]
async fn bad_requests_are_explained() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    for (head, status, message) in [
        ("GET /_local/requests?after=x", 400, "after is a number of requests"),
        ("GET /_local/requests?wait=26", 400, "wait is a number of seconds, at most 25"),
        ("GET /_local/requests?since=1", 400, "only after and wait are known"),
    ] {
        let answer = request(stack.url(), head).await;
        assert_eq!((answer.status, answer.body), (status, json!({"message": message}).to_string()), "{head}");
    }
    stack.stop().await;
}
