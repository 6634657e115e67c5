//! How this contract answers.

use crate::request::tag;
use serde::Serialize;
use shared::auth::CredentialError;
use shared::http::{Answer, Call};
use shared::profile::{Attribute, Profile};
use shared::update::UpdateError;
use shared::validation::{Malformed, Phone, Violation};

/// `errType`: who has to do something about it.
#[derive(Serialize)]
#[serde(untagged)]
enum ErrType {
    Number(u8),
    Word(&'static str),
}

/// 1: the service.
const INTERNAL: ErrType = ErrType::Number(1);
/// 2: whoever made the request.
const REQUEST: ErrType = ErrType::Number(2);
/// 3: whoever grants access.
const AUTHORISATION: ErrType = ErrType::Number(3);
/// A business rule.
const LOGIC: ErrType = ErrType::Word("logic");

#[derive(Serialize)]
struct Body<'a> {
    success: bool,
    msg: &'a str,
    #[serde(rename = "errType", skip_serializing_if = "Option::is_none")]
    err_type: Option<ErrType>,
}

/// 200.
pub fn success() -> Answer {
    Answer::json(200, &Body { success: true, msg: "profile change success~", err_type: None })
}

#[derive(Serialize)]
struct View<'a> {
    success: bool,
    msg: &'a str,
    profile: Shown<'a>,
}

/// A profile as this contract shows it. What is not set is `""`, as a Go struct has it.
#[derive(Serialize)]
struct Shown<'a> {
    who: &'a str,
    /// The same by the name that the original's answer gives it.
    wx: &'a str,
    block: &'a str,
    room: &'a str,
    phone: &'a str,
    isp: &'a str,
    account: &'a str,
}

/// 200 with the profile.
pub fn view(profile: &Profile) -> Answer {
    let text = |attribute| profile.text(attribute).unwrap_or_default();
    let who = profile.user_id.as_str();
    let shown = Shown {
        who,
        wx: who,
        block: text(Attribute::Block),
        room: text(Attribute::Room),
        phone: Phone::domestic(text(Attribute::Phone)),
        isp: text(Attribute::Isp),
        account: text(Attribute::Account),
    };
    Answer::json(200, &View { success: true, msg: "user profile", profile: shown })
}

/// The answer to an error.
pub fn refusal(call: &Call, error: &UpdateError) -> Answer {
    let (status, err_type, msg): (u16, ErrType, String) = match error {
        UpdateError::Credential(CredentialError::Missing | CredentialError::Malformed) => {
            (403, AUTHORISATION, "missing or malformed jwt".into())
        }
        UpdateError::Credential(
            CredentialError::Invalid
            | CredentialError::Expired
            | CredentialError::UnknownKey
            | CredentialError::ExpiredKey
            | CredentialError::UnknownClient,
        ) => (403, AUTHORISATION, "invalid or expired jwt".into()),
        UpdateError::NotAdmitted => (403, AUTHORISATION, "only active users can access this API".into()),
        UpdateError::Forbidden if call.reads() => {
            (403, AUTHORISATION, "only admins can view other users' profiles".into())
        }
        UpdateError::Forbidden => (403, AUTHORISATION, "only admins can change other users' profiles".into()),
        UpdateError::MediaType => (400, REQUEST, unbound("Content-Type must be application/json")),
        UpdateError::Malformed(malformed) => (400, REQUEST, unbound(reason(*malformed))),
        UpdateError::PreconditionMalformed => (400, REQUEST, unbound("malformed condition header")),
        UpdateError::PreconditionRequired => (428, REQUEST, "a condition header is required".into()),
        UpdateError::IdempotencyKeyMalformed => (400, REQUEST, unbound("malformed Idempotency-Key")),
        UpdateError::IdempotencyKeyReused => {
            (422, REQUEST, "the Idempotency-Key was used for another request".into())
        }
        UpdateError::Invalid(violations) => (400, REQUEST, invalid(violations)),
        UpdateError::Nothing | UpdateError::Proof(..) | UpdateError::Verification(_) => {
            (400, REQUEST, "invalid request body".into())
        }
        UpdateError::NoSuchUser | UpdateError::Erased => (400, LOGIC, "no such user".into()),
        UpdateError::Taken(_) => (400, LOGIC, "phone number has been used".into()),
        UpdateError::PreconditionFailed => (412, LOGIC, "the profile has changed since".into()),
        UpdateError::Contention => {
            (409, LOGIC, "the profile is being changed by others, please try again".into())
        }
        UpdateError::ContactInUse(_) => (400, LOGIC, "phone number has been used".into()),
        UpdateError::Undelivered => {
            (503, INTERNAL, "the message could not be sent, please try again later".into())
        }
        UpdateError::SendLimit(..) | UpdateError::Throttled => {
            (503, INTERNAL, "too many requests, please try again later".into())
        }
        UpdateError::Unavailable | UpdateError::Internal => {
            (500, INTERNAL, "system met a uncaught error,please view logs.".into())
        }
    };
    Answer::json(status, &Body { success: false, msg: &msg, err_type: Some(err_type) })
}

fn unbound(why: &str) -> String {
    format!("cannot bind your request body: {why}")
}

const fn reason(malformed: Malformed) -> &'static str {
    match malformed {
        Malformed::TooLarge => "larger than 64 KiB",
        Malformed::NotJson => "not JSON",
        Malformed::NotAnObject => "not a JSON object",
        Malformed::DuplicateMember => "a member occurs twice",
        Malformed::TooDeep => "nested too deeply",
        Malformed::Member => "fields must be strings without control characters",
    }
}

/// One line a failed field, as the validator of the original prints them.
fn invalid(violations: &[Violation]) -> String {
    let line = |violation: &Violation| {
        let field = &violation.field;
        format!(
            "Key: 'ChangeUserProfileRequest.{field}' Error:Field validation for '{field}' failed on the '{}' tag",
            tag(violation)
        )
    };
    let lines: Vec<String> = violations.iter().map(line).collect();
    format!("invalid request body: {}", lines.join("\n"))
}
