//! `/_local/outbox`.

use crate::client::{Response, send};
use crate::fixture::stack;
use local::outbox::MOST;
use local::stack::Stack;
use serde_json::{Value as Json, json};

async fn put(stack: &Stack, letter: &Json) -> u16 {
    let post = "POST /outbox HTTP/1.1\nContent-Type: application/json";
    send(&stack.record().services_endpoint, post, letter.to_string().as_bytes()).await.status
}

fn sms(to: &str, code: &str) -> Json {
    json!({"to": to, "channel": "sms", "code": code, "subject": null, "body": format!("code {code}")})
}

fn email(to: &str, subject: &str) -> Json {
    json!({"to": to, "channel": "email", "code": null, "subject": subject, "body": "changed"})
}

async fn get(stack: &Stack, query: &str) -> Response {
    let mut response = send(stack.url(), &format!("GET /_local/outbox{query} HTTP/1.1"), b"").await;
    for name in ["date", "connection"] {
        response.headers.remove(name);
    }
    response
}

/// The letters that are shown, without their times, which must be those of RFC 3339.
async fn letters(stack: &Stack, query: &str) -> Vec<Json> {
    let response = get(stack, query).await;
    assert_eq!((response.status, response.headers["content-type"].as_str()), (200, "application/json"));
    let mut letters: Vec<Json> = serde_json::from_str(&response.body).unwrap();
    for letter in &mut letters {
        let sent_at = letter.as_object_mut().unwrap().remove("sent_at").unwrap();
        assert!(chrono::DateTime::parse_from_rfc3339(sent_at.as_str().unwrap()).is_ok(), "{sent_at}");
    }
    letters
}

#[tokio::test]
async fn letters_are_shown_newest_first_to_whom_they_went() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    assert_eq!(letters(&stack, "").await, Vec::<Json>::new());
    let sent = [
        sms("+8613900130013", "000001"),
        email("ada+work@example.com", "Your e-mail address was changed"),
        sms("+8613900130014", "000002"),
        sms("+8613900130013", "000003"),
    ];
    for letter in &sent {
        assert_eq!(put(&stack, letter).await, 204);
    }
    let [first, second, third, fourth] = sent;
    let all = [fourth.clone(), third, second.clone(), first.clone()];
    assert_eq!(letters(&stack, "").await, all);
    for query in ["?to=%2B8613900130013", "?to=+8613900130013"] {
        assert_eq!(letters(&stack, query).await, [fourth.clone(), first.clone()], "{query}");
    }
    for query in ["?to=ada%2Bwork%40example.com", "?to=ada+work@example.com", "?to=ADA%2bwork@example.com"] {
        assert_eq!(letters(&stack, query).await, std::slice::from_ref(&second), "{query}");
    }
    assert_eq!(letters(&stack, "?to=%2B861390013001").await, Vec::<Json>::new());
    stack.stop().await;
}

#[tokio::test]
async fn only_the_newest_letters_are_kept() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    for number in 0..MOST + 2 {
        assert_eq!(put(&stack, &sms("+8613900130013", &number.to_string())).await, 204);
    }
    let letters = letters(&stack, "").await;
    let codes: Vec<&str> = letters.iter().map(|letter| letter["code"].as_str().unwrap()).collect();
    let newest: Vec<String> = (2..MOST + 2).rev().map(|number| number.to_string()).collect();
    assert_eq!(codes, newest);
    stack.stop().await;
}

#[tokio::test]
async fn bad_requests_are_refused() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let mut unknown = sms("+8613900130013", "000001");
    unknown["more"] = json!(1);
    for letter in [json!({}), json!("x"), unknown, json!({"to": "x", "channel": "pigeon", "body": "x"})] {
        assert_eq!(put(&stack, &letter).await, 400, "{letter}");
    }
    assert_eq!(get(&stack, "?from=x").await, Response::own(400, "only to is known").kept_here());
    // Callers of the API put nothing there.
    let mut answer = send(stack.url(), "POST /_local/outbox HTTP/1.1", b"{}").await;
    for name in ["date", "connection"] {
        answer.headers.remove(name);
    }
    let mut expected = Response::own(405, "Method Not Allowed").kept_here();
    expected.headers.insert("allow".to_owned(), "GET".to_owned());
    assert_eq!(answer, expected);
    assert_eq!(letters(&stack, "").await, Vec::<Json>::new());
    stack.stop().await;
}
