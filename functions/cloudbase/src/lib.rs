//! CloudBase: `POST /auth/v1/user/basic/edit`, `GET /auth/v1/user/me`, and the codes that an edit's proofs of contacts
//! come from: `POST /auth/v1/verification`, `POST /auth/v1/verification/verify`.
//!
//! A cloud vendor's user API over protobuf JSON; its SDK looks at the body, never at the HTTP status.
//!
//! | quirk | where it lives |
//! |---|---|
//! | success is exactly `{}` | [`response`] |
//! | an error always has all three of `error`, `error_code` (= HTTP status) and `error_description` | [`response`] |
//! | `unauthenticated` is said only of the token itself: the SDK then drops its login | [`response`] |
//! | `null` is as absent, unknown members are ignored (protobuf JSON) | [`request`] |
//! | members are named in `snake_case` only; protobuf JSON would take `lowerCamelCase` too | [`request`] |
//! | `""` clears `description` and `avatar_url`; for an administrator, a contact too | [`request`] |
//! | `phone` is `+CC NATIONAL` with one space; `gender` is `MALE` or `FEMALE` | [`request`] |
//! | the subject's own first edit creates; an administrator never creates | [`request`] |
//! | an ordinary user's change of a contact needs a proof when `CONTACT_VERIFICATION` is `required`; sent unchanged it needs none | [`request`] |
//! | a proof that is sent counts whatever `CONTACT_VERIFICATION` says, and a bad one is refused; only the subject can spend it, on itself | [`request`] |
//! | beside two contacts, each proof is sent in the contact's own member | [`request`] |
//! | `expires_in` is a number; `is_user` is `false` unless `REVEAL_CONTACT_USE` is on | [`verification`] |
//! | `target` is `ANY` where it is absent; `USER` and `NOT_USER` tell something only with `REVEAL_CONTACT_USE`, `CUR_USER` is as `ANY` | [`verification`] |
//! | a message that `target` refused counts as sent | [`verification`] |
//! | sending and checking codes is for users' tokens, not for a machine's own | [`verification`] |
//! | `me` calls the nickname `name`, the avatar `picture` and the phone `phone_number`, as the SDK does | [`response`] |
//! | `client_id` (query) and `x-device-id` are accepted and only their length is checked | [`request`] |

pub mod request;
pub mod response;
pub mod verification;

pub use verification::{SendVerification, VerifyCode};

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
pub struct CloudBase;

impl Contract for CloudBase {
    const NAME: &'static str = "cloudbase";
    const CREDENTIAL: Credential = Credential::IssuerToken;

    fn refuse(_: &Call, error: &UpdateError) -> Answer {
        response::refusal(error)
    }
}

/// `POST /auth/v1/user/basic/edit`.
pub struct EditUserBasic {
    contact_verification: ContactVerification,
}

/// Whether an ordinary user has to prove a contact (`CONTACT_VERIFICATION`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactVerification {
    /// `required`: the default.
    Required,
    /// `off`
    Off,
}

impl Endpoint for EditUserBasic {
    type Contract = CloudBase;
    type Caller = Principal;
    const NAME: &'static str = "edit-user-basic";

    fn configure(settings: &mut Settings, _: &Ground) -> Self {
        use ContactVerification::{Off, Required};
        let contact_verification =
            settings.choice("CONTACT_VERIFICATION", &[("required", Required), ("off", Off)]);
        check_environment(settings);
        Self { contact_verification }
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

impl UpdateEndpoint for EditUserBasic {
    type Body = request::Edit;

    fn decode(&self, call: &Call) -> Result<Self::Body, UpdateError> {
        request::check_client(&call.event)?;
        request::Edit::decode(call.json_object()?)
    }

    fn target(&self, _: &Call, caller: &Principal, body: &Self::Body) -> Result<UserId, UpdateError> {
        body.target(caller)
    }

    fn command(
        &self,
        _: &Call,
        caller: &Principal,
        target: UserId,
        body: Self::Body,
    ) -> Result<UpdateCommand, UpdateError> {
        let proof_required = self.contact_verification == ContactVerification::Required && !caller.admin;
        body.command(caller, target, proof_required)
    }

    fn answer(&self, _: &Call, _: &Principal, _: &UserId, _: &UpdateOutcome) -> Answer {
        response::success()
    }
}

/// `GET /auth/v1/user/me`.
pub struct GetUserMe;

impl Endpoint for GetUserMe {
    type Contract = CloudBase;
    type Caller = Principal;
    const NAME: &'static str = "get-user-me";

    fn configure(settings: &mut Settings, _: &Ground) -> Self {
        check_environment(settings);
        Self
    }

    async fn serve(
        &self,
        call: &Call,
        store: &ProfileStore,
        caller: Principal,
    ) -> Result<Served, UpdateError> {
        request::check_client(&call.event)?;
        let profile = read_profile(store, &caller, &caller.user_id).await?;
        Ok(Served { answer: response::user(&profile), outcome: "read" })
    }
}

/// `ENVIRONMENT_ID` stands for every `client_id` that is not sent, so it is measured once, at start.
fn check_environment(settings: &mut Settings) {
    if !request::fits(settings.optional("ENVIRONMENT_ID").as_deref()) {
        settings.fault("ENVIRONMENT_ID", "must have at most 128 characters");
    }
}
