//! Gender.

use super::{Fault, Form, Unit};

const MAX: usize = 32;

/// One lower-case word of 1–32 characters: `^[a-z][a-z_-]*$`, such as `male`, `non-binary`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gender(String);

text_value!(Gender);

impl Gender {
    /// Checks the rule.
    ///
    /// # Errors
    /// [`Fault::Empty`], [`Fault::Length`] or [`Form::Word`].
    pub fn parse(raw: &str) -> Result<Self, Fault> {
        if raw.is_empty() {
            return Err(Fault::Empty);
        }
        if raw.chars().count() > MAX {
            return Err(Fault::Length { min: 1, max: MAX, unit: Unit::Characters });
        }
        let word = raw.starts_with(|first: char| first.is_ascii_lowercase())
            && raw.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte == b'_');
        if word { Ok(Self(raw.to_owned())) } else { Err(Fault::Format(Form::Word)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lower_case_word() {
        let parse = |raw: &str| Gender::parse(raw).map(Gender::into_string);
        for good in ["male", "female", "x", "non-binary", "prefer_not_to_say", &"g".repeat(32)] {
            assert_eq!(parse(good), Ok(good.to_owned()));
        }
        for bad in ["MALE", "Male", "-a", "_a", "two words", "male ", "male\n", "m1", "男", "ｍale"] {
            assert_eq!(parse(bad), Err(Fault::Format(Form::Word)), "{bad:?}");
        }
        assert_eq!(parse(""), Err(Fault::Empty));
        assert_eq!(parse(&"g".repeat(33)), Err(Fault::Length { min: 1, max: 32, unit: Unit::Characters }));
    }
}
