//! E-mail addresses.

use super::{Fault, Form, Unit};
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use std::fmt;
use validator::ValidateEmail;

const MAX: usize = 254;

/// An e-mail address: ASCII, at most 254 characters, the grammar of HTML's `<input type=email>`.
///
/// The domain is a host name of valid A-labels, stored in lower case; one label is enough, as in the WHATWG's
/// grammar. It is never an IP address, in brackets or without. The local part (at most 64) is stored as given.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

text_value!(Email);

impl Email {
    /// Checks the rule and stores the domain in lower case.
    ///
    /// # Errors
    /// [`Fault::Empty`], [`Fault::Length`] or [`Form::Email`].
    pub fn parse(raw: &str) -> Result<Self, Fault> {
        if raw.is_empty() {
            return Err(Fault::Empty);
        }
        if raw.chars().count() > MAX {
            return Err(Fault::Length { min: 1, max: MAX, unit: Unit::Characters });
        }
        let invalid = Fault::Format(Form::Email);
        // Necessary, not sufficient: in the domain it lets line breaks, IP literals and Unicode pass.
        if !raw.validate_email() {
            return Err(invalid);
        }
        let (local, domain) = raw.rsplit_once('@').ok_or(invalid)?;
        let domain = domain.to_ascii_lowercase();
        if !is_host_name(&domain) {
            return Err(invalid);
        }
        Ok(Self(format!("{local}@{domain}")))
    }

    /// The form in which addresses are unique: all in lower case.
    pub fn canonical(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// Shows no character: an e-mail address is personal.
impl fmt::Debug for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Email(…)")
    }
}

/// Letters, digits and hyphens, labels of at most 63, at most 253 in all, every `xn--` label a valid one.
fn is_host_name(domain: &str) -> bool {
    let ascii = Uts46::new().to_ascii(
        domain.as_bytes(),
        AsciiDenyList::STD3,
        Hyphens::CheckFirstLast,
        DnsLength::Verify,
    );
    ascii.is_ok_and(|ascii| ascii == domain) && !ends_in_number(domain)
}

/// Whether a URL parser would take the host for an IPv4 address (WHATWG URL, "ends in a number").
fn ends_in_number(domain: &str) -> bool {
    let last = domain.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    hexadecimal || last.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(raw: &str) -> Result<String, Fault> {
        Email::parse(raw).map(Email::into_string)
    }

    #[test]
    fn accepts() {
        for (raw, stored) in [
            ("zhangsan@example", "zhangsan@example"),
            ("updated@example.com", "updated@example.com"),
            ("Mixed.Case+Tag@Example.COM", "Mixed.Case+Tag@example.com"),
            ("!#$%&'*+/=?^_`{|}~-@a.b", "!#$%&'*+/=?^_`{|}~-@a.b"),
            (".dots..anywhere.@a.b", ".dots..anywhere.@a.b"),
            ("a@xn--fiqs8s", "a@xn--fiqs8s"),
            ("a@XN--BCHER-KVA.example", "a@xn--bcher-kva.example"),
            ("a@1.2.3.com", "a@1.2.3.com"),
            ("a@r3---sn.example", "a@r3---sn.example"),
            ("a@0x.com", "a@0x.com"),
        ] {
            assert_eq!(parse(raw), Ok(stored.to_owned()), "{raw:?}");
        }
    }

    #[test]
    fn refuses() {
        for bad in [
            "a",
            "@",
            "a@",
            "@b",
            "a@b@c",
            "a b@c",
            " a@b",
            "a@b ",
            "a@b\n",
            "a@x\r\nBcc: y",
            "a@x\r\nBcc: y[127.0.0.1]",
            "a\0@b",
            "a\t@b",
            "a@[127.0.0.1]",
            "a@[::1]",
            "a@127.0.0.1",
            "a@127.1",
            "a@1",
            "a@0x7f.1",
            "a@0x7f000001",
            "a@0x",
            "a@ex_ample.com",
            "a@-a.com",
            "a@a-.com",
            "a@a..b",
            "a@.b",
            "a@b.",
            "a@中国",
            "用户@example.com",
            "ａ@example.com",
            "a＠example.com",
            "a@example。com",
            "a@xn--",
            "a@xn--a",
            "a@xn--abc-.com",
            "Name <a@b.co>",
            "\"a b\"@c.de",
            "a(b)@c.de",
            "a,b@c.de",
        ] {
            assert_eq!(parse(bad), Err(Fault::Format(Form::Email)), "{bad:?}");
        }
        assert_eq!(parse(""), Err(Fault::Empty));
    }

    #[test]
    fn keeps_to_its_lengths() {
        let invalid = Err(Fault::Format(Form::Email));
        let local = |length| format!("{}@b.de", "a".repeat(length));
        assert_eq!(parse(&local(64)), Ok(local(64)));
        assert_eq!(parse(&local(65)), invalid);
        let label = |length| format!("a@{}.de", "b".repeat(length));
        assert_eq!(parse(&label(63)), Ok(label(63)));
        assert_eq!(parse(&label(64)), invalid);
        let labels = format!("{0}.{0}.{0}", "c".repeat(63));
        let whole = |length: usize| format!("{}@{labels}", "a".repeat(length - labels.len() - 1));
        assert_eq!(parse(&whole(254)), Ok(whole(254)));
        assert_eq!(parse(&whole(255)), Err(Fault::Length { min: 1, max: 254, unit: Unit::Characters }));
    }

    #[test]
    fn is_unique_ignoring_case_and_shows_nothing() {
        let email = Email::parse("Zhang.San@Example.com").unwrap();
        assert_eq!(email.canonical(), "zhang.san@example.com");
        assert_eq!(format!("{email:?}"), "Email(…)");
    }
}
