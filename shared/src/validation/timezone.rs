//! Time zones.

use super::{Fault, Form};
use chrono_tz::Tz;

/// A name of the tz database, in its own letter case: `Asia/Shanghai`. Links are accepted and stored as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timezone(String);

text_value!(Timezone);

impl Timezone {
    /// Checks the rule.
    ///
    /// # Errors
    /// [`Fault::Empty`] or [`Form::Timezone`].
    pub fn parse(raw: &str) -> Result<Self, Fault> {
        if raw.is_empty() {
            return Err(Fault::Empty);
        }
        match raw.parse::<Tz>() {
            Ok(_) => Ok(Self(raw.to_owned())),
            Err(_) => Err(Fault::Format(Form::Timezone)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_links_as_given() {
        for good in [
            "Asia/Shanghai",
            "Europe/Paris",
            "America/Los_Angeles",
            "America/Argentina/Buenos_Aires",
            "UTC",
            "Etc/GMT+8",
            "Asia/Calcutta",
            "US/Pacific",
            "PRC",
        ] {
            assert_eq!(Timezone::parse(good).map(Timezone::into_string), Ok(good.to_owned()));
        }
        for bad in [
            "asia/shanghai",
            "Asia/Beijing",
            "+08:00",
            "GMT+8",
            " UTC",
            "UTC\n",
            "Asia",
            "../etc/passwd",
            "ＵＴＣ",
        ] {
            assert_eq!(Timezone::parse(bad), Err(Fault::Format(Form::Timezone)), "{bad:?}");
        }
        assert_eq!(Timezone::parse(""), Err(Fault::Empty));
    }
}
