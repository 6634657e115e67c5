//! Items written in the same transaction as a profile.

use super::expression::Expression;
use super::item::{Item, SCHEMA, attribute_value, member};
use super::keys::{Key, PK, SK};
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use std::collections::HashMap;

/// An item that is put or deleted together with a change of a profile, on a condition of its own: both happen or
/// neither.
#[derive(Clone, Debug)]
pub struct Companion {
    act: Act,
    condition: Option<String>,
    names: Option<HashMap<String, String>>,
    values: Option<HashMap<String, AttributeValue>>,
}

#[derive(Clone, Debug)]
enum Act {
    Put(Item),
    Delete(Key),
}

impl Companion {
    /// Puts this item at this key, on this condition.
    pub(super) fn put(key: Key, item: Item, condition: Expression) -> Self {
        Self::new(Act::Put(keyed(key, item)), condition)
    }

    /// Deletes what stands at this key, on this condition.
    pub(super) fn delete(key: Key, condition: Expression) -> Self {
        Self::new(Act::Delete(key), condition)
    }

    fn new(act: Act, condition: Expression) -> Self {
        let text = condition.condition();
        let (names, values) = condition.into_placeholders();
        // DynamoDB refuses what is empty.
        Self {
            act,
            condition: Some(text).filter(|text| !text.is_empty()),
            names: Some(names).filter(|names| !names.is_empty()),
            values: Some(values).filter(|values| !values.is_empty()),
        }
    }

    /// As a part of a transaction. A failed condition shows what is stored.
    pub(super) fn transact(&self, table: &str) -> TransactWriteItem {
        let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
        let part = TransactWriteItem::builder();
        match &self.act {
            Act::Put(item) => {
                let put = Put::builder()
                    .table_name(table)
                    .set_item(Some(item.clone()))
                    .set_condition_expression(self.condition.clone())
                    .set_expression_attribute_names(self.names.clone())
                    .set_expression_attribute_values(self.values.clone())
                    .return_values_on_condition_check_failure(all_old);
                part.put(put.build().expect("table and item are given")).build()
            }
            Act::Delete(key) => {
                let delete = Delete::builder()
                    .table_name(table)
                    .set_key(Some(key.attributes()))
                    .set_condition_expression(self.condition.clone())
                    .set_expression_attribute_names(self.names.clone())
                    .set_expression_attribute_values(self.values.clone())
                    .return_values_on_condition_check_failure(all_old);
                part.delete(delete.build().expect("table and key are given")).build()
            }
        }
    }
}

/// The item with its key and its layout.
pub(super) fn keyed(key: Key, mut item: Item) -> Item {
    item.insert(PK.to_owned(), AttributeValue::S(key.pk));
    item.insert(SK.to_owned(), AttributeValue::S(key.sk));
    item.insert(member::SCHEMA.to_owned(), attribute_value(&SCHEMA));
    item
}
