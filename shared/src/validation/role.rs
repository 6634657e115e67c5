//! Roles.

use super::{Fault, Form};

/// The role written by the System user contract. It is data: it grants nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
