//! What of the findings of a check can be put right without a person: claims, and passwords of nobody.

use super::check::{Fault, Finding};
use super::companion::Companion;
use super::expression::Expression;
use super::item::{Item, member};
use super::keys::{Key, Kind, PK, claim_key};
use super::profile_store::{ProfileStore, StoreError, owner_of, store_error};
use crate::validation::UserId;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, TransactWriteItem};

impl ProfileStore {
    /// Puts a finding right, on the condition that nothing has changed since: a missing claim is made, a stale one is
    /// deleted, and so is a password without a user. `false`: it needs a person, or something has changed. One call.
    pub async fn repair(&self, finding: &Finding) -> Result<bool, StoreError> {
        let Some((user, companion)) = remedy(finding) else { return Ok(false) };
        let key = Key::profile(&user);
        let profile = if finding.key == key { Some(&finding.item) } else { finding.beside.get(&key) };
        let items = vec![companion.transact(&self.table), self.unchanged(&key, profile)];
        match self.transact_items(items).await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(cancelled) if cancelled.is_transaction_canceled_exception() => Ok(false),
                _ => Err(store_error(&error)),
            },
        }
    }

    /// The condition that a profile is still what it was seen to be.
    fn unchanged(&self, key: &Key, profile: Option<&Item>) -> TransactWriteItem {
        let mut condition = Expression::default();
        match profile.and_then(|profile| profile.get(member::CHANGE_ID)) {
            Some(change_id) => condition.require_equal(member::CHANGE_ID, change_id.clone()),
            None => condition.require_presence(PK, false),
        }
        let text = condition.condition();
        let (names, values) = condition.into_placeholders();
        let check = ConditionCheck::builder()
            .table_name(&*self.table)
            .set_key(Some(key.attributes()))
            .condition_expression(text)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values).filter(|values| !values.is_empty()))
            .build();
        TransactWriteItem::builder()
            .condition_check(check.expect("table, key and condition are given"))
            .build()
    }
}

/// What to write, and whose profile it depends on.
fn remedy(finding: &Finding) -> Option<(UserId, Companion)> {
    let mut condition = Expression::default();
    match (finding.fault, finding.key.kind()?) {
        (Fault::ClaimMissing(unique), Kind::Profile(user)) => {
            let value = finding.item.get(unique.attribute().name())?.as_s().ok()?;
            let owner = AttributeValue::S(user.as_str().to_owned());
            let claim = Item::from([(member::OWNER.to_owned(), owner)]);
            condition.require_presence(PK, false);
            let key = claim_key(unique, &unique.canonical(value));
            Some((user, Companion::put(key, claim, condition)))
        }
        (Fault::ClaimStale(_), Kind::Claim(_)) => {
            let user = owner_of(&finding.item)?;
            condition.require_equal(member::OWNER, AttributeValue::S(user.as_str().to_owned()));
            Some((user, Companion::delete(finding.key.clone(), condition)))
        }
        (Fault::LeftBehind, Kind::Credential(user)) => {
            condition.require_presence(PK, true);
            Some((user, Companion::delete(finding.key.clone(), condition)))
        }
        _ => None,
    }
}
