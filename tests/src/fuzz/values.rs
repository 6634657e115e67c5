//! The value types: what is accepted keeps its form, and reads back as itself.

use icu_normalizer::ComposingNormalizerBorrowed;
use serde_json::{Map, Value};
use shared::validation::{
    Email, HttpsUrl, Language, Lines, LinkOrHandle, Malformed, Phone, Text, Username, WebUrl, is_all_digits,
    parse_object,
};
use std::borrow::Cow;
use url::Url;

/// What can be read of an input as text.
pub(super) fn text_of(input: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(input)
}

/// An accepted number is E.164, and all its spellings are one number.
pub fn phone(input: &[u8]) {
    let raw = text_of(input);
    for parse in [Phone::parse_mainland, Phone::parse_international, Phone::parse_e164] {
        let Ok(phone) = parse(&raw) else { continue };
        let digits = phone.as_str().strip_prefix('+').expect("E.164 begins with +");
        assert!((2..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()));
        assert!(!digits.starts_with('0'));
        assert_eq!(Phone::parse_e164(phone.as_str()).as_ref(), Ok(&phone));
        assert_eq!(Phone::parse_international(&phone.international()).as_ref(), Ok(&phone));
        let domestic = Phone::domestic(phone.as_str());
        if domestic != phone.as_str() {
            assert_eq!(Phone::parse_mainland(domestic).as_ref(), Ok(&phone));
        }
        assert_eq!(format!("{phone:?}"), "Phone(…)");
    }
}

/// An accepted address has one `@` and no character that a mail header could be broken with; its canonical form is an
/// address that is canonical already.
pub fn email(input: &[u8]) {
    let Ok(email) = Email::parse(&text_of(input)) else { return };
    let stored = email.as_str();
    assert!(stored.len() <= 254 && stored.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(!stored.contains(['<', '>', '"', '(', ')', ',', ';', ':', '\\']));
    assert_eq!(stored.matches('@').count(), 1);
    assert_eq!(Email::parse(stored).as_ref(), Ok(&email));
    let canonical = Email::canonical(stored);
    assert_eq!(Email::canonical(&canonical), canonical);
    assert_eq!(Email::canonical(&stored.to_ascii_uppercase()), canonical);
    assert_eq!(Email::parse(&canonical).map(Email::into_string).as_ref(), Ok(&canonical));
    assert_eq!(format!("{email:?}"), "Email(…)");
}

/// An accepted name is neither a phone nor an e-mail address in any form, and its canonical form is canonical already.
pub fn username(input: &[u8]) {
    let Ok(name) = Username::parse(&text_of(input)) else { return };
    let stored = name.as_str();
    assert_eq!(Username::parse(stored).as_ref(), Ok(&name));
    let canonical = Username::canonical(stored);
    assert_eq!(Username::canonical(&canonical), canonical, "{stored:?}");
    if stored.is_ascii() {
        assert_eq!(canonical, stored.to_ascii_lowercase());
    }
    for form in [stored, &canonical] {
        assert!(!is_all_digits(form) && !form.contains(['@', ' ']) && !form.starts_with('+'), "{form:?}");
        assert!(!form.chars().any(char::is_control));
    }
}

/// An accepted tag is in its canonical case, whatever case it came in.
pub fn language(input: &[u8]) {
    let raw = text_of(input);
    let Ok(tag) = Language::parse(&raw) else { return };
    assert!(tag.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    for spelling in [tag.as_str(), &raw.to_ascii_lowercase(), &raw.to_ascii_uppercase()] {
        assert_eq!(Language::parse(spelling).as_ref(), Ok(&tag), "{spelling:?}");
    }
}

/// Accepted text is in NFC and within its length, without control characters.
pub fn text(input: &[u8]) {
    let raw = text_of(input);
    for (max, lines) in [(15, Lines::One), (64, Lines::Many), (1_000, Lines::Many)] {
        let Ok(text) = Text::parse(&raw, max, lines) else { continue };
        let stored = text.as_str();
        assert!((1..=max).contains(&stored.chars().count()));
        assert!(ComposingNormalizerBorrowed::new_nfc().is_normalized(stored));
        assert!(!stored.chars().any(|character| character.is_control() && !"\r\n".contains(character)));
        assert!(lines == Lines::Many || !stored.contains(['\r', '\n', '\u{2028}', '\u{2029}']));
        assert_eq!(Text::parse(stored, max, lines).as_ref(), Ok(&text));
    }
}

/// An accepted link is what a browser makes of it: no credentials, and no scheme but those that are allowed.
pub fn link(input: &[u8]) {
    let raw = text_of(input);
    let check = |stored: &str, schemes: &[&str], may_be_handle: bool| {
        assert!(!stored.chars().any(|character| character.is_control() || character.is_whitespace()));
        match Url::parse(stored) {
            Ok(url) => {
                assert!(schemes.contains(&url.scheme()), "{stored:?}");
                assert!(url.username().is_empty() && url.password().is_none(), "{stored:?}");
            }
            Err(_) => assert!(may_be_handle, "{stored:?}"),
        }
    };
    if let Ok(url) = HttpsUrl::parse(&raw) {
        check(url.as_str(), &["https"], false);
        assert_eq!(WebUrl::parse(&raw).map(WebUrl::into_string).as_deref(), Ok(url.as_str()));
        assert_eq!(LinkOrHandle::parse(&raw).map(LinkOrHandle::into_string).as_deref(), Ok(url.as_str()));
    }
    if let Ok(url) = WebUrl::parse(&raw) {
        check(url.as_str(), &["http", "https"], false);
    }
    if let Ok(link) = LinkOrHandle::parse(&raw) {
        check(link.as_str(), &["https"], true);
        // A browser resolves a handle against the page it stands on: it must stay there.
        let page = Url::parse("https://page.example/").unwrap();
        let resolved = page.join(link.as_str()).unwrap();
        assert!(resolved.scheme() == "https", "{link:?}");
        if Url::parse(link.as_str()).is_err() {
            assert_eq!(resolved.host_str(), Some("page.example"), "{link:?}");
        }
        assert_eq!(LinkOrHandle::parse(link.as_str()).as_ref(), Ok(&link));
    }
}

/// What is read is what another reader of JSON reads, and reads back; what is refused is no JSON object or breaks one of
/// our own rules.
pub fn json(input: &[u8]) {
    let other: Result<Map<String, Value>, _> = serde_json::from_slice(input);
    match (parse_object(input), other) {
        (Ok(read), other) => {
            assert_eq!(other.ok().as_ref(), Some(&read));
            let written = serde_json::to_vec(&read).unwrap();
            if written.len() <= 64 * 1024 {
                assert_eq!(parse_object(&written).as_ref(), Ok(&read));
            }
        }
        (Err(Malformed::NotAnObject | Malformed::Member), Ok(_)) => panic!("an object was taken for none"),
        (Err(_), _) => {}
    }
}
