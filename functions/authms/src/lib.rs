//! AuthMS: `PUT`, `GET` and `DELETE /profiles/{user_id}`, its history and its export, and `GET /errors/{slug}`.
//!
//! A REST resource per user, RFC 9457 problems (`dto.Problem`) for errors, texts in English and Chinese.
//!
//! | quirk | where it lives |
//! |---|---|
//! | `code` is the integer 0 on success; the vendor's SDK takes anything else for failure | [`response`] |
//! | `null` clears, `""` is a violation of its own (`empty`), unknown members are refused | [`request`] |
//! | custom fields that the attribute schema defines keep to it; one that the caller may not change is `unknown` here | [`request`] |
//! | custom fields that the caller may not read are not shown, neither by `GET` nor after a change | [`response`] |
//! | `custom_fields: null` is refused where it would remove what the caller sees and may not change | [`request`] |
//! | `timestamp` of a `GET` is `updated_at`: equal versions are equal bytes | [`response`] |
//! | on a `GET` too, a false `If-Match` is 412; a profile that is not there is 404 whatever the conditions | [`GetProfile`] |
//! | the entity tag names the version of the profile, not who looks at it | [`response`] |
//! | `type` of a problem leads to a page, as HTML or JSON, in both languages, without a token | [`page`] |
//! | no `Accept` is 406: what fits no other form is answered in JSON | [`accept`] |
//! | the subject's own first PUT creates; an administrator creates with `If-None-Match: *` only | [`request`] |
//! | `title`, `detail`, `description` follow `Accept-Language`; codes, `type`, `status` and `message` do not | [`wording`] |
//! | `trace_id` holds the whole `traceparent` | [`problem`] |
//! | erasing again is 204, whatever `If-Match` says; a user who never was is 404 | [`DeleteProfile`] |
//! | the export is a document of its own, not in the envelope | [`ExportProfile`] |
//! | offending values are shown on a development stage only | [`problem`] |

pub mod accept;
mod erasing;
mod exporting;
mod history;
pub mod page;
pub mod problem;
pub mod request;
pub mod response;
pub mod wording;

pub use erasing::DeleteProfile;
pub use exporting::ExportProfile;
pub use history::GetHistory;

use request::Conditions;
use shared::config::Settings;
use shared::ground::Ground;
use shared::http::{
    Answer, Anyone, Call, Contract, Credential, Endpoint, Principal, Served, UpdateEndpoint, precondition,
    read_profile, serve_update,
};
use shared::schema::AttributeSchema;
use shared::store::{ProfileStore, Versions};
use shared::update::{UpdateCommand, UpdateError, UpdateOutcome};
use shared::validation::UserId;

/// The contract.
pub struct AuthMs;

impl Contract for AuthMs {
    const NAME: &'static str = "authms";
    const CREDENTIAL: Credential = Credential::IssuerToken;

    fn refuse(call: &Call, error: &UpdateError) -> Answer {
        problem::answer(call, error)
    }
}

/// `PUT /profiles/{user_id}`.
pub struct PutProfile {
    schema: AttributeSchema,
    conditions: Conditions,
}

impl Endpoint for PutProfile {
    type Contract = AuthMs;
    type Caller = Principal;
    const NAME: &'static str = "put-profile";

    fn configure(settings: &mut Settings, _: &Ground) -> Self {
        let schema = AttributeSchema::configure(settings, &[]);
        Self { schema, conditions: Conditions::configure(settings) }
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

impl UpdateEndpoint for PutProfile {
    type Body = request::Put;

    fn decode(&self, call: &Call) -> Result<Self::Body, UpdateError> {
        let members = call.json_object()?;
        Ok(request::Put { members, precondition: self.conditions.of(&call.event)? })
    }

    fn target(&self, call: &Call, caller: &Principal, _: &Self::Body) -> Result<UserId, UpdateError> {
        request::target(call, caller)
    }

    fn command(
        &self,
        call: &Call,
        caller: &Principal,
        target: UserId,
        body: Self::Body,
    ) -> Result<UpdateCommand, UpdateError> {
        request::command(&self.schema, call, caller, target, body)
    }

    fn answer(&self, call: &Call, caller: &Principal, _: &UserId, outcome: &UpdateOutcome) -> Answer {
        match &outcome.profile {
            Some(profile) => response::changed(&self.schema, caller, profile, call.now),
            // The command asks for the profile, so the use case always gives it.
            None => problem::answer(call, &UpdateError::Internal),
        }
    }
}

/// `GET /profiles/{user_id}`.
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

/// `GET /errors/{slug}`: what a problem's `type` points to.
pub struct DescribeError;

impl Endpoint for DescribeError {
    type Contract = AuthMs;
    type Caller = Anyone;
    const NAME: &'static str = "describe-error";
    const USES_STORE: bool = false;

    fn configure(_: &mut Settings, _: &Ground) -> Self {
        Self
    }

    async fn serve(&self, call: &Call, _: &ProfileStore, _: Anyone) -> Result<Served, UpdateError> {
        let slug = call.event.path_parameters.get("slug").map(String::as_str).unwrap_or_default();
        Ok(match problem::CATALOGUE.iter().find(|kind| kind.slug == slug) {
            Some(kind) => Served { answer: page::of(call, kind), outcome: "read" },
            None => Served { answer: page::unknown(call), outcome: "no_such_page" },
        })
    }
}
