//! Social links: names with a link or a handle each.
//!
//! At most 20. A name is one line of text (see [`Text`]) of 1–64 characters, a value a
//! [`LinkOrHandle`].

use super::{Fault, Form, JsonType, Lines, LinkOrHandle, Text, Unit, Violation};
use serde_json::{Map, Value};

pub use super::merge_patch::merge;

const MAX_ENTRIES: usize = 20;
const MAX_NAME: usize = 64;
/// A body of bad names only would otherwise be answered with many times its size.
const MAX_REPORTED: usize = 50;

/// Reads a merge patch (RFC 7396) for the social links at `path`: `null` removes a name.
///
/// A patch that breaks [`check_bounds`] whatever it is applied to is refused here already.
///
/// # Errors
/// At most 50 violations, each at its member (`social_links.github`); a bad name is reported at `path`, with the
/// name as the value.
pub fn parse_patch(path: &str, value: &Value) -> Result<Map<String, Value>, Vec<Violation>> {
    let Value::Object(members) = value else {
        return Err(vec![Violation::new(path, Fault::Type(JsonType::Object), value.clone())]);
    };
    let mut violations = Vec::new();
    let mut patch = Map::new();
    for (name, value) in members {
        let named = match Text::parse(name, MAX_NAME, Lines::One) {
            Ok(text) if patch.contains_key(text.as_str()) => Err(Fault::Format(Form::DistinctName)),
            named => named.map(Text::into_string),
        };
        match named {
            Err(fault) => violations.push(Violation::new(path, fault, Value::from(name.as_str()))),
            Ok(name) => {
                let read = read_link(value);
                violations.extend(
                    read.as_ref().err().map(|f| Violation::new(format!("{path}.{name}"), *f, value.clone())),
                );
                patch.insert(name, read.unwrap_or_default());
            }
        }
    }
    if violations.is_empty() {
        violations.extend(check_bounds(path, &merge(None, &patch)).err());
    }
    violations.truncate(MAX_REPORTED);
    if violations.is_empty() { Ok(patch) } else { Err(violations) }
}

/// Checks the number of social links as they would be stored.
///
/// # Errors
/// [`Fault::Length`] in entries, without a value.
pub fn check_bounds(path: &str, links: &Map<String, Value>) -> Result<(), Violation> {
    if links.len() > MAX_ENTRIES {
        let fault = Fault::Length { min: 0, max: MAX_ENTRIES, unit: Unit::Entries };
        return Err(Violation::new(path, fault, None));
    }
    Ok(())
}

fn read_link(value: &Value) -> Result<Value, Fault> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::String(text) => LinkOrHandle::parse(text).map(Value::from),
        _ => Err(Fault::Type(JsonType::String)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const PATH: &str = "social_links";

    fn parse(value: Value) -> Result<Value, Vec<Violation>> {
        parse_patch(PATH, &value).map(Value::Object)
    }

    #[test]
    fn accepts_names_with_links_handles_and_removals() {
        for good in [
            json!({}),
            json!({"github": "https://github.com/johnny", "x": "@johnny", "old": null, "微博": "johnny", "a.b c": "d"}),
            json!({"n".repeat(64): "x"}),
        ] {
            assert_eq!(parse(good.clone()), Ok(good));
        }
        assert_eq!(parse(json!({"e\u{301}": "zoe\u{308}"})), Ok(json!({"é": "zoë"})));
    }

    #[test]
    fn refuses_member_by_member() {
        for bad in [json!([]), json!("x"), Value::Null] {
            let expected = Violation::new(PATH, Fault::Type(JsonType::Object), bad.clone());
            assert_eq!(parse(bad), Err(vec![expected]));
        }
        let long = "n".repeat(65);
        let length = Fault::Length { min: 1, max: 64, unit: Unit::Characters };
        assert_eq!(
            parse(
                json!({"": "x", "\t": "x", "a": 1, "b": "", "c": "javascript:x", "d": {}, long.clone(): "x"})
            ),
            Err(vec![
                Violation::new(PATH, Fault::Empty, json!("")),
                Violation::new(PATH, Fault::Format(Form::PlainText), json!("\t")),
                Violation::new("social_links.a", Fault::Type(JsonType::String), json!(1)),
                Violation::new("social_links.b", Fault::Empty, json!("")),
                Violation::new("social_links.c", Fault::Format(Form::UrlOrHandle), json!("javascript:x")),
                Violation::new("social_links.d", Fault::Type(JsonType::String), json!({})),
                Violation::new(PATH, length, json!(long)),
            ])
        );
        assert_eq!(
            parse(json!({"e\u{301}": "x", "é": "y"})),
            Err(vec![Violation::new(PATH, Fault::Format(Form::DistinctName), json!("é"))])
        );
        let members: Map<String, Value> = (0..1000).map(|n| (n.to_string(), json!(1))).collect();
        assert_eq!(parse(Value::Object(members)).map_err(|violations| violations.len()), Err(50));
    }

    #[test]
    fn bounds() {
        let many =
            |count| -> Map<String, Value> { (0..count).map(|n| (format!("k{n}"), json!("x"))).collect() };
        let entries = Violation::new(PATH, Fault::Length { min: 0, max: 20, unit: Unit::Entries }, None);
        assert_eq!(check_bounds(PATH, &many(20)), Ok(()));
        assert_eq!(check_bounds(PATH, &many(21)), Err(entries.clone()));
        assert_eq!(parse(Value::Object(many(20))), Ok(Value::Object(many(20))));
        assert_eq!(parse(Value::Object(many(21))), Err(vec![entries]));
    }
}
