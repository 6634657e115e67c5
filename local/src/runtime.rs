//! The Lambda Runtime API, and the function processes that ask it for work.
//!
//! One listener serves all processes, each under a base path of its own. A function has as many processes as its requests
//! overlap, up to [`MAX_PROCESSES`]; each serves one invocation at a time, as on Lambda.

mod api;

use crate::failure::{Context, Failure, Result};
use crate::process::{Ending, Output, Spawner};
use api::{Desk, Invocation, Outcome};
use axum::body::Bytes;
use shared::clock::{Clock, SystemClock};
use shared::entropy::{SystemEntropy, uuid};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

/// Most processes that one function has at a time; further requests wait.
pub const MAX_PROCESSES: u32 = 8;

/// How long a process may take until it first asks for work. Lambda's INIT phase has the same limit.
pub const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// Largest event and largest answer in bytes, as on Lambda.
pub const MAX_PAYLOAD: usize = 6 * 1024 * 1024;

/// A Runtime API on a loopback port. Dropping it kills the processes that it started.
#[derive(Clone)]
pub struct Runtime(Arc<Shared>);

struct Shared {
    address: SocketAddr,
    desks: Desks,
    spawner: Spawner,
    next_process: AtomicU64,
    server: AbortHandle,
}

/// Where each process gets its work, by base path.
type Desks = Arc<Mutex<HashMap<String, Arc<Desk>>>>;

impl Drop for Shared {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What a function's processes run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionSpec {
    /// The function's name, for its log lines.
    pub name: String,
    /// The program.
    pub binary: PathBuf,
    /// All that the process gets besides the Runtime API's address; nothing is inherited.
    pub environment: BTreeMap<String, String>,
    /// An invocation that takes longer is ended, and its process with it.
    pub timeout: Duration,
}

/// Why an invocation has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvocationError {
    /// The function answered with an error; the Runtime API's error document.
    Failed(Bytes),
    /// The process ended before it answered.
    Crashed,
    /// The process did not answer in time and was killed.
    TimedOut(Duration),
    /// No process could be started, or it never asked for work.
    NotStarted(String),
    /// The event is larger than [`MAX_PAYLOAD`].
    TooLarge,
}

impl fmt::Display for InvocationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(_) => write!(formatter, "the function answered with an error"),
            Self::Crashed => write!(formatter, "the process ended without an answer"),
            Self::TimedOut(limit) => write!(formatter, "no answer within {} s: killed", limit.as_secs_f64()),
            Self::NotStarted(reason) => write!(formatter, "the process did not start: {reason}"),
            Self::TooLarge => write!(formatter, "the event is larger than {MAX_PAYLOAD} bytes"),
        }
    }
}

impl Runtime {
    /// Starts listening. Must be called inside a tokio runtime. What the processes write goes to standard error.
    ///
    /// # Errors
    /// When no loopback port can be had.
    pub async fn start() -> Result<Self> {
        Self::with(Output::default(), Ending::WithUs).await
    }

    /// As [`Runtime::start`], with what the processes write going to `output`, and their own way to end.
    ///
    /// # Errors
    /// As [`Runtime::start`].
    pub async fn with(output: Output, ending: Ending) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("the Runtime API gets no port")?;
        let address = listener.local_addr().context("the Runtime API has no address")?;
        let desks = Desks::default();
        let server = tokio::spawn(api::serve(listener, desks.clone())).abort_handle();
        let spawner = Spawner::start(output, ending)?;
        Ok(Self(Arc::new(Shared { address, desks, spawner, next_process: AtomicU64::new(1), server })))
    }

    /// A function without processes yet: the first invocation starts one.
    pub fn function(&self, spec: FunctionSpec) -> Function {
        let room = Arc::new(Semaphore::new(MAX_PROCESSES as usize));
        let (idle, running) = (Mutex::default(), Arc::default());
        Function { pool: Arc::new(Pool { spec, runtime: self.clone(), idle, running, room }) }
    }
}

/// A function that can be invoked.
#[derive(Clone)]
pub struct Function {
    pool: Arc<Pool>,
}

struct Pool {
    spec: FunctionSpec,
    runtime: Runtime,
    idle: Mutex<Vec<Process>>,
    running: Arc<Mutex<BTreeSet<u32>>>,
    room: Arc<Semaphore>,
}

impl Function {
    /// What it runs.
    pub fn spec(&self) -> &FunctionSpec {
        &self.pool.spec
    }

    /// Starts a process before the first invocation, so that a function that cannot start shows it at once.
    ///
    /// # Errors
    /// When the process cannot be started, ends, or does not ask for work within [`INIT_TIMEOUT`].
    pub async fn warm(&self) -> Result<()> {
        let process = self.pool.start_process().await.context(&self.pool.spec.name)?;
        lock(&self.pool.idle).push(process);
        Ok(())
    }

    /// Hands an event to a process, a new one if all are busy. The invocation runs to its end even when the returned
    /// future is dropped, as on Lambda.
    ///
    /// # Errors
    /// When the function does not answer, or answers with an error.
    pub async fn invoke(
        &self,
        event: impl Into<Bytes>,
        trace_id: &str,
    ) -> std::result::Result<Bytes, InvocationError> {
        let (pool, event, trace_id) = (self.pool.clone(), event.into(), trace_id.to_owned());
        if event.len() > MAX_PAYLOAD {
            return Err(InvocationError::TooLarge);
        }
        let invocation = tokio::spawn(async move { pool.invoke(event, &trace_id).await });
        invocation.await.unwrap_or(Err(InvocationError::Crashed))
    }

    /// Writes a line where its own lines go.
    pub(crate) fn tell(&self, line: &str) {
        self.pool.tell(line);
    }

    /// The ids of its processes: those that start, wait for work and work. One that has ended may still be among them.
    pub fn processes(&self) -> Vec<u32> {
        lock(&self.pool.running).iter().copied().collect()
    }

    /// How many processes wait for work.
    pub fn idle_processes(&self) -> usize {
        lock(&self.pool.idle).len()
    }

    /// Waits until no invocation is running, then ends the processes. Every invocation ends by its time-out.
    pub async fn stop(&self) {
        let all = self.pool.room.acquire_many(MAX_PROCESSES).await;
        let idle = std::mem::take(&mut *lock(&self.pool.idle));
        for mut process in idle {
            process.kill().await;
        }
        drop(all);
    }
}

impl Pool {
    async fn invoke(&self, event: Bytes, trace_id: &str) -> std::result::Result<Bytes, InvocationError> {
        let _room = self.room.acquire().await;
        let mut process = match self.idle_process() {
            Some(process) => process,
            None => self
                .start_process()
                .await
                .map_err(|failure| InvocationError::NotStarted(failure.to_string()))?,
        };
        let mut outcome = process.invoke(&event, trace_id, self.spec.timeout).await;
        if outcome == Outcome::NeverFetched {
            // It ended between being found alive and asking for work, so the event is still ours to give.
            process = self
                .start_process()
                .await
                .map_err(|failure| InvocationError::NotStarted(failure.to_string()))?;
            outcome = process.invoke(&event, trace_id, self.spec.timeout).await;
        }
        let result = match outcome {
            Outcome::Answered(answer) => Ok(answer),
            Outcome::Failed(error) => Err(InvocationError::Failed(error)),
            Outcome::Ended | Outcome::NeverFetched => Err(InvocationError::Crashed),
            Outcome::TimedOut => Err(InvocationError::TimedOut(self.spec.timeout)),
        };
        match &result {
            Ok(_) | Err(InvocationError::Failed(_)) => lock(&self.idle).push(process),
            Err(error) => self.tell(&error.to_string()),
        }
        result
    }

    /// A process that waits for work and still lives. One that has died meanwhile is buried here.
    fn idle_process(&self) -> Option<Process> {
        let mut idle = lock(&self.idle);
        while let Some(mut process) = idle.pop() {
            match process.child.try_wait() {
                Ok(None) => return Some(process),
                Ok(Some(status)) => self.tell(&format!("ended while idle: {status}")),
                Err(error) => self.tell(&format!("lost: {error}")),
            }
        }
        None
    }

    fn tell(&self, line: &str) {
        self.runtime.0.spawner.tell(&self.spec.name, line);
    }

    async fn start_process(&self) -> Result<Process> {
        let shared = &self.runtime.0;
        let id = shared.next_process.fetch_add(1, Ordering::Relaxed).to_string();
        let desk = Arc::new(Desk::default());
        lock(&shared.desks).insert(id.clone(), desk.clone());
        let mut command = Command::new(&self.spec.binary);
        command.env_clear().envs(&self.spec.environment);
        // A base path is only understood after a scheme.
        command.env("AWS_LAMBDA_RUNTIME_API", format!("http://{}/{id}", shared.address));
        let mut place = Place { desks: shared.desks.clone(), id, running: self.running.clone(), pid: None };
        let child = shared.spawner.spawn(&self.spec.name, command).await;
        let child = child.context(self.spec.binary.display())?;
        place.pid = child.id();
        lock(&self.running).extend(place.pid);
        let mut process = Process { child, desk, _place: place };
        let ended = tokio::select! {
            () = process.desk.opened() => return Ok(process),
            status = process.child.wait() => status.context("lost")?.to_string(),
            () = sleep(INIT_TIMEOUT) => format!("it did not ask for work within {} s", INIT_TIMEOUT.as_secs()),
        };
        process.kill().await;
        Err(Failure::new(ended))
    }
}

/// One running function process.
struct Process {
    child: Child,
    desk: Arc<Desk>,
    _place: Place,
}

/// Takes a process's desk away when the process is gone, and its id off the list.
struct Place {
    desks: Desks,
    id: String,
    running: Arc<Mutex<BTreeSet<u32>>>,
    pid: Option<u32>,
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.desks).remove(&self.id);
        if let Some(pid) = &self.pid {
            lock(&self.running).remove(pid);
        }
    }
}

impl Process {
    async fn invoke(&mut self, event: &Bytes, trace_id: &str, limit: Duration) -> Outcome {
        let deadline = SystemClock.now().millis() + i64::try_from(limit.as_millis()).unwrap_or(i64::MAX / 2);
        let request_id = uuid(&SystemEntropy::new());
        let (invocation, answer) =
            Invocation::new(request_id.clone(), event.clone(), deadline, trace_id.to_owned());
        self.desk.lay(invocation);
        let outcome = tokio::select! {
            biased;
            Ok(outcome) = answer => outcome,
            _ = self.child.wait() => match self.desk.fetched(&request_id) {
                true => Outcome::Ended,
                false => Outcome::NeverFetched,
            },
            () = sleep(limit) => Outcome::TimedOut,
        };
        if outcome == Outcome::TimedOut {
            self.kill().await;
        }
        outcome
    }

    async fn kill(&mut self) {
        // It fails only when the process has ended already.
        let _ = timeout(Duration::from_secs(1), self.child.kill()).await;
    }
}

/// A lock is only ever held for a few instructions that cannot panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
