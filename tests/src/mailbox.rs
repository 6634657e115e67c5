//! Where letters arrive: an outbox on a loopback port that fails on demand.

use crate::Canaries;
use crate::wire::{body, read_message};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

#[derive(Default)]
struct State {
    letters: Vec<Value>,
    /// Statuses of the next answers; none is left: 200.
    refusals: Vec<u16>,
    attempts: u32,
}

/// What `COURIER=outbox` sends to; stops when dropped.
pub struct Mailbox {
    url: String,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

impl Mailbox {
    /// Starts one that takes everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let canaries = Canaries::of_this_test();
        let server = tokio::spawn(async move {
            // They end with the listener.
            let mut clients = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                clients.spawn(serve(client, Arc::clone(&shared), canaries.clone()));
            }
        });
        Self { url, state, server }
    }

    /// The value of `OUTBOX_URL`.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The settings of a courier that brings its letters here.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![("COURIER", "outbox".to_owned()), ("OUTBOX_URL", self.url())]
    }

    /// Refuses the next so many letters with this status: 429 is `Throttled`, another 4xx `Rejected`, 5xx
    /// `Unavailable`.
    pub fn refuse(&self, status: u16, letters: usize) {
        self.state.lock().unwrap().refusals.extend(std::iter::repeat_n(status, letters));
    }

    /// The letters that arrived since the last time this was asked, in their order, each as it was sent:
    /// `{"to", "channel", "code", "subject", "body"}`.
    pub fn letters(&self) -> Vec<Value> {
        std::mem::take(&mut self.state.lock().unwrap().letters)
    }

    /// The code of the one letter that arrived since the last time [`Mailbox::letters`] was asked, which must be to
    /// this address.
    pub fn code(&self, to: &str) -> String {
        let letters = self.letters();
        assert_eq!(letters.len(), 1, "{letters:?}");
        assert_eq!(letters[0]["to"], to);
        letters[0]["code"].as_str().unwrap().to_owned()
    }

    /// How often somebody has tried to bring a letter since the last time this was asked, refused ones included.
    pub fn attempts(&self) -> u32 {
        std::mem::take(&mut self.state.lock().unwrap().attempts)
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(mut client: TcpStream, state: Arc<Mutex<State>>, canaries: Canaries) {
    while let Some(request) = read_message(&mut client).await {
        let letter = body(&request);
        canaries.hold_letter(&letter);
        let status = state.lock().unwrap().take(letter);
        let answer = format!("HTTP/1.1 {status} Answer\r\ncontent-length: 0\r\n\r\n");
        if client.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

impl State {
    fn take(&mut self, letter: Value) -> u16 {
        self.attempts += 1;
        if self.refusals.is_empty() {
            self.letters.push(letter);
            return 200;
        }
        self.refusals.remove(0)
    }
}
