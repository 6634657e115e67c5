//! A change to a profile.

use super::{Attribute, Contact, Unique};
use crate::validation::PasswordHash;
use serde_json::Value;
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

/// What is to become of a profile: validated values only.
#[derive(Clone, Debug, Default)]
pub struct ProfilePatch {
    changes: BTreeMap<Attribute, Change>,
    proved: BTreeSet<Contact>,
    password: Option<PasswordHash>,
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

    /// Replaces the password.
    pub fn set_password(&mut self, hash: PasswordHash) {
        self.password = Some(hash);
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
