//! Requests to a stack's gateway over connections of their own, so that it is known of each whether it was sent.

use crate::{Reply, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use local::keys::{Claims, Keys};
use local::record::Record;
use serde_json::Value;
use shared::clock::{Clock, SystemClock};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

/// How long its tokens are good, in seconds.
const LIFETIME: i64 = 6 * 3600;

/// Who makes the requests: with all credentials of a stack's demo.
pub struct Caller {
    gateway: SocketAddr,
    keys: Keys,
    api_key: String,
    client: String,
}

/// Why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Nobody took it: it had no effect.
    Unsent,
    /// It was sent, and the connection ended before its answer: it may have had its effect.
    Unanswered,
}

impl Caller {
    /// A caller of the stack that runs on this data directory.
    pub fn new(data: &Path) -> Self {
        let url = Record::read(data).unwrap().url;
        let secret = |name| std::fs::read_to_string(data.join("keys").join(name)).unwrap();
        Self {
            gateway: url.trim_start_matches("http://").parse().unwrap(),
            keys: Keys::of(data).unwrap(),
            api_key: secret("demo-api.key"),
            client: STANDARD.encode(secret("demo-client.secret")),
        }
    }

    /// A user's token for AuthMS, CIAM and CloudBase.
    pub fn token(&self, subject: &str) -> String {
        let issued = SystemClock.now();
        let claims = Claims { subject, scope: "openid", admin: false, issued, expires_in: LIFETIME };
        self.keys.token(&claims).unwrap()
    }

    /// A user's token for WTS.
    pub fn wts_token(&self, subject: &str) -> String {
        self.keys.wts_token(subject, "user", SystemClock.now(), LIFETIME).unwrap()
    }

    /// An API key.
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// An application, as it stands after `Basic`.
    pub fn client(&self) -> &str {
        &self.client
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub async fn send(&self, request: &Request) -> Result<Reply, Lost> {
        self.send_from(Ipv4Addr::LOCALHOST, request).await
    }

    /// Sends a request from another loopback address: codes are limited by network address.
    ///
    /// # Errors
    /// As [`Caller::send`].
    pub async fn send_from(&self, source: Ipv4Addr, request: &Request) -> Result<Reply, Lost> {
        let (method, target) = request.over_http();
        let body = request.text().unwrap_or_default();
        let mut head =
            format!("{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.gateway);
        for (name, value) in request.headers() {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", body.len());
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((source, 0).into()).map_err(|_| Lost::Unsent)?;
        let mut connection = socket.connect(self.gateway).await.map_err(|_| Lost::Unsent)?;
        let lost = |_| Lost::Unanswered;
        connection.write_all((head + body).as_bytes()).await.map_err(lost)?;
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await.map_err(lost)?;
        reply(&answer).ok_or(Lost::Unanswered)
    }

    /// The code that was last sent to an address, as the outbox shows it.
    pub async fn code(&self, to: &str) -> Option<String> {
        let letters = Request::reading("GET /_local/outbox").query("to", to);
        let reply = self.send(&letters).await.ok()?;
        Some(reply.body[0]["code"].as_str()?.to_owned())
    }
}

/// A whole answer; `None` for one that was cut off.
fn reply(answer: &[u8]) -> Option<Reply> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let body = std::str::from_utf8(&answer[end + 4..]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers: std::collections::BTreeMap<String, String> =
        headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let length = headers.get("content-length").map_or(Some(0), |length| length.parse().ok())?;
    if body.len() != length {
        return None;
    }
    let body = serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned()));
    Some(Reply { status, headers, body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_that_was_cut_off_is_none() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{\"a\": 1}";
        let expected = Reply::new(200, &[("content-length", "8")], json!({"a": 1}));
        assert_eq!(reply(whole), Some(expected));
        for length in 0..whole.len() {
            assert_eq!(reply(&whole[..length]), None, "{length}");
        }
    }
}
