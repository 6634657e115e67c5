//! What a `PUT /profiles/{user_id}` may say (`dto.UpdateProfileRequest`).

use serde_json::{Map, Value};
use shared::http::{Call, Contract, Principal};
use shared::profile::{Attribute, ProfilePatch};
use shared::schema::AttributeSchema;
use shared::store::{ChangedBy, IfMissing, Precondition, Versions};
use shared::update::{Answer, UpdateCommand, UpdateError};
use shared::validation::{
    Birthdate, Country, Fault, Form, Gender, HttpsUrl, JsonType, Language, Lines, Text, Timezone, UserId,
    Violation, WebUrl, custom_fields, social_links,
};

/// A request whose shape is right.
pub struct Put {
    /// The body's members.
    pub members: Map<String, Value>,
    /// `If-Match` and `If-None-Match`.
    pub precondition: Precondition,
}

/// Most unknown members that an answer lists: a body of nothing else would otherwise be answered with many times
/// its size.
const MOST_UNKNOWN: usize = 50;

/// How a member's text becomes an attribute's value.
type Parse = fn(&str, &Call) -> Result<String, Fault>;

/// The contract's text members, in its own order.
const MEMBERS: &[(&str, Attribute, Parse)] = &[
    ("address", Attribute::Address, |raw, _| text(raw, 256, Lines::Many)),
    ("avatar_url", Attribute::AvatarUrl, |raw, _| HttpsUrl::parse(raw).map(HttpsUrl::into_string)),
    ("bio", Attribute::Bio, |raw, _| text(raw, 1_000, Lines::Many)),
    ("birthdate", Attribute::Birthdate, |raw, call| {
        Birthdate::parse(raw, call.now.date()).map(Birthdate::into_string)
    }),
    ("city", Attribute::City, |raw, _| text(raw, 128, Lines::One)),
    ("country", Attribute::Country, |raw, _| Country::parse(raw).map(Country::into_string)),
    ("first_name", Attribute::FirstName, |raw, _| text(raw, 64, Lines::One)),
    ("gender", Attribute::Gender, |raw, _| Gender::parse(raw).map(Gender::into_string)),
    ("language", Attribute::Language, |raw, _| Language::parse(raw).map(Language::into_string)),
    ("last_name", Attribute::LastName, |raw, _| text(raw, 64, Lines::One)),
    ("nickname", Attribute::Nickname, |raw, _| text(raw, 64, Lines::One)),
    ("timezone", Attribute::Timezone, |raw, _| Timezone::parse(raw).map(Timezone::into_string)),
    ("website", Attribute::Website, |raw, _| WebUrl::parse(raw).map(WebUrl::into_string)),
];

/// How the members of an object attribute are checked.
type ParseObject = fn(&str, &Value) -> Result<Map<String, Value>, Vec<Violation>>;

const OBJECTS: &[(&str, Attribute, ParseObject)] = &[
    ("custom_fields", Attribute::CustomFields, custom_fields::parse_patch),
    ("social_links", Attribute::SocialLinks, social_links::parse_patch),
];

fn text(raw: &str, most: usize, lines: Lines) -> Result<String, Fault> {
    Text::parse(raw, most, lines).map(Text::into_string)
}

/// The violation that a malformed `user_id` in the path is.
pub fn malformed_user_id(call: &Call) -> UpdateError {
    let sent = call.event.path_parameters.get("user_id").cloned().map(Value::String);
    UpdateError::Invalid(vec![Violation::new("user_id", Fault::Format(Form::UserId), sent)])
}

/// Checks every member and says what is to be done.
pub fn command(
    schema: &AttributeSchema,
    call: &Call,
    caller: &Principal,
    target: UserId,
    body: Put,
) -> Result<UpdateCommand, UpdateError> {
    let patch = patch(schema, call, body.members)?;
    let own = caller.user_id == target;
    let create_only = body.precondition.if_none_match == Some(Versions::Any);
    let if_missing = match (caller.admin, create_only) {
        (true, true) => IfMissing::Recreate,
        _ if own => IfMissing::Create,
        _ => IfMissing::Refuse,
    };
    Ok(UpdateCommand {
        changed_by: ChangedBy {
            contract: crate::PutProfile::NAME.to_owned(),
            actor: caller.acting_on(&target),
            origin: None,
        },
        target,
        patch,
        if_missing,
        precondition: body.precondition,
        contacts_need_proof: false,
        answer: Answer::Profile,
    })
}

fn patch(
    schema: &AttributeSchema,
    call: &Call,
    mut members: Map<String, Value>,
) -> Result<ProfilePatch, UpdateError> {
    let mut patch = ProfilePatch::new();
    let mut violations = Vec::new();
    for &(name, attribute, parse) in MEMBERS {
        match members.remove(name) {
            None => {}
            Some(Value::Null) => patch.clear(attribute),
            Some(Value::String(raw)) => match parse(&raw, call) {
                Ok(value) => patch.set(attribute, value),
                Err(fault) => violations.push(Violation::new(name, fault, Value::String(raw))),
            },
            Some(other) => violations.push(Violation::new(name, Fault::Type(JsonType::String), other)),
        }
    }
    for &(name, attribute, parse) in OBJECTS {
        match members.remove(name) {
            None => {}
            Some(Value::Null) => patch.clear(attribute),
            Some(value) => match parse(name, &value) {
                Ok(members) => {
                    violations.extend(check_defined(schema, attribute, &members));
                    patch.set(attribute, Value::Object(members));
                }
                Err(found) => violations.extend(found),
            },
        }
    }
    // Data minimisation: what this contract does not know it does not take.
    let unknown = members
        .into_iter()
        .take(MOST_UNKNOWN)
        .map(|(name, value)| Violation::new(name, Fault::Unknown, value));
    violations.extend(unknown);
    if violations.is_empty() { Ok(patch) } else { Err(UpdateError::Invalid(violations)) }
}

/// Custom fields that the stack defines keep to its schema here as well.
fn check_defined<'a>(
    schema: &'a AttributeSchema,
    attribute: Attribute,
    members: &'a Map<String, Value>,
) -> impl Iterator<Item = Violation> + 'a {
    let fields = members.iter().filter(move |_| attribute == Attribute::CustomFields);
    fields.filter_map(|(name, value)| {
        let fault = match schema.attribute(name)? {
            defined if !defined.editable => Fault::ReadOnly,
            _ if value.is_null() => return None,
            defined => defined.parse(value).err()?,
        };
        Some(Violation::new(format!("custom_fields.{name}"), fault, value.clone()))
    })
}
