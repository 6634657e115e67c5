//! What a `POST /api/v3/change_profile` may say.

use serde_json::{Map, Value};
use shared::http::{Contract, Event, Principal};
use shared::profile::{Attribute, ProfilePatch};
use shared::store::{ChangedBy, IfMissing, Precondition};
use shared::update::{Answer, UpdateCommand, UpdateError};
use shared::validation::{Fault, Form, JsonType, Lines, Malformed, Phone, Text, Unit, UserId, Violation};

/// Dormitory blocks.
const BLOCKS: &[&str] = &[
    "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19",
    "20", "21", "22", "XHA", "XHB", "XHC", "XHD", "ZH", "other",
];
/// Internet service providers.
const ISPS: &[&str] = &["telecom", "unicom", "mobile", "broadnet", "others"];
/// Most code points of a room.
const ROOM: usize = 15;
/// Most code points of a broadband account.
const ACCOUNT: usize = 32;

/// A bound request, `""` where the member is absent or `null`. All but `who` are in NFC: an id is compared as it is.
#[derive(Debug)]
pub struct ChangeUserProfileRequest {
    who: String,
    block: String,
    room: String,
    phone: String,
    isp: String,
    account: String,
}

/// Binds the members to the request's fields.
pub fn bind(mut members: Map<String, Value>) -> Result<ChangeUserProfileRequest, UpdateError> {
    let mut text = |name: &str| match members.remove(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(raw)) => Ok(raw),
        Some(_) => Err(UpdateError::Malformed(Malformed::Member)),
    };
    Ok(ChangeUserProfileRequest {
        who: text("who")?,
        block: text("block").and_then(plain)?,
        room: text("room").and_then(plain)?,
        phone: text("phone").and_then(plain)?,
        isp: text("isp").and_then(plain)?,
        account: text("account").and_then(plain)?,
    })
}

/// Only control characters make a text unfit to be bound: its length is a field rule.
fn plain(raw: String) -> Result<String, UpdateError> {
    match Text::parse(&raw, usize::MAX, Lines::One) {
        Ok(text) => Ok(text.into_string()),
        Err(Fault::Empty) => Ok(raw),
        Err(_) => Err(UpdateError::Malformed(Malformed::Member)),
    }
}

/// Whom the request is about.
pub fn target(caller: &Principal, body: &ChangeUserProfileRequest) -> Result<UserId, UpdateError> {
    if body.who.is_empty() {
        return Err(UpdateError::Invalid(violations(body)));
    }
    user(caller, &body.who)
}

/// Whom a query is about: the caller, unless it names a user.
pub fn viewed(caller: &Principal, event: &Event) -> Result<UserId, UpdateError> {
    match event.query_string_parameters.get("who").map(String::as_str) {
        None | Some("") => Ok(caller.user_id.clone()),
        Some(who) => user(caller, who),
    }
}

fn user(caller: &Principal, who: &str) -> Result<UserId, UpdateError> {
    // What no user can have for an id is somebody else to a user and nobody to an administrator.
    UserId::parse(who)
        .map_err(|_| if caller.admin { UpdateError::NoSuchUser } else { UpdateError::Forbidden })
}

fn violations(body: &ChangeUserProfileRequest) -> Vec<Violation> {
    let required = |text: &str| if text.is_empty() { Err(Fault::Required) } else { Ok(()) };
    let one_of = |text: &str, words: &'static [&'static str]| {
        if words.contains(&text) { Ok(()) } else { Err(Fault::Format(Form::OneOf(words))) }
    };
    let at_most = |text: &str, max: usize| {
        if text.chars().count() <= max {
            Ok(())
        } else {
            Err(Fault::Length { min: 1, max, unit: Unit::Characters })
        }
    };
    let fields = [
        ("Who", required(&body.who)),
        ("Block", required(&body.block).and_then(|()| one_of(&body.block, BLOCKS))),
        ("Room", required(&body.room).and_then(|()| at_most(&body.room, ROOM))),
        ("Phone", required(&body.phone).and_then(|()| Phone::parse_mainland(&body.phone).map(drop))),
        ("ISP", required(&body.isp).and_then(|()| one_of(&body.isp, ISPS))),
        ("Account", required(&body.account).and_then(|()| at_most(&body.account, ACCOUNT))),
    ];
    let broken = |(key, rule): (&str, Result<(), Fault>)| Some(Violation::new(key, rule.err()?, None));
    fields.into_iter().filter_map(broken).collect()
}

/// The validator tag that a field failed on.
pub fn tag(violation: &Violation) -> &'static str {
    match (&violation.fault, violation.field.as_str()) {
        (Fault::Required | Fault::Empty | Fault::Type(JsonType::String), _) => "required",
        (Fault::Length { .. }, _) => "max",
        (_, "Block") => "isWtsBlock",
        (_, "ISP") => "isValidISP",
        (_, "Phone") => "isValidPhone",
        (_, _) => "required",
    }
}

/// Checks every field and says what is to be done.
pub fn command(
    caller: &Principal,
    target: UserId,
    body: &ChangeUserProfileRequest,
) -> Result<UpdateCommand, UpdateError> {
    let violations = violations(body);
    let phone = match Phone::parse_mainland(&body.phone) {
        Ok(phone) if violations.is_empty() => phone,
        _ => return Err(UpdateError::Invalid(violations)),
    };
    let mut patch = ProfilePatch::new();
    patch.set(Attribute::Block, body.block.as_str());
    patch.set(Attribute::Room, body.room.as_str());
    patch.set(Attribute::Phone, phone);
    patch.set(Attribute::Isp, body.isp.as_str());
    patch.set(Attribute::Account, body.account.as_str());
    Ok(UpdateCommand {
        changed_by: ChangedBy {
            contract: crate::Wts::NAME.to_owned(),
            actor: caller.acting_on(&target),
            origin: None,
        },
        target,
        patch,
        if_missing: IfMissing::Refuse,
        precondition: Precondition::default(),
        contacts_need_proof: false,
        proofs: Vec::new(),
        answer: Answer::Bare,
    })
}
