//! HTTP/1.1 messages as they go over a loopback port.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One message with a `content-length` or in chunks, head and body.
pub(crate) async fn read_message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        if let Some(begin) = begin_of_body(&message) {
            let head = String::from_utf8_lossy(&message[..begin]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
            let complete = match length {
                None if is_chunked(&head) => message.ends_with(LAST_CHUNK),
                length => message.len() >= begin + length.unwrap_or(0),
            };
            if complete {
                return Some(message);
            }
        }
        let mut chunk = [0; 16 * 1024];
        match stream.read(&mut chunk).await {
            Ok(read) if read > 0 => message.extend_from_slice(&chunk[..read]),
            _ => return None,
        }
    }
}

/// The answer to a request of an AWS service at this `http://` endpoint, as it goes over the wire.
///
/// # Panics
/// When it is refused.
pub async fn call(endpoint: &str, target: &str, request: &Value) -> Value {
    let address = endpoint.trim_start_matches("http://");
    let text = request.to_string();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/x-amz-json-1.0\r\nx-amz-target: {target}\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=test/20260403/us-east-1/dynamodb/aws4_request, \
         SignedHeaders=host, Signature=00\r\nx-amz-date: 20260403T120000Z\r\ncontent-length: {}\r\n\r\n",
        text.len()
    );
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all((head + &text).as_bytes()).await.unwrap();
    let answer = body(&read_message(&mut connection).await.unwrap());
    assert!(answer.get("__type").is_none(), "{target}: {answer}");
    answer
}

/// Where the body begins; `None`: the head is not whole yet.
fn begin_of_body(message: &[u8]) -> Option<usize> {
    message.windows(4).position(|window| window == b"\r\n\r\n").map(|end| end + 4)
}

/// The operation that a request names, and its body.
pub(crate) fn describe(request: &[u8]) -> (String, Value) {
    let head = String::from_utf8_lossy(&request[..begin_of_body(request).unwrap_or(0)]);
    let target = head.lines().find(|line| line.to_ascii_lowercase().starts_with("x-amz-target:"));
    let operation = target.and_then(|line| line.rsplit('.').next()).unwrap_or_default().trim();
    (operation.to_owned(), body(request))
}

/// A message's body, where it is JSON.
pub(crate) fn body(message: &[u8]) -> Value {
    let begin = begin_of_body(message).unwrap_or(message.len());
    let (head, body) = (String::from_utf8_lossy(&message[..begin]).to_ascii_lowercase(), &message[begin..]);
    let body = if is_chunked(&head) { joined(body) } else { body.to_vec() };
    serde_json::from_slice(&body).unwrap_or_default()
}

/// How a body in chunks ends (RFC 9112, section 7.1).
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

fn is_chunked(head: &str) -> bool {
    head.lines().any(|line| line.starts_with("transfer-encoding:") && line.ends_with("chunked"))
}

/// A body whose chunks are joined.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = chunks.windows(2).position(|window| window == b"\r\n") {
        let size = String::from_utf8_lossy(&chunks[..end]).into_owned();
        let size = usize::from_str_radix(&size, 16).unwrap();
        body.extend_from_slice(&chunks[end + 2..][..size]);
        chunks = &chunks[end + 2 + size + 2..];
    }
    body
}

/// A message's body as it stands.
pub(super) fn bytes_of_body(message: &[u8]) -> &[u8] {
    &message[begin_of_body(message).unwrap_or(message.len())..]
}

/// The status of an answer.
pub(super) fn status(answer: &[u8]) -> u16 {
    let line = String::from_utf8_lossy(answer);
    line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap()
}

/// An answer of DynamoDB's, with these header lines beside the usual ones.
pub(super) fn answer(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status} Spoilt\r\ncontent-type: application/x-amz-json-1.0\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
