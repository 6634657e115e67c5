//! Other systems that may change profiles, as the stack's settings name them.

use super::request::NEVER;
use crate::config::Settings;
use crate::profile::Attribute;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Most characters of a source's name, as for EventBridge's own `source`.
const LONGEST_NAME: usize = 256;

/// A system whose sync requests are carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The `source` of its events.
    pub name: String,
    /// What it may write. Never the role.
    pub attributes: BTreeSet<Attribute>,
    /// Whether it proves contacts before it tells of them, as an identity provider does: those it sets then
    /// count as verified.
    pub asserts_verified: bool,
}

/// The configured sources. Nobody else is listened to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources(BTreeMap<String, Source>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    source: String,
    attributes: Vec<String>,
    #[serde(default)]
    asserts_verified: bool,
}

impl Sources {
    /// `SYNC_SOURCES`: a JSON array of `{"source", "attributes", "asserts_verified"}`; unset: none.
    pub fn configure(settings: &mut Settings) -> Self {
        let Some(json) = settings.optional("SYNC_SOURCES") else { return Self::default() };
        match Self::parse(&json) {
            Ok(sources) => sources,
            Err(faults) => {
                for fault in faults {
                    settings.fault("SYNC_SOURCES", &fault);
                }
                Self::default()
            }
        }
    }

    /// Reads the JSON array.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(json: &str) -> Result<Self, Vec<String>> {
        let entries: Vec<Entry> = serde_json::from_str(json).map_err(|_| {
            vec![r#"must be a JSON array of {"source", "attributes", "asserts_verified"}"#.to_owned()]
        })?;
        let (mut sources, mut faults) = (BTreeMap::new(), Vec::new());
        for Entry { source: name, attributes: names, asserts_verified } in entries {
            if !is_name(&name) {
                faults.push(format!(
                    "has a source that is not 1 to {LONGEST_NAME} of A-Z, a-z, 0-9, '.', '-', '_', '/'"
                ));
                continue;
            }
            let mut attributes = BTreeSet::new();
            for attribute in &names {
                match Attribute::named(attribute).filter(|attribute| !NEVER.contains(attribute)) {
                    Some(attribute) => drop(attributes.insert(attribute)),
                    None => {
                        faults.push(format!("lets {name} write {attribute}, which is no attribute for it"))
                    }
                }
            }
            let source = Source { name: name.clone(), attributes, asserts_verified };
            if sources.insert(name.clone(), source).is_some() {
                faults.push(format!("names {name} twice"));
            }
        }
        if faults.is_empty() { Ok(Self(sources)) } else { Err(faults) }
    }

    /// The source of this name, if it is configured.
    pub fn get(&self, name: &str) -> Option<&Source> {
        self.0.get(name)
    }
}

fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_/".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_who_may_write_what() {
        let json = r#"[{"source":"crm","attributes":["nickname","phone"]},
            {"source":"com.idp/eu","attributes":[],"asserts_verified":true}]"#;
        let sources = Sources::parse(json).unwrap();
        let crm = Source {
            name: "crm".into(),
            attributes: [Attribute::Nickname, Attribute::Phone].into(),
            asserts_verified: false,
        };
        let idp = Source { name: "com.idp/eu".into(), attributes: BTreeSet::new(), asserts_verified: true };
        assert_eq!(sources.get("crm"), Some(&crm));
        assert_eq!(sources.get("com.idp/eu"), Some(&idp));
        assert_eq!(sources.get("other"), None);
        assert_eq!(Sources::parse("[]"), Ok(Sources::default()));
    }

    #[test]
    fn tells_everything_that_is_wrong() {
        let shape = r#"must be a JSON array of {"source", "attributes", "asserts_verified"}"#.to_owned();
        for bad in ["{}", "[1]", r#"[{"source":"a"}]"#, r#"[{"source":"a","attributes":[],"x":1}]"#] {
            assert_eq!(Sources::parse(bad), Err(vec![shape.clone()]), "{bad}");
        }
        let bad = r##"[{"source":"a","attributes":["role","shoe"]},{"source":"a","attributes":[]},
            {"source":"a#b","attributes":[]}]"##;
        assert_eq!(
            Sources::parse(bad).unwrap_err(),
            [
                "lets a write role, which is no attribute for it",
                "lets a write shoe, which is no attribute for it",
                "names a twice",
                "has a source that is not 1 to 256 of A-Z, a-z, 0-9, '.', '-', '_', '/'",
            ]
        );
    }
}
