//! Items of the table: what is read of one is all that is there, and written anew it is read the same.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;
use serde_json::Value;
use shared::events::{Change, Values};
use shared::profile::{Attribute, Contact};
use shared::store::{Image, Item, Key, Record};

/// An item in DynamoDB's JSON: `{"name": {"S": "…"}, …}`.
pub(super) fn read(json: &Value) -> Option<Item> {
    serde_dynamo::Item::deserialize(json).ok().map(Into::into)
}

/// An item of any content is a profile, a tombstone or nothing.
pub fn item(input: &[u8]) {
    let Some(item) = serde_json::from_slice(input).ok().as_ref().and_then(read) else { return };
    let Some(record) = Record::read(&item) else {
        assert!(Image::read(&item).is_none());
        return;
    };
    assert!(record.unknown.iter().all(|name| item.contains_key(name) && Attribute::named(name).is_none()));
    match &record.profile {
        None => assert!(item.contains_key("erased_at")),
        Some(profile) => {
            let there = |attribute: &&Attribute| item.contains_key(attribute.name());
            let there: Vec<_> = Attribute::ALL.iter().filter(there).copied().collect();
            assert_eq!(
                profile.attributes.keys().copied().collect::<std::collections::BTreeSet<_>>(),
                there.into_iter().collect()
            );
            assert_eq!(profile.version, record.version);
            for contact in Contact::ALL {
                let stored = item.get(contact.verified_name()) == Some(&AttributeValue::Bool(true));
                assert_eq!(profile.is_verified(contact), stored);
            }
            let again = Record::read(&rewritten(&item, &record)).and_then(|record| record.profile).unwrap();
            assert_eq!(again.attributes.len(), profile.attributes.len());
            for (attribute, value) in &profile.attributes {
                assert!(is_same(&again.attributes[attribute], value), "{value}");
            }
        }
    }
    if let Some(image) = Image::read(&item) {
        let key = Key::of(&item).unwrap();
        assert!(key.is_profile() && key.user().as_ref() == Some(&image.user_id));
        assert_eq!(image.record, record);
        assert_eq!(Change::between(Some(&image), &image, &Values::default()), None);
        let change = Change::between(None, &image, &Values::default()).unwrap();
        assert!(change.changed.is_empty() && change.removed.is_empty() && change.letters.is_empty());
        assert_eq!(change.version, record.version);
    }
}

/// Whether two values are equal, numbers by what they are and not by how they are written: only DynamoDB writes them.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let members =
                |(name, value): (&String, &Value)| other.get(name).is_some_and(|other| is_same(value, other));
            one.len() == other.len() && one.iter().all(members)
        }
        (one, other) => one == other,
    }
}

/// The item with the attributes that were read of it, written as the store writes them.
fn rewritten(item: &Item, record: &Record) -> Item {
    let mut item = item.clone();
    for (attribute, value) in &record.profile.as_ref().unwrap().attributes {
        item.insert(attribute.name().to_owned(), serde_dynamo::to_attribute_value(value).unwrap());
    }
    item
}
