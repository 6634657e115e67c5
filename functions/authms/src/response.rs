//! What success says (`dto.ProfileResponse`).

use crate::request::MEMBERS;
use serde::Serialize;
use serde_json::{Map, Value};
use shared::http::{Answer, Call, etag};
use shared::profile::Profile;
use shared::update::UpdateOutcome;

#[derive(Serialize)]
struct ProfileResponse {
    code: u32,
    message: &'static str,
    timestamp: String,
    data: ProfileData,
}

#[derive(Serialize)]
struct ProfileData {
    profile: Map<String, Value>,
}

/// 200 with the profile as it is now, and its entity tag.
pub fn profile(call: &Call, outcome: &UpdateOutcome) -> Answer {
    let Some(profile) = &outcome.profile else {
        // The command asks for the profile, so the use case always gives it.
        return crate::problem::answer(call, &shared::update::UpdateError::Internal);
    };
    let body = ProfileResponse {
        code: 0,
        message: "资料更新成功",
        timestamp: call.now.rfc3339(),
        data: ProfileData { profile: members(profile) },
    };
    Answer::json(200, &body).with("etag", etag(profile.version))
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
