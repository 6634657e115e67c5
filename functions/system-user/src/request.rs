//! What a `POST /api/v1/system/user/{id}/update` may say (`UserUpdateDto`).

use serde_json::{Map, Value};
use shared::http::{Call, Contract, Principal};
use shared::profile::{Attribute, ProfilePatch};
use shared::store::{ChangedBy, IfMissing, Precondition};
use shared::update::{Answer, UpdateCommand, UpdateError};
use shared::validation::{
    Email, Fault, Form, HttpsUrl, Lines, Malformed, Password, Phone, Role, Text, UserId, Username, Violation,
    is_all_digits,
};

/// A request whose shape is right; blank members are `None`.
pub struct UserUpdate {
    user_name: Option<String>,
    email: Option<String>,
    nick_name: Option<String>,
    phone: Option<String>,
    avatar: Option<String>,
    role: Option<String>,
    password: Option<String>,
}

/// Reads the members; a member of another type than text makes the whole parameter invalid.
pub fn decode(mut members: Map<String, Value>) -> Result<UserUpdate, UpdateError> {
    let mut text = |name: &str| match members.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.trim().is_empty())),
        Some(_) => Err(UpdateError::Malformed(Malformed::Member)),
    };
    Ok(UserUpdate {
        user_name: text("userName")?,
        email: text("email")?,
        nick_name: text("nickName")?,
        phone: text("phone")?,
        avatar: text("avatar")?,
        role: text("role")?,
        password: text("password")?,
    })
}

/// The user that the path names: a positive int64, written without sign or leading zeros.
pub fn target(id: &str) -> Result<UserId, UpdateError> {
    let number = id.parse::<i64>().ok().filter(|number| *number > 0 && number.to_string() == id);
    let user_id = number.and_then(|_| UserId::parse(id).ok());
    user_id.ok_or(UpdateError::Malformed(Malformed::Member))
}

/// Checks every field, in the order in which the contract tells of them, and says what is to be done.
pub fn command(
    call: &Call,
    caller: &Principal,
    target: UserId,
    body: &UserUpdate,
) -> Result<UpdateCommand, UpdateError> {
    let mut patch = ProfilePatch::new();
    let mut violations = Vec::new();
    let mut text = |name: &str, attribute, raw: &Option<String>, parse: fn(&str) -> Result<String, Fault>| {
        let Some(raw) = raw else { return };
        match parse(raw) {
            Ok(value) => patch.set(attribute, value),
            Err(fault) => violations.push(Violation::new(name, fault, None)),
        }
    };
    text("userName", Attribute::Username, &body.user_name, user_name);
    text("email", Attribute::Email, &body.email, |raw| Email::parse(raw).map(Email::into_string));
    text("nickName", Attribute::Nickname, &body.nick_name, nick_name);
    text("phone", Attribute::Phone, &body.phone, |raw| Phone::parse_mainland(raw).map(Phone::into_string));
    text("avatar", Attribute::AvatarUrl, &body.avatar, |raw| HttpsUrl::parse(raw).map(HttpsUrl::into_string));
    text("role", Attribute::Role, &body.role, |raw| Role::parse(raw).map(|role| role.as_str().to_owned()));
    if let Some(raw) = &body.password {
        match Password::parse(raw) {
            // Argon2id takes tens of milliseconds: not for a request that is refused anyway.
            Ok(password) if violations.is_empty() => patch.set_password(password.hash(&*call.entropy)),
            Ok(_) => {}
            Err(fault) => violations.push(Violation::new("password", fault, None)),
        }
    }
    if !violations.is_empty() {
        return Err(UpdateError::Invalid(violations));
    }
    if patch.is_empty() {
        return Err(UpdateError::Nothing);
    }
    Ok(UpdateCommand {
        changed_by: ChangedBy {
            contract: crate::SystemUser::NAME.to_owned(),
            actor: caller.acting_on(&target),
            origin: None,
        },
        target,
        patch,
        // A taken value is told even of a user who is not there; only then is "not there" a success.
        if_missing: IfMissing::RefuseLast,
        precondition: Precondition::default(),
        contacts_need_proof: false,
        proofs: Vec::new(),
        answer: Answer::Bare,
    })
}

fn not_all_digits(raw: &str) -> Result<(), Fault> {
    if is_all_digits(raw) { Err(Fault::Format(Form::NotDigitsOnly)) } else { Ok(()) }
}

fn user_name(raw: &str) -> Result<String, Fault> {
    not_all_digits(raw)?;
    Username::parse(raw).map(Username::into_string)
}

fn nick_name(raw: &str) -> Result<String, Fault> {
    not_all_digits(raw)?;
    Text::parse(raw, 64, Lines::One).map(Text::into_string)
}
