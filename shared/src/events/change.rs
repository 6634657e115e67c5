//! From two stored versions to what is told of the change between them. Pure.

use super::notice::letters;
use crate::clock::Timestamp;
use crate::courier::Letter;
use crate::profile::{Attribute, Contact, Profile};
use crate::store::{ActorKind, Image};
use crate::validation::UserId;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Layout of `detail`. Members may be added to it; a change that an old reader would misread counts it up.
pub const SCHEMA_VERSION: u32 = 1;

/// What became of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// There was none, or the user had been erased.
    Created,
    /// Anything else changed.
    Updated,
    /// A live profile's phone or e-mail address was set, changed or removed.
    ContactChanged,
    /// The user was erased.
    Erased,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Created, Self::Updated, Self::ContactChanged, Self::Erased];

    /// The event's `detail-type`.
    pub const fn detail_type(self) -> &'static str {
        match self {
            Self::Created => "Profile Created",
            Self::Updated => "Profile Updated",
            Self::ContactChanged => "Profile Contact Changed",
            Self::Erased => "Profile Erased",
        }
    }
}

/// The attributes whose values are told beside their names. None, unless the stack's operator lists them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(BTreeSet<&'static str>);

impl Values {
    /// Reads a list of canonical attribute names, separated by commas or spaces; `None` when one of them is no
    /// attribute's.
    pub fn parse(list: &str) -> Option<Self> {
        let names = list.split([',', ' ', '\n', '\t']).filter(|name| !name.is_empty());
        names.map(|name| names_known().find(|known| *known == name)).collect::<Option<_>>().map(Self)
    }
}

/// The names of everything about a profile that can change.
fn names_known() -> impl Iterator<Item = &'static str> {
    let flags = Contact::ALL.map(Contact::verified_name);
    Attribute::ALL.iter().map(|attribute| attribute.name()).chain(flags)
}

/// One change of one profile. Serialised, it is the event's `detail`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    schema_version: u32,
    /// The id of the write: the same each time this change is told.
    pub event_id: String,
    /// Whose profile.
    pub user_id: UserId,
    /// The version after the change. Consumers order by it.
    pub version: u64,
    /// When it was written, RFC 3339.
    pub time: String,
    /// The contract through which the change came in.
    pub contract: String,
    /// The kind of caller who made it.
    pub actor: ActorKind,
    /// The system from which it came, if it came from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Attributes that have a value now and had none before; sorted, like the other two.
    pub set: Vec<&'static str>,
    /// Attributes that have another value now.
    pub changed: Vec<&'static str>,
    /// Attributes that had a value and have none now.
    pub removed: Vec<&'static str>,
    /// New values of those attributes whose values are told.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<&'static str, Value>,
    /// What became of the profile.
    #[serde(skip)]
    pub kind: Kind,
    /// When it was written.
    #[serde(skip)]
    pub written: Timestamp,
    /// To the addresses that are not the profile's any more. They go to nobody else.
    #[serde(skip)]
    pub letters: Vec<Letter>,
}

impl Change {
    /// The change from one version to the next; `None` when both are the same version.
    ///
    /// Without an old version, it tells the new one as a whole.
    pub fn between(old: Option<&Image>, new: &Image, values: &Values) -> Option<Self> {
        if old.is_some_and(|old| old.record.change_id == new.record.change_id) {
            return None;
        }
        let (before, after) = (facts(old.and_then(profile)), facts(profile(new)));
        let mut told = BTreeMap::new();
        let (mut set, mut changed) = (Vec::new(), Vec::new());
        for (&name, value) in &after {
            match before.get(name) {
                None => set.push(name),
                Some(earlier) if earlier != value => changed.push(name),
                Some(_) => continue,
            }
            if values.0.contains(name) {
                told.insert(name, value.clone());
            }
        }
        let removed: Vec<_> = before.into_keys().filter(|name| !after.contains_key(name)).collect();
        let touches = |contact: Contact| {
            let name = contact.attribute().name();
            [&set, &changed, &removed].into_iter().any(|names| names.contains(&name))
        };
        let kind = match (old.and_then(profile), profile(new)) {
            (_, None) => Kind::Erased,
            (None, Some(_)) => Kind::Created,
            _ if Contact::ALL.into_iter().any(touches) => Kind::ContactChanged,
            _ => Kind::Updated,
        };
        let letters = match (old.and_then(profile), profile(new)) {
            (Some(old), Some(new)) => letters(old, new),
            _ => Vec::new(),
        };
        let record = &new.record;
        Some(Self {
            schema_version: SCHEMA_VERSION,
            event_id: record.change_id.clone(),
            user_id: new.user_id.clone(),
            version: record.version,
            time: new.time.rfc3339(),
            contract: record.changed_by.contract.clone(),
            actor: record.changed_by.actor,
            origin: record.changed_by.origin.clone(),
            set,
            changed,
            removed,
            values: told,
            kind,
            written: new.time,
            letters,
        })
    }

    /// The event's `detail`, at most so many bytes long: where values make it longer, it goes without them.
    pub fn detail(&self, limit: usize) -> String {
        let json = |change: &Self| {
            serde_json::to_string(change).expect("its members are texts, numbers and JSON values")
        };
        let detail = json(self);
        if detail.len() <= limit {
            return detail;
        }
        json(&Self { values: BTreeMap::new(), ..self.clone() })
    }
}

fn profile(image: &Image) -> Option<&Profile> {
    image.record.profile.as_ref()
}

/// All that is known of a user, by name. A proof that is missing is no fact.
fn facts(profile: Option<&Profile>) -> BTreeMap<&'static str, Value> {
    let Some(profile) = profile else { return BTreeMap::new() };
    let attributes = profile.attributes.iter().map(|(attribute, value)| (attribute.name(), value.clone()));
    let proofs = Contact::ALL.into_iter().filter(|contact| profile.is_verified(*contact));
    attributes.chain(proofs.map(|contact| (contact.verified_name(), Value::Bool(true)))).collect()
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
