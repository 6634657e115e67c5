//! What must hold of every change, however it was asked for: its values keep their rules, it happens once, and the claims
//! follow from the profile.

use crate::NOON;
use shared::profile::{Basis, Change, Plan, Profile, ProfilePatch, Unique, plan};
use shared::validation::UserId;
use std::collections::BTreeSet;

/// Every value is one that its attribute takes, in the form in which it is stored.
pub fn assert_canonical(patch: &ProfilePatch) {
    for (attribute, change) in patch.changes() {
        if let Change::Set(value) | Change::Replace(value) = change {
            let parsed = attribute.parse(value, NOON.date());
            assert_eq!(parsed.as_ref(), Ok(value), "{}", attribute.name());
        }
    }
}

/// The claims that a profile is under: nothing but its unique values, in canonical form.
pub fn claims(profile: Option<&Profile>) -> BTreeSet<(Unique, String)> {
    let claim = |unique: Unique| Some((unique, unique.canonical(profile?.text(unique.attribute())?)));
    Unique::ALL.into_iter().filter_map(claim).collect()
}

/// The claims after a plan; each that it takes was free and each that it lets go was held.
pub fn claims_after(plan: &Plan, mut held: BTreeSet<(Unique, String)>) -> BTreeSet<(Unique, String)> {
    for change in &plan.claims {
        assert_ne!(change.take, change.release);
        if let Some(value) = &change.release {
            assert!(held.remove(&(change.unique, value.clone())), "{change:?} lets go what was not held");
        }
        if let Some(value) = &change.take {
            assert!(held.insert((change.unique, value.clone())), "{change:?} takes what was held");
        }
    }
    held
}

/// Plans a change of what is stored; the profile after it, or `None` where it breaks a bound or erases everything.
pub fn assert_settles(patch: &ProfilePatch, stored: Option<&Profile>) -> Option<Profile> {
    let user_id = stored.map_or_else(|| UserId::parse("1001").unwrap(), |profile| profile.user_id.clone());
    let basis = stored.map_or(Basis::Missing { version: 0 }, Basis::Stored);
    let first = match plan(patch, basis) {
        Ok(first) => first,
        Err(violations) => {
            assert!(!violations.is_empty());
            return None;
        }
    };
    if first.tombstone {
        assert_eq!(claims_after(&first, claims(stored)), claims(None));
        return None;
    }
    let version = stored.map_or(1, |profile| profile.version + 1);
    let after = first.applied(&user_id, stored, version, NOON);
    assert_eq!(claims_after(&first, claims(stored)), claims(Some(&after)));
    for value in after.attributes.values() {
        assert!(!value.is_null() && value.as_object().is_none_or(|members| !members.is_empty()), "{value}");
    }
    let again = plan(patch, Basis::Stored(&after)).expect("what was planned once can be planned again");
    assert!(again.claims.is_empty(), "{again:?}");
    // A password, and what an erasure may have left of it, is written whenever it is sent.
    if patch.password().is_none() && patch.erasure().is_none() {
        assert!(again.leaves(&after), "{again:?}\nover {after:?}");
    }
    let twice = again.applied(&user_id, Some(&after), version, NOON);
    assert_eq!(twice, after);
    Some(after)
}
