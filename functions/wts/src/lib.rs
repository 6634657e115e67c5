//! WTS: `POST /api/v3/change_profile` and `GET /api/v3/view_profile`.
//!
//! A campus network's service desk, written in Go: all six fields always, validator tags in its messages.
//!
//! | quirk | where it lives |
//! |---|---|
//! | tokens carry no `iss` and no `aud`; the subject is the WeChat OpenID | [`Wts::CREDENTIAL`] |
//! | a missing or dead token is 403, not 401 | [`response`] |
//! | `errType` is a number (1, 2, 3) or the string `logic` | [`response`] |
//! | the caller's access level is looked at before the body | [`access`] |
//! | a `null`, absent or empty field fails `required`; white space passes it | [`request`] |
//! | one failing tag a field, several failures joined by a line break | [`request`] |
//! | a field of another JSON type cannot be bound, and neither can one about the user with a control character | [`request`] |
//! | `who` is compared as sent, letter for letter; the other fields are stored in NFC | [`request`] |
//! | members it does not know are ignored, as Go's decoder does | [`request`] |
//! | names of members are case-sensitive, which they are not to Go's decoder | [`request`] |
//! | `max` counts characters after NFC | [`request`] |
//! | nothing is ever created | [`request`] |
//! | a view without `who`, or with an empty one, is of the caller | [`request`] |
//! | a view shows `""` for what is not set, and the OpenID twice: `who`, and `wx` as the original does | [`response`] |

pub mod access;
pub mod request;
pub mod response;

use shared::config::Settings;
use shared::ground::Ground;
use shared::http::{
    Answer, Call, Contract, Credential, Endpoint, Principal, Served, UpdateEndpoint, read_profile,
    serve_update,
};
use shared::store::ProfileStore;
use shared::update::{UpdateCommand, UpdateError, UpdateOutcome};
use shared::validation::UserId;

/// The contract.
pub struct Wts;

impl Contract for Wts {
    const NAME: &'static str = "wts";
    const CREDENTIAL: Credential = Credential::AnonymousIssuerToken;

    fn is_admin(roles: &[String]) -> bool {
        access::is_admin(roles)
    }

    fn refuse(call: &Call, error: &UpdateError) -> Answer {
        response::refusal(call, error)
    }
}

/// `POST /api/v3/change_profile`.
pub struct ChangeProfile;

impl Endpoint for ChangeProfile {
    type Contract = Wts;
    type Caller = Principal;
    const NAME: &'static str = "change-profile";

    fn configure(_: &mut Settings, _: &Ground) -> Self {
        Self
    }

    fn admits(&self, caller: &Principal) -> bool {
        access::is_active(&caller.roles)
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

impl UpdateEndpoint for ChangeProfile {
    type Body = request::ChangeUserProfileRequest;

    fn decode(&self, call: &Call) -> Result<Self::Body, UpdateError> {
        request::bind(call.json_object()?)
    }

    fn target(&self, _: &Call, caller: &Principal, body: &Self::Body) -> Result<UserId, UpdateError> {
        request::target(caller, body)
    }

    fn command(
        &self,
        _: &Call,
        caller: &Principal,
        target: UserId,
        body: Self::Body,
    ) -> Result<UpdateCommand, UpdateError> {
        request::command(caller, target, &body)
    }

    fn answer(&self, _: &Call, _: &Principal, _: &UserId, _: &UpdateOutcome) -> Answer {
        response::success()
    }
}

/// `GET /api/v3/view_profile`.
pub struct ViewProfile;

impl Endpoint for ViewProfile {
    type Contract = Wts;
    type Caller = Principal;
    const NAME: &'static str = "view-profile";

    fn configure(_: &mut Settings, _: &Ground) -> Self {
        Self
    }

    fn admits(&self, caller: &Principal) -> bool {
        access::is_active(&caller.roles)
    }

    async fn serve(
        &self,
        call: &Call,
        store: &ProfileStore,
        caller: Principal,
    ) -> Result<Served, UpdateError> {
        let target = request::viewed(&caller, &call.event)?;
        let profile = read_profile(store, &caller, &target).await?;
        Ok(Served { answer: response::view(&profile), outcome: "read" })
    }
}
