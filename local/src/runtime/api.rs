//! The HTTP side of the Runtime API (version 2018-06-01): next invocation, response, error, init error.

use super::{Desks, MAX_PAYLOAD, lock};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{Response, StatusCode};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot, watch};

/// What became of an invocation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Answered(Bytes),
    Failed(Bytes),
    /// The process ended while it worked.
    Ended,
    /// The process ended before it took the event.
    NeverFetched,
    TimedOut,
}

/// An event on its way to a process.
pub(super) struct Invocation {
    request_id: String,
    event: Bytes,
    deadline: i64,
    trace_id: String,
    reply: oneshot::Sender<Outcome>,
}

impl Invocation {
    /// `deadline` in milliseconds since the epoch.
    pub(super) fn new(
        request_id: String,
        event: Bytes,
        deadline: i64,
        trace_id: String,
    ) -> (Self, oneshot::Receiver<Outcome>) {
        let (reply, answer) = oneshot::channel();
        (Self { request_id, event, deadline, trace_id, reply }, answer)
    }
}

/// Where one process fetches events and leaves answers.
#[derive(Default)]
pub(super) struct Desk {
    opened: watch::Sender<bool>,
    laid: Notify,
    waiting: Mutex<Option<Invocation>>,
    /// Identifier and addressee of the event that the process works on.
    at_work: Mutex<Option<(String, oneshot::Sender<Outcome>)>>,
}

impl Desk {
    /// Resolves once the process has asked for work for the first time.
    pub(super) async fn opened(&self) {
        let mut opened = self.opened.subscribe();
        // The sender is in `self`, so waiting cannot fail.
        let _ = opened.wait_for(|opened| *opened).await;
    }

    /// Leaves an event for the process. There is never more than one.
    pub(super) fn lay(&self, invocation: Invocation) {
        *lock(&self.waiting) = Some(invocation);
        self.laid.notify_one();
    }

    /// Whether the process has taken this event.
    pub(super) fn fetched(&self, request_id: &str) -> bool {
        lock(&self.at_work).as_ref().is_some_and(|(id, _)| id == request_id)
    }

    async fn fetch(&self) -> Invocation {
        loop {
            if let Some(invocation) = lock(&self.waiting).take() {
                return invocation;
            }
            self.laid.notified().await;
        }
    }

    fn answer(&self, request_id: &str, outcome: Outcome) -> StatusCode {
        let at_work = lock(&self.at_work).take_if(|(id, _)| id == request_id);
        // Nobody waits any more when the function's time was up a moment before.
        match at_work.map(|(_, reply)| reply.send(outcome)) {
            Some(Ok(())) => StatusCode::ACCEPTED,
            Some(Err(_)) | None => StatusCode::BAD_REQUEST,
        }
    }
}

pub(super) async fn serve(listener: TcpListener, desks: Desks) {
    let invocation = "/{process}/2018-06-01/runtime/invocation";
    let app = Router::new()
        .route(&format!("{invocation}/next"), get(next))
        .route(&format!("{invocation}/{{request_id}}/response"), post(response))
        .route(&format!("{invocation}/{{request_id}}/error"), post(error))
        .route("/{process}/2018-06-01/runtime/init/error", post(init_error))
        .layer(DefaultBodyLimit::max(MAX_PAYLOAD))
        .with_state(desks);
    let listener = listener.tap_io(|connection| {
        // Without it, small answers can wait 40 ms for an acknowledgement.
        let _ = connection.set_nodelay(true);
    });
    let _ = axum::serve(listener, app).await;
}

fn desk(desks: &Desks, process: &str) -> Result<Arc<Desk>, StatusCode> {
    lock(desks).get(process).cloned().ok_or(StatusCode::NOT_FOUND)
}

async fn next(State(desks): State<Desks>, Path(process): Path<String>) -> Result<Response<Body>, StatusCode> {
    let desk = desk(&desks, &process)?;
    desk.opened.send_replace(true);
    let Invocation { request_id, event, deadline, trace_id, reply } = desk.fetch().await;
    let response = Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", &request_id)
        .header("lambda-runtime-deadline-ms", deadline)
        .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:local")
        .header("lambda-runtime-trace-id", trace_id)
        .body(Body::from(event));
    *lock(&desk.at_work) = Some((request_id, reply));
    response.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn response(
    State(desks): State<Desks>,
    Path((process, request_id)): Path<(String, String)>,
    answer: Bytes,
) -> Result<StatusCode, StatusCode> {
    Ok(desk(&desks, &process)?.answer(&request_id, Outcome::Answered(answer)))
}

async fn error(
    State(desks): State<Desks>,
    Path((process, request_id)): Path<(String, String)>,
    error: Bytes,
) -> Result<StatusCode, StatusCode> {
    Ok(desk(&desks, &process)?.answer(&request_id, Outcome::Failed(error)))
}

/// The process ends itself after this, and says why in its own log.
async fn init_error(
    State(desks): State<Desks>,
    Path(process): Path<String>,
    _error: Bytes,
) -> Result<StatusCode, StatusCode> {
    desk(&desks, &process).map(|_| StatusCode::ACCEPTED)
}
