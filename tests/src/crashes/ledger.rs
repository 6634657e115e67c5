//! What each profile must hold by what its callers were told.

use crate::load::{Change, bio};
use shared::profile::{Attribute, Contact, Profile};
use std::collections::BTreeMap;

/// By user.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    changed: BTreeMap<String, Known>,
    /// The greatest number of a sync request that was acknowledged.
    asked: BTreeMap<String, u64>,
}

/// What one user's callers know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Known {
    version: u64,
    values: BTreeMap<Attribute, String>,
    phone_proved: bool,
    /// The contract of each version since the profile was made.
    contracts: Vec<&'static str>,
}

impl Ledger {
    /// An empty profile was made.
    pub(super) fn created(&mut self, user: &str) {
        let known = Known { version: 1, contracts: vec!["authms"], ..Known::default() };
        self.changed.insert(user.to_owned(), known);
    }

    /// A change took effect, once.
    pub(super) fn done(&mut self, user: &str, change: &Change) {
        let known = self.changed.entry(user.to_owned()).or_default();
        known.version += 1;
        known.contracts.push(change.contract);
        for (attribute, value) in &change.values {
            known.values.insert(*attribute, value.clone());
            if *attribute == Attribute::Phone {
                known.phone_proved = change.proves == Some(Contact::Phone);
            }
        }
    }

    /// The bus took sync request `n` about a user.
    pub(super) fn asked(&mut self, user: &str, n: u64) {
        let greatest = self.asked.entry(user.to_owned()).or_default();
        *greatest = n.max(*greatest);
    }

    /// The version that a user's callers know of.
    pub(super) fn version(&self, user: &str) -> u64 {
        self.changed.get(user).map_or(0, |known| known.version)
    }

    /// Whether everything that was asked for by events has reached this profile.
    pub(super) fn is_synced(&self, profile: &Profile) -> bool {
        let wanted = self.asked.get(profile.user_id.as_str()).copied().unwrap_or(0);
        let told = profile.text(Attribute::Bio).and_then(|told| told.strip_prefix(&bio(0)[..6]));
        told.map_or(0, |number| number.parse().unwrap_or(0)) >= wanted
    }

    /// The contract of each version that the callers know of, the first one first.
    pub(super) fn contracts(&self, user: &str) -> &[&'static str] {
        self.changed.get(user).map_or(&[], |known| &known.contracts)
    }

    /// What a profile that only callers change does not hold as they were told, in words.
    pub(super) fn differences(&self, profile: &Profile) -> Vec<String> {
        let user = profile.user_id.as_str();
        let Some(known) = self.changed.get(user) else { return vec![format!("{user} is nobody's")] };
        let mut differences = Vec::new();
        if profile.version != known.version {
            let (is, told) = (profile.version, known.version);
            differences.push(format!("{user}: version {is} is stored, {told} were acknowledged"));
        }
        for (attribute, value) in &known.values {
            let is = profile.text(*attribute);
            if is != Some(value) {
                let name = attribute.name();
                differences.push(format!("{user}: {name} is {is:?}, {value:?} was acknowledged last"));
            }
        }
        if profile.phone_verified != known.phone_proved {
            differences.push(format!("{user}: phone_verified is {}", profile.phone_verified));
        }
        differences
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Request;
    use serde_json::json;
    use shared::clock::Timestamp;
    use shared::validation::UserId;

    fn change(value: &str) -> Change {
        let values = vec![(Attribute::City, value.to_owned())];
        Change { contract: "authms", request: Request::put_profile("7"), values, proves: None }
    }

    fn profile(version: u64, city: &str, bio: &str) -> Profile {
        Profile {
            user_id: UserId::parse("7").unwrap(),
            version,
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
            phone_verified: false,
            email_verified: false,
            attributes: [(Attribute::City, json!(city)), (Attribute::Bio, json!(bio))].into(),
        }
    }

    #[test]
    fn a_lost_a_doubled_and_a_torn_change_are_told_apart_from_a_good_one() {
        let mut ledger = Ledger::default();
        ledger.created("7");
        ledger.done("7", &change("a"));
        ledger.done("7", &change("b"));
        assert_eq!(ledger.differences(&profile(3, "b", "")), Vec::<String>::new());
        assert_eq!(ledger.differences(&profile(2, "a", "")).len(), 2, "lost");
        assert_eq!(ledger.differences(&profile(4, "b", "")).len(), 1, "doubled");
        assert_eq!(ledger.differences(&profile(3, "a", "")).len(), 1, "torn");
        assert_eq!(ledger.contracts("7"), ["authms"; 3]);
    }

    #[test]
    fn a_request_that_was_taken_must_arrive_or_be_overtaken() {
        let mut ledger = Ledger::default();
        assert!(ledger.is_synced(&profile(1, "", "")));
        ledger.asked("7", 12);
        ledger.asked("7", 3);
        for (bio, arrived) in [("as of 3", false), ("", false), ("as of 12", true), ("as of 13", true)] {
            assert_eq!(ledger.is_synced(&profile(1, "", bio)), arrived, "{bio}");
        }
    }
}
