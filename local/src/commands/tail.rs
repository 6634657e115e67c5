//! `cargo run -- events tail`: the events, as they come.

use crate::failure::{Context, Failure, Result};
use crate::feed::MAX_WAIT;
use crate::record::Record;
use crate::stdout::say;
use crate::tap;
use serde_json::Value as Json;
use std::process::ExitCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(super) async fn run(record: &Record, all: bool) -> Result<ExitCode> {
    let mut seen = if all { 0 } else { events(record, "").await?.len() };
    loop {
        let query = format!("?after={seen}&wait={MAX_WAIT}");
        let events = events(record, &query).await?;
        seen += events.len();
        for event in events {
            say(event);
        }
    }
}

/// What the tap answers. One connection each: nothing waits on a connection that a restarted stack has forgotten.
async fn events(record: &Record, query: &str) -> Result<Vec<Json>> {
    let ended = || Failure::new("the stack has ended");
    let authority = record.url.trim_start_matches("http://");
    let mut connection = TcpStream::connect(authority).await.map_err(|_| ended())?;
    let request =
        format!("GET {}{query} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n", tap::PATH);
    connection.write_all(request.as_bytes()).await.map_err(|_| ended())?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.map_err(|_| ended())?;
    let answer = String::from_utf8(answer).context("the stack's answer")?;
    // The gateway says how long its answers are and never sends them in chunks.
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(ended)?;
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(Failure::new("the stack has no event bus"));
    }
    serde_json::from_str(body).context("the stack's answer")
}
