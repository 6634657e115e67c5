//! How this contract answers.

use serde::Serialize;
use serde_json::json;
use shared::http::Answer;
use shared::otp::ProofFault;
use shared::profile::{Attribute, Profile, Unique};
use shared::update::UpdateError;
use shared::validation::{Phone, Violation};

#[derive(Serialize)]
struct Refusal<'a> {
    error: &'a str,
    error_code: u16,
    error_description: &'a str,
}

/// 200 with an empty object.
pub fn success() -> Answer {
    Answer::json(200, &json!({}))
}

/// A user as the vendor's SDK reads it. What is not set is left out.
#[derive(Serialize)]
struct User<'a> {
    sub: &'a str,
    user_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gender: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    created_at: String,
    updated_at: String,
}

/// 200 with the user.
pub fn user(profile: &Profile) -> Answer {
    let text = |attribute| profile.text(attribute);
    let id = profile.user_id.as_str();
    let email = text(Attribute::Email);
    Answer::json(
        200,
        &User {
            sub: id,
            user_id: id,
            name: text(Attribute::Nickname),
            picture: text(Attribute::AvatarUrl),
            username: text(Attribute::Username),
            email,
            email_verified: email.map(|_| profile.email_verified),
            phone_number: text(Attribute::Phone).map(phone_number),
            gender: text(Attribute::Gender).and_then(gender),
            description: text(Attribute::Bio),
            created_at: profile.created_at.rfc3339(),
            updated_at: profile.updated_at.rfc3339(),
        },
    )
}

/// `+86 13800138000`. A number that counts as none any more, since numbering plans change, is shown as it is stored.
fn phone_number(stored: &str) -> String {
    Phone::parse_e164(stored).map_or_else(|_| stored.to_owned(), |phone| phone.international())
}

/// This contract has two words; what other contracts call a gender has none here.
fn gender(stored: &str) -> Option<&'static str> {
    match stored {
        "male" => Some("MALE"),
        "female" => Some("FEMALE"),
        _ => None,
    }
}

/// The answer to an error.
pub fn refusal(error: &UpdateError) -> Answer {
    let say = |error_code: u16, error: &str, error_description: &str| {
        Answer::json(error_code, &Refusal { error, error_code, error_description })
    };
    match error {
        UpdateError::Credential(_) => {
            say(401, "unauthenticated", "The access token is missing, invalid or expired")
        }
        UpdateError::NotAdmitted => say(403, "permission_denied", "A user's access token is required"),
        UpdateError::Forbidden => {
            say(403, "permission_denied", "Administrator privileges are required to modify other users")
        }
        UpdateError::MediaType => say(400, "invalid_argument", "Content-Type must be application/json"),
        UpdateError::Malformed(_) | UpdateError::PreconditionMalformed | UpdateError::Nothing => {
            say(400, "invalid_argument", "Malformed request")
        }
        UpdateError::IdempotencyKeyMalformed => say(400, "invalid_argument", "Malformed Idempotency-Key"),
        UpdateError::PreconditionRequired => {
            say(428, "failed_precondition", "The request needs a condition header")
        }
        UpdateError::IdempotencyKeyReused => {
            say(422, "invalid_argument", "Idempotency-Key was used for another request")
        }
        UpdateError::Invalid(violations) => say(400, "invalid_argument", &invalid(violations)),
        UpdateError::Proof(contact, ProofFault::Missing) => {
            let description = format!("{} modification requires verification", name(contact.unique()));
            say(400, "failed_precondition", &description)
        }
        UpdateError::Proof(_, ProofFault::Token | ProofFault::Code) | UpdateError::Verification(_) => {
            say(400, "invalid_verification_code", "Verification is invalid or expired")
        }
        UpdateError::NoSuchUser | UpdateError::Erased => say(404, "user_not_found", "User not found"),
        UpdateError::Taken(taken) => taken_value(taken, say),
        UpdateError::ContactInUse(contact) => taken_value(&[contact.unique()], say),
        UpdateError::SendLimit(_, _, seconds) => {
            say(429, "resource_exhausted", "Too many verification codes, please try again later")
                .with("retry-after", seconds.to_string())
        }
        UpdateError::Undelivered => {
            say(429, "resource_exhausted", "The verification code could not be sent, please try again later")
        }
        UpdateError::PreconditionFailed => say(412, "failed_precondition", "The user has changed since"),
        UpdateError::Contention => {
            say(409, "aborted", "The user is being modified by others, please try again")
        }
        UpdateError::Throttled => say(429, "resource_exhausted", "Too many requests, please try again later"),
        UpdateError::Unavailable | UpdateError::Internal => say(500, "internal", "Internal error"),
    }
}

const fn name(unique: Unique) -> &'static str {
    match unique {
        Unique::Username => "Username",
        Unique::Phone => "Phone number",
        Unique::Email => "Email",
    }
}

/// Several taken values are told as one: username, then phone, then e-mail.
fn taken_value(taken: &[Unique], say: impl Fn(u16, &str, &str) -> Answer) -> Answer {
    let order = [
        (Unique::Username, "username_already_exists"),
        (Unique::Phone, "phone_already_exists"),
        (Unique::Email, "email_already_exists"),
    ];
    let first = order.iter().find(|(unique, _)| taken.contains(unique)).unwrap_or(&order[0]);
    say(409, first.1, &format!("{} already exists", name(first.0)))
}

fn invalid(violations: &[Violation]) -> String {
    let fields: Vec<&str> = violations.iter().map(|violation| violation.field.as_str()).collect();
    format!("Invalid {}", fields.join(", "))
}
