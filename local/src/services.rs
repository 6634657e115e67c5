//! EventBridge and SQS as AWS clients speak to them: one loopback listener for both, which the header `X-Amz-Target`
//! tells apart. Signatures are not looked at. The same listener takes letters for the outbox.

mod eventbridge;
mod sqs;

use crate::bus::Bus;
use crate::failure::{Context, Result};
use crate::outbox::{Letter, Outbox};
use crate::queues::Queues;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::routing::post;
use axum::serve::ListenerExt;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Largest request: a batch of the largest messages, and what JSON adds to it.
const MAX_REQUEST: usize = 4 * 1024 * 1024;

/// Path of the outbox.
const OUTBOX: &str = "/outbox";

/// The services at work. Dropping this stops them at once; what was acknowledged is kept.
pub struct Services {
    endpoint: String,
    server: JoinHandle<std::io::Result<()>>,
}

/// What the services stand for.
#[derive(Clone)]
struct Backends {
    bus: Option<Bus>,
    queues: Queues,
    outbox: Outbox,
}

/// An error as AWS clients read it.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message: message.into() }
    }

    /// The failure is of this side, so that clients try again. What failed exactly is for the terminal.
    fn internal(code: &'static str, failure: &crate::Failure) -> Self {
        eprintln!("services | {failure}");
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, code, message: "try again".to_owned() }
    }
}

impl Services {
    /// Starts listening on a free loopback port.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(bus: Option<Bus>, queues: Queues, outbox: Outbox) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("the services get no port")?;
        let address = listener.local_addr().context("the services have no address")?;
        let app = Router::new()
            .route(OUTBOX, post(put_letter))
            .fallback(handle)
            .layer(DefaultBodyLimit::max(MAX_REQUEST))
            .with_state(Backends { bus, queues, outbox });
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        let server = tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { endpoint: format!("http://{address}"), server })
    }

    /// The endpoint URL for any AWS client.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Where functions put letters.
    pub fn outbox_url(&self) -> String {
        format!("{}{OUTBOX}", self.endpoint)
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn handle(State(backends): State<Backends>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let (content_type, answer) = match target.split_once('.') {
        Some(("AWSEvents", operation)) => {
            ("application/x-amz-json-1.1", eventbridge::answer(&backends, operation, &body).await)
        }
        Some(("AmazonSQS", operation)) => {
            ("application/x-amz-json-1.0", sqs::answer(&backends, operation, &body).await)
        }
        _ => ("application/x-amz-json-1.0", Err(unknown_operation(target))),
    };
    let (status, body) = match answer {
        Ok(body) => (StatusCode::OK, body),
        Err(refusal) => (refusal.status, json!({"__type": refusal.code, "message": refusal.message})),
    };
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

async fn put_letter(State(backends): State<Backends>, body: Bytes) -> StatusCode {
    let Ok(letter) = serde_json::from_slice::<Letter>(&body) else { return StatusCode::BAD_REQUEST };
    backends.outbox.put(letter);
    StatusCode::NO_CONTENT
}

fn unknown_operation(operation: &str) -> Refusal {
    Refusal::new("UnknownOperationException", format!("{operation} is not known to the local stack"))
}

/// The error says where the request is wrong, and nothing of what it holds.
fn read<T: DeserializeOwned>(code: &'static str, body: &[u8]) -> std::result::Result<T, Refusal> {
    let request: Json = serde_json::from_slice(body).map_err(|_| Refusal::new(code, "not JSON"))?;
    serde_json::from_value(request)
        .map_err(|_| Refusal::new(code, "not a request that the local stack knows"))
}
