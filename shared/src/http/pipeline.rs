//! The way of every request: context, credential, admission, body shape, target, field rules, store, answer; then
//! one log line.

use super::{Answer, Call, Event, Principal, UpdateEndpoint};
use crate::auth::{ApiKey, CredentialError, Role, TokenVerifier, bearer};
use crate::clock::Clock;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::store::ProfileStore;
use crate::telemetry::{self, Line};
use crate::update::{UpdateCommand, UpdateError, update};
use crate::validation::UserId;
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
}

/// An endpoint on its stack.
pub struct Pipeline<E> {
    stack: Stack,
    endpoint: E,
}

impl<E: UpdateEndpoint> Pipeline<E> {
    /// Puts an endpoint on a stack.
    pub const fn new(stack: Stack, endpoint: E) -> Self {
        Self { stack, endpoint }
    }

    /// Answers one request, whatever happens: a panic and a database that does not answer too are told in the
    /// contract's own words.
    pub async fn handle(&self, event: Event) -> Answer {
        let started = self.stack.clock.now();
        let call = Call::new(event, &self.stack.config, started, Arc::clone(&self.stack.entropy));
        let store = self.stack.store.counting_anew();
        let work = AssertUnwindSafe(self.work(&call, &store)).catch_unwind();
        let result = match tokio::time::timeout(LONGEST, work).await {
            Ok(Ok(result)) => result,
            Ok(Err(_panic)) => Err(UpdateError::Internal),
            Err(_elapsed) => Err(UpdateError::Unavailable),
        };
        let (answer, outcome) = match result {
            Ok((answer, outcome)) => (answer, outcome),
            Err(error) => (self.endpoint.refuse(&call, &error), error.class()),
        };
        telemetry::log(&Line {
            request_id: &call.request_id,
            gateway_request_id: &call.event.request_context.request_id,
            trace_id: &call.trace.trace_id,
            contract: E::NAME,
            endpoint: E::ENDPOINT,
            status: answer.status_code,
            outcome,
            duration_ms: self.stack.clock.now().millis() - started.millis(),
            dynamodb_calls: store.calls(),
        });
        answer
    }

    async fn work(&self, call: &Call, store: &ProfileStore) -> Result<(Answer, &'static str), UpdateError> {
        let caller = self.authenticate(call, store).await?;
        if !self.endpoint.admits(&caller) {
            return Err(UpdateError::NotAdmitted);
        }
        let body = self.endpoint.decode(call)?;
        let target = self.endpoint.target(call, &caller, &body)?;
        authorise(&caller, &target)?;
        let command = self.endpoint.command(call, &caller, target, body)?;
        let UpdateCommand { target, .. } = &command;
        let outcome = update(store, &*self.stack.entropy, call.now, &command).await?;
        let class = if outcome.written { "updated" } else { "unchanged" };
        Ok((self.endpoint.answer(call, target, &outcome), class))
    }

    async fn authenticate(&self, call: &Call, store: &ProfileStore) -> Result<Principal, UpdateError> {
        let credential = bearer(call.event.header("authorization"))?;
        match E::CREDENTIAL.token_names_issuer() {
            Some(named) => self.token(call, credential, named).await,
            None => api_key(call, store, credential).await,
        }
    }

    async fn token(&self, call: &Call, token: &str, named: bool) -> Result<Principal, UpdateError> {
        let verified = self.stack.tokens.verify(token, E::NAME, named, call.now).await?;
        Ok(Principal {
            admin: verified.grants_admin && self.endpoint.is_admin(&verified.roles),
            user_id: verified.subject,
            roles: verified.roles,
            scopes: verified.scopes,
            is_client: verified.is_client,
            api_key: false,
        })
    }
}

/// Costs the one read of the key's record.
async fn api_key(call: &Call, store: &ProfileStore, credential: &str) -> Result<Principal, UpdateError> {
    let key = ApiKey::parse(credential)?;
    let record = store.api_key(&key.digest()).await?;
    let record = record.ok_or(UpdateError::from(CredentialError::UnknownKey))?;
    record.judge(call.now)?;
    Ok(Principal {
        user_id: record.owner,
        admin: record.role == Role::Admin,
        roles: Vec::new(),
        scopes: Vec::new(),
        is_client: false,
        api_key: true,
    })
}

/// Everybody may change themselves; administrators may change anybody.
fn authorise(caller: &Principal, target: &UserId) -> Result<(), UpdateError> {
    if caller.admin || caller.user_id == *target { Ok(()) } else { Err(UpdateError::Forbidden) }
}
