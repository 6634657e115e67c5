//! One line of an import: a user, as `user export` prints one. `docs/import.schema.json` describes it.

use super::Refusal;
use chrono::DateTime;
use serde_json::{Map, Value};
use shared::clock::Timestamp;
use shared::profile::{Attribute, Change, Contact, ProfilePatch};
use shared::schema::AttributeSchema;
use shared::store::{ActorKind, ChangedBy, IfMissing, Precondition, Versions};
use shared::update::{Answer, UpdateCommand};
use shared::validation::{
    Bounds, Fault, Form, JsonType, PasswordHash, UserId, Violation, merge, parse_object,
};

/// What imported profiles are recorded as having come through.
const CONTRACT: &str = "import";

/// Layout of exports that can be read.
const SCHEMA_VERSION: u64 = 1;

/// Members of an export that are not imported: the service makes them itself.
const EXPORT_ONLY: &[&str] =
    &["exported_at", "claims", "history", "sync_marks", "kept_answers", "api_keys", "left_out"];

/// Members of an exported profile that are not imported: an import is the first version of a profile, written now.
const PROFILE_ONLY: &[&str] = &["version", "updated_at", "changed_by"];

/// Reads a line, at most 64 KiB of JSON, by the rules of every attribute and of the stack's own ones.
///
/// The change creates a profile and never touches one that is there.
///
/// # Errors
/// [`Refusal::Malformed`] or [`Refusal::Invalid`].
pub fn read(line: &[u8], schema: &AttributeSchema, now: Timestamp) -> Result<UpdateCommand, Refusal> {
    let mut line = Members::of(parse_object(line).map_err(|_| Refusal::Malformed)?);
    let target = line.required("user_id", |value| UserId::parse(text(value)?));
    line.optional("schema_version", |value| match value.as_u64() {
        Some(SCHEMA_VERSION) => Ok(()),
        _ => Err(Fault::Format(Form::OneOf(&["1"]))),
    });
    let password = line.optional("password_hash", |value| PasswordHash::parse(text(value)?));
    let profile = line.required("profile", object);
    let mut violations = line.finish(EXPORT_ONLY);
    let mut patch = ProfilePatch::new();
    if let Some(profile) = profile {
        violations.extend(read_profile(Members::of(profile), &mut patch, schema, now));
    }
    if let Some(password) = password {
        patch.set_password(password);
    }
    let Some(target) = target.filter(|_| violations.is_empty()) else {
        return Err(Refusal::Invalid(violations));
    };
    Ok(UpdateCommand {
        target,
        patch,
        if_missing: IfMissing::Create,
        precondition: Precondition { if_match: None, if_none_match: Some(Versions::Any) },
        contacts_need_proof: false,
        proofs: Vec::new(),
        changed_by: ChangedBy { contract: CONTRACT.to_owned(), actor: ActorKind::Operator, origin: None },
        answer: Answer::Bare,
    })
}

fn read_profile(
    mut profile: Members,
    patch: &mut ProfilePatch,
    schema: &AttributeSchema,
    now: Timestamp,
) -> Vec<Violation> {
    if let Some(created) = profile.optional("created_at", |value| created_at(text(value)?, now)) {
        patch.created(created);
    }
    let mut faults = Vec::new();
    if let Some(attributes) = profile.required("attributes", object) {
        faults = read_attributes(attributes, patch, schema, now);
    }
    for contact in Contact::ALL {
        let verified = profile.optional(contact.verified_name(), flag).unwrap_or_default();
        if verified && !patch.touches(contact.unique()) {
            // Said of a value that is refused, it is refused with it.
            let refused = faults.iter().any(|fault| fault.field == contact.attribute().name());
            if !refused {
                faults.push(Violation::new(contact.attribute().name(), Fault::Required, None));
            }
        } else if verified {
            patch.prove(contact);
        }
    }
    let mut violations = profile.finish(PROFILE_ONLY);
    violations.extend(faults);
    violations
}

fn read_attributes(
    attributes: Map<String, Value>,
    patch: &mut ProfilePatch,
    schema: &AttributeSchema,
    now: Timestamp,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (name, value) in attributes.into_iter().filter(|(_, value)| !value.is_null()) {
        let Some(attribute) = Attribute::named(&name) else {
            violations.push(Violation::new(name, Fault::Unknown, None));
            continue;
        };
        match read_attribute(attribute, &value, schema, now) {
            Ok(None) => {}
            Ok(Some(value)) => patch.change(attribute, Change::Replace(value)),
            Err(found) => violations.extend(found),
        }
    }
    violations
}

/// The value as it is stored; `None`: an object without members is none.
fn read_attribute(
    attribute: Attribute,
    value: &Value,
    schema: &AttributeSchema,
    now: Timestamp,
) -> Result<Option<Value>, Vec<Violation>> {
    let Value::Object(members) = attribute.parse(value, now.date())? else {
        return attribute.parse(value, now.date()).map(Some);
    };
    let members = merge(None, &members);
    if attribute == Attribute::CustomFields {
        let broken = |(name, value): (&String, &Value)| {
            let fault = schema.attribute(name)?.parse(value).err()?;
            Some(Violation::new(format!("custom_fields.{name}"), fault, None))
        };
        let broken: Vec<Violation> = members.iter().filter_map(broken).collect();
        if !broken.is_empty() {
            return Err(broken);
        }
    }
    Ok((!members.is_empty()).then_some(Value::Object(members)))
}

fn created_at(text: &str, now: Timestamp) -> Result<Timestamp, Fault> {
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| Fault::Format(Form::Date))?;
    let time = Timestamp::from_millis(time.timestamp_millis());
    if time <= now { Ok(time) } else { Err(Fault::Range(Bounds::DateUntilToday)) }
}

fn text(value: &Value) -> Result<&str, Fault> {
    value.as_str().ok_or(Fault::Type(JsonType::String))
}

fn flag(value: &Value) -> Result<bool, Fault> {
    value.as_bool().ok_or(Fault::Type(JsonType::Boolean))
}

fn object(value: &Value) -> Result<Map<String, Value>, Fault> {
    value.as_object().cloned().ok_or(Fault::Type(JsonType::Object))
}

/// An object while it is read.
struct Members {
    members: Map<String, Value>,
    violations: Vec<Violation>,
}

impl Members {
    const fn of(members: Map<String, Value>) -> Self {
        Self { members, violations: Vec::new() }
    }

    fn required<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Result<T, Fault>) -> Option<T> {
        let value = self.members.remove(name);
        let read = value.as_ref().ok_or(Fault::Required).and_then(read);
        read.map_err(|fault| self.violations.push(Violation::new(name, fault, None))).ok()
    }

    /// `null` is as nothing.
    fn optional<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Result<T, Fault>) -> Option<T> {
        match self.members.get(name) {
            None | Some(Value::Null) => drop(self.members.remove(name)),
            Some(_) => return self.required(name, read),
        }
        None
    }

    /// Data minimisation: what is neither known nor passed over is not taken.
    fn finish(mut self, passed_over: &[&str]) -> Vec<Violation> {
        let unknown = self.members.into_iter().filter(|(name, _)| !passed_over.contains(&name.as_str()));
        self.violations.extend(unknown.map(|(name, _)| Violation::new(name, Fault::Unknown, None)));
        self.violations
    }
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
