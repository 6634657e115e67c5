//! Custom fields: a small JSON object of the caller's own making.
//!
//! At most 50 members at the top, 4 levels of objects and arrays (the whole object is the first), 16 KiB as
//! compact JSON. Names, at every level: `[A-Za-z_][A-Za-z0-9_]{0,63}`. Strings are plain text with line breaks
//! (see [`Text`](super::Text)), stored in NFC, and may be empty. Numbers are integers of 64 bits or IEEE
//! doubles (RFC 7493), within what DynamoDB can hold; a whole one of 64 bits is stored without its fraction.

use super::text::plain;
use super::{Bounds, Fault, Form, JsonType, Lines, Unit, Violation};
use serde_json::{Map, Number, Value};

pub use super::merge_patch::merge;

const MAX_ENTRIES: usize = 50;
const MAX_LEVELS: usize = 4;
const MAX_BYTES: usize = 16 * 1024;
/// A body of bad names only would otherwise be answered with many times its size.
const MAX_REPORTED: usize = 50;

/// Reads a merge patch (RFC 7396) for the custom fields at `path`; strings come back in NFC.
///
/// A patch that breaks [`check_bounds`] whatever it is applied to is refused here already.
///
/// # Errors
/// At most 50 violations, each at its member (`custom_fields.team.name`, `custom_fields.tags[0]`); a bad name
/// is reported at the object that has it, with the name as the value.
pub fn parse_patch(path: &str, value: &Value) -> Result<Map<String, Value>, Vec<Violation>> {
    let Value::Object(members) = value else {
        return Err(vec![Violation::new(path, Fault::Type(JsonType::Object), value.clone())]);
    };
    let mut violations = Vec::new();
    let patch = read_object(path, members, 1, &mut violations);
    if violations.is_empty() {
        // Merging into more than nothing never makes it smaller.
        violations.extend(check_bounds(path, &merge(None, &patch)).err());
    }
    violations.truncate(MAX_REPORTED);
    if violations.is_empty() { Ok(patch) } else { Err(violations) }
}

/// Checks number of members and size of the custom fields as they would be stored.
///
/// # Errors
/// [`Fault::Length`] in entries or bytes, without a value.
pub fn check_bounds(path: &str, fields: &Map<String, Value>) -> Result<(), Violation> {
    let too_long = |max, unit| Err(Violation::new(path, Fault::Length { min: 0, max, unit }, None));
    if fields.len() > MAX_ENTRIES {
        return too_long(MAX_ENTRIES, Unit::Entries);
    }
    // Writing a map with text keys into memory cannot fail.
    if serde_json::to_vec(fields).map_or(usize::MAX, |json| json.len()) > MAX_BYTES {
        return too_long(MAX_BYTES, Unit::Bytes);
    }
    Ok(())
}

fn read_object(
    path: &str,
    members: &Map<String, Value>,
    level: usize,
    violations: &mut Vec<Violation>,
) -> Map<String, Value> {
    let mut read = Map::new();
    for (name, value) in members {
        if is_field_name(name) {
            let value = read_value(&format!("{path}.{name}"), value, level + 1, violations);
            read.insert(name.clone(), value);
        } else {
            violations.push(Violation::new(path, Fault::Format(Form::FieldName), Value::from(name.as_str())));
        }
    }
    read
}

/// `level` is the level that the value has if it is an object or an array.
fn read_value(path: &str, value: &Value, level: usize, violations: &mut Vec<Violation>) -> Value {
    let fault = match value {
        Value::Object(_) | Value::Array(_) if level > MAX_LEVELS => Fault::Range(Bounds::Depth(MAX_LEVELS)),
        Value::Object(members) => return Value::Object(read_object(path, members, level, violations)),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            return items
                .map(|(index, item)| read_value(&format!("{path}[{index}]"), item, level + 1, violations))
                .collect();
        }
        Value::String(text) => match plain(text, Lines::Many) {
            Ok(text) => return Value::String(text.into_owned()),
            Err(fault) => fault,
        },
        Value::Number(number) if !is_storable(number) => Fault::Range(Bounds::StorableNumber),
        Value::Number(number) => return Value::Number(as_stored(number)),
        Value::Null | Value::Bool(_) => return value.clone(),
    };
    violations.push(Violation::new(path, fault, value.clone()));
    Value::Null
}

fn is_field_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The number as the table will give it back: it knows no fraction of a whole number, and no sign of zero. Without this an
/// answer that was made before the profile was read again would show another text than that.
pub(crate) fn as_stored(number: &Number) -> Number {
    const BEYOND_I64: f64 = 9_223_372_036_854_775_808.0;
    match number.as_f64() {
        Some(value) if number.is_f64() && value.fract() == 0.0 => {
            // The bounds are doubles themselves, so that nothing is rounded.
            if (-BEYOND_I64..BEYOND_I64).contains(&value) {
                Number::from(value as i64)
            } else if (BEYOND_I64..2.0 * BEYOND_I64).contains(&value) {
                Number::from(value as u64)
            } else {
                number.clone()
            }
        }
        _ => number.clone(),
    }
}

/// DynamoDB's numbers: 38 significant digits (a double has 17), 1E-130 up to below 1E+126, and zero.
pub(crate) fn is_storable(number: &Number) -> bool {
    number.as_f64().is_some_and(|value| value == 0.0 || (1e-130..1e126).contains(&value.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const PATH: &str = "custom_fields";

    fn parse(value: Value) -> Result<Value, Vec<Violation>> {
        parse_patch(PATH, &value).map(Value::Object)
    }

    fn violation(field: &str, fault: Fault, value: Value) -> Violation {
        Violation::new(field, fault, value)
    }

    #[test]
    fn accepts_what_it_should_and_normalises_text() {
        for good in [
            json!({}),
            json!({"a": null}),
            json!({"_": "", "A1_": "line\r\nline\n", "n": [1, -1.5, true, null, {"x": null}]}),
            json!({"a": {"b": {"c": {"d": "scalar"}}}}),
            json!({"a": [[[1]]]}),
            json!({"min": 1e-130, "max": 9.99e125, "zero": 0, "u": u64::MAX, "i": i64::MIN}),
            json!({"x".repeat(64): 1}),
        ] {
            assert_eq!(parse(good.clone()), Ok(good));
        }
        assert_eq!(parse(json!({"a": {"b": ["e\u{301}"]}})), Ok(json!({"a": {"b": ["é"]}})));
    }

    #[test]
    fn numbers_are_as_the_table_gives_them_back() {
        for (sent, stored) in [
            (json!(1.0), json!(1)),
            (json!(-0.0), json!(0)),
            (json!(-1e3), json!(-1_000)),
            (json!(-9_223_372_036_854_775_808.0), json!(i64::MIN)),
            (json!(9_223_372_036_854_775_808.0), json!(1_u64 << 63)),
            // The largest double below 2^64, then 2^64 itself.
            (json!(18_446_744_073_709_549_568.0), json!(18_446_744_073_709_549_568_u64)),
            (json!(18_446_744_073_709_551_616.0), json!(18_446_744_073_709_551_616.0)),
            (json!(1e22), json!(1e22)),
            (json!(-1.5), json!(-1.5)),
        ] {
            assert_eq!(parse(json!({"a": [sent]})), Ok(json!({"a": [stored]})));
        }
    }

    #[test]
    fn refuses_member_by_member() {
        let plain = Fault::Format(Form::PlainText);
        let name = Fault::Format(Form::FieldName);
        let depth = Fault::Range(Bounds::Depth(4));
        let number = Fault::Range(Bounds::StorableNumber);
        for bad in [json!([]), json!("x"), json!(1), Value::Null] {
            let expected = violation(PATH, Fault::Type(JsonType::Object), bad.clone());
            assert_eq!(parse(bad), Err(vec![expected]));
        }
        assert_eq!(
            parse(json!({
                "a": "\u{0}", "b": {"c": "\t"}, "d": [1, "\u{1b}"], "e": {"f": {"g": {"h": {}}}},
                "i": [[[[]]]], "j": 1e126, "k": -1e-131, "l": {"1": 2},
            })),
            Err(vec![
                violation("custom_fields.a", plain, json!("\u{0}")),
                violation("custom_fields.b.c", plain, json!("\t")),
                violation("custom_fields.d[1]", plain, json!("\u{1b}")),
                violation("custom_fields.e.f.g.h", depth, json!({})),
                violation("custom_fields.i[0][0][0]", depth, json!([])),
                violation("custom_fields.j", number, json!(1e126)),
                violation("custom_fields.k", number, json!(-1e-131)),
                violation("custom_fields.l", name, json!("1")),
            ])
        );
        for bad in ["", "1a", "a-b", "a.b", "a b", "é", "ａ", "a\n", &"x".repeat(65)] {
            let mut members = Map::new();
            members.insert(bad.to_owned(), Value::Null);
            assert_eq!(
                parse(Value::Object(members)),
                Err(vec![violation(PATH, name, json!(bad))]),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn reports_at_most_fifty() {
        let members: Map<String, Value> = (0..1000).map(|n| (n.to_string(), Value::Null)).collect();
        assert_eq!(parse(Value::Object(members)).map_err(|violations| violations.len()), Err(50));
    }

    #[test]
    fn bounds() {
        let entries = Violation::new(PATH, Fault::Length { min: 0, max: 50, unit: Unit::Entries }, None);
        let bytes = Violation::new(PATH, Fault::Length { min: 0, max: 16_384, unit: Unit::Bytes }, None);
        let many =
            |count| -> Map<String, Value> { (0..count).map(|n| (format!("k{n}"), json!(1))).collect() };
        assert_eq!(check_bounds(PATH, &many(50)), Ok(()));
        assert_eq!(check_bounds(PATH, &many(51)), Err(entries.clone()));
        assert_eq!(parse(Value::Object(many(51))), Err(vec![entries]));
        // {"a":"…"} is 8 bytes around the text.
        let large = |size: usize| json!({"a": "x".repeat(size - 8)}).as_object().unwrap().clone();
        assert_eq!(check_bounds(PATH, &large(16_384)), Ok(()));
        assert_eq!(check_bounds(PATH, &large(16_385)), Err(bytes.clone()));
        assert_eq!(parse(Value::Object(large(16_385))), Err(vec![bytes]));
        // Removals take no room.
        let removals: Map<String, Value> = (0..60).map(|n| (format!("k{n}"), Value::Null)).collect();
        assert_eq!(parse_patch(PATH, &Value::Object(removals.clone())), Ok(removals));
    }
}
