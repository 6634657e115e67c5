//! A stand-in for a queue that messages are sent to.

use crate::wire::{describe, read_message};
use aws_config::{Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

#[derive(Default)]
struct State {
    requests: Vec<Value>,
    spoilt: u32,
}

/// Amazon SQS as far as `SendMessage` goes, on a loopback port; stops when dropped.
pub struct Queue {
    endpoint: String,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

impl Queue {
    /// Starts one that takes everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let server = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, Arc::clone(&shared)));
            }
        });
        Self { endpoint, state, server }
    }

    /// What a function gets whose queue this is.
    pub async fn sdk(&self) -> SdkConfig {
        let credentials = Credentials::new("local", "local", None, None, "test");
        let config = shared::bootstrap::sdk_config().await.to_builder();
        config
            .endpoint_url(&self.endpoint)
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build()
    }

    /// Answers the next so many attempts with a server error. The SDK makes three.
    pub fn spoil(&self, attempts: u32) {
        self.state.lock().unwrap().spoilt = attempts;
    }

    /// The `SendMessage` requests that were taken since the last time this was asked.
    pub fn requests(&self) -> Vec<Value> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(mut client: TcpStream, state: Arc<Mutex<State>>) {
    while let Some(request) = read_message(&mut client).await {
        let (operation, body) = describe(&request);
        assert_eq!(operation, "SendMessage");
        let (status, answer) = {
            let mut state = state.lock().unwrap();
            if state.spoilt > 0 {
                state.spoilt -= 1;
                (500, r#"{"__type":"InternalFailure"}"#)
            } else {
                state.requests.push(body);
                (200, r#"{"MessageId":"message"}"#)
            }
        };
        let head = format!(
            "HTTP/1.1 {status} Answer\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        if client.write_all((head + answer).as_bytes()).await.is_err() {
            return;
        }
    }
}
