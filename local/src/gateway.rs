//! The gateway: an API Gateway HTTP API as far as its callers and functions can tell.
//!
//! Its own answers are those of AWS: 400 for a path that it cannot decode or a body that it cannot read, 404 for an
//! unknown route or method, 408 for a body that does not arrive, 413 for one that is too large, 431 for headers that
//! are, 500 when the function crashes, fails or runs out of its time, and 503 when it takes longer than the gateway
//! waits.

use crate::access_log::{AccessLog, Answered, LINE_WAIT};
use crate::answer;
use crate::console::Console;
use crate::cors::Cors;
use crate::event::Request;
use crate::loopback;
use crate::reference;
use crate::routes::{Route, decode_path};
use crate::runtime::{Function, InvocationError};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, request};
use axum::serve::ListenerExt;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use shared::clock::{Clock, SystemClock, Timestamp};
use shared::entropy::{SystemEntropy, bytes, hex};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::time::timeout;

/// Largest request body in bytes.
pub const MAX_BODY: usize = 10 * 1024 * 1024;

/// How long the gateway waits for a request's body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Most bytes in the request line and the values of the headers together.
pub const MAX_HEADERS: usize = 10_240;

/// How long the gateway waits for a function, whatever the function's own limit.
pub const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);

/// Routes, and the functions behind them.
pub struct Gateway {
    routes: Vec<(Route, Function)>,
    cors: Option<Cors>,
    authority: SocketAddr,
    console: Option<Console>,
    access_log: AccessLog,
}

/// Why a request got an answer of the gateway's own.
type Refusal = StatusCode;

impl Gateway {
    /// A gateway that is reached at `authority`.
    pub fn new(mut routes: Vec<(Route, Function)>, cors: Option<Cors>, authority: SocketAddr) -> Self {
        routes.sort_by_key(|(route, _)| route.precedence());
        Self { routes, cors, authority, console: None, access_log: AccessLog::new(LINE_WAIT) }
    }

    /// Answers the paths of this console, too.
    pub fn with_console(self, console: Console) -> Self {
        Self { console: Some(console), ..self }
    }

    /// Tells this log of every answered request.
    pub fn with_access_log(self, access_log: AccessLog) -> Self {
        Self { access_log, ..self }
    }

    /// Serves until `shutdown` resolves, then until every request that has begun is answered.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let app = Router::new().fallback(handle).with_state(Arc::new(self));
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        let service = app.into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, service).with_graceful_shutdown(shutdown).await
    }

    fn route(&self, method: &str, path: &str) -> Option<(&Route, &Function, BTreeMap<String, String>)> {
        self.routes.iter().find_map(|(route, function)| Some((route, function, route.matches(method, path)?)))
    }

    /// The response. Which route and which function gave it is noted in `answered`.
    async fn answer(
        &self,
        arrival: &Arrival,
        parts: &request::Parts,
        body: Body,
        answered: &mut Answered,
    ) -> Result<Response<Body>, Refusal> {
        if size_of(parts) > MAX_HEADERS {
            return Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        let path = decode_path(parts.uri.path()).ok_or(StatusCode::BAD_REQUEST)?;
        let (route, function, path_parameters) =
            self.route(parts.method.as_str(), &path).ok_or(StatusCode::NOT_FOUND)?;
        // The route and not the path, which names a user.
        answered.route = route.to_string();
        let trace_id = arrival.trace_id(&parts.headers);
        let request = Request {
            method: parts.method.to_string(),
            route: route.path(),
            path,
            path_parameters,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: self.forwarded_headers(arrival, &parts.headers, &trace_id),
            body: read_body(&parts.headers, body, BODY_TIMEOUT).await?,
            source_ip: arrival.peer.ip().to_string(),
            domain_name: self.authority.to_string(),
            request_id: arrival.request_id.clone(),
            time: arrival.time,
        };
        answered.function = Some(function.spec().name.clone());
        let invocation = function.invoke(request.event().to_string(), &trace_id);
        match timeout(INTEGRATION_TIMEOUT, invocation).await {
            Ok(Ok(payload)) => Ok(answer::response(&payload)),
            Ok(Err(InvocationError::TooLarge)) => Err(StatusCode::PAYLOAD_TOO_LARGE),
            // A function that ran out of its own time looks to an HTTP API like any that failed.
            Ok(Err(_)) => Err(StatusCode::INTERNAL_SERVER_ERROR),
            Err(_) => Err(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    /// The request's headers as the function sees them: what the gateway vouches for replaces what the caller claims.
    fn forwarded_headers(
        &self,
        arrival: &Arrival,
        headers: &HeaderMap,
        trace_id: &str,
    ) -> Vec<(String, String)> {
        let own = ["host", "x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"];
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let mut callers: Vec<String> = headers.get_all("x-forwarded-for").iter().map(text).collect();
        callers.push(arrival.peer.ip().to_string());
        let sent = headers.iter().filter(|(name, _)| !own.contains(&name.as_str()));
        let sent = sent.map(|(name, value)| (name.to_string(), text(value)));
        let values = [
            self.authority.to_string(),
            trace_id.to_owned(),
            callers.join(", "),
            self.authority.port().to_string(),
            "http".to_owned(),
        ];
        sent.chain(own.map(str::to_owned).into_iter().zip(values)).collect()
    }
}

/// What is known of a request before it is looked at.
struct Arrival {
    peer: SocketAddr,
    request_id: String,
    time: Timestamp,
}

impl Arrival {
    fn new(peer: SocketAddr) -> Self {
        let request_id = STANDARD.encode(bytes::<11>(&SystemEntropy::new()));
        Self { peer, request_id, time: SystemClock.now() }
    }

    /// The caller's X-Ray trace, or a new one.
    fn trace_id(&self, headers: &HeaderMap) -> String {
        let sent = headers.get("x-amzn-trace-id").and_then(|value| value.to_str().ok());
        match sent.filter(|sent| sent.starts_with("Root=")) {
            Some(sent) => sent.to_owned(),
            None => {
                format!("Root=1-{:08x}-{}", self.time.seconds(), hex(&bytes::<12>(&SystemEntropy::new())))
            }
        }
    }
}

async fn handle(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: axum::extract::Request,
) -> Response<Body> {
    let started = Instant::now();
    let arrival = Arrival::new(peer);
    let (parts, body) = request.into_parts();
    if let Some(console) = gateway.console.as_ref().filter(|_| Console::has(parts.uri.path())) {
        return loopback::kept_here(match read_body(&parts.headers, body, BODY_TIMEOUT).await {
            Ok(body) => console.answer(&parts, &body).await,
            Err(refusal) => answer::own(refusal),
        });
    }
    if reference::has(parts.uri.path()) {
        return reference::answer(&parts, gateway.authority);
    }
    let mut answered = Answered::new(arrival.request_id.clone(), arrival.time, &parts.method);
    let mut response = match &gateway.cors {
        Some(cors) if Cors::is_preflight(&parts.method, &parts.headers) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            *response.headers_mut() = cors.preflight(&parts.headers);
            response
        }
        cors => {
            let response = gateway.answer(&arrival, &parts, body, &mut answered).await;
            let mut response = response.unwrap_or_else(answer::own);
            if let Some(cors) = cors {
                cors.apply(&parts.headers, response.headers_mut());
            }
            response
        }
    };
    if let Ok(request_id) = HeaderValue::try_from(&arrival.request_id) {
        response.headers_mut().insert("apigw-requestid", request_id);
    }
    answered.status = response.status().as_u16();
    answered.ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    gateway.access_log.answered(answered);
    response
}

/// Bytes of the request line and the headers' values.
fn size_of(parts: &request::Parts) -> usize {
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let line = parts.method.as_str().len() + target + "  HTTP/1.1".len();
    line + parts.headers.values().map(HeaderValue::len).sum::<usize>()
}

/// The whole body, if it arrives in this time.
async fn read_body(headers: &HeaderMap, body: Body, wait: Duration) -> Result<Bytes, Refusal> {
    let announced =
        headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MAX_BODY) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match timeout(wait, collect(body)).await {
        Ok(body) => body,
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

async fn collect(body: Body) -> Result<Bytes, Refusal> {
    let (mut chunks, mut read) = (body.into_data_stream(), Vec::new());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
        if read.len() + chunk.len() > MAX_BODY {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream::{iter, pending};
    use std::io::{Error, ErrorKind};

    #[tokio::test]
    async fn bodies_that_do_not_arrive_whole() {
        let read = async |body| read_body(&HeaderMap::new(), body, Duration::ZERO).await;
        let broken = iter([Ok("x"), Err(Error::from(ErrorKind::UnexpectedEof))]);
        assert_eq!(read(Body::from_stream(broken)).await, Err(StatusCode::BAD_REQUEST));
        let never = pending::<Result<Bytes, Error>>();
        assert_eq!(read(Body::from_stream(never)).await, Err(StatusCode::REQUEST_TIMEOUT));
        assert_eq!(read(Body::from("whole")).await, Ok(Bytes::from("whole")));
    }
}
