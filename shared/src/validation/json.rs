//! Request bodies: strict JSON objects.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::cell::Cell;
use std::fmt;

/// Most bytes that a body may have.
pub const MAX_BYTES: usize = 64 * 1024;
/// Most levels of objects and arrays that a body may have, the outermost included.
pub const MAX_LEVELS: usize = 32;

/// Why a body is not read. Holds nothing of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Over 64 KiB (65,536 bytes).
    TooLarge,
    /// Not JSON (RFC 8259) in UTF-8; lone surrogates are none, nor are numbers that a double cannot hold: too large, so
    /// near to zero that it would become zero, or an integer beyond 64 bits that would be rounded.
    NotJson,
    /// JSON, but no object.
    NotAnObject,
    /// A name occurs twice in one object, at whatever depth.
    DuplicateMember,
    /// More than 32 levels of objects and arrays.
    TooDeep,
    /// A member has another JSON type than its contract gives it, or a path parameter another form.
    Member,
}

/// Reads a body that has to be one JSON object and nothing else.
///
/// # Errors
/// The first thing found wrong; see [`Malformed`].
pub fn parse_object(body: &[u8]) -> Result<Map<String, Value>, Malformed> {
    if body.len() > MAX_BYTES {
        return Err(Malformed::TooLarge);
    }
    let text = std::str::from_utf8(body).map_err(|_| Malformed::NotJson)?;
    // serde's errors are text; the reason of our own refusals travels beside them.
    let refusal = Cell::new(Malformed::NotJson);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict { level: 1, refusal: &refusal }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|_| refusal.get())?;
    // serde_json gives the rounded number and not its text.
    if numbers(text).any(is_changed_by_double) {
        return Err(Malformed::NotJson);
    }
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(Malformed::NotAnObject),
    }
}

/// The numbers in what is known to be JSON.
fn numbers(json: &str) -> impl Iterator<Item = &str> {
    let mut rest = json;
    std::iter::from_fn(move || {
        loop {
            rest =
                &rest[rest.find(|start: char| start == '"' || start == '-' || start.is_ascii_digit())?..];
            if let Some(string) = rest.strip_prefix('"') {
                rest = after_string(string);
                continue;
            }
            let is_part = |character: char| character.is_ascii_digit() || "+-.eE".contains(character);
            let (number, after) = rest.split_at(rest.find(|part| !is_part(part)).unwrap_or(rest.len()));
            rest = after;
            return Some(number);
        }
    })
}

/// What follows the string whose first quotation mark is gone already.
fn after_string(mut rest: &str) -> &str {
    loop {
        match rest.find(['"', '\\']) {
            None => return "",
            Some(end) if rest[end..].starts_with('"') => return &rest[end + 1..],
            // Only ASCII is escaped with one letter.
            Some(escape) => rest = rest.get(escape + 2..).unwrap_or_default(),
        }
    }
}

/// Whether a number becomes zero without being it, or is an integer beyond 64 bits and becomes another.
fn is_changed_by_double(number: &str) -> bool {
    let Ok(double) = number.parse::<f64>() else { return true };
    let significand = number.split(['e', 'E']).next().unwrap_or_default();
    if double == 0.0 {
        return significand.contains(|digit: char| ('1'..='9').contains(&digit));
    }
    let is_integer = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    is_integer
        && number.parse::<i64>().is_err()
        && number.parse::<u64>().is_err()
        && format!("{double:.0}") != number
}

/// Reads one value; `level` is the level that it has if it is an object or an array.
#[derive(Clone, Copy)]
struct Strict<'a> {
    level: usize,
    refusal: &'a Cell<Malformed>,
}

impl Strict<'_> {
    fn refuse<E: Error>(self, reason: Malformed) -> E {
        self.refusal.set(reason);
        E::custom("refused")
    }

    /// The reader of what is inside this value.
    fn inside<E: Error>(self) -> Result<Self, E> {
        if self.level > MAX_LEVELS {
            return Err(self.refuse(Malformed::TooDeep));
        }
        Ok(Self { level: self.level + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut read = Vec::new();
        while let Some(item) = items.next_element_seed(inside)? {
            read.push(item);
        }
        Ok(Value::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut read = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if read.contains_key(&name) {
                return Err(self.refuse(Malformed::DuplicateMember));
            }
            read.insert(name, members.next_value_seed(inside)?);
        }
        Ok(Value::Object(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<Map<String, Value>, Malformed> {
        parse_object(body.as_bytes())
    }

    #[test]
    fn reads_what_serde_json_reads() {
        for good in [
            "{}",
            " \r\n\t{ } ",
            r#"{"a":1,"b":-1,"c":1.5,"d":1e3,"e":-0.0,"f":18446744073709551615,"g":-9223372036854775808}"#,
            r#"{"a":null,"b":true,"c":false,"d":"é\u00e9\ud83d\ude00\n","":""}"#,
            r#"{"a":[1,[2,{"a":3}],{}],"b":{"a":{"b":{}}}}"#,
            r#"{"$serde_json::private::Number":"1","$serde_json::private::RawValue":"2"}"#,
        ] {
            let expected: Map<String, Value> = serde_json::from_str(good).unwrap();
            assert_eq!(parse(good), Ok(expected), "{good}");
        }
    }

    #[test]
    fn numbers_are_what_was_sent() {
        for number in [
            "-97.64560034263705",
            "1859062658947177.0",
            "1e-130",
            "9.99e125",
            "2.2250738585072014e-308",
            "5e-324",
            "0e-400",
            "-0.00",
            "0.1000000000000000000000001",
            "18446744073709551616",
            "-9223372036854777856",
            "100000000000000000000",
            "1e22",
        ] {
            let double = number.parse::<f64>().unwrap();
            let body = format!(r#"{{"\"1e-400":"18446744073709551617\\","a":[{number}]}}"#);
            let read = parse(&body).map(|read| read["a"][0].as_f64().map(f64::to_bits));
            assert_eq!(read, Ok(Some(double.to_bits())), "{number}");
        }
        // What a double cannot hold: too large, too near to zero, integers that it would round.
        for number in [
            "1e400",
            "-1e400",
            "1E-400",
            "-0.1e-399",
            "18446744073709551617",
            "-9223372036854775810",
            "100000000000000000001",
        ] {
            assert_eq!(parse(&format!(r#"{{"a":[{number}]}}"#)), Err(Malformed::NotJson), "{number}");
        }
    }

    #[test]
    fn refuses_what_is_no_json() {
        for bad in [
            "",
            " ",
            "{",
            "}",
            "{}}",
            "{} {}",
            "{}x",
            "{}\0",
            "[1",
            "{'a':1}",
            "{a:1}",
            r#"{"a":1,}"#,
            r#"{"a"}"#,
            r#"{"a":01}"#,
            r#"{"a":+1}"#,
            r#"{"a":NaN}"#,
            r#"{"a":1e400}"#,
            r#"{"a":"\x"}"#,
            "{\"a\":\"\n\"}",
            r#"{"a":"\ud800"}"#,
            r#"{"a":"\udc00"}"#,
            r#"{"\ud800x":1}"#,
            "\u{feff}{}",
            "/* */{}",
        ] {
            assert_eq!(parse(bad), Err(Malformed::NotJson), "{bad:?}");
        }
        assert_eq!(parse_object(b"{\"a\":\"\xff\"}"), Err(Malformed::NotJson));
        assert_eq!(parse_object(b"{\"a\":\"\xed\xa0\x80\"}"), Err(Malformed::NotJson));
        for other in ["[]", "null", "1", "\"x\"", "true", "[{}]"] {
            assert_eq!(parse(other), Err(Malformed::NotAnObject), "{other}");
        }
    }

    #[test]
    fn refuses_duplicates_at_any_depth() {
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":2,"\u0061":3}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":[{"b":{"c":1,"c":1}}]}"#,
            r#"[{"a":1,"a":1}]"#,
        ] {
            assert_eq!(parse(bad), Err(Malformed::DuplicateMember), "{bad}");
        }
        assert!(parse(r#"{"a":1,"A":2,"b":{"a":3},"c":[{"a":1},{"a":2}]}"#).is_ok());
    }

    #[test]
    fn refuses_deep_nesting() {
        let objects = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        assert!(parse(&objects(32)).is_ok());
        assert_eq!(parse(&objects(33)), Err(Malformed::TooDeep));
        let arrays = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(&arrays(31)).is_ok());
        assert_eq!(parse(&arrays(32)), Err(Malformed::TooDeep));
        assert_eq!(parse(&"[".repeat(60_000)), Err(Malformed::TooDeep));
    }

    #[test]
    fn refuses_large_bodies() {
        let body = |size: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(size - 8));
        assert!(parse(&body(65_536)).is_ok());
        assert_eq!(parse(&body(65_537)), Err(Malformed::TooLarge));
    }
}
