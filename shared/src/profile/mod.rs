//! The one profile: its attributes, a change to it, and the pure plan of that change.
//!
//! Nothing here knows a clock, a store or an executor.

mod applied;
mod attribute;
mod contact;
mod patch;
mod plan;
mod rule;

pub use attribute::{Attribute, Unique};
pub use contact::Contact;
pub use patch::{Change, Erasure, ProfilePatch, Protected};
pub use plan::{Basis, ClaimChange, CredentialChange, Guard, Plan, plan};

use crate::clock::Timestamp;
use crate::validation::UserId;
use serde_json::Value;
use std::collections::BTreeMap;

/// A user's profile as the store holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Whose profile it is.
    pub user_id: UserId,
    /// 1 at creation, one more with each change; goes on counting when an erased user is created again.
    pub version: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Whether a one-time code proved the phone now stored.
    pub phone_verified: bool,
    /// Whether a one-time code proved the e-mail address now stored.
    pub email_verified: bool,
    /// What is known of the user; an attribute that was never set or was cleared is absent.
    pub attributes: BTreeMap<Attribute, Value>,
}

impl Profile {
    /// The text of an attribute, if it is set.
    pub fn text(&self, attribute: Attribute) -> Option<&str> {
        self.attributes.get(&attribute).and_then(Value::as_str)
    }

    /// Whether a one-time code proved the contact now stored.
    pub const fn is_verified(&self, contact: Contact) -> bool {
        match contact {
            Contact::Phone => self.phone_verified,
            Contact::Email => self.email_verified,
        }
    }
}
