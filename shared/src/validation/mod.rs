//! Field rules: one value type per file, each with one `parse()`, and the [`Violation`] they report.
//!
//! A value type holds only text that keeps its rule; whoever has one need not check again. A contract's
//! `request.rs` calls `parse()` field by field, in its own field order, and collects every violation.
//!
//! A text that is accepted is stored as given, but for what its rule names (NFC, letter case); it is never
//! trimmed and never repaired.

/// Gives a value type over one `String` its ways out.
macro_rules! text_value {
    ($type:ident) => {
        impl $type {
            /// The value as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The value as owned text.
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl From<$type> for serde_json::Value {
            fn from(value: $type) -> Self {
                Self::String(value.0)
            }
        }
    };
}

mod birthdate;
mod country;
pub mod custom_fields;
mod email;
mod gender;
mod json;
mod language;
mod media_type;
mod merge_patch;
mod password;
mod phone;
mod role;
pub mod social_links;
mod text;
mod timezone;
mod url;
mod user_id;
mod username;

pub use birthdate::Birthdate;
pub use country::Country;
pub use email::Email;
pub use gender::Gender;
pub use json::{Malformed, parse_object};
pub use language::Language;
pub use media_type::is_json;
pub use merge_patch::merge;
pub use password::{Password, PasswordHash};
pub use phone::Phone;
pub use role::Role;
pub use text::{Lines, Text};
pub use timezone::Timezone;
pub use url::{HttpsUrl, LinkOrHandle, WebUrl};
pub use user_id::UserId;
pub use username::{Username, is_all_digits};

/// What rule a value broke. Contracts turn it into their own words; it never holds the value itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A member that must be there is not.
    Required,
    /// The JSON type is wrong; holds the expected type.
    Type(JsonType),
    /// The text does not have the form named.
    Format(Form),
    /// The value lies outside what is allowed; holds the range.
    Range(Bounds),
    /// Too short or too long; `min..=max` in the unit named.
    Length {
        /// Fewest allowed.
        min: usize,
        /// Most allowed.
        max: usize,
        /// What is counted.
        unit: Unit,
    },
    /// `""` where a value was expected.
    Empty,
    /// A member that the contract does not know.
    Unknown,
    /// A member that the contract knows but does not let the caller change.
    ReadOnly,
}

impl Fault {
    /// One word for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Type(_) => "type",
            Self::Format(_) => "format",
            Self::Range(_) => "range",
            Self::Length { .. } => "length",
            Self::Empty => "empty",
            Self::Unknown => "unknown",
            Self::ReadOnly => "read_only",
        }
    }
}

/// A JSON type, as named in messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonType {
    /// A string.
    String,
    /// An object.
    Object,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An array.
    Array,
}

/// The form a text was expected to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// No control characters: see [`Text`].
    PlainText,
    /// A user id: see [`UserId`].
    UserId,
    /// A username.
    Username,
    /// Not digits only.
    NotDigitsOnly,
    /// One lower-case word.
    Word,
    /// A calendar date, `YYYY-MM-DD`.
    Date,
    /// An absolute `https` URL without userinfo.
    HttpsUrl,
    /// An absolute `http` or `https` URL without userinfo.
    WebUrl,
    /// An absolute `https` URL, or a handle without a scheme.
    UrlOrHandle,
    /// ISO 3166-1 alpha-2, upper case.
    Country,
    /// A BCP 47 language tag.
    Language,
    /// A name of the tz database.
    Timezone,
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
    /// A name of a custom field.
    FieldName,
    /// A name that no other member of the object has, once both are NFC.
    DistinctName,
    /// Not on the list of common passwords.
    UncommonPassword,
    /// One of a closed list of words.
    OneOf(&'static [&'static str]),
    /// The pattern of the attribute schema.
    Pattern,
    /// A cursor that an earlier page of the same list gave.
    Cursor,
}

/// What range a value has to keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounds {
    /// A date from 1900-01-01 to today.
    DateUntilToday,
    /// At most this many levels of nesting.
    Depth(usize),
    /// A number that DynamoDB can hold.
    StorableNumber,
    /// A whole number from 1 to 2^53.
    Sequence,
    /// A number of entries from 1 to this many.
    PageSize(u16),
}

/// What a length counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Unicode scalar values.
    Characters,
    /// Members of an object.
    Entries,
    /// Bytes of JSON text.
    Bytes,
}

/// One broken rule at one place of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// The member's path in the contract's own wire names, dots between levels: `social_links.github`.
    pub field: String,
    /// The rule that was broken.
    pub fault: Fault,
    /// What was sent. Shown to callers of a development stage only; never logged.
    pub value: Option<serde_json::Value>,
}

impl Violation {
    /// A violation of `fault` at `field`.
    pub fn new(field: impl Into<String>, fault: Fault, value: impl Into<Option<serde_json::Value>>) -> Self {
        Self { field: field.into(), fault, value: value.into() }
    }
}
