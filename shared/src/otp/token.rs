//! Tokens and codes: their forms, and what is kept of them.

use crate::entropy::{self, Entropy, below, hex};
use crate::profile::Contact;
use crate::store::Mac;
use crate::validation::UserId;
use ring::digest::{SHA256, digest};
use ring::hmac;
use std::fmt;

/// 256 random bits that stand for a challenge, written as 64 lower-case hexadecimal digits. Only its caller holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// How many digits.
    pub(super) const DIGITS: usize = 64;

    /// A new token.
    pub fn draw(entropy: &dyn Entropy) -> Self {
        Self(hex(&entropy::bytes::<32>(entropy)))
    }

    /// Checks the form; `None` for what no token looks like.
    pub fn parse(text: &str) -> Option<Self> {
        let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == Self::DIGITS && text.bytes().all(lower_hex)).then(|| Self(text.to_owned()))
    }

    /// Splits what [`verify`](super::verify) handed out: the challenge's token, and the proof's.
    pub(super) fn parse_pair(text: &str) -> Option<(Self, Self)> {
        let (challenge, proof) = text.split_at_checked(Self::DIGITS)?;
        Some((Self::parse(challenge)?, Self::parse(proof)?))
    }

    /// The token itself, for its caller.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// SHA-256 as 64 lower-case hexadecimal digits: under what the challenge is stored.
    pub(super) fn digest(&self) -> String {
        hex(digest(&SHA256, self.0.as_bytes()).as_ref())
    }

    /// The label keeps what is said of one thing from being said of another.
    fn mac(&self, label: &str, parts: &[&str]) -> Mac {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes()));
        for part in [label].iter().chain(parts) {
            // With its length before it, no part can run into the next.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        Mac::try_from(context.sign().as_ref()).expect("HMAC-SHA-256 has 32 bytes")
    }

    pub(super) fn code(&self, code: &Code) -> Mac {
        self.mac("code", &[&code.0])
    }

    pub(super) fn holder(&self, purpose: &str, owner: Option<&UserId>) -> Mac {
        self.mac("holder", &[purpose, owner.map_or("", UserId::as_str)])
    }

    pub(super) fn target(&self, contact: Contact, address: &str) -> Mac {
        self.mac("target", &[contact.attribute().name(), address])
    }

    pub(super) fn proof(&self, proof: &Self) -> Mac {
        self.mac("proof", &[&proof.0])
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

/// Six decimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// A new code, every one as likely as any other.
    pub fn draw(entropy: &dyn Entropy) -> Self {
        Self(format!("{:06}", below(entropy, 1_000_000)))
    }

    /// The code itself, for the letter.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What a caller sent; anything may be compared.
    pub(super) fn guessed(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Code(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::equal;

    struct Bytes(u8);
    impl Entropy for Bytes {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    #[test]
    fn what_is_kept_differs_with_every_part_of_it() {
        let (token, other) = (Token::draw(&Bytes(1)), Token::draw(&Bytes(2)));
        let alice = UserId::parse("alice").unwrap();
        let all = [
            token.code(&Code::guessed("123456")),
            token.code(&Code::guessed("123457")),
            other.code(&Code::guessed("123456")),
            token.holder("a", None),
            token.holder("a", Some(&alice)),
            token.holder("aalice", None),
            token.target(Contact::Phone, "x"),
            token.target(Contact::Email, "x"),
            token.proof(&other),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert!(equal(&all[0], &token.code(&Code::guessed("123456"))) && !equal(&all[0], &all[1]));
    }

    #[test]
    fn forms() {
        let token = Token::draw(&Bytes(0xab));
        assert_eq!(token.expose(), "ab".repeat(32));
        assert_eq!(Token::parse(token.expose()), Some(token.clone()));
        for bad in ["", "ab", &"AB".repeat(32), &"ab".repeat(33), &"é".repeat(32)] {
            assert_eq!(Token::parse(bad), None, "{bad}");
        }
        let pair = format!("{}{}", token.expose(), token.expose());
        assert_eq!(Token::parse_pair(&pair), Some((token.clone(), token.clone())));
        assert_eq!(Token::parse_pair(token.expose()), None);
        assert_eq!(Token::parse_pair(&"é".repeat(64)), None);
        assert_eq!(Code::draw(&Bytes(0)).expose(), "000000");
        assert_eq!(format!("{token:?} {:?}", Code::draw(&Bytes(0))), "Token(…) Code(…)");
    }
}
