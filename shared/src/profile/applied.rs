//! What a plan makes of a profile.

use super::{Contact, Plan, Profile};
use crate::clock::Timestamp;
use crate::validation::UserId;

impl Plan {
    /// The profile after this plan, had it been `stored` before; `version` and `now` are those of the change. Not for
    /// erasures.
    pub fn applied(
        &self,
        user_id: &UserId,
        stored: Option<&Profile>,
        version: u64,
        now: Timestamp,
    ) -> Profile {
        let mut attributes = stored.map(|profile| profile.attributes.clone()).unwrap_or_default();
        attributes.retain(|attribute, _| !self.remove.contains(attribute));
        attributes.extend(self.set.iter().map(|(attribute, value)| (*attribute, value.clone())));
        let verified = |contact: Contact| {
            let before = stored.is_some_and(|profile| profile.is_verified(contact));
            self.verify.contains(&contact) || (before && !self.unverify.contains(&contact))
        };
        Profile {
            user_id: user_id.clone(),
            version,
            created_at: stored.map_or(self.created_at.unwrap_or(now), |profile| profile.created_at),
            updated_at: now,
            phone_verified: verified(Contact::Phone),
            email_verified: verified(Contact::Email),
            attributes,
        }
    }
}
