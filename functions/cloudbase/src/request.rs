//! What a request may say, above all a `POST /auth/v1/user/basic/edit`.

use crate::verification::POLICY;
use serde_json::{Map, Value};
use shared::http::{Contract, Event, Principal};
use shared::otp::{Evidence, Proof, ProofFault};
use shared::profile::{Attribute, Contact, ProfilePatch};
use shared::store::{ChangedBy, IfMissing, Precondition};
use shared::update::{Answer, UpdateCommand, UpdateError};
use shared::validation::{
    Email, Fault, Form, HttpsUrl, Lines, Malformed, Phone, Text, UserId, Username, Violation,
};

/// Most characters of `client_id` and of `x-device-id`.
const LONGEST_CLIENT: usize = 128;
/// The members of an edit.
const MEMBERS: &[&str] = &[
    "user_id",
    "nickname",
    "username",
    "phone",
    "description",
    "avatar_url",
    "gender",
    "email",
    "verification_token",
    "phone_verification_token",
    "email_verification_token",
];

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

/// The members that are there, of those that a request may have; all are texts.
pub struct Members(Map<String, Value>);

/// An edit whose shape is right.
pub struct Edit(Members);

impl Members {
    /// Keeps the known members. `null` is as absent, others are ignored.
    ///
    /// # Errors
    /// [`Malformed::Member`]: a known member is no text.
    pub fn decode(members: Map<String, Value>, known: &[&str]) -> Result<Self, UpdateError> {
        let is_there = |name: &str, value: &Value| known.contains(&name) && !value.is_null();
        let members: Map<_, _> = members.into_iter().filter(|(name, value)| is_there(name, value)).collect();
        if members.values().all(Value::is_string) {
            Ok(Self(members))
        } else {
            Err(UpdateError::Malformed(Malformed::Member))
        }
    }

    /// A member's text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }
}

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

/// `MALE` and `FEMALE` are the canonical `male` and `female`.
fn gender(raw: &str) -> Result<String, Fault> {
    match raw {
        "MALE" | "FEMALE" => Ok(raw.to_ascii_lowercase()),
        "" => Err(Fault::Empty),
        _ => Err(Fault::Format(Form::OneOf(&["MALE", "FEMALE"]))),
    }
}

impl Edit {
    /// Keeps the members that an edit knows.
    ///
    /// # Errors
    /// See [`Members::decode`].
    pub fn decode(members: Map<String, Value>) -> Result<Self, UpdateError> {
        Members::decode(members, MEMBERS).map(Self)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.text(name)
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
        let mut patch = self.patch(caller.admin)?;
        let own = caller.user_id == target;
        let proofs = self.proofs(&patch, &target, own)?;
        for proof in &proofs {
            patch.prove(proof.contact);
        }
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
            proofs,
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

    /// The proofs that come with the contacts it sets. Whether a contact that comes without one changes at all is for
    /// the use case to see; a proof without its contact is of no use, and stays good.
    fn proofs(&self, patch: &ProfilePatch, target: &UserId, own: bool) -> Result<Vec<Proof>, UpdateError> {
        let sent = |name: &str| self.text(name).filter(|token| !token.is_empty());
        let set: Vec<Contact> =
            patch.unique_values().into_iter().filter_map(|(unique, _)| unique.contact()).collect();
        let common = sent("verification_token");
        let mut proofs = Vec::new();
        for &contact in &set {
            let specific = match contact {
                Contact::Phone => sent("phone_verification_token"),
                Contact::Email => sent("email_verification_token"),
            };
            // The common member proves one contact; beside two, nobody could say which.
            if set.len() > 1 && specific.is_none() && common.is_some() {
                return Err(UpdateError::Proof(contact, ProofFault::Missing));
            }
            let Some(token) = specific.or(common) else { continue };
            // Codes prove what is the caller's own, so that none proves anything of somebody else.
            if !own {
                return Err(UpdateError::Proof(contact, ProofFault::Token));
            }
            proofs.push(Proof {
                contact,
                purpose: POLICY.purpose,
                owner: Some(target.clone()),
                evidence: Evidence::Verified(token.to_owned()),
            });
        }
        Ok(proofs)
    }
}
