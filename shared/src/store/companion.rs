//! Items written in the same transaction as a profile.

use super::expression::Expression;
use super::item::{Item, SCHEMA, attribute_value, member};
use super::keys::{Key, PK, SK};
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use std::collections::HashMap;

/// An item that is put together with a change of a profile, on a condition of its own: both happen or neither.
#[derive(Clone, Debug)]
pub struct Companion {
    pub(super) item: Item,
    pub(super) condition: String,
    pub(super) names: HashMap<String, String>,
    pub(super) values: HashMap<String, AttributeValue>,
}

impl Companion {
    /// Puts this item at this key, on this condition.
    pub(super) fn put(key: Key, mut item: Item, condition: Expression) -> Self {
        item.insert(PK.to_owned(), AttributeValue::S(key.pk));
        item.insert(SK.to_owned(), AttributeValue::S(key.sk));
        item.insert(member::SCHEMA.to_owned(), attribute_value(&SCHEMA));
        let text = condition.condition();
        let (names, values) = condition.into_placeholders();
        Self { item, condition: text, names, values }
    }

    /// As a part of a transaction. A failed condition shows what is stored.
    pub(super) fn transact(&self, table: &str) -> TransactWriteItem {
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(self.item.clone()))
            .condition_expression(&self.condition)
            .set_expression_attribute_names(Some(self.names.clone()))
            .set_expression_attribute_values(Some(self.values.clone()).filter(|values| !values.is_empty()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .expect("table and item are given");
        TransactWriteItem::builder().put(put).build()
    }
}
