//! What wears a service out: a function answers it in its contract's words, in little memory, and goes on; so does the gateway.

use crate::binaries::built;
use local::stack::{Stack, StackOptions};
use tests::denial::{Onslaught, send, targets};
use tests::openapi::Agreement;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Most bytes that a function may have in memory at a time: half of what the template gives it.
const MOST_MEMORY: u64 = 128 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_function_answers_whatever_is_sent_and_keeps_to_its_memory() {
    let data = tempfile::tempdir().unwrap();
    let stack = Stack::start(StackOptions::ephemeral(data.path(), Some(built().clone()))).await.unwrap();
    let agreement = Agreement::of_the_repository();
    for target in targets(&stack).await {
        let function = stack.function(target.function).unwrap();
        let good = target.request.event_json();
        let (served, _) = send(function, &good).await;
        for onslaught in Onslaught::all() {
            let event = onslaught.event(&target, onslaught.most);
            let (reply, spent) = send(function, &event).await;
            let what = format!("{}: {} of {}", target.function, onslaught.most, onslaught.name);
            assert!((200..500).contains(&reply.status), "{what}: {reply:?}");
            assert_ne!(reply.body["code"], "5000", "{what}");
            agreement.assert_kept(&event, &reply);
            assert!(spent.peak < MOST_MEMORY, "{what}: {} bytes", spent.peak);
        }
        let (after, _) = send(function, &good).await;
        assert_eq!(
            (after.status, &after.body["code"]),
            (served.status, &served.body["code"]),
            "{}",
            target.function
        );
    }
    stack.stop().await;
}

/// The first line of what the gateway answers to these bytes, sent as they are.
async fn answered(stack: &Stack, parts: &[&[u8]]) -> String {
    let mut connection = connected(stack).await;
    for part in parts {
        // Who is refused already may find the connection closed.
        if connection.write_all(part).await.is_err() {
            break;
        }
    }
    let mut answer = vec![0; 64];
    let read = connection.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..read]).lines().next().unwrap_or_default().to_owned()
}

async fn connected(stack: &Stack) -> TcpStream {
    TcpStream::connect(stack.url().strip_prefix("http://").unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_refuses_what_is_too_large_and_serves_beside_those_who_do_not_finish() {
    let data = tempfile::tempdir().unwrap();
    let stack = Stack::start(StackOptions::ephemeral(data.path(), Some(built().clone()))).await.unwrap();
    let put = b"PUT /profiles/1001 HTTP/1.1\r\nHost: x\r\n".as_slice();
    let (kilobyte, megabyte) = ([b'x'; 1024], vec![b' '; 1024 * 1024]);
    let mut long_header = vec![put, b"x: "];
    long_header.extend(vec![&kilobyte[..]; 1024]);
    let mut long_url = vec![b"GET /profiles/".as_slice()];
    long_url.extend(vec![&kilobyte[..]; 11]);
    long_url.push(b" HTTP/1.1\r\nHost: x\r\n\r\n");
    let many: String = (0..10_000).map(|number| format!("x-{number}: x\r\n")).collect();
    let parameters: String = (0..4_000).map(|number| format!("p{number}=x&")).collect();
    let parameters = format!("GET /profiles/1001?{parameters} HTTP/1.1\r\nHost: x\r\n\r\n");
    let announced = format!("Content-Length: {}\r\n\r\n", 10 * 1024 * 1024 + 1);
    let whole = format!("Content-Length: {}\r\n\r\n", 10 * 1024 * 1024);
    let mut whole = vec![put, whole.as_bytes()];
    whole.extend(vec![&megabyte[..]; 10]);
    let mut chunked = vec![put, b"Transfer-Encoding: chunked\r\n\r\n"];
    for _ in 0..11 {
        chunked.extend([b"100000\r\n".as_slice(), &megabyte, b"\r\n"]);
    }
    for (what, parts, status) in [
        ("10,000 headers", vec![put, many.as_bytes(), b"\r\n"], "431 Request Header Fields Too Large"),
        ("a header of 1 MB", long_header, "431 Request Header Fields Too Large"),
        ("a URL of 11 KB", long_url, "431 Request Header Fields Too Large"),
        ("4,000 parameters", vec![parameters.as_bytes()], "431 Request Header Fields Too Large"),
        ("10 MB and a byte, announced", vec![put, announced.as_bytes()], "413 Payload Too Large"),
        ("10 MB, sent", whole, "413 Payload Too Large"),
        ("11 MB in chunks", chunked, "413 Payload Too Large"),
        ("two lengths", vec![put, b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"], "400 Bad Request"),
    ] {
        assert_eq!(answered(&stack, &parts).await, format!("HTTP/1.1 {status}"), "{what}");
    }
    // Some say nothing, some do not finish their headers, and some not their bodies.
    let mut unfinished = Vec::new();
    for sent in [
        b"".as_slice(),
        b"PUT /profiles/1001 HT",
        b"PUT /profiles/1001 HTTP/1.1\r\nContent-Length: 9\r\n\r\n{",
    ] {
        for _ in 0..100 {
            let mut connection = connected(&stack).await;
            connection.write_all(sent).await.unwrap();
            unfinished.push(connection);
        }
    }
    let page = b"GET /errors/not-found HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_eq!(answered(&stack, &[page]).await, "HTTP/1.1 404 Not Found");
    drop(unfinished);
    assert_eq!(answered(&stack, &[page]).await, "HTTP/1.1 404 Not Found");
    stack.stop().await;
}
