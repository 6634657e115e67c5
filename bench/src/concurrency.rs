//! Many clients at a time, through the gateway.
//!
//! Each has a connection that it keeps and a user of its own, and sends its next request when it has the answer to the last
//! one. Clients, gateway, functions and DynamoDB share the machine's cores, and a function has
//! [`MAX_PROCESSES`](local::runtime::MAX_PROCESSES) processes at most: what stands here is what this machine does, not what
//! Lambda does.

use crate::bed::Bed;
use crate::connection::Connection;
use crate::figures::Concurrency;
use crate::statistics::{percentile, rounded};
use local::failure::{Context, Failure, Result};
use local::keys::Claims;
use serde_json::json;
use shared::clock::{Clock, SystemClock};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// Numbers of clients that are measured unless others are asked for.
pub const CLIENTS: [u32; 7] = [1, 2, 4, 8, 16, 32, 64];

/// How long each number of clients is measured.
const MEASURED: Duration = Duration::from_secs(3);

/// Measures each of these numbers of clients, one after the other.
///
/// # Errors
/// When a connection breaks, or a request has failed.
pub async fn measure(bed: &Bed, clients: &[u32]) -> Result<Vec<Concurrency>> {
    let mut rows = Vec::new();
    for clients in clients {
        rows.push(together(bed, *clients).await?);
    }
    Ok(rows)
}

async fn together(bed: &Bed, clients: u32) -> Result<Concurrency> {
    let ready = Arc::new(Barrier::new(clients as usize));
    let mut running = JoinSet::new();
    for number in 0..clients {
        let client = Client::new(bed, number).await?;
        running.spawn(client.run(ready.clone()));
    }
    let (mut taken, mut failures, mut longest) = (Vec::new(), 0, Duration::ZERO);
    while let Some(client) = running.join_next().await {
        let Done { times, failed, elapsed } = client.context("a client")??;
        taken.extend(times);
        failures += failed;
        longest = longest.max(elapsed);
    }
    if failures > 0 {
        return Err(Failure::new(format!("{failures} requests of {clients} clients were not answered 200")));
    }
    taken.sort();
    let microseconds = |share| rounded(percentile(&taken, share).as_secs_f64() * 1e6);
    Ok(Concurrency {
        clients,
        requests_per_second: rounded(taken.len() as f64 / longest.as_secs_f64()),
        p50_us: microseconds(0.5),
        p99_us: microseconds(0.99),
        failures,
    })
}

/// One client.
struct Client {
    connection: Connection,
    request: Vec<u8>,
}

/// What became of its requests.
struct Done {
    times: Vec<Duration>,
    failed: u64,
    elapsed: Duration,
}

impl Client {
    async fn new(bed: &Bed, number: u32) -> Result<Self> {
        let subject = format!("bench-client-{number}");
        let claims = Claims {
            subject: &subject,
            scope: "openid",
            admin: false,
            issued: SystemClock.now(),
            expires_in: 3600,
        };
        let token = bed.stack.keys().token(&claims)?;
        let authority = bed.stack.url().strip_prefix("http://").unwrap_or_default();
        let body = json!({"nickname": "Cam", "locale": "fr-FR"}).to_string();
        let head = [
            "PATCH /userinfo HTTP/1.1".to_owned(),
            format!("host: {authority}"),
            format!("authorization: Bearer {token}"),
            "content-type: application/json".to_owned(),
            format!("content-length: {}", body.len()),
        ];
        let request = format!("{}\r\n\r\n{body}", head.join("\r\n")).into_bytes();
        let connection = Connection::open(authority.parse().context("the gateway's address")?).await?;
        Ok(Self { connection, request })
    }

    /// One request that is not measured, which creates the user and starts a process; the others when all clients are as
    /// far.
    async fn run(mut self, ready: Arc<Barrier>) -> Result<Done> {
        let first = self.connection.send(&self.request).await;
        // Before anything is said of a failure: the others would wait for ever.
        ready.wait().await;
        let mut done = Done { times: Vec::new(), failed: u64::from(first? != 200), elapsed: Duration::ZERO };
        let started = Instant::now();
        while done.elapsed < MEASURED {
            let sent = Instant::now();
            match self.connection.send(&self.request).await? {
                200 => done.times.push(sent.elapsed()),
                _ => done.failed += 1,
            }
            done.elapsed = started.elapsed();
        }
        Ok(done)
    }
}
