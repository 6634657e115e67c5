//! `POST /otp/send`: a one-time code to an address that a user wants to have.

use crate::{Ciam, response};
use serde_json::{Map, Value};
use shared::config::Settings;
use shared::courier::{Courier, Letter};
use shared::ground::Ground;
use shared::http::{Application, Call, Endpoint, Served};
use shared::otp::{Allowance, Code, Occasion, Policy, send};
use shared::profile::Contact;
use shared::store::ProfileStore;
use shared::tongue::Tongue;
use shared::update::UpdateError;
use shared::validation::{Email, Fault, Form, Phone, Violation};

/// How long a code is good, in seconds.
const CODE_SECONDS: u32 = 60;

/// How this contract's codes live.
pub const POLICY: Policy = Policy {
    purpose: "ciam/update_userinfo",
    code_seconds: CODE_SECONDS as i64,
    token_seconds: 300,
    pause_seconds: 30,
    per_address_a_day: 50,
    per_subject_a_day: None,
};

/// The member that says what a code is for.
pub const USAGE: &str = "usage";
/// What stands for the two members of which one has to be there.
pub const RECIPIENT: &str = "phone_number, email";

/// The one usage there is here.
pub const USAGES: &[&str] = &["update_userinfo"];

/// `POST /otp/send`.
pub struct SendOtp {
    courier: Courier,
    allowance: Allowance,
    /// Whether it is told that an address belongs to somebody.
    reveals_use: bool,
}

impl Endpoint for SendOtp {
    type Contract = Ciam;
    type Caller = Application;
    const NAME: &'static str = "send-otp";

    fn configure(settings: &mut Settings, ground: &Ground) -> Self {
        Self {
            courier: Courier::configure(settings, &ground.sdk),
            allowance: Allowance::configure(settings),
            reveals_use: settings.flag("REVEAL_CONTACT_USE"),
        }
    }

    async fn serve(
        &self,
        call: &Call,
        store: &ProfileStore,
        caller: Application,
    ) -> Result<Served, UpdateError> {
        let (contact, address) = recipient(&call.json_object()?)?;
        let limited = |error| UpdateError::sending(contact, error);
        self.allowance.admit(store, caller.id.as_str(), call.now).await.map_err(limited)?;
        let unique = contact.unique();
        if self.reveals_use && store.owner(unique, &unique.canonical(&address)).await?.is_some() {
            return Err(UpdateError::ContactInUse(contact));
        }
        if !self.courier.reaches(contact) {
            return Err(UpdateError::Undelivered);
        }
        let occasion = Occasion { contact, address: &address, subject: None, source: call.event.source() };
        let tongue = Tongue::negotiated(call.event.header("accept-language"));
        let deliver = async |code: Code| {
            let letter = Letter::code(contact, &address, code.expose(), CODE_SECONDS, tongue);
            self.courier.send(&letter).await.is_ok()
        };
        let sent = send(store, &*call.entropy, call.now, (&POLICY, &self.allowance), &occasion, deliver);
        let token = sent.await.map_err(limited)?;
        Ok(Served { answer: response::otp_token(&token), outcome: "sent" })
    }
}

/// Where the code goes, in the form in which profiles store it. Members that mean nothing here are not looked at, and
/// `null` is as good as nothing.
fn recipient(members: &Map<String, Value>) -> Result<(Contact, String), UpdateError> {
    let member = |name: &str| members.get(name).filter(|value| !value.is_null());
    let refused = |field: &str, fault| Err(UpdateError::Invalid(vec![Violation::new(field, fault, None)]));
    let usage = member(USAGE).and_then(Value::as_str);
    if !usage.is_some_and(|usage| USAGES.contains(&usage)) {
        return refused(USAGE, Fault::Format(Form::OneOf(USAGES)));
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match (member("phone_number").map(text), member("email").map(text)) {
        (Some(phone), None) => match Phone::parse_mainland(&phone) {
            Ok(phone) => Ok((Contact::Phone, phone.into_string())),
            Err(_) => refused("phone_number", Fault::Format(Form::Phone)),
        },
        (None, Some(email)) => match Email::parse(&email) {
            Ok(email) => Ok((Contact::Email, email.into_string())),
            Err(_) => refused("email", Fault::Format(Form::Email)),
        },
        (None, None) | (Some(_), Some(_)) => refused(RECIPIENT, Fault::Required),
    }
}
