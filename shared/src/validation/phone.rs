//! Telephone numbers.

use super::{Fault, Form};
use phonenumber::Type;
use phonenumber::metadata::{DATABASE, Descriptor, Metadata};
use regex::Regex;
use std::fmt;

const INVALID: Fault = Fault::Format(Form::Phone);
const CHINA: &str = "86";

/// A telephone number, held as E.164: `+8613800138000`.
///
/// Under +86 only mobile numbers, `1[3-9]` and nine more digits; elsewhere what libphonenumber's metadata call
/// valid. Each number has one spelling: no trunk prefix, no carrier code, ASCII digits only. The metadata take
/// about 60 ms to load, so nothing about a +86 number touches them.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone {
    e164: String,
    /// Digits of the country calling code, 1–3.
    calling_code_digits: usize,
}

impl Phone {
    /// A mainland China mobile number in 11 digits: `13800138000`.
    ///
    /// # Errors
    /// [`Fault::Empty`] or [`Form::Phone`].
    pub fn parse_mainland(raw: &str) -> Result<Self, Fault> {
        refuse_empty(raw)?;
        Self::new(CHINA, raw)
    }

    /// Country calling code and national number with one space between them: `+86 13800138000`.
    ///
    /// # Errors
    /// [`Fault::Empty`] or [`Form::Phone`].
    pub fn parse_international(raw: &str) -> Result<Self, Fault> {
        refuse_empty(raw)?;
        let (code, national) = raw.strip_prefix('+').and_then(|rest| rest.split_once(' ')).ok_or(INVALID)?;
        Self::new(code, national)
    }

    /// E.164 without any separator: `+8613800138000`.
    ///
    /// # Errors
    /// [`Fault::Empty`] or [`Form::Phone`].
    pub fn parse_e164(raw: &str) -> Result<Self, Fault> {
        refuse_empty(raw)?;
        let digits = raw.strip_prefix('+').filter(|rest| is_digits(rest)).ok_or(INVALID)?;
        if let Some(national) = digits.strip_prefix(CHINA) {
            return Self::new(CHINA, national);
        }
        // No calling code is the beginning of another, so the first that is one is the one.
        let (code, national) = (1..=3.min(digits.len()))
            .map(|length| digits.split_at(length))
            .find(|(code, _)| !plans(code).is_empty())
            .ok_or(INVALID)?;
        Self::new(code, national)
    }

    fn new(code: &str, national: &str) -> Result<Self, Fault> {
        let valid = is_digits(code)
            && is_digits(national)
            && code.len() + national.len() <= 15
            && if code == CHINA { is_mainland(national) } else { is_valid_abroad(code, national) };
        if !valid {
            return Err(INVALID);
        }
        Ok(Self { e164: format!("+{code}{national}"), calling_code_digits: code.len() })
    }

    /// The number in E.164: `+8613800138000`.
    pub fn as_str(&self) -> &str {
        &self.e164
    }

    /// The number in E.164, owned.
    pub fn into_string(self) -> String {
        self.e164
    }

    /// The 11 digits of a mainland China number; nothing for any other.
    pub fn mainland(&self) -> Option<&str> {
        self.e164.strip_prefix("+86")
    }

    /// As contracts that speak 11 digits show it: a mainland China number in 11 digits, any other in E.164.
    pub fn domestic(&self) -> &str {
        self.mainland().unwrap_or(&self.e164)
    }

    /// Country calling code, one space, national number: `+86 13800138000`.
    pub fn international(&self) -> String {
        let (code, national) = self.e164.split_at(1 + self.calling_code_digits);
        format!("{code} {national}")
    }
}

/// Shows no digit: a telephone number is personal.
impl fmt::Debug for Phone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Phone(…)")
    }
}

impl From<Phone> for serde_json::Value {
    fn from(phone: Phone) -> Self {
        Self::String(phone.e164)
    }
}

fn refuse_empty(raw: &str) -> Result<(), Fault> {
    if raw.is_empty() { Err(Fault::Empty) } else { Ok(()) }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_mainland(national: &str) -> bool {
    let digits = national.as_bytes();
    digits.len() == 11 && digits[0] == b'1' && (b'3'..=b'9').contains(&digits[1])
}

/// The numbering plans of the regions that share a calling code, the main one first.
fn plans(code: &str) -> Vec<&'static Metadata> {
    // A leading zero would give one calling code two spellings.
    let code = if code.starts_with('0') { None } else { code.parse::<u16>().ok() };
    code.and_then(|code| DATABASE.by_code(&code)).unwrap_or_default()
}

/// Whether one of the calling code's regions has this very number.
///
/// The metadata are asked directly: `phonenumber::parse` would first repair what was given (trunk prefixes,
/// carrier codes), and takes the 8 of Russia's own +7 800 … for a trunk prefix.
fn is_valid_abroad(code: &str, national: &str) -> bool {
    const TYPES: [Type; 10] = [
        Type::FixedLine,
        Type::Mobile,
        Type::TollFree,
        Type::PremiumRate,
        Type::SharedCost,
        Type::PersonalNumber,
        Type::Voip,
        Type::Pager,
        Type::Uan,
        Type::Voicemail,
    ];
    plans(code).into_iter().map(Metadata::descriptors).any(|plan| {
        matches(plan.general(), national)
            && TYPES.into_iter().filter_map(|kind| plan.get(kind)).any(|kind| matches(kind, national))
    })
}

/// Whether the whole number matches: `is_match` is content with a number that begins like a valid one.
fn matches(descriptor: &Descriptor, national: &str) -> bool {
    descriptor.is_match(national)
        && Regex::new(&format!("(?x)^(?:{})$", descriptor.national_number().as_str()))
            .is_ok_and(|whole| whole.is_match(national))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn e164(parsed: Result<Phone, Fault>) -> Result<String, Fault> {
        parsed.map(Phone::into_string)
    }

    #[test]
    fn mainland_numbers() {
        for good in ["13000000000", "13800138000", "19999999999", "15012345678"] {
            assert_eq!(e164(Phone::parse_mainland(good)), Ok(format!("+86{good}")));
        }
        for bad in [
            "1300000000",
            "130000000000",
            "12000000000",
            "10000000000",
            "23800138000",
            "+8613800138000",
            "8613800138000",
            "138 0013 8000",
            " 13800138000",
            "13800138000\n",
            "１３８００１３８０００",
            "1380013800a",
            "1380013800\u{660}",
        ] {
            assert_eq!(Phone::parse_mainland(bad), Err(INVALID), "{bad:?}");
        }
        assert_eq!(Phone::parse_mainland(""), Err(Fault::Empty));
    }

    #[test]
    fn international_numbers() {
        for (raw, stored) in [
            ("+86 13000000000", "+8613000000000"),
            ("+1 4155552671", "+14155552671"),
            ("+44 7911123456", "+447911123456"),
            ("+39 0612345678", "+390612345678"),
            ("+7 8005553535", "+78005553535"),
            ("+852 51234567", "+85251234567"),
            ("+886 912345678", "+886912345678"),
            ("+54 91123456789", "+5491123456789"),
            ("+55 11961234567", "+5511961234567"),
            ("+800 12345678", "+80012345678"),
        ] {
            assert_eq!(e164(Phone::parse_international(raw)), Ok(stored.to_owned()), "{raw}");
            assert_eq!(e164(Phone::parse_e164(stored)), Ok(stored.to_owned()), "{stored}");
            assert_eq!(Phone::parse_e164(stored).map(|phone| phone.international()), Ok(raw.to_owned()));
        }
        for bad in [
            "+8613000000000",
            "86 13000000000",
            "+86  13000000000",
            "+86 13000000000 ",
            " +86 13000000000",
            "+86 130 0000 0000",
            "+86\u{a0}13000000000",
            "+86 1300000000",
            "+86 12000000000",
            // Valid, but not a mobile number.
            "+86 1065529988",
            "+086 13000000000",
            "+44 07911123456",
            "+044 7911123456",
            "+1 14155552671",
            "+1 1234567890",
            // 8001234567 is valid, and 14 digits are a possible length.
            "+7 80012345670000",
            "+1 415-555-2671",
            "+14 155552671",
            "+39 612345678",
            "+55 01511961234567",
            "+999 12345678",
            // Valid in Germany's plan, but over the 15 digits of E.164.
            "+49 30123456789012",
            "+ 13000000000",
            "+86 ",
            "+44 ７９１１１２３４５６",
            "++44 7911123456",
            "tel:+44 7911123456",
            "+99999999999999999999 1",
            "+1 99999999999999999999999999",
        ] {
            assert_eq!(Phone::parse_international(bad), Err(INVALID), "{bad:?}");
        }
        assert_eq!(Phone::parse_international(""), Err(Fault::Empty));
    }

    #[test]
    fn e164_has_no_separators() {
        for bad in [
            "+86 13000000000",
            "13000000000",
            "+",
            "+1",
            "+86",
            "+0",
            "+861065529988",
            "+4407911123456",
            "+é",
        ] {
            assert_eq!(Phone::parse_e164(bad), Err(INVALID), "{bad:?}");
        }
        assert_eq!(Phone::parse_e164(""), Err(Fault::Empty));
    }

    #[test]
    fn every_regions_example_is_accepted_and_reads_back() {
        let abroad = DATABASE.iter().filter(|plan| plan.country_code() != 86);
        let examples: Vec<String> = abroad
            .filter_map(|plan| {
                let example = plan.descriptors().mobile()?.example()?;
                Some(format!("+{} {example}", plan.country_code()))
            })
            .collect();
        assert!(examples.len() > 200);
        for example in examples {
            let phone =
                Phone::parse_international(&example).unwrap_or_else(|fault| panic!("{example}: {fault:?}"));
            let again = Phone::parse_e164(phone.as_str()).unwrap();
            assert_eq!((again.international(), again), (example, phone));
        }
    }

    #[test]
    fn renders() {
        let home = Phone::parse_mainland("13800138000").unwrap();
        assert_eq!(home.mainland(), Some("13800138000"));
        assert_eq!(home.domestic(), "13800138000");
        assert_eq!(home.international(), "+86 13800138000");
        let abroad = Phone::parse_e164("+14155552671").unwrap();
        assert_eq!(abroad.mainland(), None);
        assert_eq!(abroad.domestic(), "+14155552671");
        assert_eq!(format!("{abroad:?}"), "Phone(…)");
        assert_eq!(serde_json::Value::from(abroad), serde_json::json!("+14155552671"));
    }
}
