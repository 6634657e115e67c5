//! What a `POST /auth/v1/user/basic/edit` may say.

use serde_json::{Map, Value};
use shared::http::{Contract, Event, Principal};
use shared::otp::ProofFault;
use shared::profile::{Attribute, Contact, ProfilePatch};
use shared::store::{ChangedBy, IfMissing, Precondition};
use shared::update::{Answer, UpdateCommand, UpdateError};
use shared::validation::{
    Email, Fault, Form, HttpsUrl, Lines, Malformed, Phone, Text, UserId, Username, Violation,
};

/// Most characters of `client_id` and of `x-device-id`.
const LONGEST_CLIENT: usize = 128;
/// Members whose text becomes an attribute's value.
const MEMBERS: &[&str] =
    &["user_id", "nickname", "username", "phone", "description", "avatar_url", "gender", "email"];
/// Members that hold a proof: for whichever contact, for the phone, for the e-mail address.
const PROOFS: &[&str] = &["verification_token", "phone_verification_token", "email_verification_token"];

/// How a member's text becomes an attribute's value.
type Parse = fn(&str) -> Result<String, Fault>;

const TEXTS: &[(&str, Attribute, Parse)] = &[
    ("nickname", Attribute::Nickname, |raw| {
        Text::parse_between(raw, 2, 48, Lines::One).map(Text::into_string)
    }),
    ("username", Attribute::Username, |raw| Username::parse(raw).map(Username::into_string)),
    ("phone", Attribute::Phone, |raw| Phone::parse_international(raw).map(Phone::into_string)),
    ("description", Attribute::Bio, |raw| Text::parse(raw, 1_000, Lines::Many).map(Text::into_string)),
    ("avatar_url", Attribute::AvatarUrl, |raw| HttpsUrl::parse(raw).map(HttpsUrl::into_string)),
    ("gender", Attribute::Gender, gender),
    ("email", Attribute::Email, |raw| Email::parse(raw).map(Email::into_string)),
];

/// A request whose shape is right: its members that are there, as texts.
#[derive(Debug)]
pub struct Edit(Map<String, Value>);

/// Whether the name of a client or device, if there is one, is short enough.
pub fn fits(name: Option<&str>) -> bool {
    name.is_none_or(|name| name.chars().count() <= LONGEST_CLIENT)
}

/// Checks the lengths of what names the client and its device.
pub fn check_client(event: &Event) -> Result<(), UpdateError> {
    let client_id = event.query_string_parameters.get("client_id").map(String::as_str);
    let fits = fits(client_id) && fits(event.header("x-device-id"));
    if fits { Ok(()) } else { Err(UpdateError::Malformed(Malformed::Member)) }
}

/// Keeps the members that this contract knows.
pub fn decode(members: Map<String, Value>) -> Result<Edit, UpdateError> {
    let known = |name: &str| MEMBERS.contains(&name) || PROOFS.contains(&name);
    let edit: Map<_, _> =
        members.into_iter().filter(|(name, value)| known(name) && !value.is_null()).collect();
    if edit.values().all(Value::is_string) {
        Ok(Edit(edit))
    } else {
        Err(UpdateError::Malformed(Malformed::Member))
    }
}

/// `MALE` and `FEMALE` are the canonical `male` and `female`.
fn gender(raw: &str) -> Result<String, Fault> {
    match raw {
        "MALE" | "FEMALE" => Ok(raw.to_ascii_lowercase()),
        "" => Err(Fault::Empty),
        _ => Err(Fault::Format(Form::OneOf(&["MALE", "FEMALE"]))),
    }
}

impl Edit {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// Whom the request is about: the caller, unless it names a user.
    pub fn target(&self, caller: &Principal) -> Result<UserId, UpdateError> {
        match self.text("user_id") {
            None => Ok(caller.user_id.clone()),
            Some("") => Err(UpdateError::Invalid(vec![Violation::new("user_id", Fault::Empty, None)])),
            // What no user can have for an id is somebody else to a user and nobody to an administrator.
            Some(id) => UserId::parse(id)
                .map_err(|_| if caller.admin { UpdateError::NoSuchUser } else { UpdateError::Forbidden }),
        }
    }

    /// Checks every member and says what is to be done.
    pub fn command(
        self,
        caller: &Principal,
        target: UserId,
        proof_required: bool,
    ) -> Result<UpdateCommand, UpdateError> {
        let patch = self.patch(caller.admin)?;
        if proof_required {
            self.check_proofs(&patch)?;
        }
        let own = caller.user_id == target;
        Ok(UpdateCommand {
            changed_by: ChangedBy {
                contract: crate::CloudBase::NAME.to_owned(),
                actor: caller.acting_on(&target),
                origin: None,
            },
            target,
            patch,
            if_missing: if own { IfMissing::Create } else { IfMissing::Refuse },
            precondition: Precondition::default(),
            contacts_need_proof: proof_required,
            proofs: Vec::new(),
            answer: Answer::Bare,
        })
    }

    fn patch(&self, admin: bool) -> Result<ProfilePatch, UpdateError> {
        let mut patch = ProfilePatch::new();
        let mut violations = Vec::new();
        for &(name, attribute, parse) in TEXTS {
            let clears = match attribute {
                Attribute::Bio | Attribute::AvatarUrl => true,
                Attribute::Phone | Attribute::Email => admin,
                _ => false,
            };
            match self.text(name) {
                None => {}
                Some("") if clears => patch.clear(attribute),
                Some(raw) => match parse(raw) {
                    Ok(value) => patch.set(attribute, value),
                    Err(fault) => violations.push(Violation::new(name, fault, None)),
                },
            }
        }
        if violations.is_empty() { Ok(patch) } else { Err(UpdateError::Invalid(violations)) }
    }

    /// Refuses a proof that cannot be one. Whether a contact that comes without one changes at all is for the use
    /// case to see.
    fn check_proofs(&self, patch: &ProfilePatch) -> Result<(), UpdateError> {
        let contacts =
            [(Contact::Phone, "phone_verification_token"), (Contact::Email, "email_verification_token")];
        let touched: Vec<_> =
            contacts.into_iter().filter(|(contact, _)| patch.touches(contact.unique())).collect();
        // The common member proves one contact; two at once need a member each.
        let common = if touched.len() == 1 { self.text("verification_token") } else { None };
        let proved = |name: &str| self.text(name).or(common).is_some_and(|token| !token.is_empty());
        // No code has been sent by this stack yet, so no token can be one of its own.
        match touched.iter().find(|(_, specific)| proved(specific)) {
            Some((contact, _)) => Err(UpdateError::Proof(*contact, ProofFault::Token)),
            None => Ok(()),
        }
    }
}
