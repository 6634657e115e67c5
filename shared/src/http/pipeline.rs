//! The way of every request: context, credential, admission, the endpoint's own work, answer; then one log line.

use super::{Answer, Call, Caller, Contract, Endpoint, Event, Served};
use crate::auth::TokenVerifier;
use crate::clock::Clock;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::store::ProfileStore;
use crate::telemetry::{Metric, Metrics, RequestLine, Telemetry, XRay};
use crate::update::{Cause, UpdateError};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

/// How long a request may take before the contract answers that the database is unavailable: less than the
/// functions' time-out of 10 s, so that the caller hears it from us.
const LONGEST: Duration = Duration::from_millis(9_000);

/// What an endpoint runs on; made once, in INIT.
#[derive(Clone)]
pub struct Stack {
    /// The stack's settings.
    pub config: Arc<Config>,
    /// The table.
    pub store: ProfileStore,
    /// Verifies bearer tokens.
    pub tokens: Arc<TokenVerifier>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Log lines.
    pub telemetry: Arc<Telemetry>,
}

/// An endpoint on its stack.
pub struct Pipeline<E> {
    stack: Stack,
    endpoint: E,
}

impl<E: Endpoint> Pipeline<E> {
    /// Puts an endpoint on a stack.
    pub const fn new(stack: Stack, endpoint: E) -> Self {
        Self { stack, endpoint }
    }

    /// Answers one request, whatever happens: a panic and a database that does not answer too are told in the
    /// contract's own words. `x_ray` is the trace header that came with the invocation.
    pub async fn handle(&self, event: Event, x_ray: Option<&str>) -> Answer {
        let header = || event.header("x-amzn-trace-id").and_then(XRay::parse);
        let invocation = self.stack.telemetry.begin(x_ray.and_then(XRay::parse).or_else(header));
        let (started, x_ray) = (invocation.started, invocation.x_ray.as_ref());
        let call = Call::new(event, x_ray, &self.stack.config, started, Arc::clone(&self.stack.entropy));
        let store = self.stack.store.metered_anew();
        let work = AssertUnwindSafe(self.work(&call, &store)).catch_unwind();
        let result = match tokio::time::timeout(LONGEST, work).await {
            Ok(Ok(result)) => result,
            Ok(Err(_panic)) => Err(UpdateError::Internal),
            Err(_elapsed) => Err(UpdateError::Unavailable),
        };
        let (answer, outcome, cause) = match result {
            Ok(Served { answer, outcome }) => {
                // A page that does not exist.
                let cause = (400..500).contains(&answer.status_code).then_some(Cause::Caller);
                (answer, outcome, cause)
            }
            Err(error) => (E::Contract::refuse(&call, &error), error.class(), Some(error.cause())),
        };
        let answer = if call.reads() { answer.unless_said("cache-control", "no-store") } else { answer };
        let line = RequestLine {
            request_id: &call.request_id,
            gateway_request_id: &call.event.request_context.request_id,
            trace_id: &call.trace.trace_id,
            contract: E::Contract::NAME,
            endpoint: E::NAME,
            status: answer.status_code,
            outcome,
            change_id: store.change_id(),
        };
        let mut metrics = Metrics::default().with(Metric::Requests, 1).with_usage(store.usage());
        metrics.count_if(Metric::Refusals, cause == Some(Cause::Caller));
        metrics.count_if(Metric::Throttled, cause == Some(Cause::Load));
        metrics.count_if(Metric::Faults, cause == Some(Cause::Service));
        self.stack.telemetry.end(&invocation, &line, metrics);
        answer
    }

    async fn work(&self, call: &Call, store: &ProfileStore) -> Result<Served, UpdateError> {
        let caller = E::Caller::authenticate::<E::Contract>(&self.stack, call, store).await?;
        if !self.endpoint.admits(&caller) {
            return Err(UpdateError::NotAdmitted);
        }
        self.endpoint.serve(call, store, caller).await
    }
}
