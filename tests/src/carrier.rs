//! A stand-in for Amazon SES, Amazon SNS or AWS Secrets Manager that answers everything alike.

use crate::actions;
use crate::bus::{REGION, sdk};
use crate::wire::read_message;
use aws_config::SdkConfig;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A service on a loopback port; stops when dropped.
pub struct Carrier {
    endpoint: String,
    attempts: Arc<AtomicU32>,
    callers: Arc<Mutex<BTreeSet<String>>>,
    server: JoinHandle<()>,
}

impl Carrier {
    /// One that answers with this status, these header lines, each ended by CR LF, and this body.
    pub async fn answering(status: u16, headers: &str, body: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status} Answer\r\n{headers}connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let attempts = Arc::<AtomicU32>::default();
        let counter = Arc::clone(&attempts);
        let callers = Arc::<Mutex<BTreeSet<String>>>::default();
        let named = Arc::clone(&callers);
        let server = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                if let Some(request) = read_message(&mut client).await {
                    actions::record(&request);
                    named.lock().unwrap().extend(actions::function(&request));
                    counter.fetch_add(1, Ordering::SeqCst);
                    let _ = client.write_all(answer.as_bytes()).await;
                }
            }
        });
        Self { endpoint, attempts, callers, server }
    }

    /// Where clients reach it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What a function gets whose SES and SNS these are.
    pub async fn sdk(&self) -> SdkConfig {
        sdk(&self.endpoint, REGION).await
    }

    /// The functions that have called so far.
    pub fn callers(&self) -> BTreeSet<String> {
        self.callers.lock().unwrap().clone()
    }

    /// The calls that came so far, each attempt of the SDK by itself.
    pub fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::SeqCst)
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.server.abort();
    }
}
