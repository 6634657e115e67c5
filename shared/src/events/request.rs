//! What another system may ask for, and why it is refused.

use super::source::Source;
use crate::clock::Timestamp;
use crate::profile::{Attribute, Change, Unique};
use crate::validation::{Bounds, Fault, Form, JsonType, UserId, Violation, merge, parse_object};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The largest sequence: beyond 2^53 not every reader of JSON tells two numbers apart.
pub const MAX_SEQUENCE: u64 = 1 << 53;

/// Attributes that no source may write: the role belongs to the System user contract.
pub(super) const NEVER: &[Attribute] = &[Attribute::Role];

/// What a profile shows but no source may write.
const READ_ONLY: &[&str] = &[
    "created_at",
    "email_verified",
    "password",
    "phone_verified",
    "role",
    "updated_at",
    "user_id",
    "version",
];

/// Most violations that a reason tells of.
const MOST_VIOLATIONS: usize = 50;

/// The `detail-type` of a sync request.
pub const DETAIL_TYPE: &str = "Profile Sync Requested";

/// An EventBridge event, as far as a sync request needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// Who sent it: EventBridge's own word, which the bus's policy lets nobody else use.
    pub source: String,
    /// The request.
    pub detail: Map<String, Value>,
}

impl Envelope {
    /// Reads an event: one JSON object of at most 64 KiB.
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn read(body: &str) -> Result<Self, Refusal> {
        let mut members = parse_object(body.as_bytes()).map_err(|_| Refusal::Malformed)?;
        match (members.remove("source"), members.remove("detail-type"), members.remove("detail")) {
            (Some(Value::String(source)), Some(Value::String(kind)), Some(Value::Object(detail)))
                if kind == DETAIL_TYPE =>
            {
                Ok(Self { source, detail })
            }
            _ => Err(Refusal::Malformed),
        }
    }
}

/// What is to become of the profile.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// These attributes change; the profile is created where there is none.
    Upsert(BTreeMap<Attribute, Change>),
    /// The user is erased.
    Erase,
}

/// A request that keeps all rules: validated values of attributes that its source may write.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncRequest {
    /// Whose profile.
    pub user_id: UserId,
    /// Its place in what this source says of this user, 1 to [`MAX_SEQUENCE`].
    pub sequence: u64,
    /// What to do.
    pub operation: Operation,
}

/// Why a request will never be carried out as it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// It is not the JSON that it should be.
    Malformed,
    /// Its source is not configured.
    UnknownSource,
    /// Its source may not write these attributes; canonical names, never empty.
    NotAllowed(Vec<&'static str>),
    /// It breaks field rules; never empty.
    Invalid(Vec<Violation>),
    /// These values belong to other profiles; never empty.
    Taken(Vec<Unique>),
}

impl Refusal {
    /// For machines: `{"reason": …}` with names of attributes and codes of rules, never a value.
    pub fn reason(&self) -> Value {
        match self {
            Self::Malformed => json!({"reason": "malformed"}),
            Self::UnknownSource => json!({"reason": "unknown_source"}),
            Self::NotAllowed(attributes) => json!({"reason": "not_allowed", "attributes": attributes}),
            Self::Invalid(violations) => {
                let violations = violations.iter().take(MOST_VIOLATIONS);
                let violations: Vec<Value> = violations
                    .map(|violation| json!({"field": violation.field, "code": violation.fault.code()}))
                    .collect();
                json!({"reason": "invalid", "violations": violations})
            }
            Self::Taken(taken) => {
                let attributes: Vec<&str> = taken.iter().map(|unique| unique.attribute().name()).collect();
                json!({"reason": "taken", "attributes": attributes})
            }
        }
    }
}

impl SyncRequest {
    /// Reads the `detail` of a `Profile Sync Requested` event: `user_id`, `operation`, `sequence`, `attributes`.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] before [`Refusal::Invalid`]: what a source may not write is not judged further.
    pub fn read(source: &Source, detail: Map<String, Value>, now: Timestamp) -> Result<Self, Refusal> {
        let mut detail = Detail { members: detail, violations: Vec::new() };
        let user_id = detail.take("user_id", |value| UserId::parse(text(value)?));
        let sequence = detail.take("sequence", sequence);
        let operation = detail.take("operation", |value| match text(value)? {
            "upsert" => Ok(Word::Upsert),
            "erase" => Ok(Word::Erase),
            _ => Err(Fault::Format(Form::OneOf(&["upsert", "erase"]))),
        });
        let mut changes = None;
        if operation != Some(Word::Erase) {
            let attributes = detail.take("attributes", |value| match value {
                Value::Object(attributes) => Ok(attributes.clone()),
                _ => Err(Fault::Type(JsonType::Object)),
            });
            if let Some(attributes) = attributes {
                changes = Some(read_changes(source, attributes, now, &mut detail.violations)?);
            }
        }
        let violations = detail.finish();
        let operation = match operation {
            Some(Word::Erase) => Some(Operation::Erase),
            _ => changes.map(Operation::Upsert),
        };
        match (user_id, sequence, operation) {
            (Some(user_id), Some(sequence), Some(operation)) if violations.is_empty() => {
                Ok(Self { user_id, sequence, operation })
            }
            _ => Err(Refusal::Invalid(violations)),
        }
    }

    /// A request to change these attributes, by canonical names; `null` clears. `sequence` must be from 1 to
    /// [`MAX_SEQUENCE`].
    ///
    /// # Errors
    /// As [`SyncRequest::read`].
    pub fn upsert(
        source: &Source,
        user_id: UserId,
        sequence: u64,
        attributes: Map<String, Value>,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let mut violations = Vec::new();
        let changes = read_changes(source, attributes, now, &mut violations)?;
        if !violations.is_empty() {
            return Err(Refusal::Invalid(violations));
        }
        Ok(Self { user_id, sequence, operation: Operation::Upsert(changes) })
    }
}

/// The two words of `operation`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Upsert,
    Erase,
}

/// An event's detail while it is read.
struct Detail {
    members: Map<String, Value>,
    violations: Vec<Violation>,
}

impl Detail {
    fn take<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Result<T, Fault>) -> Option<T> {
        let value = self.members.remove(name);
        match value.as_ref().ok_or(Fault::Required).and_then(read) {
            Ok(read) => Some(read),
            Err(fault) => {
                self.violations.push(Violation::new(name, fault, None));
                None
            }
        }
    }

    /// Data minimisation: what a request does not know is not taken.
    fn finish(mut self) -> Vec<Violation> {
        let unknown = self.members.into_iter().map(|(name, _)| Violation::new(name, Fault::Unknown, None));
        self.violations.extend(unknown);
        self.violations
    }
}

fn text(value: &Value) -> Result<&str, Fault> {
    value.as_str().ok_or(Fault::Type(JsonType::String))
}

fn sequence(value: &Value) -> Result<u64, Fault> {
    let number = value.as_number().ok_or(Fault::Type(JsonType::Number))?;
    let sequence = number.as_u64().filter(|sequence| (1..=MAX_SEQUENCE).contains(sequence));
    sequence.ok_or(Fault::Range(Bounds::Sequence))
}

fn read_changes(
    source: &Source,
    attributes: Map<String, Value>,
    now: Timestamp,
    violations: &mut Vec<Violation>,
) -> Result<BTreeMap<Attribute, Change>, Refusal> {
    if attributes.is_empty() {
        violations.push(Violation::new("attributes", Fault::Empty, None));
    }
    let (mut changes, mut not_allowed) = (BTreeMap::new(), Vec::new());
    for (name, value) in attributes {
        let Some(attribute) = Attribute::named(&name).filter(|attribute| !NEVER.contains(attribute)) else {
            let known = READ_ONLY.contains(&name.as_str());
            let fault = if known { Fault::ReadOnly } else { Fault::Unknown };
            violations.push(Violation::new(name, fault, None));
            continue;
        };
        if !source.attributes.contains(&attribute) {
            not_allowed.push(attribute.name());
            continue;
        }
        match read_change(attribute, &value, now) {
            Ok(change) => drop(changes.insert(attribute, change)),
            Err(found) => violations.extend(found),
        }
    }
    if not_allowed.is_empty() { Ok(changes) } else { Err(Refusal::NotAllowed(not_allowed)) }
}

/// A merged attribute is replaced as a whole: its members have no sequence of their own, so that merging
/// requests which arrive in another order would not come to the same.
fn read_change(attribute: Attribute, value: &Value, now: Timestamp) -> Result<Change, Vec<Violation>> {
    if value.is_null() {
        return Ok(Change::Clear);
    }
    match attribute.parse(value, now.date())? {
        Value::Object(members) => {
            let members = merge(None, &members);
            Ok(if members.is_empty() { Change::Clear } else { Change::Replace(Value::Object(members)) })
        }
        value => Ok(Change::Replace(value)),
    }
}
