//! Usernames.

use super::{Fault, Form, Unit};
use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{BinaryProperty, DefaultIgnorableCodePoint, EnumeratedProperty};
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};
use std::borrow::Cow;

const MIN: usize = 2;
const MAX: usize = 48;
const SIGNS: &str = "!#$%&*+-.=_~";

/// A username, stored in NFC: 2–48 letters, marks and digits of any script and `!#$%&*+-.=_~`.
///
/// Categories L, M and Nd, and Nl beside them: it holds 〇, a letter in Chinese names. No (①, ², ½) is refused,
/// and so is what nobody can see (default ignorable: variation selectors, Hangul fillers). Every rule is kept
/// by the NFKC form too, so that no compatibility form smuggles in an `@`, a space or a digits-only name.
/// Look-alikes of other scripts are allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

text_value!(Username);

impl Username {
    /// Checks the rule and stores NFC.
    ///
    /// # Errors
    /// [`Fault::Empty`]; [`Form::NotDigitsOnly`], however long; [`Fault::Length`]; [`Form::Username`].
    pub fn parse(raw: &str) -> Result<Self, Fault> {
        if raw.is_empty() {
            return Err(Fault::Empty);
        }
        if is_all_digits(raw) {
            return Err(Fault::Format(Form::NotDigitsOnly));
        }
        let name = ComposingNormalizerBorrowed::new_nfc().normalize(raw);
        if !(MIN..=MAX).contains(&name.chars().count()) {
            return Err(Fault::Length { min: MIN, max: MAX, unit: Unit::Characters });
        }
        let compatible = nfkc(&name);
        let allowed = name.chars().chain(compatible.chars()).all(is_allowed);
        if !allowed || compatible.starts_with('+') {
            return Err(Fault::Format(Form::Username));
        }
        Ok(Self(name.into_owned()))
    }

    /// The form in which usernames are unique: NFKC and case-folded until both hold.
    pub fn canonical(&self) -> String {
        // Folding can undo NFKC and NFKC can bring capitals back; a second round settles both, as in Unicode's
        // compatibility caseless match (D146).
        let once = nfkc(&fold(&nfkc(&self.0))).into_owned();
        nfkc(&fold(&once)).into_owned()
    }
}

/// Whether a text is decimal digits (of any script, full-width included) and nothing else. `""` is not.
pub fn is_all_digits(text: &str) -> bool {
    let digit = |c| GeneralCategory::for_char(c) == GeneralCategory::DecimalNumber;
    !text.is_empty() && nfkc(text).chars().all(digit)
}

fn is_allowed(character: char) -> bool {
    const LETTERS: GeneralCategoryGroup = GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::Mark)
        .union(GeneralCategoryGroup::DecimalNumber)
        .union(GeneralCategoryGroup::LetterNumber);
    SIGNS.contains(character)
        || LETTERS.contains(GeneralCategory::for_char(character))
            && !DefaultIgnorableCodePoint::for_char(character)
}

fn nfkc(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfkc().normalize(text)
}

fn fold(text: &str) -> Cow<'_, str> {
    CaseMapper::new().fold_string(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(raw: &str) -> Result<String, Fault> {
        Username::parse(raw).map(Username::into_string)
    }

    fn canonical(raw: &str) -> String {
        Username::parse(raw).unwrap().canonical()
    }

    #[test]
    fn accepts_letters_marks_digits_and_signs() {
        for good in [
            "zhangsan",
            "更新后的用户名",
            "Zoë",
            "a1",
            "1a",
            "a+b",
            "-a",
            "..",
            "!#$%&*+-.=_~",
            "हिन्दी",
            "ab１２",
            "〇二",
            "user.name",
            "Ⅷx",
            &"x".repeat(48),
            &"名".repeat(48),
        ] {
            assert_eq!(parse(good), Ok(good.to_owned()), "{good:?}");
        }
        assert_eq!(parse("Zoe\u{308}"), Ok("Zoë".to_owned()));
    }

    #[test]
    fn refuses_everything_else() {
        for bad in [
            "+a",
            "＋ab",
            "a@b",
            "a＠b",
            "a\u{fe6b}b",
            "a b",
            "a\u{3000}b",
            "a\u{a0}b",
            "a\tb",
            "a\0b",
            "a/b",
            "a:b",
            "a\"b",
            "a'b",
            "a,b",
            "a?b",
            "a(b",
            "①②a",
            "a²",
            "a😀",
            "a\u{200d}b",
            "a\u{202e}b",
            "a\u{fe0f}b",
            "a\u{34f}b",
            "\u{3164}\u{3164}",
            "\u{115f}\u{1160}",
            // A letter whose compatibility form has spaces in it.
            "a\u{fdfa}",
            "a\u{37a}",
        ] {
            assert_eq!(parse(bad), Err(Fault::Format(Form::Username)), "{bad:?}");
        }
        for digits in ["1", "12", "１２３", "١٢٣", "1２", &"1".repeat(60)] {
            assert_eq!(parse(digits), Err(Fault::Format(Form::NotDigitsOnly)), "{digits:?}");
        }
        let length = Err(Fault::Length { min: 2, max: 48, unit: Unit::Characters });
        assert_eq!(parse(""), Err(Fault::Empty));
        assert_eq!(parse("a"), length);
        assert_eq!(parse("e\u{301}"), length);
        assert_eq!(parse(&"x".repeat(49)), length);
    }

    #[test]
    fn canonical_form_unites_case_and_compatibility() {
        for (one, other) in [
            ("ZhangSan", "zhangsan"),
            ("ｚｈａｎｇＳＡＮ", "zhangsan"),
            ("Straße", "STRASSE"),
            ("STRAẞE", "strasse"),
            ("ﬁsh", "FISH"),
            ("Ⅷx", "viiix"),
            ("Zoe\u{308}", "ZOË"),
            ("ΣΑΣ", "σας"),
            ("ab１２", "AB12"),
            ("𝔄𝔟𝔠", "abc"),
            ("ㄱㄴ", "\u{1100}\u{1102}"),
        ] {
            assert_eq!(canonical(one), canonical(other), "{one:?} {other:?}");
        }
        assert_ne!(canonical("paypal"), canonical("раураl"), "look-alikes of other scripts stay apart");
        assert_eq!(canonical("ZhangSan"), "zhangsan");
    }

    #[test]
    fn canonical_form_is_stable() {
        let once_more = |canonical: &str| Username(canonical.to_owned()).canonical();
        for character in ('\0'..=char::MAX).filter(|c| is_allowed(*c)) {
            // The two marks are the ones that folding and NFKC move most.
            let name = format!("{character}\u{345}\u{301}A");
            let canonical = Username(name.clone()).canonical();
            assert_eq!(once_more(&canonical), canonical, "{name:?}");
        }
    }

    #[test]
    fn all_digits() {
        for (text, expected) in [
            ("0", true),
            ("１２", true),
            ("²", true),
            ("", false),
            ("1a", false),
            ("1 ", false),
            ("-1", false),
        ] {
            assert_eq!(is_all_digits(text), expected, "{text:?}");
        }
    }
}
