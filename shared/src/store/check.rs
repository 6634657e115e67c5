//! Whether the items of the table agree with each other: for operators, never for a function.

use super::gap;
use super::history::HistoryEntry;
use super::image::Image;
use super::item::{Item, Record, member, without_key};
use super::keys::{API_KEY_PREFIX, Key, Kind, claim_key};
use super::mark::Mark;
use super::meter::TOTAL;
use super::profile_store::{ProfileStore, StoreError, owner_of, store_error};
use crate::auth::{ApiKeyRecord, ClientRecord};
use crate::clock::Timestamp;
use crate::profile::{Attribute, Contact, Unique};
use crate::validation::UserId;
use aws_sdk_dynamodb::types::{AttributeValue, Get, TransactGetItem};
use std::collections::{HashMap, HashSet};

/// How long after an erasure what it tidies up may still be there, in seconds: the stream is read within a second as
/// a rule.
pub(super) const TIDYING: i64 = 3600;

/// Items that are held against others at a time: what those take in memory is bounded, and so is what their reads return.
const AT_A_TIME: usize = 100;

/// How often items are read together while others write them.
const ATTEMPTS: u32 = 5;

/// What is wrong with an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// This version did not write it so, or cannot read it.
    Unreadable,
    /// A profile has a value, and no claim says so: another user could take it.
    ClaimMissing(Unique),
    /// A profile has a value that is claimed for another user.
    ClaimOfAnother(Unique),
    /// A claim names a user who does not have the value, so that nobody can take it.
    ClaimStale(Unique),
    /// A history entry is of a version that its profile has not reached.
    Ahead,
    /// Versions are missing in the history beside this entry, or up to this profile.
    Gap,
    /// A user is erased, or never was, and this is still there: what a tombstone should not hold, a password, history,
    /// what a sync source spoke of, an API key that is good.
    LeftBehind,
    /// An API key or an application and its listing do not say the same.
    Unlisted,
}

impl Fault {
    /// A word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::ClaimMissing(_) => "claim-missing",
            Self::ClaimOfAnother(_) => "claim-of-another",
            Self::ClaimStale(_) => "claim-stale",
            Self::Ahead => "history-ahead",
            Self::Gap => "history-gap",
            Self::LeftBehind => "left-behind",
            Self::Unlisted => "unlisted",
        }
    }

    /// Which unique attribute it is about, if it is about one.
    pub const fn unique(self) -> Option<Unique> {
        match self {
            Self::ClaimMissing(unique) | Self::ClaimOfAnother(unique) | Self::ClaimStale(unique) => {
                Some(unique)
            }
            _ => None,
        }
    }
}

/// Items by their keys.
pub(super) type Items = HashMap<Key, Item>;

/// Something wrong, as it was seen in one instant.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What.
    pub fault: Fault,
    /// Whose item it is, if that can be told.
    pub user_id: Option<UserId>,
    pub(super) key: Key,
    pub(super) item: Item,
    pub(super) beside: Items,
}

impl Finding {
    /// Sort key of the item: what kind of item it is. Of listings it names a digest or a client's id, and no secret.
    pub fn place(&self) -> &str {
        &self.key.sk
    }
}

/// What stands at a user's key.
enum Standing {
    Nobody,
    Erased {
        version: u64,
        since: Timestamp,
    },
    There {
        version: u64,
        record: Box<Record>,
    },
    /// An item with a fault of its own.
    Unknown,
}

impl Standing {
    fn of(user: &UserId, items: &Items) -> Self {
        let Some(item) = items.get(&Key::profile(user)) else { return Self::Nobody };
        match Image::read(item) {
            None => Self::Unknown,
            Some(image) if image.record.profile.is_none() => {
                Self::Erased { version: image.record.version, since: image.time }
            }
            Some(image) => Self::There { version: image.record.version, record: Box::new(image.record) },
        }
    }

    fn was_erased_before(&self, time: Timestamp) -> bool {
        matches!(self, Self::Erased { since, .. } if *since < time)
    }
}

/// The keys of what an item is held against.
fn beside(key: &Key, item: &Item) -> Vec<Key> {
    match key.kind() {
        None | Some(Kind::Passing) => Vec::new(),
        Some(Kind::Profile(user)) => {
            let newest = Image::read(item).map(|image| Key::history(&user, image.record.version));
            claims(item).into_iter().map(|(_, claim)| claim).chain(newest).collect()
        }
        Some(Kind::Claim(_)) => owner_of(item).iter().map(Key::profile).collect(),
        Some(Kind::Credential(user) | Kind::Mark(user)) => vec![Key::profile(&user)],
        Some(Kind::History(user, version)) => {
            gap::neighbours(&user, version).chain([Key::profile(&user)]).collect()
        }
        Some(Kind::Listed(other)) => owner_of(item).iter().map(Key::profile).chain([other]).collect(),
    }
}

/// The claims that a profile should have.
fn claims(item: &Item) -> Vec<(Unique, Key)> {
    let profile = Record::read(item).and_then(|record| record.profile);
    let claim = |unique: Unique| {
        let value = profile.as_ref()?.text(unique.attribute())?;
        Some((unique, claim_key(unique, &unique.canonical(value))))
    };
    Unique::ALL.into_iter().filter_map(claim).collect()
}

/// What is wrong with an item, beside these.
fn judge(key: &Key, item: &Item, items: &Items, now: Timestamp) -> Vec<Fault> {
    let tidied = now.plus_seconds(-TIDYING);
    let faulty = |is_faulty: bool, fault: Fault| if is_faulty { vec![fault] } else { Vec::new() };
    match key.kind() {
        None => vec![Fault::Unreadable],
        // Nobody but the TTL takes it away.
        Some(Kind::Passing) => faulty(!is_number(item.get(member::EXPIRES_AT)), Fault::Unreadable),
        Some(Kind::Profile(user)) => judge_profile(&user, item, items, now),
        Some(Kind::Claim(unique)) => match owner_of(item).map(|owner| Standing::of(&owner, items)) {
            None => vec![Fault::Unreadable],
            Some(Standing::Unknown) => Vec::new(),
            Some(Standing::There { record, .. }) => {
                let value = record.profile.as_ref().and_then(|profile| profile.text(unique.attribute()));
                let held = value.map(|value| claim_key(unique, &unique.canonical(value)));
                faulty(held.as_ref() != Some(key), Fault::ClaimStale(unique))
            }
            Some(Standing::Nobody | Standing::Erased { .. }) => vec![Fault::ClaimStale(unique)],
        },
        Some(Kind::Credential(_)) if !is_text(item.get(member::PASSWORD_HASH)) => vec![Fault::Unreadable],
        Some(Kind::Credential(user)) => {
            let standing = Standing::of(&user, items);
            faulty(matches!(standing, Standing::Nobody | Standing::Erased { .. }), Fault::LeftBehind)
        }
        Some(Kind::History(user, version)) => {
            let Some(entry) = gap::entry(item).filter(|entry| entry.version == version) else {
                return vec![Fault::Unreadable];
            };
            judge_entry(&user, &entry, items, now)
        }
        Some(Kind::Mark(user)) => match serde_dynamo::from_item::<_, Mark>(item.clone()) {
            Err(_) => vec![Fault::Unreadable],
            Ok(mark) => {
                let erased = Standing::of(&user, items).was_erased_before(tidied);
                faulty(erased && !mark.attributes.is_empty(), Fault::LeftBehind)
            }
        },
        Some(Kind::Listed(other)) => {
            if !is_listed_record(key, item) {
                return vec![Fault::Unreadable];
            }
            let twin = items.get(&other).cloned().map(without_key);
            let disabled = item.get(member::DISABLED).is_some_and(|is| is.as_bool() == Ok(&true));
            let owner = owner_of(item).map(|owner| Standing::of(&owner, items));
            let left = !disabled && owner.is_some_and(|owner| owner.was_erased_before(tidied));
            let mut faults = faulty(twin != Some(without_key(item.clone())), Fault::Unlisted);
            faults.extend(left.then_some(Fault::LeftBehind));
            faults
        }
    }
}

fn judge_entry(user: &UserId, entry: &HistoryEntry, items: &Items, now: Timestamp) -> Vec<Fault> {
    match Standing::of(user, items) {
        Standing::Unknown => Vec::new(),
        Standing::Nobody => vec![Fault::LeftBehind],
        Standing::There { version, .. } | Standing::Erased { version, .. } if entry.version > version => {
            vec![Fault::Ahead]
        }
        Standing::There { record, .. } => {
            let profile = record.profile.as_ref();
            let gap = profile.is_some_and(|profile| gap::is_beside(user, entry, profile, items, now));
            if gap { vec![Fault::Gap] } else { Vec::new() }
        }
        erased @ Standing::Erased { .. } => {
            let left = erased.was_erased_before(now.plus_seconds(-TIDYING));
            if left { vec![Fault::LeftBehind] } else { Vec::new() }
        }
    }
}

fn is_text(value: Option<&AttributeValue>) -> bool {
    value.is_some_and(AttributeValue::is_s)
}

fn is_number(value: Option<&AttributeValue>) -> bool {
    value.and_then(|value| value.as_n().ok()?.parse::<i64>().ok()).is_some()
}

/// Whether it is what stands at the keys of API keys, or of applications.
fn is_listed_record(key: &Key, item: &Item) -> bool {
    let record = without_key(item.clone());
    if [&key.pk, &key.sk].iter().any(|part| part.starts_with(API_KEY_PREFIX)) {
        serde_dynamo::from_item::<_, ApiKeyRecord>(record).is_ok()
    } else {
        serde_dynamo::from_item::<_, ClientRecord>(record).is_ok()
    }
}

/// Whether the members of a profile item, or of a tombstone, are of the types that they have.
fn is_well_formed(user: &UserId, item: &Item) -> bool {
    let is_of_type = |attribute: &Attribute| {
        let value = item.get(attribute.name());
        value.is_none_or(|value| if attribute.is_merged() { value.is_m() } else { value.is_s() })
    };
    let is_flag = |contact: &Contact| item.get(contact.verified_name()).is_none_or(AttributeValue::is_bool);
    Attribute::ALL.iter().all(is_of_type)
        && Contact::ALL.iter().all(is_flag)
        && item.get(member::USER_ID).and_then(|id| id.as_s().ok()).is_some_and(|id| id == user.as_str())
        && item.get(member::PREVIOUS_CHANGE_ID).is_none_or(AttributeValue::is_s)
        && item.get(member::SCHEMA).is_none_or(|schema| is_number(Some(schema)))
}

fn judge_profile(user: &UserId, item: &Item, items: &Items, now: Timestamp) -> Vec<Fault> {
    let record = Image::read(item).map(|image| image.record);
    let Some(record) = record.filter(|record| record.version > 0 && is_well_formed(user, item)) else {
        return vec![Fault::Unreadable];
    };
    let Some(profile) = record.profile else {
        let names = Attribute::ALL.iter().map(|attribute| attribute.name());
        let mut names = names.chain(Contact::ALL.map(Contact::verified_name));
        let holds = names.any(|name| item.contains_key(name)) || !record.unknown.is_empty();
        return if holds { vec![Fault::LeftBehind] } else { Vec::new() };
    };
    let gap = gap::is_newest_missing(user, &profile, items, now).then_some(Fault::Gap);
    let fault = |(unique, claim): (Unique, Key)| match items.get(&claim).and_then(owner_of) {
        None => Some(Fault::ClaimMissing(unique)),
        Some(owner) if owner != *user => Some(Fault::ClaimOfAnother(unique)),
        Some(_) => None,
    };
    claims(item).into_iter().filter_map(fault).chain(gap).collect()
}

impl ProfileStore {
    /// What is wrong with these items of the table. Who writes meanwhile causes no finding: what looks wrong is read
    /// again, with all that it is held against, in one instant.
    pub async fn check(&self, items: &[Item], now: Timestamp) -> Result<Vec<Finding>, StoreError> {
        let keyed: Vec<(Key, &Item)> = items
            .iter()
            .map(|item| Some((Key::of(item)?, item)))
            .collect::<Option<_>>()
            .ok_or(StoreError::Internal)?;
        let mut findings = Vec::new();
        for part in keyed.chunks(AT_A_TIME) {
            let wanted: HashSet<Key> = part.iter().flat_map(|(key, item)| beside(key, item)).collect();
            let found = self.read_all(wanted).await?;
            for (key, item) in part {
                if !judge(key, item, &found, now).is_empty() {
                    findings.extend(self.look_again(key.clone(), now).await?);
                }
            }
        }
        Ok(findings)
    }

    async fn look_again(&self, key: Key, now: Timestamp) -> Result<Vec<Finding>, StoreError> {
        let Some(mut item) = self.get(key.clone()).await? else { return Ok(Vec::new()) };
        for _ in 0..ATTEMPTS {
            let keys: HashSet<Key> = beside(&key, &item).into_iter().chain([key.clone()]).collect();
            let Some(mut items) = self.read_together(&keys).await? else { continue };
            let Some(latest) = items.remove(&key) else { return Ok(Vec::new()) };
            let unchanged = latest == item;
            item = latest;
            // Else it may be held against other items now.
            if unchanged {
                let user_id = key.user().or_else(|| owner_of(&item)).or_else(|| match key.kind() {
                    Some(Kind::Credential(user)) => Some(user),
                    _ => None,
                });
                let finding = |fault| Finding {
                    fault,
                    user_id: user_id.clone(),
                    key: key.clone(),
                    item: item.clone(),
                    beside: items.clone(),
                };
                return Ok(judge(&key, &item, &items, now).into_iter().map(finding).collect());
            }
        }
        Err(StoreError::Throttled)
    }

    /// What stands at these keys in one instant; `None`: somebody is writing to them.
    async fn read_together(&self, keys: &HashSet<Key>) -> Result<Option<Items>, StoreError> {
        let get = |key: &Key| {
            let get = Get::builder().table_name(&*self.table).set_key(Some(key.attributes())).build();
            TransactGetItem::builder().get(get.expect("table and key are given")).build()
        };
        let gets = keys.iter().map(get).collect();
        let gets = self.client.transact_get_items().set_transact_items(Some(gets));
        match self.metered(gets.return_consumed_capacity(TOTAL).send()).await {
            Ok(output) => {
                let items =
                    output.responses.unwrap_or_default().into_iter().filter_map(|response| response.item);
                Ok(Some(items.filter_map(|item| Some((Key::of(&item)?, item))).collect()))
            }
            Err(error) => match error.as_service_error() {
                Some(cancelled) if cancelled.is_transaction_canceled_exception() => Ok(None),
                _ => Err(store_error(&error)),
            },
        }
    }
}
