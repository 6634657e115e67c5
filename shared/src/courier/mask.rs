//! Addresses made unreadable for those who do not know them.

use crate::profile::Contact;

/// What stands for the characters that are not shown, however many they are.
const HIDDEN: &str = "****";

/// A contact as somebody may see it who recognises it but must not learn it: `138****0013`, `+44****4567`,
/// `a***@example.com`. `value` is as it is stored: E.164, or an e-mail address.
pub fn masked(contact: Contact, value: &str) -> String {
    match contact {
        Contact::Phone => phone(value),
        Contact::Email => email(value),
    }
}

/// Of a mainland number three and four digits, as is the custom there; of others the first two and up to four, a third at
/// most.
fn phone(e164: &str) -> String {
    let (head, tail) = match e164.strip_prefix("+86") {
        Some(national) if national.len() == 11 => (&national[..3], 4),
        _ => (e164.get(..3).unwrap_or_default(), 4.min(e164.len() / 3)),
    };
    let tail = e164.get(e164.len() - tail..).unwrap_or_default();
    format!("{head}{HIDDEN}{tail}")
}

/// The first character, where it is not the only one, and the domain.
fn email(address: &str) -> String {
    let Some((local, domain)) = address.rsplit_once('@') else { return HIDDEN.to_owned() };
    let mut characters = local.chars();
    let first = characters.next().filter(|_| characters.next().is_some());
    format!("{}***@{domain}", first.map(String::from).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_enough_to_recognise_and_too_little_to_learn() {
        for (contact, value, expected) in [
            (Contact::Phone, "+8613900130013", "139****0013"),
            (Contact::Phone, "+8618000000000", "180****0000"),
            (Contact::Phone, "+447911123456", "+44****3456"),
            (Contact::Phone, "+2908765", "+29****65"),
            (Contact::Phone, "+8612345", "+86****45"),
            (Contact::Phone, "", "****"),
            (Contact::Email, "ada@example.com", "a***@example.com"),
            (Contact::Email, "ab@example.com", "a***@example.com"),
            (Contact::Email, "a@example.com", "***@example.com"),
            (Contact::Email, "A.very.long.name+tag@mail.example.com", "A***@mail.example.com"),
            (Contact::Email, "nothing", "****"),
        ] {
            let shown = masked(contact, value);
            assert_eq!(shown, expected, "{value}");
            assert!(value.is_empty() || !shown.contains(value), "{value}");
        }
    }
}
