//! The attributes that a stack defines for itself, as properties of the documents' schemas.

use serde_json::Value as Json;
use shared::schema::{Access, AttributeSchema, DefinedAttribute};
use std::path::Path;
use yaml_serde::{Mapping, Value};

/// The member of a schema that says that the stack's own attributes are among its properties: as what may be sent
/// (`write`), as what is shown (`read`), or as what is shown under the names of their claims (`claims`).
const MARK: &str = "x-defined-attributes";
/// Most characters of a text value.
const LONGEST: usize = 1_000;

/// What a text value has none of: it is one line.
const CONTROLS: &str = r"[\u0000-\u001F\u007F-\u009F\u2028\u2029]";

/// A stack's attribute schema.
#[derive(Debug)]
pub struct DefinedAttributes {
    schema: AttributeSchema,
    /// The same as it was written: with types and patterns.
    written: Json,
}

impl DefinedAttributes {
    /// The schema that is built into the functions.
    pub fn of_the_repository() -> Self {
        Self::read(&local::binaries::workspace().join("attributes.json"))
    }

    /// The schema in this file.
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let schema = AttributeSchema::parse(&text, &[]).unwrap();
        Self { schema, written: serde_json::from_str(&text).unwrap() }
    }

    /// Puts them wherever this contract's document wants them.
    pub fn put_into(&self, contract: &'static str, value: &mut Value) {
        match value {
            Value::Sequence(items) => items.iter_mut().for_each(|item| self.put_into(contract, item)),
            Value::Mapping(members) => {
                if let Some(mark) = members.shift_remove(MARK) {
                    let properties =
                        members.entry("properties".into()).or_insert_with(|| Mapping::new().into());
                    properties
                        .as_mapping_mut()
                        .unwrap()
                        .extend(self.properties(contract, mark.as_str().unwrap()));
                }
                members.iter_mut().for_each(|(_, member)| self.put_into(contract, member));
            }
            _ => {}
        }
    }

    fn properties(&self, contract: &'static str, mark: &str) -> Mapping {
        let anybody = Access { subject: true, admin: true, contract };
        let subject = Access { admin: false, ..anybody };
        let all = self.schema.attributes().iter();
        let named = all.filter_map(|attribute| {
            let (name, shown, own) = match mark {
                "write" => {
                    (&attribute.identifier, attribute.may_write(anybody), attribute.may_write(subject))
                }
                "read" => (&attribute.identifier, attribute.may_read(anybody), attribute.may_read(subject)),
                "claims" => {
                    (attribute.claim.as_ref()?, attribute.may_read(anybody), attribute.may_read(subject))
                }
                other => panic!("{MARK} says {other:?}"),
            };
            let verb = if mark == "write" { "set it" } else { "see it" };
            let whose = if own { String::new() } else { format!(" Only administrators may {verb}.") };
            let description = format!("An attribute that the stack defines for itself.{whose}");
            shown.then(|| (name.as_str().into(), self.property(attribute, description, mark == "write")))
        });
        named.collect()
    }

    fn property(&self, attribute: &DefinedAttribute, description: String, written: bool) -> Value {
        let entries = self.written["attributes"].as_array().unwrap();
        let entry =
            entries.iter().find(|entry| entry["identifier"] == attribute.identifier.as_str()).unwrap();
        let kind = entry["type"].as_str().unwrap();
        let mut property = Mapping::new();
        let mut put = |name: &str, value: Value| property.insert(name.into(), value);
        put(
            "description",
            if written { format!("{description} `null` removes it.") } else { description }.into(),
        );
        put("x-attribute", format!("custom_fields.{}", attribute.identifier).into());
        put("type", if written { vec![kind, "null"].into() } else { kind.into() });
        if kind == "string" {
            put("minLength", 1.into());
            put("maxLength", LONGEST.into());
            // Beside a pattern of the attribute's own.
            let not = [("type".into(), "string".into()), ("pattern".into(), CONTROLS.into())];
            put("not", Mapping::from_iter(not).into());
        }
        if let Some(pattern) = entry["pattern"].as_str() {
            put("pattern", pattern.into());
        }
        property.into()
    }
}
