//! Field rules: one value type per file, each with one `parse()`, and the [`Violation`] they report.
//!
//! A value type holds only text that keeps its rule; whoever has one need not check again. A contract's
//! `request.rs` calls `parse()` field by field, in its own field order, and collects every violation.

mod user_id;

pub use user_id::UserId;

/// What rule a value broke. Contracts turn it into their own words; it never holds the value itself.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// No control characters.
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
    /// One of a closed list of words.
    OneOf(&'static [&'static str]),
    /// The pattern of the attribute schema.
    Pattern,
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
