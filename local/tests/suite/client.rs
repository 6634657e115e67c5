//! As much of an HTTP client as the tests need: it sends exactly the bytes that it is given.

use std::collections::BTreeMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Response {
    /// What does not differ from one request to the next.
    pub fn stable(mut self) -> Self {
        for name in ["apigw-requestid", "date"] {
            assert!(self.headers.remove(name).is_some(), "{name} is missing");
        }
        self.headers.remove("connection");
        self
    }

    pub fn new(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let mut headers: BTreeMap<String, String> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        if status != 204 {
            headers.insert("content-length".to_owned(), body.len().to_string());
        }
        Self { status, headers, body: body.to_owned() }
    }

    /// With the headers of what is for this machine's own pages only.
    pub fn kept_here(mut self) -> Self {
        self.headers.extend(KEPT_HERE.map(|(name, value)| (name.to_owned(), value.to_owned())));
        self
    }

    /// One of the gateway's own answers.
    pub fn own(status: u16, message: &str) -> Self {
        Self::new(status, &[("content-type", "application/json")], &format!(r#"{{"message":"{message}"}}"#))
    }
}

/// Headers of every answer that is for this machine's own pages only.
pub const KEPT_HERE: [(&str, &str); 5] = [
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

/// Sends a request; `head` is its request line and headers without the last empty line.
pub async fn send(url: &str, head: &str, body: &[u8]) -> Response {
    let authority = url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(authority).await.unwrap();
    let mut request = format!("{}\r\nHost: {authority}\r\nConnection: close\r\n", head.replace('\n', "\r\n"));
    if !head.contains("Content-Length") && !body.is_empty() {
        request.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    connection.write_all(format!("{request}\r\n").as_bytes()).await.unwrap();
    // A server that refuses early stops reading.
    let _ = connection.write_all(body).await;
    let mut received = Vec::new();
    let _ = connection.read_to_end(&mut received).await;
    parse(&String::from_utf8(received).unwrap())
}

fn parse(received: &str) -> Response {
    let (head, body) = received.split_once("\r\n\r\n").expect("a response");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
        let values = headers.entry(name.to_owned()).or_default();
        if !values.is_empty() {
            values.push_str(" and ");
        }
        values.push_str(value);
    }
    Response { status: status.expect("a status"), headers, body: body.to_owned() }
}
