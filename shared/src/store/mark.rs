//! How far a source's sync requests have been applied to a user's profile.

use super::companion::{Companion, keyed};
use super::expression::Expression;
use super::item::{Item, Record, attribute_value};
use super::keys::{Key, PK};
use super::meter::TOTAL;
use super::profile_store::{ProfileStore, StoreError, store_error};
use super::write::WriteError;
use crate::profile::Attribute;
use crate::validation::UserId;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a source has said of a user so far. Sequences are the source's own.
///
/// An attribute that an erase was newer than has no sequence: the erase's stands for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The newest sequence applied, by attribute.
    pub attributes: BTreeMap<Attribute, u64>,
    /// The newest erase; 0: none yet.
    #[serde(default)]
    pub erased: u64,
    /// Counts the writes of this item; 0: there is none yet.
    revision: u64,
}

impl Mark {
    /// Whether a request with this sequence says something new of the attribute.
    pub fn is_news(&self, attribute: Attribute, sequence: u64) -> bool {
        sequence > self.erased && self.attributes.get(&attribute).is_none_or(|newest| sequence > *newest)
    }

    /// Notes an erase, and says for which attributes something newer is known.
    pub fn erase(&mut self, sequence: u64) -> BTreeSet<Attribute> {
        self.erased = sequence;
        self.attributes.retain(|_, newest| *newest > sequence);
        self.attributes.keys().copied().collect()
    }

    /// Forgets of which attributes the source spoke, but not how far it had got: nothing that it said before becomes news
    /// again. `false` when there is nothing to forget.
    pub fn forget(&mut self) -> bool {
        let Some(newest) = std::mem::take(&mut self.attributes).into_values().max() else { return false };
        self.erased = self.erased.max(newest);
        true
    }

    /// This mark as the item to write, on the condition that the stored one is still what it was read as.
    pub fn companion(&self, id: &UserId, source: &str) -> Companion {
        Companion::put(Key::sync(id, source), self.item(), self.unchanged())
    }

    pub(super) fn item(&self) -> Item {
        let next = Self { revision: self.revision + 1, ..self.clone() };
        serde_dynamo::to_item(next).expect("a mark is names and numbers")
    }

    fn unchanged(&self) -> Expression {
        let mut condition = Expression::default();
        if self.revision == 0 {
            condition.require_presence(PK, false);
        } else {
            condition.require_equal(REVISION, attribute_value(&self.revision));
        }
        condition
    }
}

const REVISION: &str = "revision";

impl ProfileStore {
    /// What stands at the profile's key, and how far this source's requests have been applied. Read consistently,
    /// though not at one instant. One call.
    pub async fn read_marked(&self, id: &UserId, source: &str) -> Result<(Option<Record>, Mark), StoreError> {
        let (record, item) = self.read_beside(id, &Key::sync(id, source)).await?;
        let mark = item.map(serde_dynamo::from_item).transpose().map_err(|_| StoreError::Internal)?;
        Ok((record, mark.unwrap_or_default()))
    }

    /// Writes a mark without a profile beside it. One call.
    pub async fn put_mark(&self, id: &UserId, source: &str, mark: &Mark) -> Result<(), WriteError> {
        let condition = mark.unchanged();
        let text = condition.condition();
        let (names, values) = condition.into_placeholders();
        let put = self
            .client
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(keyed(Key::sync(id, source), mark.item())))
            .condition_expression(text)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values).filter(|values| !values.is_empty()))
            .return_consumed_capacity(TOTAL);
        let Err(error) = self.metered(put.send()).await else { return Ok(()) };
        match error.as_service_error() {
            Some(
                PutItemError::ConditionalCheckFailedException(_)
                | PutItemError::TransactionConflictException(_),
            ) => Err(WriteError::Conflict),
            _ => Err(WriteError::Store(store_error(&error))),
        }
    }
}
