//! HTTP/1.1 messages as they go over a loopback port.

use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// One message with a `content-length`, head and body.
pub(crate) async fn read_message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        if let Some(begin) = begin_of_body(&message) {
            let head = String::from_utf8_lossy(&message[..begin]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
            if message.len() >= begin + length.unwrap_or(0) {
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
    serde_json::from_slice(bytes_of_body(message)).unwrap_or_default()
}

/// A message's body as it stands.
pub(super) fn bytes_of_body(message: &[u8]) -> &[u8] {
    &message[begin_of_body(message).unwrap_or(message.len())..]
}

/// An answer of DynamoDB's, with these header lines beside the usual ones.
pub(super) fn answer(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status} Spoilt\r\ncontent-type: application/x-amz-json-1.0\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
