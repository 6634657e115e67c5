//! A change to a profile.

use super::{Attribute, Contact, Unique};
use crate::clock::Timestamp;
use crate::validation::{Fault, PasswordHash, Violation};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What becomes of one attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The attribute is removed.
    Clear,
    /// The attribute gets this value; a merged attribute gets these members.
    Set(Value),
    /// The attribute gets this value, whatever it held: a merged attribute too.
    Replace(Value),
}

/// What an erasure leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erasure {
    /// A tombstone: nothing personal, and the version goes on counting.
    Everything,
    /// A profile with these attributes, where they are set, and nothing else.
    AllBut(BTreeSet<Attribute>),
}

/// Members of a merged attribute that are not the caller's to remove with the whole of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protected {
    /// Where one of these is stored, nothing is removed: the change is refused.
    pub refused: BTreeSet<String>,
    /// These are kept, and nothing is said of them: the caller may not even know that they are there.
    pub kept: BTreeSet<String>,
}

impl Protected {
    /// What a clearing leaves of the stored members.
    ///
    /// # Errors
    /// A violation for each member that is stored and may not go.
    pub(super) fn left(
        &self,
        attribute: Attribute,
        stored: Option<&Map<String, Value>>,
    ) -> Result<Map<String, Value>, Vec<Violation>> {
        let members = || stored.into_iter().flatten();
        let refused = members().filter(|(name, _)| self.refused.contains(*name));
        let violation =
            |(name, _)| Violation::new(format!("{}.{name}", attribute.name()), Fault::ReadOnly, Value::Null);
        let violations: Vec<_> = refused.map(violation).collect();
        if !violations.is_empty() {
            return Err(violations);
        }
        let kept = members().filter(|(name, _)| self.kept.contains(*name));
        Ok(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    }
}

/// What is to become of a profile: validated values only.
#[derive(Clone, Debug, Default)]
pub struct ProfilePatch {
    changes: BTreeMap<Attribute, Change>,
    protected: BTreeMap<Attribute, Protected>,
    proved: BTreeSet<Contact>,
    password: Option<PasswordHash>,
    created: Option<Timestamp>,
    erasure: Option<Erasure>,
}

impl ProfilePatch {
    /// A patch that changes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Erases; nothing else happens in the same change.
    pub fn erasing(erasure: Erasure) -> Self {
        Self { erasure: Some(erasure), ..Self::default() }
    }

    /// Sets an attribute; a merged attribute gets the members of the given object, a `null` member goes.
    pub fn set(&mut self, attribute: Attribute, value: impl Into<Value>) {
        self.changes.insert(attribute, Change::Set(value.into()));
    }

    /// Changes an attribute.
    pub fn change(&mut self, attribute: Attribute, change: Change) {
        self.changes.insert(attribute, change);
    }

    /// The contact that it sets was proved to be the user's.
    pub fn prove(&mut self, contact: Contact) {
        self.proved.insert(contact);
    }

    /// Removes an attribute.
    pub fn clear(&mut self, attribute: Attribute) {
        self.changes.insert(attribute, Change::Clear);
    }

    /// Removes a merged attribute but for what is protected.
    pub fn clear_unprotected(&mut self, attribute: Attribute, protected: Protected) {
        self.clear(attribute);
        self.protected.insert(attribute, protected);
    }

    /// What of a merged attribute a clearing may not remove.
    pub fn protected(&self, attribute: Attribute) -> Option<&Protected> {
        self.protected.get(&attribute)
    }

    /// Replaces the password.
    pub fn set_password(&mut self, hash: PasswordHash) {
        self.password = Some(hash);
    }

    /// Where it creates the profile, the user has been there since this time.
    pub fn created(&mut self, at: Timestamp) {
        self.created = Some(at);
    }

    /// Since when a user is there whose profile it creates; `None`: since the change.
    pub const fn created_at(&self) -> Option<Timestamp> {
        self.created
    }

    /// The changes in the attributes' canonical order.
    pub fn changes(&self) -> &BTreeMap<Attribute, Change> {
        &self.changes
    }

    /// The new password, if it changes.
    pub fn password(&self) -> Option<&PasswordHash> {
        self.password.as_ref()
    }

    /// What is left when it erases.
    pub fn erasure(&self) -> Option<&Erasure> {
        self.erasure.as_ref()
    }

    /// Whether it proves the contact that it sets.
    pub fn proves(&self, contact: Contact) -> bool {
        self.proved.contains(&contact)
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.password.is_none() && self.erasure.is_none()
    }

    /// Whether it touches an attribute under this uniqueness.
    pub fn touches(&self, unique: Unique) -> bool {
        self.changes.contains_key(&unique.attribute())
    }

    /// The unique values that it sets.
    pub fn unique_values(&self) -> Vec<(Unique, &str)> {
        let value = |unique: Unique| match self.changes.get(&unique.attribute()) {
            Some(Change::Set(value)) => value.as_str().map(|value| (unique, value)),
            _ => None,
        };
        Unique::ALL.into_iter().filter_map(value).collect()
    }

    /// Whether it can only be planned from what is stored: merged attributes grow from their old value, and
    /// a password goes into the transaction that moves the claims.
    pub fn needs_current(&self) -> bool {
        let unique = Unique::ALL.iter().any(|unique| self.touches(*unique));
        let merges = |(attribute, change): (&Attribute, &Change)| {
            attribute.is_merged() && !matches!(change, Change::Replace(_))
        };
        self.changes.iter().any(merges) || (unique && self.password.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_clearing_spares_what_is_protected() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let protected = Protected { refused: names(&["badge", "grade"]), kept: names(&["note"]) };
        let left =
            |stored: Value| protected.left(Attribute::CustomFields, stored.as_object()).map(Value::Object);
        let violation = |field: &str| Violation::new(field, Fault::ReadOnly, Value::Null);
        assert_eq!(left(json!({"a": 1})), Ok(json!({})));
        assert_eq!(left(json!({"a": 1, "note": 2})), Ok(json!({"note": 2})));
        assert_eq!(
            left(json!({"a": 1, "badge": 2, "grade": 3, "note": 4})),
            Err(vec![violation("custom_fields.badge"), violation("custom_fields.grade")])
        );
        assert_eq!(left(Value::Null), Ok(json!({})));
    }
}
