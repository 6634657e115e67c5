//! Event patterns, by which rules of a bus and filters of a stream choose events.
//!
//! Equality, `anything-but`, `prefix` and `exists` are understood; any other comparison is refused when the pattern is
//! read.

use crate::failure::{Failure, Result};
use serde_json::{Map, Value as Json};

/// What an event must look like, member by member. Members that a pattern does not name do not matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern(Vec<(String, Expectation)>);

#[derive(Clone, Debug, PartialEq)]
enum Expectation {
    /// An object that matches.
    Object(Pattern),
    /// A value, or a list with a value, that one of these accepts.
    AnyOf(Vec<Comparison>),
}

#[derive(Clone, Debug, PartialEq)]
enum Comparison {
    Equals(Json),
    AnythingBut(Vec<Json>),
    Prefix(String),
    Exists(bool),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it is no pattern, or compares in a way that the local stack does not know.
    pub fn parse(pattern: &Json) -> Result<Self> {
        let members = pattern.as_object().ok_or_else(|| Failure::new("an event pattern is an object"))?;
        let expectation = |(name, value): (&String, &Json)| {
            let expectation = match value {
                Json::Object(_) => Expectation::Object(Self::parse(value)?),
                Json::Array(comparisons) => {
                    Expectation::AnyOf(comparisons.iter().map(Comparison::parse).collect::<Result<Vec<_>>>()?)
                }
                _ => return Err(Failure::new(format!("the event pattern has no list for {name}"))),
            };
            Ok((name.clone(), expectation))
        };
        members.iter().map(expectation).collect::<Result<_>>().map(Self)
    }

    /// Whether an event looks like this.
    pub fn matches(&self, event: &Json) -> bool {
        self.0.iter().all(|(name, expectation)| {
            let value = event.get(name);
            match expectation {
                Expectation::Object(pattern) => pattern.matches(value.unwrap_or(&Json::Null)),
                Expectation::AnyOf(comparisons) => comparisons.iter().any(|one| one.accepts(value)),
            }
        })
    }
}

impl Comparison {
    fn parse(comparison: &Json) -> Result<Self> {
        let Json::Object(members) = comparison else {
            return match comparison {
                Json::Array(_) => Err(Failure::new("an event pattern has no lists in lists")),
                value => Ok(Self::Equals(value.clone())),
            };
        };
        match single(members) {
            Some(("anything-but", Json::Array(values))) if values.iter().all(is_scalar) => {
                Ok(Self::AnythingBut(values.clone()))
            }
            Some(("anything-but", value)) if is_scalar(value) => Ok(Self::AnythingBut(vec![value.clone()])),
            Some(("prefix", Json::String(prefix))) => Ok(Self::Prefix(prefix.clone())),
            Some(("exists", Json::Bool(exists))) => Ok(Self::Exists(*exists)),
            _ => Err(Failure::new(format!("the comparison {comparison} is not known to the local stack"))),
        }
    }

    fn accepts(&self, value: Option<&Json>) -> bool {
        let values = match value {
            Some(Json::Array(values)) => values.as_slice(),
            Some(value) => std::slice::from_ref(value),
            None => &[],
        };
        match self {
            Self::Equals(wanted) => values.contains(wanted),
            Self::AnythingBut(unwanted) => values.iter().any(|value| !unwanted.contains(value)),
            Self::Prefix(prefix) => {
                values.iter().any(|value| value.as_str().is_some_and(|text| text.starts_with(prefix)))
            }
            Self::Exists(exists) => value.is_some() == *exists,
        }
    }
}

fn single(members: &Map<String, Json>) -> Option<(&str, &Json)> {
    let mut members = members.iter();
    match (members.next(), members.next()) {
        (Some((name, value)), None) => Some((name, value)),
        _ => None,
    }
}

fn is_scalar(value: &Json) -> bool {
    !value.is_object() && !value.is_array()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_pattern_accepts() {
        let event = json!({"source": "crm", "detail": {"n": 1, "tags": ["a", "b"], "none": null}});
        for (pattern, matches) in [
            (json!({}), true),
            (json!({"source": ["crm"]}), true),
            (json!({"source": ["idp", "crm"]}), true),
            (json!({"source": ["idp"]}), false),
            (json!({"source": []}), false),
            (json!({"missing": ["crm"]}), false),
            (json!({"source": ["crm"], "missing": ["x"]}), false),
            (json!({"detail": {"n": [1]}}), true),
            (json!({"detail": {"n": ["1"]}}), false),
            (json!({"detail": {"none": [null]}}), true),
            (json!({"detail": {"tags": ["b"]}}), true),
            (json!({"detail": {"tags": ["c"]}}), false),
            (json!({"source": {"n": [1]}}), false),
            (json!({"source": [{"prefix": "cr"}]}), true),
            (json!({"source": [{"prefix": "rm"}]}), false),
            (json!({"detail": {"n": [{"prefix": "1"}]}}), false),
            (json!({"source": [{"anything-but": "idp"}]}), true),
            (json!({"source": [{"anything-but": ["idp", "crm"]}]}), false),
            (json!({"missing": [{"anything-but": ["crm"]}]}), false),
            (json!({"source": [{"exists": true}]}), true),
            (json!({"missing": [{"exists": true}]}), false),
            (json!({"missing": {"deep": [{"exists": false}]}}), true),
        ] {
            assert_eq!(Pattern::parse(&pattern).unwrap().matches(&event), matches, "{pattern}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (pattern, message) in [
            (json!([]), "an event pattern is an object"),
            (json!({"a": "b"}), "the event pattern has no list for a"),
            (json!({"a": [["b"]]}), "an event pattern has no lists in lists"),
            (
                json!({"a": [{"numeric": [">", 1]}]}),
                r#"the comparison {"numeric":[">",1]} is not known to the local stack"#,
            ),
            (
                json!({"a": [{"anything-but": {"prefix": "b"}}]}),
                r#"the comparison {"anything-but":{"prefix":"b"}} is not known to the local stack"#,
            ),
        ] {
            assert_eq!(Pattern::parse(&pattern), Err(Failure::new(message)), "{pattern}");
        }
    }
}
