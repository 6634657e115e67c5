//! Where an issuer publishes its keys, on good days and on bad ones.

use serde_json::{Value, json};
use shared::auth::SigningKey;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What the server does with requests.
#[derive(Clone)]
pub enum Answer {
    /// Status, more header lines, body.
    Of(u16, String, Vec<u8>),
    /// The connection ends without a word.
    Down,
    /// Nothing, and the connection stays.
    Silent,
    /// A set that never ends.
    Endless,
}

impl Answer {
    pub fn json(value: &Value) -> Self {
        Self::Of(200, String::new(), value.to_string().into_bytes())
    }

    /// The public halves of these keys.
    pub fn keys(keys: &[&SigningKey]) -> Self {
        let keys: Vec<Value> = keys.iter().map(|key| key.public_jwk().unwrap()).collect();
        Self::json(&json!({ "keys": keys }))
    }
}

/// A server that counts its requests and answers all of them alike until told otherwise.
pub struct KeyServer {
    pub url: String,
    answer: Arc<Mutex<Answer>>,
    requests: Arc<AtomicUsize>,
}

impl KeyServer {
    pub fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let (answer, requests) = (Arc::new(Mutex::new(answer)), Arc::new(AtomicUsize::new(0)));
        let (now, counter) = (Arc::clone(&answer), Arc::clone(&requests));
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                read_request(&stream);
                counter.fetch_add(1, Ordering::SeqCst);
                let answer = now.lock().unwrap().clone();
                match answer {
                    Answer::Of(status, header, body) => {
                        let length = body.len();
                        let head = format!(
                            "HTTP/1.1 {status} X\r\n{header}connection: close\r\ncontent-length: {length}\r\n\r\n"
                        );
                        // A client that has seen enough may have gone.
                        let _ = stream.write_all(&[head.into_bytes(), body].concat());
                    }
                    Answer::Down => {}
                    Answer::Silent => held.push(stream),
                    Answer::Endless => drop(std::thread::spawn(move || endless(stream))),
                }
            }
        });
        Self { url, answer, requests }
    }

    pub fn now_answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn endless(mut stream: TcpStream) {
    let mut sent = stream.write_all(b"HTTP/1.1 200 X\r\nconnection: close\r\n\r\n{\"keys\":[");
    while sent.is_ok() {
        sent = stream.write_all(&[b' '; 4096]);
    }
}

/// Reads a request, which has no body, so that closing the connection loses no answer.
fn read_request(stream: &TcpStream) {
    let mut lines = BufReader::new(stream).lines();
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
}
