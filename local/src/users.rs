//! Users as an operator sees them: by the canonical names of their attributes.

use crate::failure::Result;
use serde_json::{Map, Value as Json, json};
use shared::clock::Timestamp;
use shared::profile::Profile;
use shared::store::ProfileStore;

/// A profile with everything that is stored of it.
pub fn canonical(profile: &Profile) -> Json {
    let attributes =
        profile.attributes.iter().map(|(attribute, value)| (attribute.name().to_owned(), value.clone()));
    let mut members: Map<String, Json> = attributes.collect();
    let own = json!({
        "user_id": profile.user_id,
        "version": profile.version,
        "created_at": profile.created_at.rfc3339(),
        "updated_at": profile.updated_at.rfc3339(),
        "phone_verified": profile.phone_verified,
        "email_verified": profile.email_verified,
    });
    members.extend(own.as_object().cloned().unwrap_or_default());
    Json::Object(members)
}

/// At most this many users, by their ids' order: `user_id`, `version`, `updated_at` of each. It reads the table until it
/// has that many, so in a larger table they are not the first ones of all.
///
/// # Errors
/// When the table cannot be read.
pub async fn some(store: &ProfileStore, most: usize) -> Result<Vec<Json>> {
    let (mut users, mut after) = (Vec::new(), None);
    loop {
        let page = store.written_since(Timestamp::from_millis(0), after).await?;
        users.extend(page.images.into_iter().filter_map(|image| image.record.profile));
        after = page.next;
        if after.is_none() || users.len() >= most {
            break;
        }
    }
    users.truncate(most);
    users.sort_by(|one, other| one.user_id.as_str().cmp(other.user_id.as_str()));
    let row = |user: &Profile| json!({"user_id": user.user_id, "version": user.version, "updated_at": user.updated_at.rfc3339()});
    Ok(users.iter().map(row).collect())
}
