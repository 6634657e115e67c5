//! Dates of birth.

use super::{Bounds, Fault, Form};
use chrono::{Datelike, NaiveDate};

const FIRST_YEAR: i32 = 1900;

/// A calendar date from 1900-01-01 to the day it was given, `YYYY-MM-DD`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Birthdate(String);

text_value!(Birthdate);

impl Birthdate {
    /// Checks the rule against `today`.
    ///
    /// # Errors
    /// [`Fault::Empty`]; [`Form::Date`] for what is no date; [`Bounds::DateUntilToday`].
    pub fn parse(raw: &str, today: NaiveDate) -> Result<Self, Fault> {
        if raw.is_empty() {
            return Err(Fault::Empty);
        }
        let date = calendar_date(raw).ok_or(Fault::Format(Form::Date))?;
        if date.year() < FIRST_YEAR || date > today {
            return Err(Fault::Range(Bounds::DateUntilToday));
        }
        Ok(Self(raw.to_owned()))
    }
}

fn calendar_date(raw: &str) -> Option<NaiveDate> {
    // Digit by digit: number parsers accept signs, date parsers accept missing zeros.
    let shaped = raw.len() == 10
        && raw.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return None;
    }
    NaiveDate::from_ymd_opt(raw[..4].parse().ok()?, raw[5..7].parse().ok()?, raw[8..].parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_dates_until_today() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        let parse = |raw| Birthdate::parse(raw, today).map(Birthdate::into_string);
        for good in ["1990-01-15", "1900-01-01", "2026-11-20", "2024-02-29", "2000-02-29"] {
            assert_eq!(parse(good), Ok(good.to_owned()));
        }
        for bad in ["1899-12-31", "2026-11-21", "9999-12-31", "0000-01-01", "0001-01-01"] {
            assert_eq!(parse(bad), Err(Fault::Range(Bounds::DateUntilToday)), "{bad}");
        }
        for bad in [
            "1990-02-30",
            "2023-02-29",
            "1900-02-29",
            "1990-13-01",
            "1990-00-10",
            "1990-01-00",
            "1990-1-15",
            "90-01-15",
            "1990/01/15",
            "19900115",
            "1990-01-15T00:00:00Z",
            " 1990-01-15",
            "1990-01-15\n",
            "+990-01-15",
            "1990-+1-15",
            "１９９０-01-15",
            "199０-01-1",
        ] {
            assert_eq!(parse(bad), Err(Fault::Format(Form::Date)), "{bad:?}");
        }
        assert_eq!(parse(""), Err(Fault::Empty));
    }
}
