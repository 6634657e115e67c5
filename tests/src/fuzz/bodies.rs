//! Each contract's decoder: a request becomes a change that keeps every rule, or a refusal in the contract's words that
//! names a member of the contract.

use super::message;
use super::planned::{assert_canonical, assert_settles};
use crate::openapi::Agreement;
use crate::{Dial, Journal, Reply, Sequence};
use serde_json::Value;
use shared::clock::Clock;
use shared::config::{Config, Settings};
use shared::ground::Ground;
use shared::http::{Call, Contract, Endpoint, Event, Principal, UpdateEndpoint};
use shared::store::ProfileStore;
use shared::update::{UpdateCommand, UpdateError, UpdateOutcome};
use shared::validation::{Fault, UserId};
use std::sync::{Arc, LazyLock};

/// The caller of every request: an administrator, or a user.
pub(super) fn caller(admin: bool) -> Principal {
    Principal {
        user_id: UserId::parse("1001").unwrap(),
        admin,
        roles: Vec::new(),
        scopes: vec!["openid".to_owned()],
        is_client: false,
        api_key: false,
    }
}

/// An endpoint and what it is configured with; its store is nowhere.
struct Configured<E> {
    endpoint: E,
    store: ProfileStore,
}

impl<E: Endpoint> Configured<E> {
    fn new() -> Self {
        let clock = Arc::<Dial>::default();
        let telemetry = Journal::default().telemetry(Arc::clone(&clock) as Arc<dyn Clock>);
        let sdk = shared::sdk::sdk_config();
        let store = ProfileStore::new(aws_sdk_dynamodb::Client::new(&sdk), "none");
        let entropy = Arc::<Sequence>::default();
        let ground = Ground { sdk, store: store.clone(), clock, entropy, telemetry };
        let mut settings = Settings::new([("CONTACT_VERIFICATION".to_owned(), "off".to_owned())].into());
        let endpoint = E::configure(&mut settings, &ground);
        settings.finish().unwrap();
        Self { endpoint, store }
    }
}

/// AuthMS's endpoint and a store that nothing may be asked of.
pub(super) fn put_profile() -> (&'static authms::PutProfile, &'static ProfileStore) {
    static PUT: LazyLock<Configured<authms::PutProfile>> = LazyLock::new(Configured::new);
    (&PUT.endpoint, &PUT.store)
}

/// A request with its circumstances, all of them the same in every run.
pub(super) fn call_of(event: Event) -> Call {
    static CONFIG: LazyLock<Config> = LazyLock::new(|| {
        let values = [
            ("TABLE_NAME", "none"),
            ("STAGE", "dev"),
            ("PUBLIC_URL", crate::deployed::PUBLIC_URL),
            ("ISSUERS", "[]"),
        ];
        Settings::new(values.map(|(name, value)| (name.to_owned(), value.to_owned())).into()).config()
    });
    Call::new(event, None, &CONFIG, crate::NOON, Arc::new(Sequence::default()))
}

/// AuthMS: `PUT /profiles/{user_id}`.
pub fn authms(input: &[u8]) {
    let members: Vec<&str> = authms::request::MEMBERS.iter().map(|attribute| attribute.name()).collect();
    decode(put_profile().0, "PUT /profiles/{user_id}", &[&members[..], &["user_id"]].concat(), input);
}

/// CIAM: `PATCH /userinfo`.
pub fn ciam(input: &[u8]) {
    static PATCH: LazyLock<Configured<::ciam::PatchUserinfo>> = LazyLock::new(Configured::new);
    let members = [
        "name",
        "nickname",
        "zoneinfo",
        "locale",
        "phone_number",
        "phone_number_otp_token",
        "phone_number_otp",
        "email",
        "email_otp_token",
        "email_otp",
    ];
    decode(&PATCH.endpoint, "PATCH /userinfo", &members, input);
}

/// WTS: `POST /api/v3/change_profile`.
pub fn wts(input: &[u8]) {
    let members = ["Who", "Block", "Room", "Phone", "ISP", "Account"];
    decode(&::wts::ChangeProfile, "POST /api/v3/change_profile", &members, input);
}

/// CloudBase: `POST /auth/v1/user/basic/edit`.
pub fn cloudbase(input: &[u8]) {
    static EDIT: LazyLock<Configured<::cloudbase::EditUserBasic>> = LazyLock::new(Configured::new);
    let members =
        ["user_id", "nickname", "username", "phone", "description", "avatar_url", "gender", "email"];
    decode(&EDIT.endpoint, "POST /auth/v1/user/basic/edit", &members, input);
}

/// System user: `POST /api/v1/system/user/{id}/update`.
pub fn system_user(input: &[u8]) {
    let members = ["userName", "email", "nickName", "phone", "avatar", "role", "password"];
    decode(&::system_user::UpdateUser, "POST /api/v1/system/user/{id}/update", &members, input);
}

fn decode<E: UpdateEndpoint>(endpoint: &E, route: &str, members: &[&str], input: &[u8]) {
    let event = message::event(route, input);
    let call = call_of(serde_json::from_value(event.clone()).unwrap());
    for admin in [false, true] {
        let caller = caller(admin);
        match command(endpoint, &call, &caller) {
            Ok(command) => served(endpoint, &event, &call, &caller, &command),
            Err(error) => refused::<E>(&event, &call, &error, members),
        }
    }
}

/// As [`shared::http::serve_update`], up to where the store is asked.
fn command<E: UpdateEndpoint>(
    endpoint: &E,
    call: &Call,
    caller: &Principal,
) -> Result<UpdateCommand, UpdateError> {
    let body = endpoint.decode(call)?;
    let target = endpoint.target(call, caller, &body)?;
    caller.authorise(&target)?;
    endpoint.command(call, caller, target, body)
}

fn served<E: UpdateEndpoint>(
    endpoint: &E,
    event: &Value,
    call: &Call,
    caller: &Principal,
    command: &UpdateCommand,
) {
    assert!(caller.admin || command.target == caller.user_id);
    assert_eq!(command.changed_by.contract, E::Contract::NAME);
    assert_canonical(&command.patch);
    let Some(profile) = assert_settles(&command.patch, None) else { return };
    let outcome = UpdateOutcome { profile: Some(profile), written: true };
    let answer = endpoint.answer(call, caller, &command.target, &outcome);
    Agreement::of_the_repository().assert_kept(event, &Reply::from(answer));
}

fn refused<E: UpdateEndpoint>(event: &Value, call: &Call, error: &UpdateError, members: &[&str]) {
    if let UpdateError::Invalid(violations) = error {
        assert!(!violations.is_empty());
        for violation in violations {
            let field = violation.field.as_str();
            let member = field.split(['.', '[']).next().unwrap();
            match violation.fault {
                // What is not known is named as it was sent; what is read-only may be inside a known member.
                Fault::Unknown => assert!(!members.contains(&field), "{field}"),
                Fault::ReadOnly => assert!(field != member || !members.contains(&member), "{field}"),
                _ => assert!(members.contains(&member), "{field}"),
            }
        }
    }
    let answer = E::Contract::refuse(call, error);
    assert!((400..500).contains(&answer.status_code) || answer.status_code == 200, "{error:?}");
    Agreement::of_the_repository().assert_kept(event, &Reply::from(answer));
}
