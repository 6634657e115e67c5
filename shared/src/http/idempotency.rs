//! `Idempotency-Key`: a caller's own name for a request, under which it may be sent again
//! (draft-ietf-httpapi-idempotency-key-header).

use super::{Event, Principal};
use crate::update::RequestKey;

/// Most characters of a key.
const LONGEST: usize = 255;

/// The key of a request; `Ok(None)` where it has none.
///
/// A key is a string as structured fields write it (RFC 8941, section 3.3.3), 1 to 255 characters long. One without
/// its quotation marks is taken too: many callers send it so.
pub(super) fn key(event: &Event) -> Result<Option<String>, Malformed> {
    let Some(value) = event.header("idempotency-key") else { return Ok(None) };
    let value = value.trim_matches([' ', '\t']);
    let key = match value.strip_prefix('"') {
        Some(rest) => quoted(rest),
        None => Some(value.to_owned()).filter(|bare| bare.bytes().all(is_bare)),
    };
    key.filter(|key| (1..=LONGEST).contains(&key.len())).map(Some).ok_or(Malformed)
}

/// What is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The text up to the closing quotation mark, after which nothing may come.
fn quoted(rest: &str) -> Option<String> {
    let mut key = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return characters.as_str().is_empty().then_some(key),
            '\\' => match characters.next()? {
                escaped @ ('"' | '\\') => key.push(escaped),
                _ => return None,
            },
            plain @ ' '..='~' => key.push(plain),
            _ => return None,
        }
    }
}

/// What a bare key may hold: no separators, so that two headers that were joined are no key.
fn is_bare(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)
}

/// Where this request's answer is kept, and what tells it from another one under the same key: all that it asks for, and
/// whether as an administrator, who may be shown more.
pub(super) fn request_key(event: &Event, endpoint: &str, caller: &Principal, key: &str) -> RequestKey {
    let header = |name| event.header(name).unwrap_or_default();
    let body = event.body_bytes().unwrap_or_default();
    let parts = [
        event.raw_path.as_bytes(),
        header("if-match").as_bytes(),
        header("if-none-match").as_bytes(),
        &body,
        &[u8::from(caller.admin)],
    ];
    RequestKey::new(&caller.user_id, endpoint, key, &parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_strings_of_structured_fields() {
        let parse = |value: &str| {
            let headers = [("idempotency-key".to_owned(), value.to_owned())].into();
            key(&Event { headers, ..Event::default() })
        };
        assert_eq!(key(&Event::default()), Ok(None));
        let (longest, too_long) = ("x".repeat(255), "x".repeat(256));
        for (value, expected) in [
            (r#""8e03978e-40d5-43dd-bc93-6894a57f9324""#, Some("8e03978e-40d5-43dd-bc93-6894a57f9324")),
            ("8e03978e-40d5-43dd-bc93-6894a57f9324", Some("8e03978e-40d5-43dd-bc93-6894a57f9324")),
            (r#" "a b" "#, Some("a b")),
            (r#""a\"b\\c""#, Some(r#"a"b\c"#)),
            (&longest, Some(&longest)),
            (&too_long, None),
            ("", None),
            (r#""""#, None),
            (r#"""#, None),
            (r#""a"#, None),
            (r#""a"b"#, None),
            (r#""a\n""#, None),
            (r#""a", "b""#, None),
            ("a, b", None),
            ("a,b", None),
            ("clé", None),
            ("\"clé\"", None),
            ("a b", None),
        ] {
            assert_eq!(parse(value), expected.map(|key| Some(key.to_owned())).ok_or(Malformed), "{value}");
        }
    }
}
