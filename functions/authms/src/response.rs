//! What success says (`dto.ProfileResponse`).

use crate::AuthMs;
use crate::request::MEMBERS;
use serde::Serialize;
use serde_json::{Map, Value};
use shared::clock::Timestamp;
use shared::http::{Answer, Principal, etag};
use shared::profile::{Attribute, Profile};
use shared::schema::{Access, AttributeSchema};

/// The envelope of every success.
#[derive(Serialize)]
struct Envelope<D> {
    code: u32,
    message: &'static str,
    timestamp: String,
    data: D,
}

#[derive(Serialize)]
struct ProfileData {
    profile: Map<String, Value>,
}

/// 200 with this in the envelope.
pub fn success(message: &'static str, time: Timestamp, data: impl Serialize) -> Answer {
    Answer::json(200, &Envelope { code: 0, message, timestamp: time.rfc3339(), data })
}

/// 200 after a change: the profile as this caller may see it, and its entity tag.
pub fn changed(schema: &AttributeSchema, caller: &Principal, profile: &Profile, now: Timestamp) -> Answer {
    success("资料更新成功", now, data(schema, caller, profile)).with("etag", etag(profile.version))
}

/// 200 with the profile as this caller may see it, and its entity tag. Its time is that of the last change, so that
/// equal versions are equal bytes.
pub fn shown(schema: &AttributeSchema, caller: &Principal, profile: &Profile) -> Answer {
    let data = data(schema, caller, profile);
    success("获取资料成功", profile.updated_at, data).with("etag", etag(profile.version))
}

/// 304: the caller has this version already (RFC 9110, section 15.4.5).
pub fn not_modified(profile: &Profile) -> Answer {
    Answer::empty(304).with("etag", etag(profile.version))
}

fn data(schema: &AttributeSchema, caller: &Principal, profile: &Profile) -> ProfileData {
    ProfileData { profile: members(schema, caller.access_to::<AuthMs>(&profile.user_id), profile) }
}

fn members(schema: &AttributeSchema, access: Access, profile: &Profile) -> Map<String, Value> {
    let own = [
        ("user_id", Value::from(profile.user_id.as_str())),
        ("version", Value::from(profile.version)),
        ("created_at", Value::from(profile.created_at.rfc3339())),
        ("updated_at", Value::from(profile.updated_at.rfc3339())),
    ];
    let shown = MEMBERS.iter().filter_map(|attribute| {
        let value = profile.attributes.get(attribute)?;
        let value = match attribute {
            Attribute::CustomFields => schema.readable(value, access)?,
            _ => value.clone(),
        };
        // Where this contract has a name for an attribute, it is the canonical one.
        Some((attribute.name(), value))
    });
    shown.chain(own).map(|(name, value)| (name.to_owned(), value)).collect()
}
