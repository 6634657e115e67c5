//! What is sent, and in which words.

use super::mask::masked;
use crate::config::Settings;
use crate::profile::Contact;
use crate::tongue::Tongue;
use std::fmt;

/// A message to one address. It prints nothing of itself: it may hold a code.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    contact: Contact,
    to: String,
    code: Option<String>,
    subject: &'static str,
    body: String,
    tongue: Tongue,
}

/// Subjects that the stack's operator has chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Subjects {
    english: Option<String>,
    chinese: Option<String>,
}

impl Subjects {
    /// Reads `EMAIL_SUBJECT_EN` and `EMAIL_SUBJECT_ZH`.
    pub(super) fn configure(settings: &mut Settings) -> Self {
        let mut subject = |name: &str| {
            let subject = settings.optional(name)?;
            if subject.chars().any(char::is_control) || subject.chars().count() > 100 {
                settings.fault(name, "must be one line of at most 100 characters");
            }
            Some(subject)
        };
        Self { english: subject("EMAIL_SUBJECT_EN"), chinese: subject("EMAIL_SUBJECT_ZH") }
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Letter(…)")
    }
}

impl Letter {
    /// A one-time code to a new address, with how many seconds it is good for.
    ///
    /// `to` is as it is stored: E.164, or an e-mail address.
    pub fn code(contact: Contact, to: &str, code: &str, lives_seconds: u32, tongue: Tongue) -> Self {
        let (english, chinese) = lifetime(lives_seconds);
        let body = match tongue {
            Tongue::English => format!(
                "{code} is your verification code. It is valid for {english}. Never give it to anybody. \
                 Ignore this message if you did not ask for it."
            ),
            Tongue::Chinese => {
                format!("您的验证码是 {code},{chinese}内有效。切勿告知他人。如非本人操作,请忽略本消息。")
            }
        };
        Self {
            contact,
            to: to.to_owned(),
            code: Some(code.to_owned()),
            subject: tongue.of("Your verification code", "您的验证码"),
            body,
            tongue,
        }
    }

    /// Word to the old address that it is not the profile's any more, without saying in full what is now; `new` is
    /// `None` where nothing is.
    ///
    /// `old` and `new` are as they are stored: E.164, or an e-mail address.
    pub fn contact_changed(contact: Contact, old: &str, new: Option<&str>, tongue: Tongue) -> Self {
        let (english, chinese) = match contact {
            Contact::Phone => ("phone number", "手机号"),
            Contact::Email => ("e-mail address", "邮箱地址"),
        };
        let new = new.map(|new| masked(contact, new));
        let body = match (tongue, new) {
            (Tongue::English, Some(new)) => {
                format!("The {english} of your profile was changed from this one to {new}.")
            }
            (Tongue::English, None) => format!("This {english} was removed from your profile."),
            (Tongue::Chinese, Some(new)) => format!("您账号的{chinese}已由当前{chinese}变更为 {new}。"),
            (Tongue::Chinese, None) => format!("您的账号已解除与当前{chinese}的绑定。"),
        };
        let warning =
            tongue.of(" If this was not you, contact support immediately.", "如非本人操作,请立即联系客服。");
        Self {
            contact,
            to: old.to_owned(),
            code: None,
            subject: match contact {
                Contact::Phone => tongue.of("Your phone number was changed", "您的手机号已变更"),
                Contact::Email => tongue.of("Your e-mail address was changed", "您的邮箱地址已变更"),
            },
            body: body + warning,
            tongue,
        }
    }

    /// By what it goes: SMS, or e-mail.
    pub const fn contact(&self) -> Contact {
        self.contact
    }

    /// E.164, or an e-mail address.
    pub(super) fn to(&self) -> &str {
        &self.to
    }

    pub(super) fn body(&self) -> &str {
        &self.body
    }

    /// The code in it, if it is there to bring one.
    pub(super) fn code_in_it(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// An e-mail's subject, in the operator's words where there are any.
    pub(super) fn subject<'a>(&'a self, subjects: &'a Subjects) -> &'a str {
        let chosen = match self.tongue {
            Tongue::English => &subjects.english,
            Tongue::Chinese => &subjects.chinese,
        };
        chosen.as_deref().unwrap_or(self.subject)
    }
}

/// In minutes where it is whole ones.
fn lifetime(seconds: u32) -> (String, String) {
    let (number, english, chinese) = if seconds.is_multiple_of(60) {
        (seconds / 60, "minute", "分钟")
    } else {
        (seconds, "second", "秒")
    };
    let plural = if number == 1 { "" } else { "s" };
    (format!("{number} {english}{plural}"), format!("{number} {chinese}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Characters of one SMS: 160 of the GSM alphabet, else 70 (3GPP TS 23.038).
    fn is_one_sms(body: &str) -> bool {
        let is_gsm = |c: char| c.is_ascii_alphanumeric() || " .,;:+*-'@\n".contains(c);
        body.chars().count() <= if body.chars().all(is_gsm) { 160 } else { 70 }
    }

    #[test]
    fn codes() {
        let letter = |contact, seconds, tongue| {
            let letter = Letter::code(contact, "somebody", "012345", seconds, tongue);
            assert_eq!((letter.to(), letter.code_in_it()), ("somebody", Some("012345")));
            assert_eq!(format!("{letter:?}"), "Letter(…)");
            assert!(is_one_sms(letter.body()), "{}", letter.body());
            (letter.subject(&Subjects::default()).to_owned(), letter.body().to_owned())
        };
        let english = |lifetime: &str| {
            let body = format!(
                "012345 is your verification code. It is valid for {lifetime}. Never give it to anybody. \
                 Ignore this message if you did not ask for it."
            );
            ("Your verification code".to_owned(), body)
        };
        let chinese = |lifetime: &str| {
            let body =
                format!("您的验证码是 012345,{lifetime}内有效。切勿告知他人。如非本人操作,请忽略本消息。");
            ("您的验证码".to_owned(), body)
        };
        assert_eq!(letter(Contact::Phone, 60, Tongue::English), english("1 minute"));
        assert_eq!(letter(Contact::Email, 600, Tongue::English), english("10 minutes"));
        assert_eq!(letter(Contact::Phone, 90, Tongue::English), english("90 seconds"));
        assert_eq!(letter(Contact::Phone, 60, Tongue::Chinese), chinese("1 分钟"));
        assert_eq!(letter(Contact::Email, 90, Tongue::Chinese), chinese("90 秒"));
    }

    #[test]
    fn word_of_a_change() {
        let letter = |contact, old, new, tongue| {
            let letter = Letter::contact_changed(contact, old, new, tongue);
            assert_eq!((letter.to(), letter.code_in_it()), (old, None));
            assert!(new.is_none_or(|new| !letter.body().contains(new.trim_start_matches("+86"))));
            assert!(contact == Contact::Email || is_one_sms(letter.body()), "{}", letter.body());
            (letter.subject(&Subjects::default()).to_owned(), letter.body().to_owned())
        };
        let phone = |new, tongue| letter(Contact::Phone, "+8613900130012", new, tongue);
        let email = |new, tongue| letter(Contact::Email, "ada@example.com", new, tongue);
        let text = |subject: &str, body: &str| (subject.to_owned(), body.to_owned());
        assert_eq!(
            phone(Some("+8613900130013"), Tongue::English),
            text(
                "Your phone number was changed",
                "The phone number of your profile was changed from this one to 139****0013. If this was not you, \
                 contact support immediately."
            )
        );
        assert_eq!(
            phone(None, Tongue::English),
            text(
                "Your phone number was changed",
                "This phone number was removed from your profile. If this was not you, contact support immediately."
            )
        );
        assert_eq!(
            phone(Some("+8613900130013"), Tongue::Chinese),
            text(
                "您的手机号已变更",
                "您账号的手机号已由当前手机号变更为 139****0013。如非本人操作,请立即联系客服。"
            )
        );
        assert_eq!(
            phone(None, Tongue::Chinese),
            text("您的手机号已变更", "您的账号已解除与当前手机号的绑定。如非本人操作,请立即联系客服。")
        );
        assert_eq!(
            email(Some("augusta@example.org"), Tongue::English),
            text(
                "Your e-mail address was changed",
                "The e-mail address of your profile was changed from this one to a***@example.org. If this was not \
                 you, contact support immediately."
            )
        );
        assert_eq!(
            email(None, Tongue::Chinese),
            text("您的邮箱地址已变更", "您的账号已解除与当前邮箱地址的绑定。如非本人操作,请立即联系客服。")
        );
    }

    #[test]
    fn the_operator_may_choose_subjects() {
        let subjects =
            Subjects { english: Some("Example: your code".into()), chinese: Some("示例:验证码".into()) };
        let subject = |tongue| {
            let letter = Letter::code(Contact::Email, "ada@example.com", "012345", 60, tongue);
            letter.subject(&subjects).to_owned()
        };
        assert_eq!(subject(Tongue::English), "Example: your code");
        assert_eq!(subject(Tongue::Chinese), "示例:验证码");
    }
}
