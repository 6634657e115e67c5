//! What came out of the event bus, held against what must.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The detail-type of requests, which pass over the same bus as the changes.
const REQUESTED: &str = "Profile Sync Requested";

/// The changes that came out, in the order in which they did.
#[derive(Debug, Default)]
pub struct Ledger {
    users: BTreeMap<String, Told>,
    /// How many events told what had been told before.
    pub duplicates: usize,
    /// What must not be, in words.
    pub violations: Vec<String>,
}

/// What was told of one user.
#[derive(Debug, Default)]
struct Told {
    /// Event id by version.
    versions: BTreeMap<u64, String>,
    /// How many of the versions came in as sync requests.
    synced: usize,
    /// The sequences of the requests that were applied.
    applied: BTreeSet<u64>,
}

/// A sync request about a user's `bio`, whose new value names the sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncRequest {
    /// Its envelope's id.
    pub id: String,
    /// Whom it is about.
    pub user: String,
    /// Its sequence.
    pub sequence: u64,
    /// Whether its source may ask for it.
    pub allowed: bool,
}

/// How a sync request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The profile took its value.
    Applied,
    /// It arrived when the profile had a newer value already.
    Superseded,
    /// It waits for a person.
    Dead,
}

/// The `bio` that the request with this sequence sets.
pub fn bio(sequence: u64) -> String {
    format!("as of {sequence}")
}

impl Ledger {
    /// Enters an event from the bus.
    pub fn take(&mut self, event: &Value) {
        if event["detail-type"] == REQUESTED {
            return;
        }
        let detail = &event["detail"];
        let (Some(user), Some(version), Some(id)) =
            (detail["user_id"].as_str(), detail["version"].as_u64(), detail["event_id"].as_str())
        else {
            self.violations.push(format!("not a change: {event}"));
            return;
        };
        let told = self.users.entry(user.to_owned()).or_default();
        if let Some(first) = told.versions.get(&version) {
            self.duplicates += 1;
            if first != id {
                self.violations.push(format!("{user}: version {version} came out as {first} and as {id}"));
            }
            return;
        }
        let newest = told.versions.last_key_value().map_or(0, |(version, _)| *version);
        if version != newest + 1 {
            self.violations.push(format!("{user}: version {version} came out after {newest}"));
        }
        told.versions.insert(version, id.to_owned());
        if detail.get("origin").is_some() {
            told.synced += 1;
            let value = detail["values"]["bio"].as_str().and_then(|bio| bio.strip_prefix("as of "));
            match value.and_then(|sequence| sequence.parse().ok()) {
                Some(sequence) if told.applied.insert(sequence) => {}
                _ => self.violations.push(format!("{user}: version {version} repeats a request")),
            }
        }
    }

    /// How many versions came out.
    pub fn versions(&self) -> usize {
        self.users.values().map(|told| told.versions.len()).sum()
    }

    /// Whether every version of this user up to `newest` came out.
    pub fn has_all(&self, user: &str, newest: u64) -> bool {
        let told = self.users.get(user).map_or(0, |told| told.versions.range(1..=newest).count());
        u64::try_from(told) == Ok(newest)
    }

    /// Says in words what is missing or too much: `newest` versions were written, `answered` of them in answer to calls.
    pub fn check(&mut self, user: &str, newest: u64, answered: u64) {
        let none = Told::default();
        let told = self.users.get(user).unwrap_or(&none);
        let lost: Vec<u64> = (1..=newest).filter(|version| !told.versions.contains_key(version)).collect();
        if !lost.is_empty() {
            self.violations.push(format!("{user}: versions {lost:?} of {newest} did not come out"));
        } else if told.versions.len() as u64 != newest || answered + told.synced as u64 != newest {
            self.violations.push(format!(
                "{user}: {newest} versions are stored, {} came out, {answered} calls were answered, {} requests applied",
                told.versions.len(),
                told.synced
            ));
        }
    }

    /// How a request ended, if it has; `dead` are the ids of those that wait for a person.
    pub fn ending(&self, request: &SyncRequest, dead: &BTreeSet<String>) -> Option<Ending> {
        let applied = self.users.get(&request.user).map(|told| &told.applied);
        let newest = applied.and_then(|applied| applied.last().copied());
        if applied.is_some_and(|applied| applied.contains(&request.sequence)) {
            Some(Ending::Applied)
        } else if dead.contains(&request.id) {
            Some(Ending::Dead)
        } else if request.allowed && newest > Some(request.sequence) {
            Some(Ending::Superseded)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(version: u64, id: &str) -> Value {
        json!({"detail-type": "Profile Updated",
            "detail": {"user_id": "u", "version": version, "event_id": id}})
    }

    fn synced(version: u64, sequence: u64) -> Value {
        json!({"detail-type": "Profile Updated", "detail": {"user_id": "u", "version": version,
            "event_id": version.to_string(), "origin": "crm", "values": {"bio": bio(sequence)}}})
    }

    fn ledger(events: &[Value]) -> Ledger {
        let mut ledger = Ledger::default();
        events.iter().for_each(|event| ledger.take(event));
        ledger
    }

    #[test]
    fn what_comes_again_is_no_violation_when_it_is_the_same() {
        let all = [event(1, "a"), event(2, "b"), event(1, "a"), event(2, "b"), event(3, "c")];
        let mut ledger = ledger(&all);
        ledger.check("u", 3, 3);
        assert_eq!((ledger.versions(), ledger.duplicates, ledger.violations), (3, 2, vec![]));
    }

    #[test]
    fn every_violation_is_found() {
        for (events, answered, expected) in [
            (vec![event(1, "a"), event(1, "b"), event(2, "c")], 2, "u: version 1 came out as a and as b"),
            (vec![event(2, "b"), event(1, "a")], 2, "u: version 2 came out after 0"),
            (vec![event(1, "a")], 2, "u: versions [2] of 2 did not come out"),
            (vec![synced(1, 7), synced(2, 7)], 0, "u: version 2 repeats a request"),
            (
                vec![event(1, "a"), event(2, "b")],
                1,
                "u: 2 versions are stored, 2 came out, 1 calls were answered, 0 requests applied",
            ),
            (vec![json!({"detail": {}}), event(1, "a"), event(2, "b")], 2, "not a change: {\"detail\":{}}"),
        ] {
            let mut ledger = ledger(&events);
            ledger.check("u", 2, answered);
            assert_eq!(ledger.violations.first().map(String::as_str), Some(expected));
        }
    }

    #[test]
    fn a_request_ends_in_the_profile_or_with_the_dead_letters() {
        let request = |sequence: u64, allowed| SyncRequest {
            id: sequence.to_string(),
            user: "u".into(),
            sequence,
            allowed,
        };
        let ledger = ledger(&[synced(1, 5)]);
        let dead = BTreeSet::from(["3".to_owned()]);
        for (sequence, allowed, expected) in [
            (5, true, Some(Ending::Applied)),
            (4, true, Some(Ending::Superseded)),
            (4, false, None),
            (3, true, Some(Ending::Dead)),
            (3, false, Some(Ending::Dead)),
            (6, true, None),
        ] {
            assert_eq!(ledger.ending(&request(sequence, allowed), &dead), expected, "{sequence} {allowed}");
        }
    }
}
