//! What a `PUT /profiles/{user_id}` may say (`dto.UpdateProfileRequest`).

use serde_json::{Map, Value};
use shared::config::Settings;
use shared::http::{Call, Contract, Event, Principal, precondition};
use shared::profile::{Attribute, ProfilePatch};
use shared::schema::AttributeSchema;
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
        Self { required: settings.choice("REQUIRE_PRECONDITIONS", &[("false", false), ("true", true)]) }
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
    call: &Call,
    mut members: Map<String, Value>,
) -> Result<ProfilePatch, UpdateError> {
    let mut patch = ProfilePatch::new();
    let mut violations = Vec::new();
    for &attribute in MEMBERS {
        match members.remove(attribute.name()) {
            None => {}
            Some(Value::Null) => patch.clear(attribute),
            Some(value) => match attribute.parse(&value, call.now.date()) {
                Ok(value) => {
                    violations.extend(check_defined(schema, attribute, &value));
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

/// Custom fields that the stack defines keep to its schema here as well.
fn check_defined(schema: &AttributeSchema, attribute: Attribute, value: &Value) -> Vec<Violation> {
    let fields = value.as_object().filter(|_| attribute == Attribute::CustomFields);
    let broken = |(name, value): (&String, &Value)| {
        let fault = match schema.attribute(name)? {
            defined if !defined.editable => Fault::ReadOnly,
            _ if value.is_null() => return None,
            defined => defined.parse(value).err()?,
        };
        Some(Violation::new(format!("custom_fields.{name}"), fault, value.clone()))
    };
    fields.into_iter().flatten().filter_map(broken).collect()
}
