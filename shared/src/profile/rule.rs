//! The rule of each attribute, by its canonical name.
//!
//! A contract whose own rule differs (eleven digits for a telephone number, `MALE` for `male`) calls the value types
//! itself; what it lets through keeps these rules too.

use super::Attribute;
use crate::validation::{
    Birthdate, Country, Email, Fault, Gender, HttpsUrl, JsonType, Language, Lines, Phone, Role, Text,
    Timezone, Username, Violation, WebUrl, custom_fields, social_links,
};
use chrono::NaiveDate;
use serde_json::Value;

impl Attribute {
    /// The value as it is stored. For a merged attribute: the members to merge, a `null` one goes.
    ///
    /// # Errors
    /// At least one violation, each at the attribute's canonical name or at a member of it.
    pub fn parse(self, value: &Value, today: NaiveDate) -> Result<Value, Vec<Violation>> {
        let violation = |fault| vec![Violation::new(self.name(), fault, value.clone())];
        match (self, value) {
            (Self::CustomFields, _) => custom_fields::parse_patch(self.name(), value).map(Value::Object),
            (Self::SocialLinks, _) => social_links::parse_patch(self.name(), value).map(Value::Object),
            (_, Value::String(raw)) => self.parse_text(raw, today).map(Value::String).map_err(violation),
            (_, _) => Err(violation(Fault::Type(JsonType::String))),
        }
    }

    fn parse_text(self, raw: &str, today: NaiveDate) -> Result<String, Fault> {
        let line = |most| Text::parse(raw, most, Lines::One).map(Text::into_string);
        let lines = |most| Text::parse(raw, most, Lines::Many).map(Text::into_string);
        match self {
            Self::Username => Username::parse(raw).map(Username::into_string),
            Self::Name | Self::City => line(128),
            Self::Nickname | Self::FirstName | Self::LastName => line(64),
            Self::Gender => Gender::parse(raw).map(Gender::into_string),
            Self::Birthdate => Birthdate::parse(raw, today).map(Birthdate::into_string),
            Self::Bio => lines(1_000),
            Self::AvatarUrl => HttpsUrl::parse(raw).map(HttpsUrl::into_string),
            Self::Website => WebUrl::parse(raw).map(WebUrl::into_string),
            Self::Address => lines(256),
            Self::Country => Country::parse(raw).map(Country::into_string),
            Self::Language => Language::parse(raw).map(Language::into_string),
            Self::Timezone => Timezone::parse(raw).map(Timezone::into_string),
            Self::Phone => Phone::parse_e164(raw).map(Phone::into_string),
            Self::Email => Email::parse(raw).map(Email::into_string),
            Self::Block | Self::Isp | Self::Account => line(32),
            Self::Room => line(15),
            Self::Role => Role::parse(raw).map(|role| role.as_str().to_owned()),
            Self::CustomFields | Self::SocialLinks => Err(Fault::Type(JsonType::Object)),
        }
    }
}
