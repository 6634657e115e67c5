//! Codes: `POST /auth/v1/verification` sends one, `POST /auth/v1/verification/verify` takes it for a proof, and an edit
//! spends that.

use crate::request::{Members, check_client};
use crate::{CloudBase, check_environment};
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
    purpose: "cloudbase/contact",
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
        check_environment(settings);
        Self {
            courier: Courier::configure(settings, &ground.sdk),
            allowance: Allowance::configure(settings),
            reveals_use: settings.flag("REVEAL_CONTACT_USE"),
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
        check_environment(settings);
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
        let members = Members::decode(call.json_object()?, &["verification_id", "verification_code"])?;
        let mut missing = Vec::new();
        let mut required = |name: &str| {
            let text = members.text(name).unwrap_or_default();
            if text.is_empty() {
                missing.push(Violation::new(name, Fault::Required, None));
            }
            text
        };
        let guess = (required("verification_id"), required("verification_code"));
        if !missing.is_empty() {
            return Err(UpdateError::Invalid(missing));
        }
        let policy = (&POLICY, i64::from(LIFETIME));
        let proof = otp::verify(store, &*call.entropy, call.now, policy, &caller.user_id, guess);
        let body = Verified { verification_token: &proof.await?, expires_in: LIFETIME };
        Ok(Served { answer: Answer::json(200, &body), outcome: "verified" })
    }
}

impl Wanted {
    /// Checks the shape of the request, then its rules: one address, of either kind.
    fn read(call: &Call) -> Result<Self, UpdateError> {
        check_client(&call.event)?;
        let members = Members::decode(call.json_object()?, &["phone_number", "email", "target"])?;
        let address = match (members.text("phone_number"), members.text("email")) {
            (Some(phone), None) => Phone::parse_international(phone)
                .map(|phone| (Contact::Phone, phone.into_string()))
                .map_err(|fault| vec![Violation::new("phone_number", fault, None)]),
            (None, Some(email)) => Email::parse(email)
                .map(|email| (Contact::Email, email.into_string()))
                .map_err(|fault| vec![Violation::new("email", fault, None)]),
            // None or both: which of them is meant?
            (None, None) | (Some(_), Some(_)) => {
                Err(["phone_number", "email"].map(|name| Violation::new(name, Fault::Required, None)).into())
            }
        };
        let target = members.text("target").unwrap_or("ANY");
        let target = TARGETS.iter().find(|(name, _)| *name == target).map(|(_, target)| *target);
        match (address, target) {
            (Ok((contact, address)), Some(target)) => Ok(Self { contact, address, target }),
            (address, target) => {
                let mut violations = address.err().unwrap_or_default();
                if target.is_none() {
                    violations.push(Violation::new(
                        "target",
                        Fault::Format(Form::OneOf(&["ANY", "CUR_USER", "USER", "NOT_USER"])),
                        None,
                    ));
                }
                Err(UpdateError::Invalid(violations))
            }
        }
    }
}
