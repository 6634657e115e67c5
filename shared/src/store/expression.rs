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
#[derive(Debug)]
pub struct Expression {
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
    set: List,
    remove: List,
    conditions: List,
}

/// Parts of an expression, one after another.
#[derive(Debug)]
struct List {
    separator: &'static str,
    text: String,
}

impl List {
    const fn new(separator: &'static str) -> Self {
        Self { separator, text: String::new() }
    }

    /// Adds one part, given in pieces. Every update puts dozens of them together: `format!` costs three times as much.
    fn push<const N: usize>(&mut self, pieces: [&str; N]) {
        if !self.text.is_empty() {
            self.text.push_str(self.separator);
        }
        for piece in pieces {
            self.text.push_str(piece);
        }
    }
}

/// Room for what a typical update names and sets, so that nothing is moved while it is put together.
impl Default for Expression {
    fn default() -> Self {
        Self {
            names: HashMap::with_capacity(14),
            values: HashMap::with_capacity(14),
            set: List::new(", "),
            remove: List::new(", "),
            conditions: List::new(" AND "),
        }
    }
}

impl Expression {
    /// The placeholder of an attribute name.
    pub fn name(&mut self, name: &str) -> String {
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !name.starts_with(|first: char| first.is_ascii_digit());
        // What somebody else called it may be no placeholder; a number is no plain name's.
        let placeholder = if plain { ["#", name].concat() } else { format!("#{}", self.names.len()) };
        if !self.names.contains_key(&placeholder) {
            self.names.insert(placeholder.clone(), name.to_owned());
        }
        placeholder
    }

    /// A fresh placeholder for a value.
    pub fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = [":v", &self.values.len().to_string()].concat();
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    /// `SET name = value`.
    pub fn set(&mut self, name: &str, value: AttributeValue) {
        let (name, value) = (self.name(name), self.value(value));
        self.set.push([&name, " = ", &value]);
    }

    /// `SET name = if_not_exists(name, value)`.
    pub fn set_if_missing(&mut self, name: &str, value: AttributeValue) {
        self.set_from(name, name, value);
    }

    /// `SET name = if_not_exists(other, value)`: what stands under the other name before the update.
    pub fn set_from(&mut self, name: &str, other: &str, value: AttributeValue) {
        let (name, other, value) = (self.name(name), self.name(other), self.value(value));
        self.set.push([&name, " = if_not_exists(", &other, ", ", &value, ")"]);
    }

    /// `SET name = if_not_exists(name, 0) + 1`.
    pub fn count(&mut self, name: &str) {
        let name = self.name(name);
        let zero = self.value(AttributeValue::N("0".into()));
        let one = self.value(AttributeValue::N("1".into()));
        self.set.push([&name, " = if_not_exists(", &name, ", ", &zero, ") + ", &one]);
    }

    /// `SET name = name - 1`; fails where there is none.
    pub fn count_down(&mut self, name: &str) {
        let (name, one) = (self.name(name), self.value(AttributeValue::N("1".into())));
        self.set.push([&name, " = ", &name, " - ", &one]);
    }

    /// `REMOVE name`.
    pub fn remove(&mut self, name: &str) {
        let name = self.name(name);
        self.remove.push([&name]);
    }

    /// One more condition; all must hold.
    pub fn require(&mut self, condition: &str) {
        self.conditions.push([condition]);
    }

    /// The name must (not) be there.
    pub fn require_presence(&mut self, name: &str, present: bool) {
        let name = self.name(name);
        let function = if present { "attribute_exists(" } else { "attribute_not_exists(" };
        self.conditions.push([function, &name, ")"]);
    }

    /// The name must hold this value; false where it is missing.
    pub fn require_equal(&mut self, name: &str, value: AttributeValue) {
        let (name, value) = (self.name(name), self.value(value));
        self.conditions.push([&name, " = ", &value]);
    }

    /// The update expression.
    pub fn update(&self) -> String {
        let (set, remove) = (&self.set.text, &self.remove.text);
        if remove.is_empty() { ["SET ", set].concat() } else { ["SET ", set, " REMOVE ", remove].concat() }
    }

    /// The condition expression.
    pub fn condition(&self) -> String {
        self.conditions.text.clone()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_a_placeholder_of_its_own() {
        let names = ["a-b", "n0", "n1", "1", "0", "#n0", ":v0", "a.b[0]", "x = y, z", "", "é", "role", "_"];
        let mut expression = Expression::default();
        for name in names {
            expression.remove(name);
        }
        let update = expression.update();
        let placeholders: Vec<_> = update.trim_start_matches("SET  REMOVE ").split(", ").collect();
        assert_eq!(placeholders.len(), names.len());
        let (behind, _) = expression.into_placeholders();
        for (placeholder, name) in placeholders.iter().zip(names) {
            assert_eq!(behind[*placeholder], name, "{update}");
            let letters = placeholder.strip_prefix('#').unwrap();
            assert!(
                letters.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
                "{placeholder}"
            );
        }
    }
}
