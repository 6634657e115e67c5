//! What a `PUT /profiles/{user_id}` may say (`dto.UpdateProfileRequest`).

use serde_json::{Map, Value};
use shared::http::{Call, Contract, Principal};
use shared::profile::{Attribute, ProfilePatch};
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

/// The contract's members, in its own order. It calls them as the model does.
const MEMBERS: &[Attribute] = &[
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
    call: &Call,
    caller: &Principal,
    target: UserId,
    body: Put,
) -> Result<UpdateCommand, UpdateError> {
    let patch = patch(call, body.members)?;
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
        answer: Answer::Profile,
    })
}

fn patch(call: &Call, mut members: Map<String, Value>) -> Result<ProfilePatch, UpdateError> {
    let mut patch = ProfilePatch::new();
    let mut violations = Vec::new();
    for &attribute in MEMBERS {
        match members.remove(attribute.name()) {
            None => {}
            Some(Value::Null) => patch.clear(attribute),
            Some(value) => match attribute.parse(&value, call.now.date()) {
                Ok(value) => patch.set(attribute, value),
                Err(found) => violations.extend(found),
            },
        }
    }
    // Data minimisation: what this contract does not know it does not take.
    let unknown = members.into_iter().map(|(name, value)| Violation::new(name, Fault::Unknown, value));
    violations.extend(unknown);
    if violations.is_empty() { Ok(patch) } else { Err(UpdateError::Invalid(violations)) }
}
