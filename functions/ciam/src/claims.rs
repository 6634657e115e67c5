//! Claims: what an answer shows of a profile (OpenID Connect Core 1.0, section 5.1).

use serde_json::Value;
use shared::config::Settings;
use shared::http::Contract;
use shared::profile::{Attribute, Profile};
use shared::schema::{Access, AttributeSchema, DefinedAttribute};
use shared::validation::Phone;

/// Names that mean something to this contract, and so can be no attribute of the stack's own.
pub const RESERVED: &[&str] = &[
    "sub",
    "email",
    "email_otp_token",
    "email_otp",
    "email_verified",
    "phone_number",
    "phone_number_otp_token",
    "phone_number_otp",
    "phone_number_verified",
    "name",
    "nickname",
    "zoneinfo",
    "locale",
    "updated_at",
    NEVER_SHOWN,
];
/// Shown where the setting `CLAIMS` says nothing.
const DEFAULT: &str =
    "email phone_number name nickname zoneinfo locale updated_at email_verified phone_number_verified";
/// May be listed, and still is no part of a user's information.
const NEVER_SHOWN: &str = "authenticationMethod";

/// The most that anybody here can be.
const ANYBODY: Access = Access { subject: true, admin: true, contract: crate::Ciam::NAME };

/// How one claim is made from a profile; `None` where the profile has nothing to show.
type Source = fn(&Profile) -> Option<Value>;

/// The application's claims, in the order of its setting.
pub struct Claims(Vec<(String, From)>);

enum From {
    Profile(Source),
    CustomField(DefinedAttribute),
}

const STANDARD: &[(&str, Source)] = &[
    ("email", |profile| text(profile, Attribute::Email)),
    ("email_verified", |profile| text(profile, Attribute::Email).map(|_| profile.email_verified.into())),
    ("phone_number", |profile| profile.text(Attribute::Phone).map(|phone| Phone::domestic(phone).into())),
    ("phone_number_verified", |profile| {
        text(profile, Attribute::Phone).map(|_| profile.phone_verified.into())
    }),
    ("name", |profile| text(profile, Attribute::Name)),
    ("nickname", |profile| text(profile, Attribute::Nickname)),
    ("zoneinfo", |profile| text(profile, Attribute::Timezone)),
    ("locale", |profile| text(profile, Attribute::Language)),
    ("updated_at", |profile| Some(profile.updated_at.seconds().into())),
];

fn text(profile: &Profile, attribute: Attribute) -> Option<Value> {
    profile.text(attribute).map(Value::from)
}

impl Claims {
    /// Reads the setting `CLAIMS`: names separated by white space.
    pub fn configure(settings: &mut Settings, schema: &AttributeSchema) -> Self {
        const SETTING: &str = "CLAIMS";
        let setting = settings.optional(SETTING);
        let mut claims: Vec<(String, From)> = Vec::new();
        for name in setting.as_deref().unwrap_or(DEFAULT).split_whitespace() {
            // `sub` is always shown.
            if [NEVER_SHOWN, "sub"].contains(&name) || claims.iter().any(|(listed, _)| listed == name) {
                continue;
            }
            let standard = STANDARD.iter().find(|(claim, _)| *claim == name);
            let from = match (standard, schema.claimed(name)) {
                (Some((_, source)), _) => From::Profile(*source),
                (None, Some(attribute)) if !attribute.may_read(ANYBODY) => {
                    settings.fault(
                        SETTING,
                        &format!("lists {name:?}, which nobody may read through this contract"),
                    );
                    continue;
                }
                (None, Some(attribute)) => From::CustomField(attribute.clone()),
                (None, None) => {
                    settings.fault(SETTING, &format!("lists {name:?}, which is no claim"));
                    continue;
                }
            };
            claims.push((name.to_owned(), from));
        }
        Self(claims)
    }

    /// The claims that the profile has something for, and that may be read.
    pub fn of<'a>(&'a self, profile: &'a Profile, access: Access) -> impl Iterator<Item = (&'a str, Value)> {
        self.0.iter().filter_map(move |(name, from)| {
            let value = match from {
                From::Profile(source) => source(profile),
                From::CustomField(attribute) if attribute.may_read(access) => {
                    profile.attributes.get(&Attribute::CustomFields)?.get(&attribute.identifier).cloned()
                }
                From::CustomField(_) => None,
            };
            Some((name.as_str(), value?))
        })
    }
}
