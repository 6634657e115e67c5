//! The canonical attributes of a profile.

use super::Contact;
use crate::validation::{Email, Fault, Phone, Username};
use serde::{Deserialize, Serialize};

/// Declares each attribute once: its variant and the name under which the table, events and logs know it.
macro_rules! attributes {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// A canonical attribute. Each contract gives it a wire name of its own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Attribute {
            $(#[doc = concat!("`", $name, "`")] #[serde(rename = $name)] $variant,)+
        }

        impl Attribute {
            /// Every attribute there is.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The canonical name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

attributes! {
    Username = "username",
    Name = "name",
    Nickname = "nickname",
    FirstName = "first_name",
    LastName = "last_name",
    Gender = "gender",
    Birthdate = "birthdate",
    Bio = "bio",
    AvatarUrl = "avatar_url",
    Website = "website",
    Address = "address",
    City = "city",
    Country = "country",
    Language = "language",
    Timezone = "timezone",
    Phone = "phone",
    Email = "email",
    Block = "block",
    Room = "room",
    Isp = "isp",
    Account = "account",
    Role = "role",
    CustomFields = "custom_fields",
    SocialLinks = "social_links",
}

impl Attribute {
    /// The attribute of this canonical name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|attribute| attribute.name() == name)
    }

    /// Whether a change merges into the stored object member by member (RFC 7396) instead of replacing it.
    pub const fn is_merged(self) -> bool {
        matches!(self, Self::CustomFields | Self::SocialLinks)
    }

    /// The uniqueness this attribute is under, if any.
    pub const fn unique(self) -> Option<Unique> {
        match self {
            Self::Phone => Some(Unique::Phone),
            Self::Email => Some(Unique::Email),
            Self::Username => Some(Unique::Username),
            _ => None,
        }
    }
}

/// An attribute whose value belongs to one profile at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unique {
    /// E.164 telephone number.
    Phone,
    /// E-mail address, ignoring case.
    Email,
    /// Username, ignoring case and compatibility forms.
    Username,
}

impl Unique {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Phone, Self::Email, Self::Username];

    /// The contact that it is, if it is one.
    pub const fn contact(self) -> Option<Contact> {
        match self {
            Self::Phone => Some(Contact::Phone),
            Self::Email => Some(Contact::Email),
            Self::Username => None,
        }
    }

    /// The attribute that is unique.
    pub const fn attribute(self) -> Attribute {
        match self {
            Self::Phone => Attribute::Phone,
            Self::Email => Attribute::Email,
            Self::Username => Attribute::Username,
        }
    }

    /// The form in which two stored values are the same claim.
    pub fn canonical(self, stored: &str) -> String {
        match self {
            Self::Phone => stored.to_owned(),
            Self::Email => Email::canonical(stored),
            Self::Username => Username::canonical(stored),
        }
    }

    /// What is stored for a value that an operator typed.
    ///
    /// # Errors
    /// When the value breaks its rule, so that no profile can hold it.
    pub fn parse(self, typed: &str) -> Result<String, Fault> {
        match self {
            Self::Phone => Phone::parse_e164(typed).map(Phone::into_string),
            Self::Email => Email::parse(typed).map(Email::into_string),
            Self::Username => Username::parse(typed).map(Username::into_string),
        }
    }
}
