//! How this contract answers.

use crate::Ciam;
use crate::claims::Claims;
use crate::send_otp::{RECIPIENT, USAGES};
use serde::{Serialize, Serializer};
use serde_json::Value;
use shared::auth::CredentialError;
use shared::http::{Answer, Principal};
use shared::otp::{ProofFault, SendLimit, Token};
use shared::profile::{Contact, Profile, Unique};
use shared::update::UpdateError;
use shared::validation::{Fault, Form, Violation};

/// Members in the order in which they are written.
struct Members<'a>(Vec<(&'a str, Value)>);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[derive(Serialize)]
struct OAuthError<'a> {
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<&'a str>,
}

/// 200 with the subject's claims.
pub fn userinfo(claims: &Claims, caller: &Principal, profile: Option<&Profile>) -> Answer {
    let access = caller.access_to::<Ciam>(&caller.user_id);
    let mut members = vec![("sub", Value::from(caller.user_id.as_str()))];
    members.extend(profile.into_iter().flat_map(|profile| claims.of(profile, access)));
    Answer::json(200, &Members(members))
}

#[derive(Serialize)]
struct OtpToken<'a> {
    otp_token: &'a str,
}

/// 200 with the token of the code that was sent.
pub fn otp_token(token: &Token) -> Answer {
    Answer::json(200, &OtpToken { otp_token: token.expose() })
}

/// The answer to an error.
pub fn refusal(error: &UpdateError) -> Answer {
    match error {
        UpdateError::Credential(CredentialError::Missing) => {
            bearer(400, "invalid_request", "Bearer token not found in the request")
        }
        UpdateError::Credential(
            CredentialError::Malformed
            | CredentialError::Invalid
            | CredentialError::Expired
            | CredentialError::UnknownKey
            | CredentialError::ExpiredKey,
        ) => bearer(401, "invalid_token", "Error decoding JWT"),
        // RFC 6749, section 5.2.
        UpdateError::Credential(CredentialError::UnknownClient) => {
            named(401, "invalid_client").with("www-authenticate", r#"Basic realm="profiles""#)
        }
        UpdateError::NotAdmitted | UpdateError::Forbidden => bearer(
            403,
            "insufficient_scope",
            "The request requires higher privileges than provided by the access token.",
        ),
        UpdateError::MediaType | UpdateError::Malformed(_) => described("Malformed request body."),
        UpdateError::PreconditionMalformed => described("Malformed precondition."),
        UpdateError::PreconditionRequired => {
            json(428, "invalid_request", Some("A precondition is required."))
        }
        UpdateError::IdempotencyKeyMalformed => described("Malformed Idempotency-Key."),
        UpdateError::IdempotencyKeyReused => {
            json(422, "invalid_request", Some("Idempotency-Key was used for another request."))
        }
        UpdateError::Nothing => described("Nothing to update."),
        UpdateError::Invalid(violations) => invalid(violations),
        UpdateError::Proof(_, ProofFault::Missing) | UpdateError::Verification(_) => described(COMPANIONS),
        UpdateError::Proof(contact, ProofFault::Token) => match contact {
            Contact::Phone => named(400, "bad_phone_number_otp_token"),
            Contact::Email => named(400, "bad_email_otp_token"),
        },
        UpdateError::Proof(contact, ProofFault::Code) => match contact {
            Contact::Phone => named(400, "bad_phone_number_otp"),
            Contact::Email => named(400, "bad_email_otp"),
        },
        UpdateError::ContactInUse(contact) => match contact {
            Contact::Phone => named(400, "phone_number_is_used"),
            Contact::Email => named(400, "email_is_used"),
        },
        UpdateError::SendLimit(contact, limit, seconds) => {
            limited(*contact, *limit).with("retry-after", seconds.to_string())
        }
        UpdateError::Taken(taken) => match taken.iter().min() {
            Some(Unique::Phone) | None => named(400, "duplicate_phone_number"),
            Some(Unique::Email | Unique::Username) => named(400, "duplicate_email"),
        },
        UpdateError::NoSuchUser | UpdateError::Erased => named(404, "user_not_found"),
        UpdateError::PreconditionFailed => named(412, "precondition_failed"),
        UpdateError::Contention => named(409, "temporarily_unavailable"),
        UpdateError::Undelivered | UpdateError::Throttled | UpdateError::Unavailable => {
            named(503, "temporarily_unavailable")
        }
        UpdateError::Internal => named(500, "server_error"),
    }
}

fn limited(contact: Contact, limit: SendLimit) -> Answer {
    match (contact, limit) {
        (Contact::Phone, SendLimit::Address) => {
            json(400, "sms_rate_limit_exceeded", Some("SMS rate limit exceeded for same phone number"))
        }
        (Contact::Phone, SendLimit::Caller) => {
            json(400, "sms_rate_limit_exceeded", Some("SMS rate limit exceeded"))
        }
        (Contact::Email, SendLimit::Address) => {
            json(400, "email_rate_limit_exceeded", Some("Email rate limit exceeded for same email"))
        }
        (Contact::Email, SendLimit::Caller) => {
            json(400, "email_rate_limit_exceeded", Some("Email rate limit exceeded"))
        }
    }
}

const COMPANIONS: &str = "A phone number or an email must be sent together with its otp_token and otp.";

/// RFC 6750, section 3: no body, everything in the challenge.
fn bearer(status: u16, error: &str, description: &str) -> Answer {
    let uri = "https://tools.ietf.org/html/rfc6750#section-3.1";
    let challenge =
        format!(r#"Bearer error="{error}", error_description="{description}", error_uri="{uri}""#);
    Answer::empty(status).with("www-authenticate", challenge)
}

fn json(status: u16, error: &str, error_description: Option<&str>) -> Answer {
    Answer::json_as(status, "application/json;charset=UTF-8", &OAuthError { error, error_description })
}

fn named(status: u16, error: &str) -> Answer {
    json(status, error, None)
}

fn described(description: &str) -> Answer {
    json(400, "invalid_request", Some(description))
}

/// Several faults are told as one: the first of the contract's order.
fn invalid(violations: &[Violation]) -> Answer {
    let any = |wanted: fn(&Violation) -> bool| violations.iter().any(wanted);
    // By their faults: whoever changes a profile chooses the names of its unknown members.
    if any(|violation| violation.fault == Fault::Format(Form::OneOf(USAGES))) {
        described("Unsupported usage.")
    } else if any(|violation| violation.field == RECIPIENT && violation.fault == Fault::Required) {
        described("Either a phone_number or an email must be sent.")
    } else if any(|violation| violation.fault == Fault::Unknown) {
        described("Unknown attribute(s) found.")
    } else if any(|violation| violation.fault == Fault::ReadOnly) {
        described("Unsupported user attribute(s) found.")
    } else if any(|violation| violation.fault == Fault::Required) {
        described(COMPANIONS)
    } else if any(|violation| violation.fault == Fault::Format(Form::Phone)) {
        named(400, "malformed_phone_number")
    } else if any(|violation| violation.fault == Fault::Format(Form::Email)) {
        named(400, "malformed_email")
    } else {
        named(400, "illegal_parameter_value")
    }
}
