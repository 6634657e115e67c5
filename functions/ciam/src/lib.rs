//! CIAM: `PATCH` and `GET /userinfo`, `POST /otp/send`.
//!
//! An OpenID provider's UserInfo endpoint that can be written to: claims by their OIDC names, OAuth errors. Contacts
//! change with a one-time code, which the user's application has sent.
//!
//! | quirk | where it lives |
//! |---|---|
//! | bearer errors have no body, only `WWW-Authenticate`; a missing token is 400 | [`response`] |
//! | error bodies are `application/json;charset=UTF-8`, the success is `application/json` | [`response`] |
//! | a phone or an e-mail address needs its two companions | [`request`] |
//! | `null` clears, but not a contact; `""` is `illegal_parameter_value`; a contact's companions are then not asked for | [`request`] |
//! | `sub`, `updated_at` and `*_verified` are attributes that cannot be changed, not unknown ones | [`request`] |
//! | one error is told, the first in a fixed order: unknown, unsupported, companions, malformed, value, proof, taken | [`response`] |
//! | other members are attributes of the stack's schema, stored as custom fields | [`request`] |
//! | the answer shows `sub` and the claims that the setting `CLAIMS` lists, in its order, never `authenticationMethod` | [`claims`] |
//! | the first PATCH creates the profile; `{}` writes nothing, and is `user_not_found` where there is none | [`request`] |
//! | attributes of the schema that the caller may not change are unsupported, those that it may not read are no claims | [`request`], [`claims`] |
//! | an address and its code are proved before anybody learns that the address is taken | [`request`], [`response`] |
//! | codes are asked for by applications, by HTTP Basic; a bad one is 401 `invalid_client` with a body | [`send_otp`], [`response`] |
//! | a limit of messages is 400, with `Retry-After` | [`response`] |
//! | `POST /otp/send` ignores members that it does not know, as OAuth does | [`send_otp`] |
//! | a machine's token counts only when it stands for a user: `sub` is not the client | [`PatchUserinfo::admits`] |

pub mod claims;
pub mod request;
pub mod response;
pub mod send_otp;

pub use send_otp::SendOtp;

use claims::Claims;
use shared::config::Settings;
use shared::ground::Ground;
use shared::http::{
    Answer, Call, Contract, Credential, Endpoint, Principal, Served, UpdateEndpoint, read_profile,
    serve_update,
};
use shared::schema::AttributeSchema;
use shared::store::ProfileStore;
use shared::update::{UpdateCommand, UpdateError, UpdateOutcome};
use shared::validation::UserId;

/// The contract.
pub struct Ciam;

impl Contract for Ciam {
    const NAME: &'static str = "ciam";
    const CREDENTIAL: Credential = Credential::IssuerToken;

    fn refuse(_: &Call, error: &UpdateError) -> Answer {
        response::refusal(error)
    }
}

/// `PATCH /userinfo`.
pub struct PatchUserinfo {
    schema: AttributeSchema,
    claims: Claims,
}

impl Endpoint for PatchUserinfo {
    type Contract = Ciam;
    type Caller = Principal;
    const NAME: &'static str = "patch-userinfo";

    fn configure(settings: &mut Settings, _: &Ground) -> Self {
        let schema = AttributeSchema::configure(settings, claims::RESERVED);
        let claims = Claims::configure(settings, &schema);
        Self { schema, claims }
    }

    fn admits(&self, caller: &Principal) -> bool {
        admits(caller)
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

impl UpdateEndpoint for PatchUserinfo {
    type Body = request::Members;

    fn decode(&self, call: &Call) -> Result<Self::Body, UpdateError> {
        call.json_object()
    }

    fn target(&self, _: &Call, caller: &Principal, _: &Self::Body) -> Result<UserId, UpdateError> {
        Ok(caller.user_id.clone())
    }

    fn command(
        &self,
        _: &Call,
        caller: &Principal,
        target: UserId,
        body: Self::Body,
    ) -> Result<UpdateCommand, UpdateError> {
        request::command(&self.schema, caller, target, body)
    }

    fn answer(&self, _: &Call, caller: &Principal, _: &UserId, outcome: &UpdateOutcome) -> Answer {
        response::userinfo(&self.claims, caller, outcome.profile.as_ref())
    }
}

/// `GET /userinfo`.
pub struct GetUserinfo {
    claims: Claims,
}

impl Endpoint for GetUserinfo {
    type Contract = Ciam;
    type Caller = Principal;
    const NAME: &'static str = "get-userinfo";

    fn configure(settings: &mut Settings, _: &Ground) -> Self {
        let schema = AttributeSchema::configure(settings, claims::RESERVED);
        Self { claims: Claims::configure(settings, &schema) }
    }

    fn admits(&self, caller: &Principal) -> bool {
        admits(caller)
    }

    async fn serve(&self, _: &Call, store: &ProfileStore, caller: Principal) -> Result<Served, UpdateError> {
        let profile = read_profile(store, &caller, &caller.user_id).await?;
        Ok(Served { answer: response::userinfo(&self.claims, &caller, Some(&profile)), outcome: "read" })
    }
}

/// Whether the token is a user's own and lets the application ask for its claims.
fn admits(caller: &Principal) -> bool {
    caller.scopes.iter().any(|scope| scope == "openid") && !caller.is_client
}
