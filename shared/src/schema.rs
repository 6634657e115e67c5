//! The attribute schema: attributes that a stack defines for itself, beside the canonical ones.
//!
//! They are members of `custom_fields`, known by their identifier. The schema is the JSON file `attributes.json`,
//! built into the functions; `ATTRIBUTE_SCHEMA_FILE` names another one. It is checked at start.

mod grant;

pub use grant::Access;

use crate::config::Settings;
use crate::validation::custom_fields::{as_stored, is_storable};
use crate::validation::{Bounds, Fault, Form, JsonType, Lines, Text};
use grant::Grant;
use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The schema in the repository.
const BUILT_IN: &str = include_str!("../../attributes.json");
/// Most characters of a text value.
const LONGEST: usize = 1_000;

/// The attributes a stack defines.
#[derive(Clone, Debug, Default)]
pub struct AttributeSchema {
    attributes: Vec<DefinedAttribute>,
}

/// One attribute that the stack defines.
#[derive(Clone, Debug)]
pub struct DefinedAttribute {
    /// Its name in requests and in `custom_fields`.
    pub identifier: String,
    /// The claim that shows it, if any does.
    pub claim: Option<String>,
    read: Grant,
    write: Grant,
    kind: Kind,
    pattern: Option<Regex>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    String,
    Number,
    Boolean,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    attributes: Vec<Listed>,
}

/// So that one entry that cannot be read does not hide what is wrong with the others.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    Entry(Entry),
    Other(Value),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    identifier: String,
    r#type: Kind,
    pattern: Option<String>,
    editable: Option<bool>,
    read: Option<grant::Entry>,
    write: Option<grant::Entry>,
    claim: Option<String>,
}

impl AttributeSchema {
    /// Reads the stack's schema; `reserved` are names that a contract uses for something else.
    pub fn configure(settings: &mut Settings, reserved: &[&str]) -> Self {
        const SETTING: &str = "ATTRIBUTE_SCHEMA_FILE";
        let named = settings.optional(SETTING);
        let text = match &named {
            None => Ok(BUILT_IN.to_owned()),
            Some(path) => std::fs::read_to_string(path).map_err(|_| vec!["cannot be read".to_owned()]),
        };
        text.and_then(|text| Self::parse(&text, reserved)).unwrap_or_else(|faults| {
            let source = if named.is_some() { SETTING } else { "attributes.json" };
            for fault in faults {
                settings.fault(source, &fault);
            }
            Self::default()
        })
    }

    /// Reads a schema.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(json: &str, reserved: &[&str]) -> Result<Self, Vec<String>> {
        let file: File =
            serde_json::from_str(json).map_err(|error| vec![format!("is no attribute schema: {error}")])?;
        let mut faults = Vec::new();
        let (mut identifiers, mut claims) = (BTreeSet::new(), BTreeSet::new());
        let mut attributes = Vec::new();
        for (index, listed) in file.attributes.into_iter().enumerate() {
            let entry = match listed {
                Listed::Entry(entry) => entry,
                Listed::Other(value) => {
                    faults.push(format!("attribute {index} {}", unreadable(&value)));
                    continue;
                }
            };
            let name = &entry.identifier;
            if !is_identifier(name) {
                faults.push(format!("identifier {name:?} must match [A-Za-z_][A-Za-z0-9_]{{0,63}}"));
            }
            if reserved.contains(&name.as_str()) {
                faults.push(format!("identifier {name:?} is reserved"));
            }
            if !identifiers.insert(name.clone()) {
                faults.push(format!("identifier {name:?} is defined twice"));
            }
            if let Some(claim) = &entry.claim
                && (claim.is_empty() || reserved.contains(&claim.as_str()) || !claims.insert(claim.clone()))
            {
                faults.push(format!("claim {claim:?} of {name:?} is empty, reserved or used twice"));
            }
            let pattern = compile(&entry).unwrap_or_else(|fault| {
                faults.push(fault);
                None
            });
            let (read, write) =
                grants(&entry.identifier, entry.read, entry.write, entry.editable, &mut faults);
            let Entry { identifier, r#type: kind, claim, .. } = entry;
            attributes.push(DefinedAttribute { identifier, claim, read, write, kind, pattern });
        }
        if faults.is_empty() { Ok(Self { attributes }) } else { Err(faults) }
    }

    /// The attribute of this identifier.
    pub fn attribute(&self, identifier: &str) -> Option<&DefinedAttribute> {
        self.attributes.iter().find(|attribute| attribute.identifier == identifier)
    }

    /// All attributes, in the schema's order.
    pub fn attributes(&self) -> &[DefinedAttribute] {
        &self.attributes
    }

    /// The custom fields that may be read; `None` where none is left. Fields that the schema does not define are
    /// everybody's.
    pub fn readable(&self, fields: &Value, access: Access) -> Option<Value> {
        let shown = |name: &String| self.attribute(name).is_none_or(|attribute| attribute.may_read(access));
        let fields = fields.as_object()?.iter().filter(|(name, _)| shown(name));
        let fields: Map<_, _> = fields.map(|(name, value)| (name.clone(), value.clone())).collect();
        (!fields.is_empty()).then_some(Value::Object(fields))
    }

    /// The attribute that this claim shows.
    pub fn claimed(&self, claim: &str) -> Option<&DefinedAttribute> {
        self.attributes.iter().find(|attribute| attribute.claim.as_deref() == Some(claim))
    }
}

/// Why a value is no entry. One that is an entry came to be another value by a member that occurs twice.
fn unreadable(value: &Value) -> String {
    match Entry::deserialize(value) {
        Err(error) => format!("cannot be read: {error}"),
        Ok(_) => "has a member twice".to_owned(),
    }
}

fn is_identifier(name: &str) -> bool {
    let first = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    first && name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Who may read and who may write. `editable` is the short way to say the latter.
fn grants(
    name: &str,
    read: Option<grant::Entry>,
    write: Option<grant::Entry>,
    editable: Option<bool>,
    faults: &mut Vec<String>,
) -> (Grant, Grant) {
    let mut parse = |what: &str, entry: grant::Entry| {
        Grant::parse(entry, |fault| faults.push(format!("{what} of {name:?} {fault}")))
    };
    let read = read.map_or(Grant::EVERYBODY, |entry| parse("read", entry));
    let named = write.map(|entry| parse("write", entry));
    let write = match (named, editable) {
        (Some(grant), None) => grant,
        (None, Some(true)) => Grant::EVERYBODY,
        (None, Some(false)) => Grant::NOBODY,
        (None, None) => {
            faults.push(format!("{name:?} says neither editable nor write"));
            Grant::NOBODY
        }
        (Some(_), Some(_)) => {
            faults.push(format!("{name:?} says both editable and write"));
            Grant::NOBODY
        }
    };
    (read, write)
}

fn compile(entry: &Entry) -> Result<Option<Regex>, String> {
    let name = &entry.identifier;
    match &entry.pattern {
        None => Ok(None),
        Some(_) if entry.r#type != Kind::String => Err(format!("{name:?} has a pattern but is no string")),
        Some(pattern) => match Regex::new(pattern) {
            Ok(pattern) => Ok(Some(pattern)),
            Err(_) => Err(format!("the pattern of {name:?} is no regular expression")),
        },
    }
}

impl DefinedAttribute {
    /// Whether its value may be shown.
    pub fn may_read(&self, access: Access) -> bool {
        self.read.covers(access)
    }

    /// Whether it may be set and removed.
    pub fn may_write(&self, access: Access) -> bool {
        self.write.covers(access)
    }

    /// Checks a value against the attribute's type and pattern; text comes back in NFC.
    ///
    /// # Errors
    /// [`Fault::Type`], [`Fault::Empty`], [`Fault::Length`], [`Fault::Range`], or [`Fault::Format`].
    pub fn parse(&self, value: &Value) -> Result<Value, Fault> {
        match (self.kind, value) {
            (Kind::Number, Value::Number(number)) if !is_storable(number) => {
                Err(Fault::Range(Bounds::StorableNumber))
            }
            (Kind::Number, Value::Number(number)) => Ok(Value::Number(as_stored(number))),
            (Kind::Boolean, Value::Bool(_)) => Ok(value.clone()),
            (Kind::String, Value::String(raw)) => {
                let text = Text::parse(raw, LONGEST, Lines::One)?;
                match &self.pattern {
                    Some(pattern) if !pattern.is_match(text.as_str()) => Err(Fault::Format(Form::Pattern)),
                    _ => Ok(text.into()),
                }
            }
            (Kind::Boolean, _) => Err(Fault::Type(JsonType::Boolean)),
            (Kind::Number, _) => Err(Fault::Type(JsonType::Number)),
            (Kind::String, _) => Err(Fault::Type(JsonType::String)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults(attributes: &Value) -> Vec<String> {
        let json = json!({ "attributes": attributes }).to_string();
        AttributeSchema::parse(&json, &["email"]).map(drop).unwrap_err()
    }

    #[test]
    fn the_built_in_schema_is_good() {
        assert!(AttributeSchema::parse(BUILT_IN, &[]).is_ok());
    }

    #[test]
    fn tells_everything_that_is_wrong() {
        assert_eq!(
            faults(&json!([
                {"identifier": "a-b", "type": "string", "editable": true},
                {"identifier": "email", "type": "string", "editable": true},
                {"identifier": "x", "type": "number", "pattern": ".", "editable": true, "claim": "y"},
                {"identifier": "x", "type": "string", "pattern": "(", "editable": true, "claim": "y"},
            ])),
            [
                r#"identifier "a-b" must match [A-Za-z_][A-Za-z0-9_]{0,63}"#,
                r#"identifier "email" is reserved"#,
                r#""x" has a pattern but is no string"#,
                r#"identifier "x" is defined twice"#,
                r#"claim "y" of "x" is empty, reserved or used twice"#,
                r#"the pattern of "x" is no regular expression"#,
            ]
        );
        assert_eq!(faults(&json!([{"identifier": "x", "type": "date", "editable": true}])).len(), 1);
        assert_eq!(
            faults(&json!([
                {"identifier": "a", "type": "string"},
                {"identifier": "b", "type": "string", "editable": true, "write": {"by": ["admin"]}},
                {"identifier": "c", "type": "string", "read": {"by": ["admin", "admin"]}, "write": {"by": [], "through": []}},
            ])),
            [
                r#""a" says neither editable nor write"#,
                r#""b" says both editable and write"#,
                r#"read of "c" names somebody twice"#,
                r#"write of "c" goes through no contract"#,
            ]
        );
    }

    #[test]
    fn says_who_may_read_and_write() {
        let json = json!({"attributes": [
            {"identifier": "open", "type": "string", "editable": true},
            {"identifier": "shown", "type": "string", "editable": false},
            {"identifier": "staff", "type": "string", "read": {"by": ["admin"]}, "write": {"by": ["admin"]}},
        ]});
        let schema = AttributeSchema::parse(&json.to_string(), &[]).unwrap();
        let subject = Access { subject: true, admin: false, contract: "any" };
        let admin = Access { subject: false, admin: true, contract: "any" };
        let rights = |access| -> Vec<(bool, bool)> {
            let attributes = schema.attributes().iter();
            attributes.map(|attribute| (attribute.may_read(access), attribute.may_write(access))).collect()
        };
        assert_eq!(rights(subject), [(true, true), (true, false), (false, false)]);
        assert_eq!(rights(admin), [(true, true), (true, false), (true, true)]);
        let all = json!({"open": "1", "staff": "2", "free": 3});
        assert_eq!(schema.readable(&all, subject), Some(json!({"open": "1", "free": 3})));
        assert_eq!(schema.readable(&all, admin), Some(all));
        assert_eq!(schema.readable(&json!({"staff": "2"}), subject), None);
    }

    #[test]
    fn checks_type_and_pattern() {
        let json = json!({"attributes": [
            {"identifier": "s", "type": "string", "pattern": "^[a-z]+$", "editable": true},
            {"identifier": "n", "type": "number", "editable": true},
            {"identifier": "b", "type": "boolean", "editable": true},
        ]});
        let schema = AttributeSchema::parse(&json.to_string(), &[]).unwrap();
        let parse = |name: &str, value: Value| schema.attribute(name).unwrap().parse(&value);
        assert_eq!(parse("s", json!("abc")), Ok(json!("abc")));
        assert_eq!(parse("s", json!("Abc")), Err(Fault::Format(Form::Pattern)));
        assert_eq!(parse("s", json!("")), Err(Fault::Empty));
        assert_eq!(parse("s", json!(1)), Err(Fault::Type(JsonType::String)));
        assert_eq!(parse("n", json!(1.5)), Ok(json!(1.5)));
        assert_eq!(parse("n", json!("1")), Err(Fault::Type(JsonType::Number)));
        assert_eq!(parse("b", json!(true)), Ok(json!(true)));
        assert_eq!(parse("b", json!(0)), Err(Fault::Type(JsonType::Boolean)));
    }
}
