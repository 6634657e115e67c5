//! Countries.

use super::{Fault, Form};

/// An officially assigned ISO 3166-1 alpha-2 code, upper case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Country(String);

text_value!(Country);

impl Country {
    /// Checks the rule. Lower case, reserved (`UK`, `EU`) and user-assigned (`XK`) codes are refused.
    ///
    /// # Errors
    /// [`Fault::Empty`] or [`Form::Country`].
    pub fn parse(raw: &str) -> Result<Self, Fault> {
        if raw.is_empty() {
            return Err(Fault::Empty);
        }
        match ASSIGNED.binary_search(&raw) {
            Ok(_) => Ok(Self(raw.to_owned())),
            Err(_) => Err(Fault::Format(Form::Country)),
        }
    }
}

/// In alphabetical order.
#[rustfmt::skip]
const ASSIGNED: [&str; 249] = [
    "AD", "AE", "AF", "AG", "AI", "AL", "AM", "AO", "AQ", "AR", "AS", "AT", "AU", "AW", "AX", "AZ",
    "BA", "BB", "BD", "BE", "BF", "BG", "BH", "BI", "BJ", "BL", "BM", "BN", "BO", "BQ", "BR", "BS",
    "BT", "BV", "BW", "BY", "BZ", "CA", "CC", "CD", "CF", "CG", "CH", "CI", "CK", "CL", "CM", "CN",
    "CO", "CR", "CU", "CV", "CW", "CX", "CY", "CZ", "DE", "DJ", "DK", "DM", "DO", "DZ", "EC", "EE",
    "EG", "EH", "ER", "ES", "ET", "FI", "FJ", "FK", "FM", "FO", "FR", "GA", "GB", "GD", "GE", "GF",
    "GG", "GH", "GI", "GL", "GM", "GN", "GP", "GQ", "GR", "GS", "GT", "GU", "GW", "GY", "HK", "HM",
    "HN", "HR", "HT", "HU", "ID", "IE", "IL", "IM", "IN", "IO", "IQ", "IR", "IS", "IT", "JE", "JM",
    "JO", "JP", "KE", "KG", "KH", "KI", "KM", "KN", "KP", "KR", "KW", "KY", "KZ", "LA", "LB", "LC",
    "LI", "LK", "LR", "LS", "LT", "LU", "LV", "LY", "MA", "MC", "MD", "ME", "MF", "MG", "MH", "MK",
    "ML", "MM", "MN", "MO", "MP", "MQ", "MR", "MS", "MT", "MU", "MV", "MW", "MX", "MY", "MZ", "NA",
    "NC", "NE", "NF", "NG", "NI", "NL", "NO", "NP", "NR", "NU", "NZ", "OM", "PA", "PE", "PF", "PG",
    "PH", "PK", "PL", "PM", "PN", "PR", "PS", "PT", "PW", "PY", "QA", "RE", "RO", "RS", "RU", "RW",
    "SA", "SB", "SC", "SD", "SE", "SG", "SH", "SI", "SJ", "SK", "SL", "SM", "SN", "SO", "SR", "SS",
    "ST", "SV", "SX", "SY", "SZ", "TC", "TD", "TF", "TG", "TH", "TJ", "TK", "TL", "TM", "TN", "TO",
    "TR", "TT", "TV", "TW", "TZ", "UA", "UG", "UM", "US", "UY", "UZ", "VA", "VC", "VE", "VG", "VI",
    "VN", "VU", "WF", "WS", "YE", "YT", "ZA", "ZM", "ZW",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assigned_codes_only() {
        assert!(ASSIGNED.is_sorted_by(|one, next| one < next));
        for code in ASSIGNED {
            assert_eq!(Country::parse(code).map(Country::into_string), Ok(code.to_owned()));
        }
        for bad in
            ["us", "Us", "USA", "U", "UK", "EU", "XK", "AN", "SU", "AA", "ZZ", "840", " US", "US\n", "ＵＳ"]
        {
            assert_eq!(Country::parse(bad), Err(Fault::Format(Form::Country)), "{bad:?}");
        }
        assert_eq!(Country::parse(""), Err(Fault::Empty));
    }
}
