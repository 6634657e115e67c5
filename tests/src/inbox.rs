//! A queue's endpoint: keeps what is sent to it for a look, or refuses everything.

use crate::wire::read_message;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What SQS's `SendMessage` is answered. Clients look at nothing but the status.
const TAKEN: (&str, &str) =
    ("200 OK", r#"{"MessageId":"a27b1c9e-0000-4000-8000-000000000000","MD5OfMessageBody":""}"#);
const REFUSED: (&str, &str) =
    ("400 Bad Request", r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no such queue"}"#);

/// A message as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// The body, which must be JSON.
    pub body: Value,
    /// The message attribute `reason`, which must be JSON.
    pub reason: Value,
}

/// A queue on a loopback port; stops when dropped.
pub struct Inbox {
    endpoint: String,
    letters: Arc<Mutex<Vec<Letter>>>,
    server: JoinHandle<()>,
}

impl Inbox {
    /// A queue that takes everything.
    pub async fn open() -> Self {
        Self::start(TAKEN).await
    }

    /// A queue that refuses everything.
    pub async fn closed() -> Self {
        Self::start(REFUSED).await
    }

    async fn start(answer: (&'static str, &'static str)) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let letters = Arc::<Mutex<Vec<Letter>>>::default();
        let shared = Arc::clone(&letters);
        let server = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, answer, Arc::clone(&shared)));
            }
        });
        Self { endpoint, letters, server }
    }

    /// Where clients reach it; its queue's URL too.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What was sent since the last time this was asked, in order.
    pub fn letters(&self) -> Vec<Letter> {
        std::mem::take(&mut self.letters.lock().unwrap())
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(mut client: TcpStream, answer: (&str, &str), letters: Arc<Mutex<Vec<Letter>>>) {
    while let Some(request) = read_message(&mut client).await {
        let end = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(0);
        let message: Value = serde_json::from_slice(&request[end + 4..]).unwrap();
        if answer == TAKEN {
            let json = |text: &Value| serde_json::from_str(text.as_str().unwrap()).unwrap();
            let reason = json(&message["MessageAttributes"]["reason"]["StringValue"]);
            letters.lock().unwrap().push(Letter { body: json(&message["MessageBody"]), reason });
        }
        let (status, body) = answer;
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if client.write_all(head.as_bytes()).await.is_err() {
            return;
        }
    }
}
