//! Roles.

use super::{Fault, Form};
use serde::{Deserialize, Serialize};

/// A role. An API key's decides what its bearer may do; a profile's is data and grants nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// `Admin`.
    Admin,
    /// `User`.
    User,
}

impl Role {
    /// Reads `Admin` or `User`, in exactly these letters.
    ///
    /// # Errors
    /// [`Fault::Empty`] or [`Form::OneOf`].
    pub fn parse(raw: &str) -> Result<Self, Fault> {
        match raw {
            "" => Err(Fault::Empty),
            "Admin" => Ok(Self::Admin),
            "User" => Ok(Self::User),
            _ => Err(Fault::Format(Form::OneOf(&["Admin", "User"]))),
        }
    }

    /// The role as text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::User => "User",
        }
    }
}

impl From<Role> for serde_json::Value {
    fn from(role: Role) -> Self {
        Self::from(role.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_words() {
        for good in [Role::Admin, Role::User] {
            assert_eq!(Role::parse(good.as_str()), Ok(good));
        }
        for bad in ["admin", "USER", "Admin ", "Root", "Ａdmin"] {
            assert_eq!(Role::parse(bad), Err(Fault::Format(Form::OneOf(&["Admin", "User"]))), "{bad:?}");
        }
        assert_eq!(Role::parse(""), Err(Fault::Empty));
    }
}
