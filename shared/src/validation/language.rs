//! Languages.

use super::{Fault, Form, Unit};
use oxilangtag::LanguageTag;

/// RFC 5646 § 4.4.1 names no limit and asks for at least 35; the longest registered tags stay far below this.
const MAX: usize = 128;

/// A well-formed language tag (BCP 47, RFC 5646), in the letter case of its § 2.1.1: `en-US`, `zh-Hans-CN`.
///
/// Well-formed, not valid: whether a subtag is registered is not looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Language(String);

text_value!(Language);

impl Language {
    /// Checks the rule and stores the conventional letter case.
    ///
    /// # Errors
    /// [`Fault::Empty`], [`Fault::Length`] over 128 characters, or [`Form::Language`].
    pub fn parse(raw: &str) -> Result<Self, Fault> {
        if raw.is_empty() {
            return Err(Fault::Empty);
        }
        if raw.chars().count() > MAX {
            return Err(Fault::Length { min: 1, max: MAX, unit: Unit::Characters });
        }
        let tag = LanguageTag::parse_and_normalize(raw).map_err(|_| Fault::Format(Form::Language))?;
        Ok(Self(tag.into_inner()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_tags_in_canonical_case() {
        let parse = |raw: &str| Language::parse(raw).map(Language::into_string);
        for (raw, stored) in [
            ("en-us", "en-US"),
            ("EN-US", "en-US"),
            ("zh-CN", "zh-CN"),
            ("zh", "zh"),
            ("ZH-hans-cn", "zh-Hans-CN"),
            ("sl-ROZAJ-biske", "sl-rozaj-biske"),
            ("es-419", "es-419"),
            ("x-Whatever", "x-whatever"),
            ("I-KLINGON", "i-klingon"),
            ("zh-Latn-CN-variant1-a-extend1-x-wadegile", "zh-Latn-CN-variant1-a-extend1-x-wadegile"),
        ] {
            assert_eq!(parse(raw), Ok(stored.to_owned()), "{raw}");
        }
        for bad in [
            "e",
            "en_US",
            "en-",
            "-en",
            "en--US",
            "123",
            "en-US\n",
            " en",
            "英语",
            "en-ＵＳ",
            "en-a",
            "abcdefghi",
        ] {
            assert_eq!(parse(bad), Err(Fault::Format(Form::Language)), "{bad:?}");
        }
        assert_eq!(parse(""), Err(Fault::Empty));
        let long = |length: usize| format!("en-x{}", "-abc".repeat((length - 4) / 4));
        assert_eq!(parse(&long(128)), Ok(long(128)));
        assert_eq!(parse(&long(132)), Err(Fault::Length { min: 1, max: 128, unit: Unit::Characters }));
    }
}
