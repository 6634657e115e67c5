//! Codes: `POST /auth/v1/verification` sends one, `POST /auth/v1/verification/verify` takes it for a proof, and an edit
//! spends that.

use crate::request::{Members, check_client};
use crate::{CloudBase, configure_client};
use serde::Serialize;
use shared::config::Settings;
use shared::courier::{Courier, Letter};
use shared::ground::Ground;
use shared::http::{Answer, Call, Endpoint, Principal, Served};
use shared::otp::{self, Allowance, Occasion, Policy};
use shared::profile::Contact;
use shared::store::ProfileStore;
use shared::tongue::Tongue;
use shared::update::UpdateError;
use shared::validation::{Email, Fault, Form, Phone, Violation};

/// How long a code is good, and then its proof, in seconds.
const LIFETIME: u32 = 600;

/// How this contract's codes live.
pub const POLICY: Policy = Policy {
    purpose: "cloudbase-contact",
    code_seconds: LIFETIME as i64,
    token_seconds: LIFETIME as i64,
    pause_seconds: 60,
    per_address_a_day: 50,
    per_subject_a_day: Some(20),
};

/// `POST /auth/v1/verification`.
pub struct SendVerification {
    courier: Courier,
    allowance: Allowance,
    reveals_use: bool,
}

/// `POST /auth/v1/verification/verify`.
pub struct VerifyCode;

/// Whom a message may go to, as the caller wants it.
#[derive(Clone, Copy)]
enum Target {
    /// `ANY`, and the SDK's `CUR_USER`: a code is good for its caller alone in any case.
    Anybody,
    /// `USER`: an address that somebody has.
    User,
    /// `NOT_USER`: one that nobody has.
    Nobody,
}

const TARGETS: &[(&str, Target)] = &[
    ("ANY", Target::Anybody),
    ("CUR_USER", Target::Anybody),
    ("USER", Target::User),
    ("NOT_USER", Target::Nobody),
];

struct Wanted {
    contact: Contact,
    /// As profiles store it.
    address: String,
    target: Target,
}

#[derive(Serialize)]
struct Sent<'a> {
    verification_id: &'a str,
    expires_in: u32,
    is_user: bool,
}

#[derive(Serialize)]
struct Verified<'a> {
    verification_token: &'a str,
    expires_in: u32,
}

impl Endpoint for SendVerification {
    type Contract = CloudBase;
    type Caller = Principal;
    const NAME: &'static str = "send-verification";

    fn configure(settings: &mut Settings, ground: &Ground) -> Self {
        configure_client(settings);
        Self {
            courier: Courier::configure(settings, &ground.sdk),
            allowance: Allowance::configure(settings),
            reveals_use: settings.choice("REVEAL_CONTACT_USE", &[("false", false), ("true", true)]),
        }
    }

    fn admits(&self, caller: &Principal) -> bool {
        !caller.is_client
    }

    async fn serve(
        &self,
        call: &Call,
        store: &ProfileStore,
        caller: Principal,
    ) -> Result<Served, UpdateError> {
        let Wanted { contact, address, target } = Wanted::read(call)?;
        if !self.courier.reaches(contact) {
            return Err(UpdateError::Undelivered);
        }
        let unique = contact.unique();
        let is_user = self.reveals_use && store.owner(unique, &unique.canonical(&address)).await?.is_some();
        let refusal = match (self.reveals_use, target, is_user) {
            (true, Target::User, false) => Some(UpdateError::NoSuchUser),
            (true, Target::Nobody, true) => Some(UpdateError::ContactInUse(contact)),
            (true, ..) | (false, ..) => None,
        };
        let occasion = Occasion {
            contact,
            address: &address,
            subject: Some(&caller.user_id),
            source: call.event.source(),
            client: None,
        };
        let tongue = Tongue::negotiated(call.event.header("accept-language"));
        let deliver = |code: otp::Code| {
            let letter = Letter::code(contact, &address, code.expose(), LIFETIME, tongue);
            // A refusal counts as a message: who asks about addresses can do so as often as they can send.
            let unwanted = refusal.is_some();
            async move { unwanted || self.courier.send(&letter).await.is_ok() }
        };
        let sent =
            otp::send(store, &*call.entropy, call.now, (&POLICY, &self.allowance), &occasion, deliver).await;
        let id = sent.map_err(|error| UpdateError::sending(contact, error))?;
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        let body = Sent { verification_id: id.expose(), expires_in: LIFETIME, is_user };
        Ok(Served { answer: Answer::json(200, &body), outcome: "sent" })
    }
}

impl Endpoint for VerifyCode {
    type Contract = CloudBase;
    type Caller = Principal;
    const NAME: &'static str = "verify-code";

    fn configure(settings: &mut Settings, _: &Ground) -> Self {
        configure_client(settings);
        Self
    }

    fn admits(&self, caller: &Principal) -> bool {
        !caller.is_client
    }

    async fn serve(
        &self,
        call: &Call,
        store: &ProfileStore,
        caller: Principal,
    ) -> Result<Served, UpdateError> {
        check_client(&call.event)?;
        const MEMBERS: [&str; 2] = ["verification_id", "verification_code"];
        let members = Members::decode(call.json_object()?, &MEMBERS)?;
        let missing = MEMBERS.into_iter().filter_map(|name| match members.text(name) {
            None => Some(Violation::new(name, Fault::Required, None)),
            Some("") => Some(Violation::new(name, Fault::Empty, None)),
            Some(_) => None,
        });
        let missing: Vec<Violation> = missing.collect();
        let [Some(id), Some(code)] = MEMBERS.map(|name| members.text(name).filter(|text| !text.is_empty()))
        else {
            return Err(UpdateError::Invalid(missing));
        };
        let lifetime = i64::from(LIFETIME);
        let proof =
            otp::verify(store, &*call.entropy, call.now, (&POLICY, lifetime), &caller.user_id, (id, code));
        let body = Verified { verification_token: &proof.await?, expires_in: LIFETIME };
        Ok(Served { answer: Answer::json(200, &body), outcome: "verified" })
    }
}

impl Wanted {
    /// Checks the shape of the request, then its rules: one address, of either kind.
    fn read(call: &Call) -> Result<Self, UpdateError> {
        check_client(&call.event)?;
        let members = Members::decode(call.json_object()?, &["phone_number", "email", "target"])?;
        let mut violations = Vec::new();
        let mut broken = |name: &str, fault| violations.push(Violation::new(name, fault, None));
        let address = match (members.text("phone_number"), members.text("email")) {
            (Some(phone), None) => match Phone::parse_international(phone) {
                Ok(phone) => Some((Contact::Phone, phone.into_string())),
                Err(fault) => {
                    broken("phone_number", fault);
                    None
                }
            },
            (None, Some(email)) => match Email::parse(email) {
                Ok(email) => Some((Contact::Email, email.into_string())),
                Err(fault) => {
                    broken("email", fault);
                    None
                }
            },
            // None or both: which of them is meant?
            (None, None) | (Some(_), Some(_)) => {
                broken("phone_number", Fault::Required);
                broken("email", Fault::Required);
                None
            }
        };
        let target = members.text("target").unwrap_or("ANY");
        let target = TARGETS.iter().find(|(name, _)| *name == target).map(|(_, target)| *target);
        if target.is_none() {
            broken("target", Fault::Format(Form::OneOf(&["ANY", "USER", "NOT_USER", "CUR_USER"])));
        }
        match (address, target) {
            (Some((contact, address)), Some(target)) => Ok(Self { contact, address, target }),
            _ => Err(UpdateError::Invalid(violations)),
        }
    }
}
