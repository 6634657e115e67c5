//! Passwords, which are kept as Argon2id only.

use super::{Fault, Form, Lines, Text};
use crate::entropy::{self, Entropy};
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc};
use argon2::{Algorithm, Argon2, Params, Version};
use std::fmt;

const MIN: usize = 8;
const MAX: usize = 128;
/// One a line, in lower case.
const COMMON: &str = include_str!("common_passwords.txt");

/// A password: 8–128 characters of one line of text (in NFC), not on the list of common ones.
///
/// Can be hashed, and nothing else: it is not shown, compared, copied or turned into JSON.
pub struct Password(Text);

impl Password {
    /// Checks the rule. The list of common passwords ignores letter case.
    ///
    /// # Errors
    /// [`Fault::Empty`], [`Form::PlainText`], [`Fault::Length`] or [`Form::UncommonPassword`].
    pub fn parse(raw: &str) -> Result<Self, Fault> {
        let password = Text::parse_between(raw, MIN, MAX, Lines::One)?;
        let lower_case = password.as_str().to_lowercase();
        if COMMON.lines().any(|common| common == lower_case) {
            return Err(Fault::Format(Form::UncommonPassword));
        }
        Ok(Self(password))
    }

    /// The Argon2id hash, with a salt of 16 random bytes. Takes 19 MiB and tens of milliseconds.
    pub fn hash(&self, entropy: &dyn Entropy) -> PasswordHash {
        let salt: [u8; 16] = entropy::bytes(entropy);
        let hash: phc::PasswordHash = argon2id()
            .hash_password_with_salt(self.0.as_str().as_bytes(), &salt)
            .expect("lengths of password and salt are within Argon2's");
        PasswordHash(hash.to_string())
    }
}

/// Shows nothing of the password.
impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(…)")
    }
}

/// A password's Argon2id hash as a PHC string.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Reads a hash that another system has made: a PHC string of Argon2id, version 19, with salt and hash; 7 to 64 MiB
    /// of memory, 1 to 10 passes, 1 to 4 lanes, which is what a function can bear and not less than OWASP advises.
    ///
    /// # Errors
    /// [`Form::OneOf`].
    pub fn parse(raw: &str) -> Result<Self, Fault> {
        const NOT_ARGON2ID: Fault = Fault::Format(Form::OneOf(&["argon2id"]));
        let hash = phc::PasswordHash::new(raw).map_err(|_| NOT_ARGON2ID)?;
        let is_whole =
            hash.salt.is_some() && hash.hash.is_some() && hash.version == Some(Version::V0x13.into());
        let params = Params::try_from(&hash).map_err(|_| NOT_ARGON2ID)?;
        let is_bearable = (7 * 1024..=64 * 1024).contains(&params.m_cost())
            && (1..=10).contains(&params.t_cost())
            && (1..=4).contains(&params.p_cost());
        let is_argon2id = hash.algorithm == Algorithm::Argon2id.ident();
        if is_argon2id && is_whole && is_bearable { Ok(Self(raw.to_owned())) } else { Err(NOT_ARGON2ID) }
    }

    /// The PHC string: `$argon2id$v=19$m=19456,t=2,p=1$…`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the hash of `password`, which is brought to NFC first.
    pub fn verify(&self, password: &str) -> bool {
        Text::parse_between(password, MIN, MAX, Lines::One)
            .is_ok_and(|text| argon2id().verify_password(text.as_str().as_bytes(), self.as_str()).is_ok())
    }
}

/// Shows nothing of the hash.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(…)")
    }
}

/// Argon2id with OWASP's first recommendation of low memory: 19 MiB, 2 passes, 1 lane.
fn argon2id() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).expect("parameters are within Argon2's");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::Unit;

    struct Counting;
    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.iter_mut().zip(0..).for_each(|(byte, count)| *byte = count);
        }
    }

    fn fault(raw: &str) -> Option<Fault> {
        Password::parse(raw).err()
    }

    #[test]
    fn length_and_list() {
        let length = Some(Fault::Length { min: 8, max: 128, unit: Unit::Characters });
        let common = Some(Fault::Format(Form::UncommonPassword));
        for good in ["correct horse", "8 chars!", "密码密码密码密码", &"x".repeat(128), "password12345678x"]
        {
            assert_eq!(fault(good), None, "{good}");
        }
        assert_eq!(fault(""), Some(Fault::Empty));
        assert_eq!(fault("7 chars"), length);
        assert_eq!(fault(&"x".repeat(129)), length);
        assert_eq!(fault("密码密码密码密"), length);
        assert_eq!(fault("8 chars\n"), Some(Fault::Format(Form::PlainText)));
        for bad in ["password", "PassWord", "12345678", "QWERTYUIOP", "iloveyou", "11111111", "P@ssw0rd"] {
            assert_eq!(fault(bad), common, "{bad}");
        }
    }

    #[test]
    fn hashes_of_other_systems_are_taken_where_they_are_argon2id() {
        let made = Password::parse("correct horse").unwrap().hash(&Counting);
        let other = made.as_str();
        let again = PasswordHash::parse(other).unwrap();
        assert!(again == made && again.verify("correct horse"));
        let light = other.replace("m=19456,t=2", "m=7168,t=5");
        assert_eq!(PasswordHash::parse(&light).unwrap().as_str(), light);
        for (bad, why) in [
            ("", "nothing"),
            ("correct horse", "no hash"),
            ("$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW", "bcrypt"),
            (&other.replace("argon2id", "argon2i"), "argon2i"),
            (&other.replace("v=19", "v=16"), "version 16"),
            (&other.replace("v=19$", ""), "no version"),
            (&other[..other.rfind('$').unwrap()], "no hash after the salt"),
            (&other.replace("m=19456", "m=7167"), "little memory"),
            (&other.replace("m=19456", "m=65537"), "much memory"),
            (&other.replace("t=2", "t=11"), "many passes"),
            (&other.replace("p=1", "p=5"), "many lanes"),
        ] {
            assert_eq!(PasswordHash::parse(bad), Err(Fault::Format(Form::OneOf(&["argon2id"]))), "{why}");
        }
    }

    #[test]
    fn list_is_in_order() {
        let list: Vec<&str> = COMMON.lines().collect();
        assert!(list.len() >= 200);
        assert!(list.is_sorted_by(|one, next| one < next));
        assert!(list.iter().all(|word| word.len() >= MIN && *word == word.trim().to_lowercase()));
    }

    #[test]
    fn hashes_and_shows_nothing() {
        let password = Password::parse("Zoe\u{308} + correct horse").unwrap();
        let hash = password.hash(&Counting);
        let salted = "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$";
        assert_eq!(hash.as_str().strip_prefix(salted).map(str::len), Some(43));
        assert!(hash.verify("Zoë + correct horse"));
        assert!(!hash.verify("Zoe + correct horse"));
        assert!(!PasswordHash("not a hash".to_owned()).verify("Zoë + correct horse"));
        assert_eq!(format!("{password:?} {hash:?}"), "Password(…) PasswordHash(…)");
    }
}
