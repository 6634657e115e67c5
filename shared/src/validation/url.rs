//! Links.

use super::text::plain;
use super::{Fault, Form, Lines, Unit};
use url::Url;

const MAX: usize = 2048;

/// An absolute `https` URL without userinfo, at most 2,048 characters, stored as given.
///
/// What the `url` crate (WHATWG) can read, but for what it would repair in silence: white space, control
/// characters, characters that RFC 3986 and RFC 3987 do not allow as they stand, missing or superfluous
/// slashes. Characters beyond ASCII are allowed (IRI), bidirectional controls are not (RFC 3987 § 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpsUrl(String);

text_value!(HttpsUrl);

impl HttpsUrl {
    /// Checks the rule.
    ///
    /// # Errors
    /// [`Fault::Empty`], [`Fault::Length`] or [`Form::HttpsUrl`].
    pub fn parse(raw: &str) -> Result<Self, Fault> {
        check_length(raw)?;
        if is_url(raw, &["https"]) { Ok(Self(raw.to_owned())) } else { Err(Fault::Format(Form::HttpsUrl)) }
    }
}

/// An absolute `http` or `https` URL; the rules are those of [`HttpsUrl`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebUrl(String);

text_value!(WebUrl);

impl WebUrl {
    /// Checks the rule.
    ///
    /// # Errors
    /// [`Fault::Empty`], [`Fault::Length`] or [`Form::WebUrl`].
    pub fn parse(raw: &str) -> Result<Self, Fault> {
        check_length(raw)?;
        if is_url(raw, &["http", "https"]) {
            Ok(Self(raw.to_owned()))
        } else {
            Err(Fault::Format(Form::WebUrl))
        }
    }
}

/// An [`HttpsUrl`], or a handle: text without a scheme, such as `@johnny` or `github.com/johnny`.
///
/// A handle is stored in NFC. It has the characters of a URL, does not begin with `/`, and has no `:` before its
/// first `/`, so that no browser takes it for another kind of link (`javascript:`, `//host`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkOrHandle(String);

text_value!(LinkOrHandle);

impl LinkOrHandle {
    /// Checks the rule.
    ///
    /// # Errors
    /// [`Fault::Empty`], [`Fault::Length`] or [`Form::UrlOrHandle`].
    pub fn parse(raw: &str) -> Result<Self, Fault> {
        check_length(raw)?;
        if is_url(raw, &["https"]) {
            return Ok(Self(raw.to_owned()));
        }
        let handle = plain(raw, Lines::One).map_err(|_| Fault::Format(Form::UrlOrHandle))?;
        check_length(&handle)?;
        let first_segment = handle.split('/').next().unwrap_or_default();
        if first_segment.is_empty() || first_segment.contains(':') || !handle.chars().all(is_url_character) {
            return Err(Fault::Format(Form::UrlOrHandle));
        }
        Ok(Self(handle.into_owned()))
    }
}

fn check_length(raw: &str) -> Result<(), Fault> {
    match raw.chars().count() {
        0 => Err(Fault::Empty),
        1..=MAX => Ok(()),
        _ => Err(Fault::Length { min: 1, max: MAX, unit: Unit::Characters }),
    }
}

fn is_url(raw: &str, schemes: &[&str]) -> bool {
    let Some((scheme, rest)) = raw.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    schemes.iter().any(|allowed| allowed.eq_ignore_ascii_case(scheme))
        && !authority.is_empty()
        && !authority.contains('@')
        && raw.chars().all(|character| is_url_character(character) && is_iri_character(character))
        && !rest[authority.len()..].contains(['[', ']'])
        && percent_signs_encode(raw)
        && raw.matches('#').count() < 2
        && Url::parse(raw).is_ok_and(|url| url.has_host())
}

/// Whether a character beyond ASCII may stand in an address at all: neither for private use nor one that Unicode will never
/// assign (`ucschar` of RFC 3987).
fn is_iri_character(character: char) -> bool {
    character.is_ascii()
        || matches!(character, '\u{a0}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{ffef}')
        || matches!(character as u32, 0x1_0000..=0xd_ffff | 0xe_1000..=0xe_ffff)
            && character as u32 & 0xffff < 0xfffe
}

/// Whether each `%` stands before two hexadecimal digits (RFC 3986, section 2.1), which the WHATWG's syntax does not ask for.
fn percent_signs_encode(raw: &str) -> bool {
    let digits = |rest: &str| rest.len() > 1 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    raw.split('%').skip(1).all(digits)
}

fn is_url_character(character: char) -> bool {
    // Unicode's property Bidi_Control.
    let bidirectional_control = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    // White space to Unicode is not all that is white space to JavaScript, which reads these links.
    let white_space = character.is_whitespace() || character == '\u{feff}';
    !(character.is_control() || white_space || bidirectional_control || "\"<>\\^`{|}".contains(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAD_EVERYWHERE: [&str; 24] = [
        "https://",
        "https:///example.com",
        "https:/example.com",
        "https:\\\\example.com",
        "https://example.com\\@evil.example",
        "https://user@example.com",
        "https://user:pass@example.com/",
        "https://@example.com/",
        "https://:@example.com/",
        " https://example.com",
        "https://example.com ",
        "https://exam\tple.com",
        "https://example.com/a\nb",
        "https://example.com/\0",
        "https://example.com/\u{85}",
        "https://example.com/a b",
        "https://example.com/a\u{3000}b",
        "https://example.com/\"onload=x",
        "https://example.com/<script>",
        "https://example.com/\u{202e}gpj.exe",
        "https://example.com:99999/",
        "https://[::1/",
        "javascript:alert(1)",
        "data:text/html,x",
    ];

    #[test]
    fn https_urls() {
        for good in [
            "https://example/avatar.jpg",
            "https://example.com/avatar.png",
            "HTTPS://Example.COM",
            "https://example.com:8443/a?b=c&d=@e#f",
            "https://例え.jp/絵",
            "https://[::1]/",
            "https://example.com/e\u{301}",
            "https://example.com/?mail=a@b.co",
        ] {
            assert_eq!(HttpsUrl::parse(good).map(HttpsUrl::into_string), Ok(good.to_owned()), "{good:?}");
        }
        for bad in
            ["http://example.com", "ftp://a.b", "//example.com", "example.com", "https:example.com", "/a"]
                .into_iter()
                .chain(BAD_EVERYWHERE)
        {
            assert_eq!(HttpsUrl::parse(bad), Err(Fault::Format(Form::HttpsUrl)), "{bad:?}");
        }
    }

    #[test]
    fn web_urls() {
        for good in ["https://johndoe.com", "http://johndoe.com/"] {
            assert_eq!(WebUrl::parse(good).map(WebUrl::into_string), Ok(good.to_owned()));
        }
        for bad in ["ftp://a.b", "httpss://a.b", "ws://a.b", "a.b"].into_iter().chain(BAD_EVERYWHERE) {
            assert_eq!(WebUrl::parse(bad), Err(Fault::Format(Form::WebUrl)), "{bad:?}");
        }
    }

    #[test]
    fn links_and_handles() {
        for (raw, stored) in [
            ("https://github.com/johnny", "https://github.com/johnny"),
            ("https://example.com/e\u{301}", "https://example.com/e\u{301}"),
            ("@johnny", "@johnny"),
            ("johnny#1234", "johnny#1234"),
            ("github.com/johnny", "github.com/johnny"),
            ("a/b:c", "a/b:c"),
            ("zoe\u{308}", "zoë"),
        ] {
            assert_eq!(
                LinkOrHandle::parse(raw).map(LinkOrHandle::into_string),
                Ok(stored.to_owned()),
                "{raw:?}"
            );
        }
        for bad in [
            "http://example.com",
            "mailto:a@b.co",
            "//example.com",
            "/path",
            "a b",
            "a\nb",
            "\tjohnny",
            "java\u{a}script:alert(1)",
            "a:b",
            ":",
            "\\\\host",
            "a\u{a0}b",
            "<b>",
        ]
        .into_iter()
        .chain(BAD_EVERYWHERE)
        {
            assert_eq!(LinkOrHandle::parse(bad), Err(Fault::Format(Form::UrlOrHandle)), "{bad:?}");
        }
    }

    #[test]
    fn lengths_count_characters() {
        let long = |length: usize| format!("https://a/{}", "名".repeat(length - 10));
        let too_long = Fault::Length { min: 1, max: 2048, unit: Unit::Characters };
        assert_eq!(HttpsUrl::parse(&long(2048)), Ok(HttpsUrl(long(2048))));
        assert_eq!(HttpsUrl::parse(&long(2049)), Err(too_long));
        assert_eq!(WebUrl::parse(&long(2049)), Err(too_long));
        assert_eq!(LinkOrHandle::parse(&"a".repeat(2048)), Ok(LinkOrHandle("a".repeat(2048))));
        assert_eq!(LinkOrHandle::parse(&"a".repeat(2049)), Err(too_long));
        assert_eq!(HttpsUrl::parse(""), Err(Fault::Empty));
        assert_eq!(WebUrl::parse(""), Err(Fault::Empty));
        assert_eq!(LinkOrHandle::parse(""), Err(Fault::Empty));
    }
}
