//! `GET /profiles/{user_id}`.

use crate::{AuthMs, request, response};
use shared::config::Settings;
use shared::ground::Ground;
use shared::http::{Call, Endpoint, Principal, Served, precondition, read_profile};
use shared::schema::AttributeSchema;
use shared::store::{ProfileStore, Versions};
use shared::update::UpdateError;

/// `GET /profiles/{user_id}`: the profile, for whoever may see it, unless the caller has this version already.
pub struct GetProfile {
    schema: AttributeSchema,
}

impl Endpoint for GetProfile {
    type Contract = AuthMs;
    type Caller = Principal;
    const NAME: &'static str = "get-profile";

    fn configure(settings: &mut Settings, _: &Ground) -> Self {
        Self { schema: AttributeSchema::configure(settings, &[]) }
    }

    async fn serve(
        &self,
        call: &Call,
        store: &ProfileStore,
        caller: Principal,
    ) -> Result<Served, UpdateError> {
        let conditions = precondition(&call.event).ok_or(UpdateError::PreconditionMalformed)?;
        let target = request::target(call, &caller)?;
        let profile = read_profile(store, &caller, &target).await?;
        // In the order of RFC 9110, section 13.2.2; a request that fails for another reason has failed by now.
        let names = |versions: Versions| versions.matches(Some(profile.version));
        if !conditions.if_match.is_none_or(names) {
            return Err(UpdateError::PreconditionFailed);
        }
        if conditions.if_none_match.is_some_and(names) {
            return Ok(Served { answer: response::not_modified(&profile), outcome: "not_modified" });
        }
        Ok(Served { answer: response::shown(&self.schema, &caller, &profile), outcome: "read" })
    }
}
