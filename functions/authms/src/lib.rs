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
//! | `type` of a problem leads to a page, as HTML or JSON, in both languages, without a token | [`DescribeError`] |
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
mod page;
pub mod problem;
mod reading;
pub mod request;
pub mod response;
pub mod wording;

pub use erasing::DeleteProfile;
pub use exporting::ExportProfile;
pub use history::GetHistory;
pub use page::DescribeError;
pub use reading::GetProfile;

use request::Conditions;
use shared::config::Settings;
use shared::ground::Ground;
use shared::http::{
    Answer, Call, Contract, Credential, Endpoint, Principal, Served, UpdateEndpoint, serve_update,
};
use shared::schema::AttributeSchema;
use shared::store::ProfileStore;
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
