//! What an endpoint does with a request.

use super::{Answer, Call, Caller, Contract, Principal, idempotency};
use crate::config::Settings;
use crate::ground::Ground;
use crate::store::ProfileStore;
use crate::update::{Retriable, Settled, UpdateCommand, UpdateError, UpdateOutcome, update, update_once};
use crate::validation::UserId;
use std::future::Future;

/// An endpoint of a wire contract: one route, one binary.
pub trait Endpoint: Sized + Send + Sync + 'static {
    /// The contract it belongs to.
    type Contract: Contract;
    /// Who may call it.
    type Caller: Caller;
    /// Its binary's name.
    const NAME: &'static str;
    /// Whether it needs the table. Without, nothing touches it: the function needs no permission on it.
    const USES_STORE: bool = true;

    /// Reads the endpoint's own settings; what is wrong is collected there.
    fn configure(settings: &mut Settings, ground: &Ground) -> Self;

    /// Whether the caller may use the endpoint at all; before the body is looked at.
    fn admits(&self, caller: &Self::Caller) -> bool {
        let _ = caller;
        true
    }

    /// Does what an admitted caller asks for. `store` counts the request's own calls.
    fn serve(
        &self,
        call: &Call,
        store: &ProfileStore,
        caller: Self::Caller,
    ) -> impl Future<Output = Result<Served, UpdateError>> + Send;
}

/// A request that was not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// What the caller is answered.
    pub answer: Answer,
    /// One word for the log: what class of outcome it was.
    pub outcome: &'static str,
}

/// An endpoint that changes a profile. [`serve_update`] calls its parts in this order.
pub trait UpdateEndpoint: Endpoint<Caller = Principal> {
    /// The request's body once its shape is known to be right.
    type Body: Send;

    /// Checks the shape of the request: body and condition headers.
    fn decode(&self, call: &Call) -> Result<Self::Body, UpdateError>;

    /// Whom the request is about.
    fn target(&self, call: &Call, caller: &Principal, body: &Self::Body) -> Result<UserId, UpdateError>;

    /// Checks the field rules, all of them, and says what is to be done.
    fn command(
        &self,
        call: &Call,
        caller: &Principal,
        target: UserId,
        body: Self::Body,
    ) -> Result<UpdateCommand, UpdateError>;

    /// How success looks, to this caller.
    fn answer(&self, call: &Call, caller: &Principal, target: &UserId, outcome: &UpdateOutcome) -> Answer;
}

/// Changes a profile: body shape, target, field rules, store, answer. Where the caller gave the request a key, it may
/// be sent again and gets the same answer.
///
/// # Errors
/// The first of these steps that refuses.
pub async fn serve_update<E: UpdateEndpoint>(
    endpoint: &E,
    call: &Call,
    store: &ProfileStore,
    caller: Principal,
) -> Result<Served, UpdateError> {
    let body = endpoint.decode(call)?;
    let key = idempotency::key(&call.event).map_err(|_| UpdateError::IdempotencyKeyMalformed)?;
    let target = endpoint.target(call, &caller, &body)?;
    caller.authorise(&target)?;
    let command = endpoint.command(call, &caller, target, body)?;
    let target = &command.target;
    let Some(key) = key else {
        let outcome = update(store, &*call.entropy, call.now, &command).await?;
        return Ok(Served::update(endpoint.answer(call, &caller, target, &outcome), outcome.written));
    };
    let render = |outcome: &UpdateOutcome| endpoint.answer(call, &caller, target, outcome).to_json();
    let key = idempotency::request_key(&call.event, E::NAME, &caller, &key);
    let request = Retriable { key, render: &render };
    match update_once(store, &*call.entropy, call.now, &command, &request).await? {
        Settled::Changed(outcome) => {
            Ok(Served::update(endpoint.answer(call, &caller, target, &outcome), outcome.written))
        }
        Settled::Answered { answer, replayed } => {
            let answer = Answer::from_json(&answer).ok_or(UpdateError::Internal)?;
            Ok(if replayed {
                Served { answer: answer.with("idempotency-replayed", "true"), outcome: "replayed" }
            } else {
                Served::update(answer, true)
            })
        }
    }
}

impl Served {
    fn update(answer: Answer, written: bool) -> Self {
        Self { answer, outcome: if written { "updated" } else { "unchanged" } }
    }
}
