//! What success says (`dto.ProfileResponse`).

use crate::request::MEMBERS;
use serde::Serialize;
use serde_json::{Map, Value};
use shared::clock::Timestamp;
use shared::http::{Answer, Call, etag};
use shared::profile::Profile;
use shared::update::UpdateOutcome;

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

/// 200 with the profile as it is now, and its entity tag.
pub fn profile(call: &Call, outcome: &UpdateOutcome) -> Answer {
    let Some(profile) = &outcome.profile else {
        // The command asks for the profile, so the use case always gives it.
        return crate::problem::answer(call, &shared::update::UpdateError::Internal);
    };
    let data = ProfileData { profile: members(profile) };
    success("资料更新成功", call.now, data).with("etag", etag(profile.version))
}

fn members(profile: &Profile) -> Map<String, Value> {
    let own = [
        ("user_id", Value::from(profile.user_id.as_str())),
        ("version", Value::from(profile.version)),
        ("created_at", Value::from(profile.created_at.rfc3339())),
        ("updated_at", Value::from(profile.updated_at.rfc3339())),
    ];
    let shown = MEMBERS.iter().filter_map(|attribute| {
        // Where this contract has a name for an attribute, it is the canonical one.
        profile.attributes.get(attribute).map(|value| (attribute.name(), value.clone()))
    });
    shown.chain(own).map(|(name, value)| (name.to_owned(), value)).collect()
}
