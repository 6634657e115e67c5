//! What a `PUT /profiles/{user_id}` may say (`dto.UpdateProfileRequest`).

use serde_json::{Map, Value};
use shared::config::Settings;
use shared::http::{Call, Contract, Event, Principal, precondition};
use shared::profile::{Attribute, ProfilePatch, Protected};
use shared::schema::{Access, AttributeSchema, DefinedAttribute};
use shared::store::{ChangedBy, IfMissing, Precondition, Versions};
use shared::update::{Answer, UpdateCommand, UpdateError};
use shared::validation::{Fault, Form, UserId, Violation};

/// A request whose shape is right.
pub struct Put {
    /// The body's members.
    pub members: Map<String, Value>,
    /// `If-Match` and `If-None-Match`.
    pub precondition: Precondition,
}

/// What the stack wants of the condition headers of requests that change or erase.
pub struct Conditions {
    required: bool,
}

impl Conditions {
    /// `REQUIRE_PRECONDITIONS`: `true` where a request without any is refused; unset: `false`.
    pub fn configure(settings: &mut Settings) -> Self {
        Self { required: settings.flag("REQUIRE_PRECONDITIONS") }
    }

    /// A request's conditions.
    ///
    /// # Errors
    /// [`UpdateError::PreconditionMalformed`], [`UpdateError::PreconditionRequired`]
    pub fn of(&self, event: &Event) -> Result<Precondition, UpdateError> {
        let found = precondition(event).ok_or(UpdateError::PreconditionMalformed)?;
        if self.required && found == Precondition::default() {
            return Err(UpdateError::PreconditionRequired);
        }
        Ok(found)
    }
}

/// Most unknown members that an answer lists: a body of nothing else would otherwise be answered with many times
/// its size.
const MOST_UNKNOWN: usize = 50;

/// Most characters of an unknown member's name that an answer shows.
const MOST_OF_NAME: usize = 64;

/// The attributes that this contract takes and shows, in its own order. It calls them as the model does.
pub const MEMBERS: &[Attribute] = &[
    Attribute::Address,
    Attribute::AvatarUrl,
    Attribute::Bio,
    Attribute::Birthdate,
    Attribute::City,
    Attribute::Country,
    Attribute::FirstName,
    Attribute::Gender,
    Attribute::Language,
    Attribute::LastName,
    Attribute::Nickname,
    Attribute::Timezone,
    Attribute::Website,
    Attribute::CustomFields,
    Attribute::SocialLinks,
];

/// The violation that a malformed `user_id` in the path is.
fn malformed_user_id(call: &Call) -> UpdateError {
    let sent = call.event.path_parameters.get("user_id").cloned().map(Value::String);
    UpdateError::Invalid(vec![Violation::new("user_id", Fault::Format(Form::UserId), sent)])
}

/// Whom the path names.
pub fn target(call: &Call, caller: &Principal) -> Result<UserId, UpdateError> {
    // An id that no user can have is nobody's own: only an administrator learns that it is malformed.
    call.path_user_id("user_id")
        .ok_or_else(|| if caller.admin { malformed_user_id(call) } else { UpdateError::Forbidden })
}

/// Checks every member and says what is to be done.
pub fn command(
    schema: &AttributeSchema,
    call: &Call,
    caller: &Principal,
    target: UserId,
    body: Put,
) -> Result<UpdateCommand, UpdateError> {
    let patch = patch(schema, caller.access_to::<crate::AuthMs>(&target), call, body.members)?;
    let own = caller.user_id == target;
    let create_only = body.precondition.if_none_match == Some(Versions::Any);
    let if_missing = match (caller.admin, create_only) {
        (true, true) => IfMissing::Recreate,
        _ if own => IfMissing::Create,
        _ => IfMissing::Refuse,
    };
    Ok(UpdateCommand {
        changed_by: ChangedBy {
            contract: crate::AuthMs::NAME.to_owned(),
            actor: caller.acting_on(&target),
            origin: None,
        },
        target,
        patch,
        if_missing,
        precondition: body.precondition,
        contacts_need_proof: false,
        proofs: Vec::new(),
        answer: Answer::Profile,
    })
}

fn patch(
    schema: &AttributeSchema,
    access: Access,
    call: &Call,
    mut members: Map<String, Value>,
) -> Result<ProfilePatch, UpdateError> {
    let mut patch = ProfilePatch::new();
    let mut violations = Vec::new();
    for &attribute in MEMBERS {
        match members.remove(attribute.name()) {
            None => {}
            Some(Value::Null) if attribute == Attribute::CustomFields => {
                patch.clear_unprotected(attribute, protected(schema, access));
            }
            Some(Value::Null) => patch.clear(attribute),
            Some(value) => match attribute.parse(&value, call.now.date()) {
                Ok(value) => {
                    violations.extend(check_defined(schema, access, attribute, &value));
                    patch.set(attribute, value);
                }
                Err(found) => violations.extend(found),
            },
        }
    }
    // Data minimisation: what this contract does not know it does not take.
    let unknown = members
        .into_iter()
        .take(MOST_UNKNOWN)
        .map(|(name, value)| Violation::new(shortened(name), Fault::Unknown, value));
    violations.extend(unknown);
    if violations.is_empty() { Ok(patch) } else { Err(UpdateError::Invalid(violations)) }
}

/// A name as an answer shows it: it stands there three times.
fn shortened(name: String) -> String {
    match name.char_indices().nth(MOST_OF_NAME) {
        None => name,
        Some(_) => name.chars().take(MOST_OF_NAME - 1).chain(['…']).collect(),
    }
}

/// What `custom_fields: null` leaves: all that the caller may not change. Where the caller can see it, the request asks
/// for something that is refused; where not, the caller cannot have meant it.
fn protected(schema: &AttributeSchema, access: Access) -> Protected {
    let foreign = schema.attributes().iter().filter(|attribute| !attribute.may_write(access));
    let (refused, kept): (Vec<_>, Vec<_>) = foreign.partition(|attribute| attribute.may_read(access));
    let names = |attributes: Vec<&DefinedAttribute>| {
        attributes.into_iter().map(|attribute| attribute.identifier.clone()).collect()
    };
    Protected { refused: names(refused), kept: names(kept) }
}

/// Custom fields that the stack defines keep to its schema here as well.
fn check_defined(
    schema: &AttributeSchema,
    access: Access,
    attribute: Attribute,
    value: &Value,
) -> Vec<Violation> {
    let fields = value.as_object().filter(|_| attribute == Attribute::CustomFields);
    let broken = |(name, value): (&String, &Value)| {
        let fault = match schema.attribute(name)? {
            defined if !defined.may_write(access) => Fault::ReadOnly,
            _ if value.is_null() => return None,
            defined => defined.parse(value).err()?,
        };
        Some(Violation::new(format!("custom_fields.{name}"), fault, value.clone()))
    };
    fields.into_iter().flatten().filter_map(broken).collect()
}
