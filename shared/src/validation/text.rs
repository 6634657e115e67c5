//! Plain text: names, descriptions, addresses.

use super::{Fault, Form, Unit};
use icu_normalizer::ComposingNormalizerBorrowed;
use std::borrow::Cow;

/// Whether a text may have several lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// One line: no line break of any kind, U+2028 and U+2029 included.
    One,
    /// Line breaks allowed: LF, CR LF, U+2028, U+2029.
    Many,
}

/// Text in NFC, not empty, without control characters (Unicode category Cc, so no tab and no lone CR).
///
/// White space is kept where it stands, also where there is nothing else. Bidirectional controls, other format
/// characters, private use and noncharacters are allowed: they are text to somebody, and display is up to
/// whoever displays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(String);

text_value!(Text);

impl Text {
    /// Text of 1 to `max` characters. See [`Text::parse_between`].
    pub fn parse(raw: &str, max: usize, lines: Lines) -> Result<Self, Fault> {
        Self::parse_between(raw, 1, max, lines)
    }

    /// Text of `min` to `max` characters, counted in Unicode scalar values after NFC.
    ///
    /// # Errors
    /// [`Fault::Empty`] for `""`, [`Form::PlainText`] for a forbidden character, [`Fault::Length`].
    pub fn parse_between(raw: &str, min: usize, max: usize, lines: Lines) -> Result<Self, Fault> {
        if raw.is_empty() {
            return Err(Fault::Empty);
        }
        let text = plain(raw, lines)?;
        if !(min..=max).contains(&text.chars().count()) {
            return Err(Fault::Length { min, max, unit: Unit::Characters });
        }
        Ok(Self(text.into_owned()))
    }
}

/// The text in NFC, if it has no character that plain text may not have. May be empty.
pub(super) fn plain(raw: &str, lines: Lines) -> Result<Cow<'_, str>, Fault> {
    let mut rest = raw.chars().peekable();
    while let Some(character) = rest.next() {
        let line_break = match character {
            '\n' | '\u{2028}' | '\u{2029}' => true,
            '\r' => rest.next_if_eq(&'\n').is_some(),
            _ => false,
        };
        let allowed = if line_break { lines == Lines::Many } else { !character.is_control() };
        if !allowed {
            return Err(Fault::Format(Form::PlainText));
        }
    }
    Ok(ComposingNormalizerBorrowed::new_nfc().normalize(raw))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(raw: &str, max: usize, lines: Lines) -> Result<String, Fault> {
        Text::parse(raw, max, lines).map(Text::into_string)
    }

    #[test]
    fn stores_nfc_and_nothing_else_changed() {
        for (raw, stored) in [
            ("e\u{301}", "é"),
            ("\u{212b}", "å".to_uppercase().as_str()),
            ("  a  ", "  a  "),
            ("\u{202e}abc", "\u{202e}abc"),
            ("\u{fdd0}\u{e000}", "\u{fdd0}\u{e000}"),
            ("ｆｕｌｌ", "ｆｕｌｌ"),
            ("👩‍👩‍👧", "👩‍👩‍👧"),
            ("张三", "张三"),
        ] {
            assert_eq!(parse(raw, 16, Lines::One), Ok(stored.to_owned()), "{raw:?}");
        }
    }

    #[test]
    fn refuses_control_characters() {
        for raw in ["a\0", "\ta", "a\r", "a\rb", "\r\r\n", "\u{7f}", "a\u{85}b", "\u{9f}", "\u{1b}[0m"] {
            for lines in [Lines::One, Lines::Many] {
                assert_eq!(parse(raw, 16, lines), Err(Fault::Format(Form::PlainText)), "{raw:?}");
            }
        }
    }

    #[test]
    fn line_breaks_only_where_allowed() {
        for raw in ["a\nb", "a\r\nb", "a\u{2028}b", "a\u{2029}b", "\n"] {
            assert_eq!(parse(raw, 16, Lines::One), Err(Fault::Format(Form::PlainText)), "{raw:?}");
            assert_eq!(parse(raw, 16, Lines::Many), Ok(raw.to_owned()), "{raw:?}");
        }
    }

    #[test]
    fn counts_scalar_values_after_nfc() {
        let too_long = |min, max| Err(Fault::Length { min, max, unit: Unit::Characters });
        assert_eq!(parse("", 3, Lines::One), Err(Fault::Empty));
        assert_eq!(parse("e\u{301}e\u{301}e\u{301}", 3, Lines::One), Ok("ééé".to_owned()));
        assert_eq!(parse("éééé", 3, Lines::One), too_long(1, 3));
        assert_eq!(parse("😀😀😀", 3, Lines::One), Ok("😀😀😀".to_owned()));
        // U+0344 becomes two characters.
        assert_eq!(parse("\u{344}\u{344}", 3, Lines::One), too_long(1, 3));
        let between = |raw| Text::parse_between(raw, 2, 4, Lines::One).map(Text::into_string);
        assert_eq!(between("a"), too_long(2, 4));
        assert_eq!(between("ab"), Ok("ab".to_owned()));
        assert_eq!(between("abcd"), Ok("abcd".to_owned()));
        assert_eq!(between("abcde"), too_long(2, 4));
    }
}
