//! What is stored about a user, in a form in which one user's can be held against another's.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use tests::World;
use tests::inbox::plain;

/// Items by what kind they are, each without what differs from user to user and from write to write.
pub type Shape = BTreeMap<String, Value>;

/// The shape of all that is stored about this user, a number: profile, claims, password, kept answers.
pub async fn shape(world: &World, user: &str) -> Shape {
    let items = world.items().await.into_iter().filter(|item| is_about(item, user));
    items.map(|item| (kind(&item), members(&item, user))).collect()
}

fn text<'a>(item: &'a HashMap<String, AttributeValue>, name: &str) -> &'a str {
    item.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
}

fn is_about(item: &HashMap<String, AttributeValue>, user: &str) -> bool {
    let partition = text(item, "PK");
    let own = ["USER#", "CREDENTIAL#"].iter().any(|prefix| partition.strip_prefix(prefix) == Some(user));
    own || (partition.starts_with("CLAIM#") && text(item, "owner") == user)
}

/// Its key without hashes.
fn kind(item: &HashMap<String, AttributeValue>) -> String {
    let (partition, sort) = (text(item, "PK"), text(item, "SK"));
    let claimed = partition.strip_prefix("CLAIM#").and_then(|rest| rest.split('#').next());
    match claimed {
        Some(attribute) => format!("CLAIM {attribute}"),
        // Else all kept answers would be told apart by their hashes.
        None if sort.starts_with("IDEM#") => "IDEM".to_owned(),
        None => sort.to_owned(),
    }
}

fn members(item: &HashMap<String, AttributeValue>, user: &str) -> Value {
    const RANDOM: [&str; 7] =
        ["PK", "SK", "change_id", "previous_change_id", "password_hash", "fingerprint", "answer"];
    let shown = item.iter().filter(|(name, _)| !RANDOM.contains(&name.as_str()));
    let shown: Value = shown.map(|(name, value)| (name.clone(), plain(value.clone()))).collect();
    serde_json::from_str(&shown.to_string().replace(user, "USER")).unwrap()
}
