//! Reading a JSON object of configuration member by member, noting every fault on the way.

use serde_json::{Map, Value};

/// What is left to read of one object, and what was wrong with the rest.
pub(super) struct Entry {
    /// How faults call it.
    place: String,
    /// What was wrong so far.
    pub(super) faults: Vec<String>,
    members: Map<String, Value>,
}

impl Entry {
    /// The object at this index of `ISSUERS`.
    pub(super) fn new(index: usize, members: Map<String, Value>) -> Self {
        let issuer = members.get("issuer").and_then(Value::as_str).unwrap_or("no issuer");
        Self { place: format!("issuer {index} ({issuer})"), faults: Vec::new(), members }
    }

    /// Notes a fault.
    pub(super) fn fault(&mut self, fault: &str) {
        self.faults.push(format!("{}: {fault}", self.place));
    }

    /// Whether the member is still to be read.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// The member as it is.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name)
    }

    /// A string that is not empty.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.read(name, "a string that is not empty", text)
    }

    /// An array of one or more strings, none empty, none twice; its absence is a fault.
    pub(super) fn required_texts(&mut self, name: &str) -> Option<Vec<String>> {
        if !self.has(name) {
            self.fault(&format!("{name} is required"));
        }
        self.read(name, "an array of one or more different strings", texts)
    }

    /// A string that is not empty, or an array of one or more such strings, none twice.
    pub(super) fn text_or_texts(&mut self, name: &str) -> Option<Vec<String>> {
        self.read(name, "a string or an array of one or more different strings", |value| match value {
            Value::String(_) => Some(vec![text(value)?]),
            _ => texts(value),
        })
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        self.read(name, "true or false", |value| value.as_bool())
    }

    /// A whole number from 0 to `most`.
    pub(super) fn whole_number(&mut self, name: &str, most: u64) -> Option<u64> {
        let expected = format!("a whole number from 0 to {most}");
        self.read(name, &expected, |value| value.as_u64().filter(|number| *number <= most))
    }

    /// An object, to be read in the same way and finished into these faults.
    pub(super) fn object(&mut self, name: &str) -> Option<Self> {
        let place = format!("{}: {name}", self.place);
        self.read(name, "an object", |value| match value {
            Value::Object(members) => Some(Self { place, faults: Vec::new(), members }),
            _ => None,
        })
    }

    /// Notes the members that nobody read, adds all faults to `faults` and gives the name of this entry back.
    pub(super) fn finish(mut self, faults: &mut Vec<String>) -> String {
        for name in std::mem::take(&mut self.members).keys() {
            self.fault(&format!("{name} is no member of it"));
        }
        faults.append(&mut self.faults);
        self.place
    }

    fn read<T>(&mut self, name: &str, expected: &str, parse: impl FnOnce(Value) -> Option<T>) -> Option<T> {
        let parsed = parse(self.members.remove(name)?);
        if parsed.is_none() {
            // The value is not shown: it may be a secret in the wrong place.
            self.fault(&format!("{name} must be {expected}"));
        }
        parsed
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

fn texts(value: Value) -> Option<Vec<String>> {
    let Value::Array(values) = value else { return None };
    let texts = values.into_iter().map(text).collect::<Option<Vec<_>>>()?;
    let different = texts.iter().enumerate().all(|(index, text)| !texts[..index].contains(text));
    (different && !texts.is_empty()).then_some(texts)
}
