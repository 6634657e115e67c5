//! A proxy before the database: counts the calls that go over the wire, and spoils those it is told to.

use crate::{Canaries, actions};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It takes effect, and its answer never arrives: the connection is closed instead.
    LostAnswer,
    /// It takes effect, and the client waits for its answer until it gives up or is ended.
    Withheld,
    /// It does not reach the database, which seems to answer with this error.
    Answer(u16, &'static str),
    /// It does not reach the database, which seems to have another transaction at work on the same items.
    Conflict,
}

#[derive(Default)]
struct State {
    calls: Vec<(String, Value)>,
    faults: Vec<(&'static str, Fault)>,
    withheld: Arc<Notify>,
    /// How many more calls pass; all after them are refused. `None`: all pass.
    passing: Option<usize>,
}

/// A proxy on a loopback port; stops when dropped.
pub struct Wire {
    endpoint: String,
    state: Arc<Mutex<State>>,
    canaries: Canaries,
    server: JoinHandle<()>,
}

impl Wire {
    /// Starts a proxy before the database at this `http://` endpoint.
    pub async fn before(database: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let (database, shared) = (database.trim_start_matches("http://").to_owned(), Arc::clone(&state));
        let canaries = Canaries::of_this_test();
        let ledger = canaries.clone();
        let server = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, database.clone(), Arc::clone(&shared), ledger.clone()));
            }
        });
        Self { endpoint, state, canaries, server }
    }

    /// Where clients reach the proxy.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Spoils the next call of this operation that is not spoilt yet.
    pub fn spoil(&self, operation: &'static str, fault: Fault) {
        self.state.lock().unwrap().faults.push((operation, fault));
    }

    /// Lets so many more calls through and refuses all after them, by an error that the SDK does not try again after:
    /// as if the caller had ended there.
    pub fn cut_after(&self, calls: usize) {
        self.state.lock().unwrap().passing = Some(calls);
    }

    /// Lets all calls through again; how many would still have passed.
    pub fn mend(&self) -> Option<usize> {
        self.state.lock().unwrap().passing.take()
    }

    /// Forgets one planned fault; `false` when none was left.
    pub fn forget(&self) -> bool {
        self.state.lock().unwrap().faults.pop().is_some()
    }

    /// Waits until an answer is being withheld.
    pub async fn withheld(&self) {
        let withheld = Arc::clone(&self.state.lock().unwrap().withheld);
        withheld.notified().await;
    }

    /// The operations called since the last time this was asked, in order; each attempt of the SDK counts.
    pub fn calls(&self) -> Vec<String> {
        self.requests().into_iter().map(|(operation, _)| operation).collect()
    }

    /// The operations called since the last time this was asked, with their requests.
    pub fn requests(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.server.abort();
        self.canaries.assert_kept();
    }
}

async fn serve(mut client: TcpStream, database: String, state: Arc<Mutex<State>>, canaries: Canaries) {
    while let Some(request) = read_message(&mut client).await {
        actions::record(&request);
        let (operation, body) = describe(&request);
        canaries.hold_keys(&operation, &body);
        let fault = {
            let mut state = state.lock().unwrap();
            state.calls.push((operation.clone(), body));
            let planned = state.faults.iter().position(|(wanted, _)| *wanted == operation);
            let planned = planned.map(|index| state.faults.remove(index).1);
            match &mut state.passing {
                Some(0) => Some(Fault::Answer(400, "AccessDeniedException")),
                Some(passing) => {
                    *passing -= 1;
                    planned
                }
                None => planned,
            }
        };
        let answer = match fault {
            Some(Fault::Answer(status, error)) => Some((status, error)),
            Some(Fault::Conflict) if operation == "TransactWriteItems" => {
                Some((400, "TransactionCanceledException"))
            }
            Some(Fault::Conflict) => Some((400, "TransactionConflictException")),
            _ => None,
        };
        if let Some((status, error)) = answer {
            let body = json!({
                "__type": format!("com.amazonaws.dynamodb.v20120810#{error}"),
                "message": "spoilt",
                "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
            });
            let body = body.to_string();
            let head = format!(
                "HTTP/1.1 {status} Spoilt\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            client.write_all((head + &body).as_bytes()).await.unwrap_or_default();
            continue;
        }
        let mut upstream = TcpStream::connect(&database).await.unwrap();
        upstream.write_all(&request).await.unwrap();
        let Some(answer) = read_message(&mut upstream).await else { return };
        if fault == Some(Fault::Withheld) {
            let withheld = Arc::clone(&state.lock().unwrap().withheld);
            withheld.notify_one();
            let _ = client.read(&mut [0]).await;
            return;
        }
        if fault == Some(Fault::LostAnswer) || client.write_all(&answer).await.is_err() {
            return;
        }
    }
}

/// One HTTP/1.1 message with a `content-length` or in chunks, head and body.
pub(crate) async fn read_message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        if let Some(end) = message.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&message[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
            let complete = match length {
                None if is_chunked(&head) => message.ends_with(LAST_CHUNK),
                length => message.len() >= end + 4 + length.unwrap_or(0),
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

/// The operation that a request names, and its body.
pub(crate) fn describe(request: &[u8]) -> (String, Value) {
    let end = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(0);
    let head = String::from_utf8_lossy(&request[..end]);
    let target = head.lines().find(|line| line.to_ascii_lowercase().starts_with("x-amz-target:"));
    let operation = target.and_then(|line| line.rsplit('.').next()).unwrap_or_default().trim();
    (operation.to_owned(), body(request))
}

/// A message's body, where it is JSON.
pub(crate) fn body(message: &[u8]) -> Value {
    let end = message.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(0);
    let (head, body) = (String::from_utf8_lossy(&message[..end]).to_ascii_lowercase(), &message[end + 4..]);
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
