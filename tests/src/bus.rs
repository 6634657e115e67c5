//! A stand-in for what is behind us: an event bus that takes `PutEvents`, and queues that take `SendMessage`.

use crate::wire::{describe, read_message};
use crate::{Canaries, Dial, Place, actions};
use aws_config::{Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

#[derive(Default)]
struct State {
    calls: Vec<Vec<Value>>,
    /// `SendMessage` requests as they came.
    requests: Vec<Value>,
    refused: Vec<(String, u64)>,
    spoilt: Vec<(&'static str, u32)>,
    pace: Option<(Arc<Dial>, i64)>,
}

/// A message as a queue took it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The queue's URL.
    pub queue: String,
    /// The body, read as JSON.
    pub body: Value,
    /// The message attribute `reason`, read as JSON.
    pub reason: Option<Value>,
}

impl Message {
    fn read(request: &Value) -> Self {
        let json = |text: &str| serde_json::from_str(text).unwrap();
        Self {
            queue: request["QueueUrl"].as_str().unwrap().to_owned(),
            body: json(request["MessageBody"].as_str().unwrap()),
            reason: request["MessageAttributes"]["reason"]["StringValue"].as_str().map(json),
        }
    }
}

/// Amazon EventBridge and Amazon SQS as far as we use them, on one loopback port; stops when dropped.
pub struct Bus {
    endpoint: String,
    state: Arc<Mutex<State>>,
    canaries: Canaries,
    server: JoinHandle<()>,
}

impl Bus {
    /// Starts one that takes everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let canaries = Canaries::of_this_test();
        let ledger = canaries.clone();
        let server = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, Arc::clone(&shared), ledger.clone()));
            }
        });
        Self { endpoint, state, canaries, server }
    }

    /// Where clients reach it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// From now on, each `PutEvents` call takes so many seconds of this clock.
    pub fn slow_down(&self, clock: &Arc<Dial>, seconds: i64) {
        self.state.lock().unwrap().pace = Some((Arc::clone(clock), seconds));
    }

    /// What a function gets whose EventBridge and SQS these are.
    pub async fn sdk(&self) -> SdkConfig {
        sdk(&self.endpoint, REGION).await
    }

    /// Refuses this version of this user's profile the next time that it is put, and takes the others of the call.
    pub fn refuse(&self, user_id: &str, version: u64) {
        self.state.lock().unwrap().refused.push((user_id.to_owned(), version));
    }

    /// Answers the next so many calls of an operation with a server error. The SDK makes three attempts.
    pub fn spoil(&self, operation: &'static str, attempts: u32) {
        self.state.lock().unwrap().spoilt.push((operation, attempts));
    }

    /// The entries of each `PutEvents` call that was answered since the last time this was asked.
    pub fn calls(&self) -> Vec<Vec<Value>> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }

    /// The messages sent since the last time this was asked: the queue's URL and the body as JSON.
    pub fn messages(&self) -> Vec<(String, Value)> {
        self.letters().into_iter().map(|message| (message.queue, message.body)).collect()
    }

    /// As [`Bus::messages`], with their reasons.
    pub fn letters(&self) -> Vec<Message> {
        self.requests().iter().map(Message::read).collect()
    }

    /// As [`Bus::messages`], each the whole `SendMessage` request.
    pub fn requests(&self) -> Vec<Value> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.server.abort();
        self.canaries.assert_kept();
    }
}

/// The region of what runs in this process.
pub(crate) const REGION: &str = "us-east-1";

/// The settings of a function whose AWS services are all at this endpoint.
pub(crate) async fn sdk(endpoint: &str, region: &str) -> SdkConfig {
    let config = shared::sdk::sdk_config().to_builder();
    let credentials = Credentials::new("test", "test", None, None, "test");
    config
        .endpoint_url(endpoint)
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

/// The `detail` of an entry.
pub fn detail(entry: &Value) -> Value {
    serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap()
}

async fn serve(mut client: TcpStream, state: Arc<Mutex<State>>, canaries: Canaries) {
    while let Some(request) = read_message(&mut client).await {
        actions::record(&request);
        let (operation, body) = describe(&request);
        hold(&canaries, &operation, &body);
        let (status, answer) = state.lock().unwrap().answer(&operation, &body);
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 {status} Answer\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        if client.write_all((head + &answer).as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Events, and what queues are told, against what went in. An event shows the values of attributes that its settings list; a
/// dead letter holds the request that it is about.
fn hold(canaries: &Canaries, operation: &str, body: &Value) {
    if operation == "PutEvents" {
        for entry in body["Entries"].as_array().into_iter().flatten() {
            let mut detail = detail(entry);
            detail.as_object_mut().and_then(|detail| detail.remove("values"));
            canaries.hold_json(Place::Event, &json!([entry["Source"], entry["DetailType"], detail]));
        }
        return;
    }
    match body["MessageAttributes"]["reason"]["StringValue"].as_str() {
        Some(reason) => canaries.hold(Place::DeadLetter, reason),
        None => canaries.hold(Place::DeadLetter, body["MessageBody"].as_str().unwrap_or_default()),
    }
}

impl State {
    fn answer(&mut self, operation: &str, body: &Value) -> (u16, Value) {
        if let Some(spoilt) =
            self.spoilt.iter_mut().find(|(wanted, attempts)| *wanted == operation && *attempts > 0)
        {
            spoilt.1 -= 1;
            return (500, json!({"__type": "InternalException", "message": "spoilt"}));
        }
        match operation {
            "PutEvents" => (200, self.put(body["Entries"].as_array().unwrap())),
            "SendMessage" => {
                self.requests.push(body.clone());
                (200, json!({"MessageId": "message"}))
            }
            other => panic!("no stand-in for {other}"),
        }
    }

    fn put(&mut self, entries: &[Value]) -> Value {
        let mut failed = 0;
        let mut results = Vec::new();
        for entry in entries {
            let detail = detail(entry);
            let version = detail["version"].as_u64();
            let refused = self
                .refused
                .iter()
                .position(|(user, refused)| detail["user_id"] == **user && version == Some(*refused));
            results.push(match refused {
                None => json!({"EventId": "event"}),
                Some(index) => {
                    self.refused.remove(index);
                    failed += 1;
                    json!({"ErrorCode": "ThrottlingException", "ErrorMessage": "refused"})
                }
            });
        }
        self.calls.push(entries.to_vec());
        if let Some((clock, seconds)) = &self.pace {
            clock.forward(*seconds);
        }
        json!({"FailedEntryCount": failed, "Entries": results})
    }
}
