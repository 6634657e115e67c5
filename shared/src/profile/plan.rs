//! From a patch and what is known of the stored profile to what has to be written.

use super::{Attribute, Change, Profile, ProfilePatch, Unique};
use crate::validation::{PasswordHash, Violation, custom_fields, merge, social_links};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of the stored profile while planning.
#[derive(Clone, Copy, Debug)]
pub enum Basis<'a> {
    /// Nothing yet: plan for the common case that no unique attribute changes, and guard it.
    Unread,
    /// No profile is stored (any more); `version` is the tombstone's, 0 where there never was one.
    Missing {
        /// The tombstone's version.
        version: u64,
    },
    /// This profile is stored.
    Stored(&'a Profile),
}

/// What the stored profile must still look like when the plan is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// A unique attribute holds this value; `None`: it is not set.
    Holds(Unique, Option<String>),
    /// The version is this one; 0: there is no item.
    Version(u64),
    /// No profile is there.
    Absent,
}

/// What becomes of the claims of one uniqueness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimChange {
    /// Which uniqueness.
    pub unique: Unique,
    /// Canonical value to take.
    pub take: Option<String>,
    /// Canonical value to let go.
    pub release: Option<String>,
}

/// A change, ready to be written.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Attributes that get a value.
    pub set: BTreeMap<Attribute, Value>,
    /// Attributes that go.
    pub remove: BTreeSet<Attribute>,
    /// Contacts whose value changes without a proof: no longer verified.
    pub unverify: BTreeSet<Unique>,
    /// What must still hold.
    pub guards: Vec<Guard>,
    /// Claims that move, at most one a uniqueness.
    pub claims: Vec<ClaimChange>,
    /// The new password.
    pub password: Option<PasswordHash>,
}

impl Plan {
    /// Whether more than the profile item is written.
    pub fn is_transaction(&self) -> bool {
        !self.claims.is_empty() || self.password.is_some()
    }
}

/// Plans a change. Pure: the same patch and basis give the same plan.
///
/// Violations arise only where a merged attribute would outgrow its bounds.
pub fn plan(patch: &ProfilePatch, basis: Basis<'_>) -> Result<Plan, Vec<Violation>> {
    let mut plan = Plan { password: patch.password().cloned(), ..Plan::default() };
    let mut violations = Vec::new();
    for (&attribute, change) in patch.changes() {
        if let Some(unique) = attribute.unique() {
            plan_unique(&mut plan, unique, change, basis);
        } else if attribute.is_merged() {
            if let Err(violation) = plan_merged(&mut plan, attribute, change, basis) {
                violations.push(violation);
            }
        } else {
            plan.write(attribute, change);
        }
    }
    if patch.is_empty() && matches!(basis, Basis::Unread | Basis::Missing { .. }) {
        plan.guards.push(Guard::Absent);
    }
    if violations.is_empty() { Ok(plan) } else { Err(violations) }
}

impl Plan {
    fn write(&mut self, attribute: Attribute, change: &Change) {
        match change {
            Change::Clear => drop(self.remove.insert(attribute)),
            Change::Set(value) => drop(self.set.insert(attribute, value.clone())),
        }
    }
}

fn plan_unique(plan: &mut Plan, unique: Unique, change: &Change, basis: Basis<'_>) {
    let new = match change {
        Change::Clear => None,
        Change::Set(value) => value.as_str(),
    };
    let old = match basis {
        // Not known: let the store say whether it is unchanged.
        Basis::Unread => return plan.guards.push(Guard::Holds(unique, new.map(str::to_owned))),
        Basis::Missing { .. } => None,
        Basis::Stored(profile) => profile.text(unique.attribute()),
    };
    plan.guards.push(Guard::Holds(unique, old.map(str::to_owned)));
    if new == old {
        return;
    }
    plan.write(unique.attribute(), change);
    plan.unverify.insert(unique);
    let (take, release) =
        (new.and_then(|new| unique.canonical(new)), old.and_then(|old| unique.canonical(old)));
    // A new spelling of the same canonical value stays under the same claim, but was not proved.
    if take != release {
        plan.claims.push(ClaimChange { unique, take, release });
    }
}

fn plan_merged(
    plan: &mut Plan,
    attribute: Attribute,
    change: &Change,
    basis: Basis<'_>,
) -> Result<(), Violation> {
    let (stored, guard) = match basis {
        Basis::Unread => (None, Guard::Absent),
        Basis::Missing { version } => (None, Guard::Version(version)),
        Basis::Stored(profile) => {
            (profile.attributes.get(&attribute).and_then(Value::as_object), Guard::Version(profile.version))
        }
    };
    if !plan.guards.contains(&guard) {
        plan.guards.push(guard);
    }
    let Change::Set(Value::Object(members)) = change else {
        plan.write(attribute, change);
        return Ok(());
    };
    let merged = merge(stored, members);
    match attribute {
        Attribute::SocialLinks => social_links::check_bounds(attribute.name(), &merged)?,
        _ => custom_fields::check_bounds(attribute.name(), &merged)?,
    }
    if merged.is_empty() {
        plan.remove.insert(attribute);
    } else {
        plan.set.insert(attribute, Value::Object(merged));
    }
    Ok(())
}
