//! What another table has and this one has not, such as a restored backup: for operators, never for a function.
//!
//! What stands here stays. So nobody's profile goes back in time, and nobody who was erased comes back.

use super::companion::keyed;
use super::image::Image;
use super::item::{Item, Record, attribute_value, member};
use super::keys::{Key, Kind, claim_key};
use super::mark::Mark;
use super::meter::TOTAL;
use super::profile_store::{ProfileStore, StoreError, owner_of, store_error};
use crate::profile::Unique;
use crate::validation::UserId;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use std::collections::{HashMap, HashSet};

/// Items that are written at a time.
const AT_ONCE: usize = 16;

/// What became of an item of the other table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restored {
    /// It was missing, and is here now.
    Written,
    /// Something stands in its place, and stays.
    Stands,
    /// Its user is erased here, and stays so.
    Erased,
    /// These values of the user's belong to somebody else here.
    Taken(UserId, Vec<Unique>),
    /// It is none that this version writes.
    Unreadable,
}

impl ProfileStore {
    /// Writes the profiles and tombstones among these items that are missing here, with their versions, each with its
    /// password and its claims or not at all. Claims are made from the profiles, so that they agree even where a backup's
    /// do not.
    pub async fn restore_profiles(&self, source: &Self, items: &[Item]) -> Result<Vec<Restored>, StoreError> {
        let profiles: Vec<(UserId, &Item)> = items.iter().filter_map(profile).collect();
        let standing = self.read_all(profiles.iter().map(|(user, _)| Key::profile(user)).collect()).await?;
        let is_missing = |user: &UserId| !standing.contains_key(&Key::profile(user));
        let missing = profiles.iter().map(|(user, _)| user).filter(|user| is_missing(user));
        let passwords = source.read_all(missing.map(Key::credential).collect()).await?;
        let restored = profiles.into_iter().map(|(user, item)| {
            let (standing, passwords) = (standing.get(&Key::profile(&user)), &passwords);
            async move {
                match standing {
                    Some(standing) => Ok(stands(standing, item)),
                    None => self.restore_profile(&user, item, passwords.get(&Key::credential(&user))).await,
                }
            }
        });
        stream::iter(restored).buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn restore_profile(
        &self,
        user: &UserId,
        item: &Item,
        password: Option<&Item>,
    ) -> Result<Restored, StoreError> {
        let Some(record) = Image::read(item).map(|image| image.record) else {
            return Ok(Restored::Unreadable);
        };
        let put = |item: Item| Put::builder().table_name(&*self.table).set_item(Some(item));
        let mut puts = vec![put(item.clone()).condition_expression("attribute_not_exists(PK)")];
        let mut taken = Vec::new();
        if let Some(profile) = record.profile {
            let owner = AttributeValue::S(user.as_str().to_owned());
            for unique in Unique::ALL {
                let Some(value) = profile.text(unique.attribute()) else { continue };
                let claim = Item::from([(member::OWNER.to_owned(), owner.clone())]);
                let claim = put(keyed(claim_key(unique, &unique.canonical(value)), claim))
                    .condition_expression("attribute_not_exists(PK) OR #owner = :owner")
                    .expression_attribute_names("#owner", member::OWNER)
                    .expression_attribute_values(":owner", owner.clone());
                puts.push(claim);
                taken.push(unique);
            }
            puts.extend(password.map(|password| put(password.clone())));
        }
        let part = |put: PutBuilder| {
            TransactWriteItem::builder().put(put.build().expect("table and item are given")).build()
        };
        let puts = puts.into_iter().map(part).collect();
        match self.transact_items(puts).await {
            Ok(_) => Ok(Restored::Written),
            Err(error) => refused(user, &taken, &error),
        }
    }

    /// Writes of the other items those that are missing here and outlive a few days: history, marks of sync sources,
    /// API keys, applications. Profiles first, see [`Self::restore_profiles`]. An erased user gets none but the mark of
    /// how far a source had got, and no API key that is good.
    pub async fn restore_others(&self, items: &[Item]) -> Result<Vec<Restored>, StoreError> {
        let others = items.iter().filter_map(other);
        let others: Vec<(Key, Kind, &Item)> = others.collect();
        let owner = |kind: &Kind, item: &Item| match kind {
            Kind::History(user, _) | Kind::Mark(user) => Some(user.clone()),
            _ => owner_of(item),
        };
        let keys = others.iter().map(|(key, ..)| key.clone());
        let users = others.iter().filter_map(|(_, kind, item)| Some(Key::profile(&owner(kind, item)?)));
        let standing = self.read_all(keys.chain(users).collect::<HashSet<Key>>()).await?;
        let restored = others.into_iter().map(|(key, kind, item)| {
            let user = owner(&kind, item).and_then(|owner| standing.get(&Key::profile(&owner)));
            let user = user.and_then(Record::read);
            let stands = standing.contains_key(&key);
            async move {
                if stands {
                    return Ok(Restored::Stands);
                }
                match restorable(key, &kind, item, user.as_ref()) {
                    Some(item) => self.put_missing(item).await,
                    None => Ok(Restored::Erased),
                }
            }
        });
        stream::iter(restored).buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn put_missing(&self, item: Item) -> Result<Restored, StoreError> {
        let put = self.client.put_item().table_name(&*self.table).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(PK)").return_consumed_capacity(TOTAL);
        match self.metered(put.send()).await {
            Ok(_) => Ok(Restored::Written),
            Err(error) => match error.as_service_error() {
                Some(failed) if failed.is_conditional_check_failed_exception() => Ok(Restored::Stands),
                _ => Err(store_error(&error)),
            },
        }
    }
}

fn profile(item: &Item) -> Option<(UserId, &Item)> {
    match Key::of(item)?.kind()? {
        Kind::Profile(user) => Some((user, item)),
        _ => None,
    }
}

fn other(item: &Item) -> Option<(Key, Kind, &Item)> {
    let key = Key::of(item)?;
    let kind = key.kind()?;
    let lasts = matches!(kind, Kind::History(..) | Kind::Mark(_) | Kind::Listed(_));
    lasts.then_some((key, kind, item))
}

fn stands(standing: &Item, item: &Item) -> Restored {
    let is_erased = |item: &Item| item.contains_key(member::ERASED_AT);
    if is_erased(standing) && !is_erased(item) { Restored::Erased } else { Restored::Stands }
}

/// The item as it may be written beside what stands at its user's key; `None`: not at all.
fn restorable(key: Key, kind: &Kind, item: &Item, user: Option<&Record>) -> Option<Item> {
    let is_erased = user.is_some_and(|record| record.profile.is_none());
    match kind {
        Kind::History(_, version) => {
            let profile = user?.profile.as_ref()?;
            let time = item.get("time")?.as_n().ok()?.parse::<i64>().ok()?;
            // What is older is another life's, which was erased.
            (*version <= profile.version && time >= profile.created_at.millis()).then(|| item.clone())
        }
        Kind::Mark(_) if is_erased => {
            let mut mark: Mark = serde_dynamo::from_item(item.clone()).ok()?;
            mark.forget();
            Some(keyed(key, mark.item()))
        }
        Kind::Listed(_) if is_erased => {
            let disabled = HashMap::from([(member::DISABLED.to_owned(), attribute_value(&true))]);
            Some(item.clone().into_iter().chain(disabled).collect())
        }
        _ => Some(item.clone()),
    }
}

fn refused<R>(
    user: &UserId,
    taken: &[Unique],
    error: &SdkError<TransactWriteItemsError, R>,
) -> Result<Restored, StoreError> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return Err(store_error(error));
    };
    let reasons = cancelled.cancellation_reasons();
    let failed: Vec<usize> =
        (0..reasons.len()).filter(|index| reasons[*index].code() == Some("ConditionalCheckFailed")).collect();
    match failed.first() {
        Some(0) => Ok(Restored::Stands),
        Some(_) => {
            let taken = failed.iter().filter_map(|index| taken.get(index - 1)).copied().collect();
            Ok(Restored::Taken(user.clone(), taken))
        }
        // Somebody else is writing, or the table is throttled: later it may succeed.
        None => Err(StoreError::Throttled),
    }
}
