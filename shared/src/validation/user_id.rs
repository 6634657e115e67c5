//! User ids.

use super::{Fault, Form};
use serde::Serialize;
use std::fmt;

/// An opaque user id: 1–128 of `A-Za-z0-9._:|-`, beginning with a letter or digit.
///
/// No `@`, so that no e-mail address becomes a key of the table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UserId(String);

impl UserId {
    /// Checks the rule; the text is kept as given.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:|-".contains(&byte);
        let fits = (1..=128).contains(&text.len())
            && text.as_bytes()[0].is_ascii_alphanumeric()
            && text.bytes().all(allowed);
        if fits { Ok(Self(text.to_owned())) } else { Err(Fault::Format(Form::UserId)) }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_to_its_alphabet() {
        for good in ["a", "0", "wx:o6_bmj".replace('_', "-").as_str(), "auth0|5f7c", "1001", &"x".repeat(128)]
        {
            assert_eq!(UserId::parse(good).map(|id| id.as_str().to_owned()), Ok(good.to_owned()));
        }
        for bad in ["", ".a", "-a", "a@b.co", "a b", "a/b", "a\0", "名", "a\n", &"x".repeat(129)] {
            assert_eq!(UserId::parse(bad), Err(Fault::Format(Form::UserId)), "{bad:?}");
        }
    }
}
