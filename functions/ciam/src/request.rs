//! What a `PATCH /userinfo` may say.

use crate::claims::RESERVED;
use crate::send_otp::POLICY;
use serde_json::{Map, Value};
use shared::http::{Contract, Principal};
use shared::otp::{Evidence, Proof};
use shared::profile::{Attribute, Contact, ProfilePatch};
use shared::schema::{Access, AttributeSchema};
use shared::store::{ChangedBy, IfMissing, Precondition};
use shared::update::{Answer, UpdateCommand, UpdateError};
use shared::validation::{
    Email, Fault, Form, JsonType, Language, Lines, Phone, Text, Timezone, UserId, Violation,
};

/// The body's members.
pub type Members = Map<String, Value>;

/// How a member's text becomes an attribute's value.
type Parse = fn(&str) -> Result<String, Fault>;

const MEMBERS: &[(&str, Attribute, Parse)] = &[
    ("name", Attribute::Name, |raw| Text::parse(raw, 128, Lines::One).map(Text::into_string)),
    ("nickname", Attribute::Nickname, |raw| Text::parse(raw, 64, Lines::One).map(Text::into_string)),
    ("zoneinfo", Attribute::Timezone, |raw| Timezone::parse(raw).map(Timezone::into_string)),
    ("locale", Attribute::Language, |raw| Language::parse(raw).map(Language::into_string)),
];

/// A contact with the names of its two companions, and the form a value that is none breaks.
struct ContactMember {
    contact: Contact,
    name: &'static str,
    token: &'static str,
    code: &'static str,
    form: Form,
    parse: Parse,
}

const CONTACTS: &[ContactMember] = &[
    ContactMember {
        contact: Contact::Phone,
        name: "phone_number",
        token: "phone_number_otp_token",
        code: "phone_number_otp",
        form: Form::Phone,
        parse: |raw| Phone::parse_mainland(raw).map(Phone::into_string),
    },
    ContactMember {
        contact: Contact::Email,
        name: "email",
        token: "email_otp_token",
        code: "email_otp",
        form: Form::Email,
        parse: |raw| Email::parse(raw).map(Email::into_string),
    },
];

/// Checks every member and says what is to be done.
pub fn command(
    schema: &AttributeSchema,
    caller: &Principal,
    target: UserId,
    mut members: Members,
) -> Result<UpdateCommand, UpdateError> {
    let if_missing = if members.is_empty() { IfMissing::Refuse } else { IfMissing::Create };
    let mut patch = ProfilePatch::new();
    let mut violations = Vec::new();
    let mut proofs = Vec::new();
    for member in CONTACTS {
        if let Some((value, evidence)) = member.take(&mut members, &mut violations) {
            let contact = member.contact;
            patch.set(contact.attribute(), value);
            patch.prove(contact);
            proofs.push(Proof { contact, purpose: POLICY.purpose, owner: None, evidence });
        }
    }
    for &(name, attribute, parse) in MEMBERS {
        match members.remove(name) {
            None => {}
            Some(Value::Null) => patch.clear(attribute),
            Some(Value::String(raw)) => match parse(&raw) {
                Ok(value) => patch.set(attribute, value),
                Err(fault) => violations.push(Violation::new(name, fault, None)),
            },
            Some(_) => violations.push(Violation::new(name, Fault::Type(JsonType::String), None)),
        }
    }
    let access = caller.access_to::<crate::Ciam>(&target);
    let fields = custom_fields(schema, access, members, &mut violations);
    if !fields.is_empty() {
        patch.set(Attribute::CustomFields, Value::Object(fields));
    }
    if !violations.is_empty() {
        return Err(UpdateError::Invalid(violations));
    }
    Ok(UpdateCommand {
        changed_by: ChangedBy {
            contract: crate::Ciam::NAME.to_owned(),
            actor: caller.acting_on(&target),
            origin: None,
        },
        target,
        patch,
        if_missing,
        precondition: Precondition::default(),
        contacts_need_proof: false,
        proofs,
        answer: Answer::Profile,
    })
}

impl ContactMember {
    /// Takes the contact and its companions out of the body. The value and what is to prove it, when all three are there
    /// and well-formed.
    fn take(&self, members: &mut Members, violations: &mut Vec<Violation>) -> Option<(String, Evidence)> {
        let contact = members.remove(self.name);
        let companions = [self.token, self.code].map(|name| (name, members.remove(name)));
        if contact.is_none() && companions.iter().all(|(_, companion)| companion.is_none()) {
            return None;
        }
        let mut broken = |name: &str, fault| {
            violations.push(Violation::new(name, fault, None));
            None
        };
        // Null and nothing are refused for themselves: no code could have been sent there.
        let nowhere = matches!(&contact, Some(Value::Null)) || contact == Some("".into());
        let [token, code] = companions.map(|(name, companion)| match companion {
            None | Some(Value::Null) if nowhere => None,
            None | Some(Value::Null) => broken(name, Fault::Required),
            Some(Value::String(text)) if text.is_empty() => broken(name, Fault::Empty),
            Some(Value::String(text)) => Some(text),
            Some(_) => broken(name, Fault::Type(JsonType::String)),
        });
        let value = match contact {
            None => broken(self.name, Fault::Required),
            Some(Value::Null) => broken(self.name, Fault::Type(JsonType::String)),
            Some(Value::String(raw)) => match (self.parse)(&raw) {
                Ok(value) => Some(value),
                Err(Fault::Empty) => broken(self.name, Fault::Empty),
                Err(_) => broken(self.name, Fault::Format(self.form)),
            },
            Some(_) => broken(self.name, Fault::Format(self.form)),
        };
        Some((value?, Evidence::Code { token: token?, code: code? }))
    }
}

/// Checks the members that the schema defines.
fn custom_fields(
    schema: &AttributeSchema,
    access: Access,
    members: Members,
    violations: &mut Vec<Violation>,
) -> Members {
    let mut fields = Map::new();
    for (name, value) in members {
        let checked = match schema.attribute(&name) {
            // What the service itself says of a user is known, and nobody's to change.
            None if RESERVED.contains(&name.as_str()) => Err(Fault::ReadOnly),
            None => Err(Fault::Unknown),
            Some(attribute) if !attribute.may_write(access) => Err(Fault::ReadOnly),
            Some(_) if value.is_null() => Ok(Value::Null),
            Some(attribute) => attribute.parse(&value),
        };
        match checked {
            Ok(value) => drop(fields.insert(name, value)),
            Err(fault) => violations.push(Violation::new(name, fault, None)),
        }
    }
    fields
}
