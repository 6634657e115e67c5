//! One planned change as conditions and assignments on the profile item.

use super::companion::Companion;
use super::expression::Expression;
use super::item::{ChangedBy, Item, NEWEST_SCHEMA, Record, SCHEMA, attribute_value, member};
use super::keys::PK;
use super::profile_store::StoreError;
use crate::clock::Timestamp;
use crate::profile::{Guard, Plan, Unique};
use crate::validation::UserId;
use aws_sdk_dynamodb::types::AttributeValue;

/// What to do where no profile is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMissing {
    /// Refuse: no such user.
    Refuse,
    /// Refuse, but tell first of values that are taken.
    RefuseLast,
    /// Create it, but not for an erased user.
    Create,
    /// Create it, for an erased user too; its version goes on counting.
    Recreate,
}

/// Versions named by an `If-Match` or `If-None-Match` (RFC 9110, section 13.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Versions {
    /// `*`
    Any,
    /// A list of versions; tags that are none of ours are left out, since they match nothing.
    Listed(Vec<u64>),
}

impl Versions {
    /// Whether the stored version is among them; `None`: no profile is stored.
    pub fn matches(&self, stored: Option<u64>) -> bool {
        match (self, stored) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::Listed(versions), Some(stored)) => versions.contains(&stored),
        }
    }
}

/// The caller's own conditions on the stored version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Precondition {
    /// Proceed only when one of these is stored.
    pub if_match: Option<Versions>,
    /// Proceed only when none of these is stored.
    pub if_none_match: Option<Versions>,
}

impl Precondition {
    /// Whether a change may proceed over what is stored; `None`: no profile.
    pub fn allows(&self, stored: Option<u64>) -> bool {
        self.if_match.as_ref().is_none_or(|versions| versions.matches(stored))
            && !self.if_none_match.as_ref().is_some_and(|versions| versions.matches(stored))
    }
}

/// A planned change with all that goes into its conditions.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// Whose profile.
    pub target: &'a UserId,
    /// What changes.
    pub plan: &'a Plan,
    /// What it was planned from, where that was read.
    pub stored: Option<&'a Record>,
    /// Whether it may create.
    pub if_missing: IfMissing,
    /// The caller's conditions.
    pub precondition: &'a Precondition,
    /// Who changes it.
    pub changed_by: &'a ChangedBy,
    /// This change's own id, the same for each of its rounds.
    pub change_id: &'a str,
    /// The request's time.
    pub now: Timestamp,
    /// What is written with it, or neither is.
    pub companions: &'a [Companion],
}

/// Why a write did not happen.
#[derive(Debug)]
pub enum WriteError {
    /// The condition of the companion at this index failed; this is what is stored in its place.
    Companion(usize, Option<Item>),
    /// A condition on the profile failed; this is what is stored (`None`: nothing).
    Refused(Option<Box<Record>>),
    /// These values belong to other profiles.
    Taken(Vec<Unique>),
    /// Another write was under way on the same items.
    Conflict,
    /// The database failed.
    Store(StoreError),
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

impl Write<'_> {
    /// Whether more than the profile item is written.
    pub fn is_transaction(&self) -> bool {
        self.plan.is_transaction() || !self.companions.is_empty()
    }

    /// Assignments and conditions on the profile item.
    pub(super) fn expression(&self) -> Expression {
        let mut expression = Expression::default();
        self.assign(&mut expression);
        self.require(&mut expression);
        expression
    }

    fn assign(&self, expression: &mut Expression) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        expression.count(member::VERSION);
        self.keep_layout(expression);
        expression.set_from(member::PREVIOUS_CHANGE_ID, member::CHANGE_ID, text(self.change_id));
        expression.set(member::CHANGE_ID, text(self.change_id));
        expression.set(member::CHANGED_BY, attribute_value(self.changed_by));
        expression.set(member::USER_ID, text(self.target.as_str()));
        if self.plan.tombstone {
            expression.set(member::ERASED_AT, number(self.now.millis()));
            expression.remove(member::CREATED_AT);
            expression.remove(member::UPDATED_AT);
        } else {
            expression.set(member::UPDATED_AT, number(self.now.millis()));
            let created = self.plan.created_at.unwrap_or(self.now);
            expression.set_if_missing(member::CREATED_AT, number(created.millis()));
            if self.if_missing == IfMissing::Recreate {
                expression.remove(member::ERASED_AT);
            }
        }
        for (attribute, value) in &self.plan.set {
            expression.set(attribute.name(), attribute_value(value));
        }
        for attribute in &self.plan.remove {
            expression.remove(attribute.name());
        }
        for contact in &self.plan.unverify {
            expression.remove(contact.verified_name());
        }
        for contact in &self.plan.verify {
            expression.set(contact.verified_name(), AttributeValue::Bool(true));
        }
    }

    /// An item of the next layout keeps it, with all that this version does not know; unless it is erased, which takes
    /// that as well. A change that was planned from an older one, or from nothing, fails on it, and is planned anew.
    fn keep_layout(&self, expression: &mut Expression) {
        let schema = expression.name(member::SCHEMA);
        let newer = self.stored.filter(|stored| stored.schema > SCHEMA);
        let newest = expression.value(number(if newer.is_some() { NEWEST_SCHEMA } else { SCHEMA }));
        expression.require(&format!("(attribute_not_exists({schema}) OR {schema} <= {newest})"));
        if newer.is_none() || self.plan.tombstone {
            expression.set(member::SCHEMA, number(SCHEMA));
        }
        if self.plan.erases() {
            self.stored
                .into_iter()
                .flat_map(|stored| &stored.unknown)
                .for_each(|name| expression.remove(name));
            if let Some(newer) = newer {
                // Nothing more that this version does not know can have come in.
                expression.require_equal(member::VERSION, number(newer.version));
            }
        }
    }

    fn require(&self, expression: &mut Expression) {
        // First, so that a write sent again after a lost acknowledgement is recognised and not repeated.
        let mine = expression.value(AttributeValue::S(self.change_id.into()));
        for name in [member::CHANGE_ID, member::PREVIOUS_CHANGE_ID] {
            let name = expression.name(name);
            expression.require(&format!("(attribute_not_exists({name}) OR {name} <> {mine})"));
        }
        match self.if_missing {
            IfMissing::Refuse | IfMissing::RefuseLast => {
                expression.require_presence(PK, true);
                expression.require_presence(member::ERASED_AT, false);
            }
            IfMissing::Create => expression.require_presence(member::ERASED_AT, false),
            IfMissing::Recreate => {}
        }
        for guard in &self.plan.guards {
            match guard {
                Guard::Holds(unique, Some(value)) => {
                    expression.require_equal(unique.attribute().name(), AttributeValue::S(value.clone()));
                }
                Guard::Holds(unique, None) => {
                    expression.require_presence(unique.attribute().name(), false);
                }
                Guard::Version(0) => expression.require_presence(PK, false),
                Guard::Version(version) => expression.require_equal(member::VERSION, number(version)),
                Guard::Absent => require_no_profile(expression),
            }
        }
        self.require_versions(expression);
    }

    fn require_versions(&self, expression: &mut Expression) {
        match &self.precondition.if_match {
            None => {}
            Some(Versions::Any) => {
                expression.require_presence(PK, true);
                expression.require_presence(member::ERASED_AT, false);
            }
            Some(Versions::Listed(versions)) => {
                let listed = listed(expression, versions);
                expression.require(&listed);
                expression.require_presence(member::ERASED_AT, false);
            }
        }
        match &self.precondition.if_none_match {
            None => {}
            Some(Versions::Any) => require_no_profile(expression),
            Some(Versions::Listed(versions)) => {
                let listed = listed(expression, versions);
                expression.require(&format!("NOT ({listed})"));
            }
        }
    }
}

fn require_no_profile(expression: &mut Expression) {
    let (pk, erased) = (expression.name(PK), expression.name(member::ERASED_AT));
    expression.require(&format!("(attribute_not_exists({pk}) OR attribute_exists({erased}))"));
}

/// `version IN (…)`. A list without any of our versions becomes one that no item has.
fn listed(expression: &mut Expression, versions: &[u64]) -> String {
    let name = expression.name(member::VERSION);
    let numbers = versions.iter().map(number);
    let none = versions.is_empty().then(|| number(-1));
    let values: Vec<String> = numbers.chain(none).map(|version| expression.value(version)).collect();
    format!("{name} IN ({})", values.join(", "))
}
