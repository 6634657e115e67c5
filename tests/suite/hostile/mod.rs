//! Values that are meant to do harm, sent through the endpoints of all five contracts: each is stored and shown as it is, or
//! refused by the rule that its contract tells of. No answer is a 5xx, and what is refused changes nothing.

pub mod addresses;
pub mod expressions;
pub mod headers;
pub mod keys;
pub mod mass_assignment;
pub mod strings;
pub mod urls;
pub mod usernames;

use icu_normalizer::ComposingNormalizerBorrowed;
use tests::Reply;

/// How many lines a text may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    One,
    Many,
}

/// What is stored of a text by the rule of `docs/contracts`: its NFC form, where it is neither empty nor too long and holds
/// no control character; `None` where it is refused.
pub fn stored(raw: &str, most: usize, lines: Lines) -> Option<String> {
    let without_breaks = match lines {
        Lines::One => raw.to_owned(),
        Lines::Many => raw.replace("\r\n", " ").replace(['\n', '\u{2028}', '\u{2029}'], " "),
    };
    let plain = !without_breaks.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
    let text = ComposingNormalizerBorrowed::new_nfc().normalize(raw).into_owned();
    (plain && (1..=most).contains(&text.chars().count())).then_some(text)
}

/// The names at which an AuthMS problem finds fault; none in an answer that is no refusal by field rules.
pub fn faulty(reply: &Reply) -> Vec<String> {
    let errors = reply.body["errors"].as_array().into_iter().flatten();
    errors.map(|error| error["field"].as_str().unwrap().to_owned()).collect()
}
