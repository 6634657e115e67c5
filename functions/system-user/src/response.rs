//! How this contract answers: one envelope for everything, HTTP 200 always.

use serde::Serialize;
use shared::auth::CredentialError;
use shared::entropy::below;
use shared::http::{Answer, Call};
use shared::profile::Unique;
use shared::update::UpdateError;
use shared::validation::{Fault, Form, Violation};

/// The members in the contract's own order.
#[derive(Serialize)]
struct Envelope<'a> {
    code: &'a str,
    #[serde(rename = "displayCode")]
    display_code: &'a str,
    message: &'a str,
    data: Option<()>,
    tid: String,
    success: bool,
}

const OK: &str = "0000";
const INVALID_PARAMETER: &str = "4000";
const NO_PERMISSION: &str = "4030";
const CONFLICT: &str = "4090";
const PRECONDITION: &str = "4120";
const QUOTA: &str = "4290";
const SYSTEM_ERROR: &str = "5000";

/// Success.
pub fn success(call: &Call) -> Answer {
    envelope(call, OK, "成功")
}

/// The answer to an error.
pub fn refusal(call: &Call, error: &UpdateError) -> Answer {
    match error {
        UpdateError::Credential(CredentialError::Missing) => {
            envelope(call, NO_PERMISSION, "Missing API Key.")
        }
        UpdateError::Credential(CredentialError::Expired | CredentialError::ExpiredKey) => {
            envelope(call, NO_PERMISSION, "API Key expired.")
        }
        UpdateError::Credential(
            CredentialError::Malformed
            | CredentialError::Invalid
            | CredentialError::UnknownKey
            | CredentialError::UnknownClient,
        ) => envelope(call, INVALID_PARAMETER, "Invalid API Key."),
        UpdateError::NotAdmitted | UpdateError::Forbidden => {
            envelope(call, NO_PERMISSION, "Permission denied.")
        }
        UpdateError::MediaType
        | UpdateError::Malformed(_)
        | UpdateError::PreconditionMalformed
        | UpdateError::ContactInUse(_)
        | UpdateError::Proof(..)
        | UpdateError::Verification(_) => envelope(call, INVALID_PARAMETER, "Invalid parameter."),
        UpdateError::Nothing => envelope(
            call,
            INVALID_PARAMETER,
            "nickName, userName, email, phone, avatar, role, password cannot be null at the same time",
        ),
        UpdateError::Invalid(violations) => envelope(call, INVALID_PARAMETER, broken_rule(violations)),
        UpdateError::Taken(taken) => envelope(call, INVALID_PARAMETER, taken_value(taken)),
        // The contract's own test case: updating an unknown user succeeds and does nothing.
        UpdateError::NoSuchUser | UpdateError::Erased => success(call),
        UpdateError::IdempotencyKeyMalformed => {
            envelope(call, INVALID_PARAMETER, "Malformed Idempotency-Key.")
        }
        UpdateError::IdempotencyKeyReused => {
            envelope(call, INVALID_PARAMETER, "Idempotency-Key was used for another request.")
        }
        UpdateError::PreconditionFailed | UpdateError::PreconditionRequired => {
            envelope(call, PRECONDITION, "Precondition failed.")
        }
        UpdateError::Contention => envelope(call, CONFLICT, "Conflict, please try again."),
        UpdateError::Throttled | UpdateError::SendLimit(..) => {
            envelope(call, QUOTA, "Too many requests, please try again later.")
        }
        UpdateError::Undelivered | UpdateError::Unavailable | UpdateError::Internal => {
            envelope(call, SYSTEM_ERROR, "System error.")
        }
    }
}

fn envelope(call: &Call, code: &str, message: &str) -> Answer {
    // 100–999998, then epoch milliseconds, as one digit string.
    let tid = format!("{}{}", 100 + below(&*call.entropy, 999_899), call.now.millis());
    Answer::json(200, &Envelope { code, display_code: code, message, data: None, tid, success: code == OK })
}

/// The sentence for the first broken rule.
fn broken_rule(violations: &[Violation]) -> &'static str {
    let Some(first) = violations.first() else { return "Invalid parameter." };
    match (first.field.as_str(), &first.fault) {
        ("userName", Fault::Format(Form::NotDigitsOnly)) => "Username cannot be all digits.",
        ("nickName", Fault::Format(Form::NotDigitsOnly)) => "Nickname cannot be all digits.",
        ("email", _) => "Invalid email format.",
        ("phone", _) => "Invalid phone format.",
        ("role", _) => "Invalid role.",
        ("password", _) => "Invalid password.",
        _ => "Invalid parameter.",
    }
}

/// The sentence for the first taken value, in the order of the contract's rules.
fn taken_value(taken: &[Unique]) -> &'static str {
    if taken.contains(&Unique::Username) {
        "Username is already taken."
    } else if taken.contains(&Unique::Email) {
        "Email is already in use."
    } else {
        "Phone number is already in use."
    }
}
