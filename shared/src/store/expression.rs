//! Update and condition expressions, with every name and value behind a placeholder.

use super::keys::Key;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use std::collections::HashMap;

/// Names and values by placeholder.
pub type Placeholders = (HashMap<String, String>, HashMap<String, AttributeValue>);

/// An expression being put together: names and values never become part of its text.
#[derive(Debug, Default)]
pub struct Expression {
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
    set: Vec<String>,
    remove: Vec<String>,
    conditions: Vec<String>,
}

impl Expression {
    /// The placeholder of an attribute name.
    pub fn name(&mut self, name: &str) -> String {
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        // What somebody else called it may be no placeholder.
        let placeholder = if plain { format!("#{name}") } else { format!("#n{}", self.names.len()) };
        self.names.entry(placeholder.clone()).or_insert_with(|| name.to_owned());
        placeholder
    }

    /// A fresh placeholder for a value.
    pub fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    /// `SET name = value`.
    pub fn set(&mut self, name: &str, value: AttributeValue) {
        let (name, value) = (self.name(name), self.value(value));
        self.set.push(format!("{name} = {value}"));
    }

    /// `SET name = if_not_exists(name, value)`.
    pub fn set_if_missing(&mut self, name: &str, value: AttributeValue) {
        let (name, value) = (self.name(name), self.value(value));
        self.set.push(format!("{name} = if_not_exists({name}, {value})"));
    }

    /// `SET name = if_not_exists(name, 0) + 1`.
    pub fn count(&mut self, name: &str) {
        let name = self.name(name);
        let zero = self.value(AttributeValue::N("0".into()));
        let one = self.value(AttributeValue::N("1".into()));
        self.set.push(format!("{name} = if_not_exists({name}, {zero}) + {one}"));
    }

    /// `SET name = name - 1`; fails where there is none.
    pub fn count_down(&mut self, name: &str) {
        let (name, one) = (self.name(name), self.value(AttributeValue::N("1".into())));
        self.set.push(format!("{name} = {name} - {one}"));
    }

    /// `REMOVE name`.
    pub fn remove(&mut self, name: &str) {
        let name = self.name(name);
        self.remove.push(name);
    }

    /// One more condition; all must hold.
    pub fn require(&mut self, condition: String) {
        self.conditions.push(condition);
    }

    /// The name must (not) be there.
    pub fn require_presence(&mut self, name: &str, present: bool) {
        let name = self.name(name);
        self.require(format!(
            "{}({name})",
            if present { "attribute_exists" } else { "attribute_not_exists" }
        ));
    }

    /// The name must hold this value; false where it is missing.
    pub fn require_equal(&mut self, name: &str, value: AttributeValue) {
        let (name, value) = (self.name(name), self.value(value));
        self.require(format!("{name} = {value}"));
    }

    /// The update expression.
    pub fn update(&self) -> String {
        let mut text = format!("SET {}", self.set.join(", "));
        if !self.remove.is_empty() {
            text.push_str(" REMOVE ");
            text.push_str(&self.remove.join(", "));
        }
        text
    }

    /// The condition expression.
    pub fn condition(&self) -> String {
        self.conditions.join(" AND ")
    }

    /// Completes an `UpdateItem` of what stands at this key. A failed condition shows what is stored.
    pub fn update_item(self, request: UpdateItemFluentBuilder, key: &Key) -> UpdateItemFluentBuilder {
        let (update, condition) = (self.update(), self.condition());
        let (names, values) = self.into_placeholders();
        request
            .set_key(Some(key.attributes()))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// The same as a part of a transaction.
    pub fn transact(self, table: &str, key: &Key) -> TransactWriteItem {
        let (update, condition) = (self.update(), self.condition());
        let (names, values) = self.into_placeholders();
        let update = Update::builder()
            .table_name(table)
            .set_key(Some(key.attributes()))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .expect("table, key and expression are given");
        TransactWriteItem::builder().update(update).build()
    }

    /// The names and the values behind the placeholders.
    pub fn into_placeholders(self) -> Placeholders {
        (self.names, self.values)
    }
}
