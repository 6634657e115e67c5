//! What a user can be reached at, and prove to be their own.

use super::{Attribute, Unique};

/// A kind of address under which a user can be sent a one-time code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Contact {
    /// By SMS.
    Phone,
    /// By e-mail.
    Email,
}

impl Contact {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Phone, Self::Email];

    /// The uniqueness it is under.
    pub const fn unique(self) -> Unique {
        match self {
            Self::Phone => Unique::Phone,
            Self::Email => Unique::Email,
        }
    }

    /// The attribute that holds it.
    pub const fn attribute(self) -> Attribute {
        self.unique().attribute()
    }

    /// The name of what says that the stored value was proved.
    pub const fn verified_name(self) -> &'static str {
        match self {
            Self::Phone => "phone_verified",
            Self::Email => "email_verified",
        }
    }
}
