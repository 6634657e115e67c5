//! System user: `POST /api/v1/system/user/{id}/update`.
//!
//! An admin API for machines: API keys instead of tokens, HTTP 200 always, `code` decides.
//!
//! | quirk | where it lives |
//! |---|---|
//! | HTTP 200 for refusals too; `displayCode` = `code`, `success` = (`code` is `0000`), `data` null | [`response`] |
//! | `tid`: a random number 100–999998 followed by epoch milliseconds | [`response`] |
//! | an unknown (or erased) id is `0000`, and nothing is written | [`response`] |
//! | blank counts as absent; all seven absent is an error with a sentence of its own | [`request`] |
//! | only the first broken rule is told, in the contract's own order | [`response`] |
//! | the id in the path is a positive int64 in canonical decimal form | [`request`] |
//! | members it does not know are ignored | [`request`] |
//! | the profile's `role` is data: the key's own role decides what the caller may do | [`UpdateUser::admits`] |

pub mod request;
pub mod response;

use shared::config::Settings;
use shared::ground::Ground;
use shared::http::{
    Answer, Call, Contract, Credential, Endpoint, Principal, Served, UpdateEndpoint, serve_update,
};
use shared::store::ProfileStore;
use shared::update::{UpdateCommand, UpdateError, UpdateOutcome};
use shared::validation::UserId;

/// The contract.
pub struct SystemUser;

impl Contract for SystemUser {
    const NAME: &'static str = "system-user";
    const CREDENTIAL: Credential = Credential::ApiKey;

    fn refuse(call: &Call, error: &UpdateError) -> Answer {
        response::refusal(call, error)
    }
}

/// `POST /api/v1/system/user/{id}/update`.
pub struct UpdateUser;

impl Endpoint for UpdateUser {
    type Contract = SystemUser;
    type Caller = Principal;
    const NAME: &'static str = "update-user";

    fn configure(_: &mut Settings, _: &Ground) -> Self {
        Self
    }

    fn admits(&self, caller: &Principal) -> bool {
        caller.admin
    }

    async fn serve(
        &self,
        call: &Call,
        store: &ProfileStore,
        caller: Principal,
    ) -> Result<Served, UpdateError> {
        serve_update(self, call, store, caller).await
    }
}

impl UpdateEndpoint for UpdateUser {
    type Body = request::UserUpdate;

    fn decode(&self, call: &Call) -> Result<Self::Body, UpdateError> {
        request::decode(call.json_object()?)
    }

    fn target(&self, call: &Call, _: &Principal, _: &Self::Body) -> Result<UserId, UpdateError> {
        request::target(call.event.path_parameters.get("id").map_or("", String::as_str))
    }

    fn command(
        &self,
        call: &Call,
        caller: &Principal,
        target: UserId,
        body: Self::Body,
    ) -> Result<UpdateCommand, UpdateError> {
        request::command(call, caller, target, &body)
    }

    fn answer(&self, call: &Call, _: &Principal, _: &UserId, _: &UpdateOutcome) -> Answer {
        response::success(call)
    }
}
