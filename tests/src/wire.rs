//! A proxy before the database: counts the calls that go over the wire, and spoils those it is told to.

mod fault;
mod message;

pub use fault::Fault;
pub use message::call;
pub(crate) use message::{body, describe, read_message};

use crate::{Canaries, actions};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};

/// Calls that are to be spoilt.
struct Plan {
    operation: String,
    /// How many calls of the operation pass before.
    passing: usize,
    /// How many are spoilt then.
    times: usize,
    fault: Fault,
}

#[derive(Default)]
struct State {
    calls: Vec<(String, Value)>,
    plans: Vec<Plan>,
    withheld: Arc<Notify>,
    /// How many more calls pass; all after them are refused. `None`: all pass.
    passing: Option<usize>,
    injected: usize,
}

impl State {
    /// What becomes of this call.
    fn fate(&mut self, operation: &str) -> Option<Fault> {
        let planned = self.planned(operation);
        let fault = match &mut self.passing {
            Some(0) => Some(Fault::Answer(400, "AccessDeniedException")),
            Some(passing) => {
                *passing -= 1;
                planned
            }
            None => planned,
        };
        self.injected += usize::from(fault.is_some());
        fault
    }

    fn planned(&mut self, operation: &str) -> Option<Fault> {
        let index = self.plans.iter().position(|plan| plan.operation == operation)?;
        let plan = &mut self.plans[index];
        if plan.passing > 0 {
            plan.passing -= 1;
            return None;
        }
        plan.times -= 1;
        let (fault, spent) = (plan.fault, plan.times == 0);
        if spent {
            self.plans.remove(index);
        }
        Some(fault)
    }
}

/// A proxy on a loopback port; stops when dropped.
pub struct Wire {
    endpoint: String,
    state: Arc<Mutex<State>>,
    canaries: Canaries,
    /// Whether connections are to be accepted.
    open: Arc<watch::Sender<bool>>,
    /// Whether they are.
    listening: watch::Receiver<bool>,
    server: JoinHandle<()>,
    /// Holds the port while nobody listens there.
    _port: TcpSocket,
}

impl Wire {
    /// Starts a proxy before the database at this `http://` endpoint.
    pub async fn before(database: &str) -> Self {
        let port = socket(([127, 0, 0, 1], 0).into());
        let address = port.local_addr().unwrap();
        let mut listener = socket(address).listen(1024).unwrap();
        let state = Arc::<Mutex<State>>::default();
        let open = Arc::new(watch::Sender::new(true));
        let database = database.trim_start_matches("http://").to_owned();
        let canaries = Canaries::of_this_test();
        let (shared, ledger) = (Arc::clone(&state), canaries.clone());
        let proxy = Proxy { database, state: shared, canaries: ledger, open: Arc::clone(&open) };
        let (listens, listening) = watch::channel(true);
        let server = tokio::spawn(async move {
            loop {
                proxy.accept(listener).await;
                listens.send_replace(false);
                proxy.open.subscribe().wait_for(|open| *open).await.unwrap();
                listener = socket(address).listen(1024).unwrap();
                listens.send_replace(true);
            }
        });
        Self { endpoint: format!("http://{address}"), state, canaries, open, listening, server, _port: port }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Where clients reach the proxy.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Spoils the next call of this operation that is not spoilt yet.
    pub fn spoil(&self, operation: &str, fault: Fault) {
        self.spoil_after(operation, 0, 1, fault);
    }

    /// Lets so many more calls of this operation pass, and spoils so many after them, each attempt of the SDK counted.
    pub fn spoil_after(&self, operation: &str, passing: usize, times: usize, fault: Fault) {
        self.state().plans.push(Plan { operation: operation.to_owned(), passing, times, fault });
    }

    /// Lets so many more calls through and refuses all after them, by an error that the SDK does not try again after:
    /// as if the caller had ended there.
    pub fn cut_after(&self, calls: usize) {
        self.state().passing = Some(calls);
    }

    /// Lets all calls through again that are not planned to be spoilt; how many would still have passed after
    /// [`Wire::cut_after`].
    pub fn mend(&self) -> Option<usize> {
        self.open.send_replace(true);
        self.state().passing.take()
    }

    /// Forgets all that was planned, lets all calls through again and waits until connections are accepted.
    pub async fn heal(&self) {
        while self.forget() {}
        self.mend();
        self.listening.clone().wait_for(|listening| *listening).await.unwrap();
    }

    /// Forgets one planned fault; `false` when none was left.
    pub fn forget(&self) -> bool {
        self.state().plans.pop().is_some()
    }

    /// How many calls were spoilt so far, each attempt of the SDK counted that came this far.
    pub fn injected(&self) -> usize {
        self.state().injected
    }

    /// Waits until an answer is being withheld.
    pub async fn withheld(&self) {
        let withheld = Arc::clone(&self.state().withheld);
        withheld.notified().await;
    }

    /// The operations called since the last time this was asked, in order; each attempt of the SDK counts.
    pub fn calls(&self) -> Vec<String> {
        self.requests().into_iter().map(|(operation, _)| operation).collect()
    }

    /// The operations called since the last time this was asked, with their requests.
    pub fn requests(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.state().calls)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.server.abort();
        self.canaries.assert_kept();
    }
}

/// Several may be bound to one address, of which one listens.
fn socket(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

#[derive(Clone)]
struct Proxy {
    database: String,
    state: Arc<Mutex<State>>,
    canaries: Canaries,
    open: Arc<watch::Sender<bool>>,
}

impl Proxy {
    /// Serves clients until the database is gone; then all their connections end, and the port is closed.
    async fn accept(&self, listener: TcpListener) {
        let (mut clients, mut open) = (JoinSet::new(), self.open.subscribe());
        while *open.borrow_and_update() {
            tokio::select! {
                accepted = listener.accept() => {
                    let (client, proxy) = (accepted.unwrap().0, self.clone());
                    clients.spawn(async move { proxy.serve(client).await });
                }
                _ = open.changed() => {}
            }
        }
    }

    async fn serve(&self, mut client: TcpStream) {
        client.set_nodelay(true).unwrap();
        while let Some(request) = read_message(&mut client).await {
            actions::record(&request);
            let (operation, body) = describe(&request);
            self.canaries.hold_keys(&operation, &body);
            let fault = {
                let mut state = self.state.lock().unwrap();
                state.calls.push((operation.clone(), body.clone()));
                state.fate(&operation)
            };
            if let Some(answer) = fault.and_then(|fault| fault.instead(&operation, &body)) {
                client.write_all(&answer).await.unwrap_or_default();
                continue;
            }
            match fault {
                Some(Fault::Reset) => return client.set_zero_linger().unwrap(),
                Some(Fault::Refused) => {
                    self.open.send_replace(false);
                    return;
                }
                Some(Fault::Silence) => return abandoned(&mut client).await,
                _ => {}
            }
            let mut upstream = TcpStream::connect(&self.database).await.unwrap();
            upstream.write_all(&request).await.unwrap();
            let Some(answer) = read_message(&mut upstream).await else { return };
            let arrived = match fault {
                Some(Fault::LostAnswer) => return,
                Some(Fault::ResetAfter) => return client.set_zero_linger().unwrap(),
                Some(Fault::Withheld) => {
                    let withheld = Arc::clone(&self.state.lock().unwrap().withheld);
                    withheld.notify_one();
                    return abandoned(&mut client).await;
                }
                Some(Fault::HalfAnswer) => {
                    client.write_all(&answer[..answer.len() / 2]).await.unwrap_or_default();
                    return abandoned(&mut client).await;
                }
                Some(Fault::Trickle) => trickle(&mut client, &answer).await,
                Some(fault) => client.write_all(&fault.spoil(answer)).await,
                None => client.write_all(&answer).await,
            };
            if arrived.is_err() {
                return;
            }
        }
    }
}

/// Waits until the client goes away.
async fn abandoned(client: &mut TcpStream) {
    let _ = client.read(&mut [0]).await;
}

async fn trickle(client: &mut TcpStream, answer: &[u8]) -> std::io::Result<()> {
    for byte in answer {
        client.write_all(&[*byte]).await?;
    }
    Ok(())
}
