//! `DELETE /profiles/{user_id}`.

use crate::request::Conditions;
use crate::{AuthMs, request};
use shared::config::Settings;
use shared::ground::Ground;
use shared::http::{Answer, Call, Contract, Endpoint, Principal, Served, UpdateEndpoint, serve_update};
use shared::profile::{Erasure, ProfilePatch};
use shared::store::{ChangedBy, IfMissing, Precondition, ProfileStore};
use shared::update::{self, UpdateCommand, UpdateError, UpdateOutcome};
use shared::validation::UserId;

/// `DELETE /profiles/{user_id}`: erases a user.
pub struct DeleteProfile {
    conditions: Conditions,
}

impl Endpoint for DeleteProfile {
    type Contract = AuthMs;
    type Caller = Principal;
    const NAME: &'static str = "delete-profile";

    fn configure(settings: &mut Settings, _: &Ground) -> Self {
        Self { conditions: Conditions::configure(settings) }
    }

    async fn serve(
        &self,
        call: &Call,
        store: &ProfileStore,
        caller: Principal,
    ) -> Result<Served, UpdateError> {
        match serve_update(self, call, store, caller).await {
            // What was asked for is so already, whatever version it was asked for (RFC 9110, section 13.1.1).
            Err(UpdateError::Erased) => Ok(Served { answer: Answer::empty(204), outcome: "unchanged" }),
            served => served,
        }
    }
}

impl UpdateEndpoint for DeleteProfile {
    type Body = Precondition;

    fn decode(&self, call: &Call) -> Result<Precondition, UpdateError> {
        self.conditions.of(&call.event)
    }

    fn target(&self, call: &Call, caller: &Principal, _: &Precondition) -> Result<UserId, UpdateError> {
        request::target(call, caller)
    }

    fn command(
        &self,
        _: &Call,
        caller: &Principal,
        target: UserId,
        precondition: Precondition,
    ) -> Result<UpdateCommand, UpdateError> {
        Ok(UpdateCommand {
            changed_by: ChangedBy {
                contract: AuthMs::NAME.to_owned(),
                actor: caller.acting_on(&target),
                origin: None,
            },
            target,
            patch: ProfilePatch::erasing(Erasure::Everything),
            if_missing: IfMissing::Refuse,
            precondition,
            contacts_need_proof: false,
            proofs: Vec::new(),
            answer: update::Answer::Bare,
        })
    }

    fn answer(&self, _: &Call, _: &Principal, _: &UserId, _: &UpdateOutcome) -> Answer {
        Answer::empty(204)
    }
}
