//! From a patch and what is known of the stored profile to what has to be written.

use super::{Attribute, Change, Contact, Erasure, Profile, ProfilePatch, Protected, Unique};
use crate::clock::Timestamp;
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

/// What becomes of the credential.
#[derive(Clone, Debug)]
pub enum CredentialChange {
    /// A new password.
    Put(PasswordHash),
    /// It goes, if there is one.
    Delete,
}

/// A change, ready to be written.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Attributes that get a value.
    pub set: BTreeMap<Attribute, Value>,
    /// Attributes that go.
    pub remove: BTreeSet<Attribute>,
    /// Contacts whose value changes without a proof: no longer verified.
    pub unverify: BTreeSet<Contact>,
    /// Contacts whose value was proved.
    pub verify: BTreeSet<Contact>,
    /// What must still hold.
    pub guards: Vec<Guard>,
    /// Claims that move, at most one a uniqueness.
    pub claims: Vec<ClaimChange>,
    /// What becomes of the credential.
    pub credential: Option<CredentialChange>,
    /// Since when the user is there, where the profile is created; `None`: since the change.
    pub created_at: Option<Timestamp>,
    /// Whether the profile becomes the tombstone of an erased user.
    pub tombstone: bool,
}

impl Plan {
    /// Whether more than the profile item is written.
    pub fn is_transaction(&self) -> bool {
        !self.claims.is_empty() || self.credential.is_some()
    }

    /// Whether this profile already is what the plan would make of it.
    pub fn leaves(&self, profile: &Profile) -> bool {
        let verified = |contact: &Contact| profile.is_verified(*contact);
        !self.is_transaction()
            && self.set.iter().all(|(attribute, value)| profile.attributes.get(attribute) == Some(value))
            && !self.remove.iter().any(|attribute| profile.attributes.contains_key(attribute))
            && self.verify.iter().all(verified)
            && !self.unverify.iter().any(verified)
    }
}

/// Plans a change. Pure: the same patch and basis give the same plan.
///
/// Violations arise only where a merged attribute would outgrow its bounds, or lose what is protected.
pub fn plan(patch: &ProfilePatch, basis: Basis<'_>) -> Result<Plan, Vec<Violation>> {
    if let Some(erasure) = patch.erasure() {
        return Ok(plan_erasure(erasure, basis));
    }
    let credential = patch.password().cloned().map(CredentialChange::Put);
    let mut plan = Plan { credential, created_at: patch.created_at(), ..Plan::default() };
    let mut violations = Vec::new();
    for (&attribute, change) in patch.changes() {
        if let Some(unique) = attribute.unique() {
            let proved = unique.contact().is_some_and(|contact| patch.proves(contact));
            plan_unique(&mut plan, unique, change, proved, basis);
        } else if attribute.is_merged() && !matches!(change, Change::Replace(_)) {
            let protected = patch.protected(attribute);
            violations.extend(
                plan_merged(&mut plan, attribute, change, protected, basis).err().into_iter().flatten(),
            );
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
    /// Whether it is an erasure, whole or in part.
    pub const fn erases(&self) -> bool {
        matches!(self.credential, Some(CredentialChange::Delete))
    }

    fn write(&mut self, attribute: Attribute, change: &Change) {
        match change {
            Change::Clear => drop(self.remove.insert(attribute)),
            Change::Set(value) | Change::Replace(value) => drop(self.set.insert(attribute, value.clone())),
        }
    }
}

/// The attributes that go need no guard, but the claims let go must be the profile's own. Over what is not known
/// yet it guesses that there are none.
fn plan_erasure(erasure: &Erasure, basis: Basis<'_>) -> Plan {
    let keeps = |attribute| matches!(erasure, Erasure::AllBut(kept) if kept.contains(&attribute));
    let mut plan = Plan {
        credential: Some(CredentialChange::Delete),
        tombstone: *erasure == Erasure::Everything,
        remove: Attribute::ALL.iter().copied().filter(|attribute| !keeps(*attribute)).collect(),
        ..Plan::default()
    };
    if let Basis::Missing { version } = basis {
        plan.guards.push(Guard::Version(version));
    }
    for unique in Unique::ALL.into_iter().filter(|unique| !keeps(unique.attribute())) {
        let old = match basis {
            Basis::Stored(profile) => profile.text(unique.attribute()),
            Basis::Unread | Basis::Missing { .. } => None,
        };
        plan.guards.push(Guard::Holds(unique, old.map(str::to_owned)));
        plan.unverify.extend(unique.contact());
        if let Some(old) = old {
            let release = Some(unique.canonical(old));
            plan.claims.push(ClaimChange { unique, take: None, release });
        }
    }
    plan
}

fn plan_unique(plan: &mut Plan, unique: Unique, change: &Change, proved: bool, basis: Basis<'_>) {
    let new = match change {
        Change::Clear => None,
        Change::Set(value) | Change::Replace(value) => value.as_str(),
    };
    if proved && new.is_some() {
        plan.verify.extend(unique.contact());
    }
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
    plan.unverify.extend(unique.contact().filter(|contact| !plan.verify.contains(contact)));
    let (take, release) = (new.map(|new| unique.canonical(new)), old.map(|old| unique.canonical(old)));
    // A new spelling of the same canonical value stays under the same claim, but was not proved.
    if take != release {
        plan.claims.push(ClaimChange { unique, take, release });
    }
}

fn plan_merged(
    plan: &mut Plan,
    attribute: Attribute,
    change: &Change,
    protected: Option<&Protected>,
    basis: Basis<'_>,
) -> Result<(), Vec<Violation>> {
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
    let merged = match (change, protected) {
        (Change::Set(Value::Object(members)), _) => {
            let merged = merge(stored, members);
            let checked = match attribute {
                Attribute::SocialLinks => social_links::check_bounds(attribute.name(), &merged),
                _ => custom_fields::check_bounds(attribute.name(), &merged),
            };
            checked.map_err(|violation| vec![violation])?;
            merged
        }
        (Change::Clear, Some(protected)) => protected.left(attribute, stored)?,
        _ => {
            plan.write(attribute, change);
            return Ok(());
        }
    };
    if merged.is_empty() {
        plan.remove.insert(attribute);
    } else {
        plan.set.insert(attribute, Value::Object(merged));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::UserId;
    use serde_json::{Map, json};

    fn stored(attributes: &[(Attribute, Value)]) -> Profile {
        Profile {
            user_id: UserId::parse("alice").unwrap(),
            version: 7,
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
            phone_verified: true,
            email_verified: false,
            attributes: attributes.iter().cloned().collect(),
        }
    }

    fn patch(changes: &[(Attribute, Option<Value>)]) -> ProfilePatch {
        let mut patch = ProfilePatch::new();
        for (attribute, value) in changes {
            match value {
                Some(value) => patch.set(*attribute, value.clone()),
                None => patch.clear(*attribute),
            }
        }
        patch
    }

    fn claim(unique: Unique, take: Option<&str>, release: Option<&str>) -> ClaimChange {
        ClaimChange { unique, take: take.map(str::to_owned), release: release.map(str::to_owned) }
    }

    #[test]
    fn a_unique_attribute_is_guessed_unchanged_until_the_profile_is_known() {
        let phone =
            patch(&[(Attribute::Phone, Some(json!("+8613900139000"))), (Attribute::Room, Some(json!("1")))]);
        let guess = plan(&phone, Basis::Unread).unwrap();
        assert_eq!(guess.guards, [Guard::Holds(Unique::Phone, Some("+8613900139000".into()))]);
        assert_eq!(guess.set.keys().collect::<Vec<_>>(), [&Attribute::Room]);
        assert!(!guess.is_transaction());

        let known =
            plan(&phone, Basis::Stored(&stored(&[(Attribute::Phone, json!("+8613700137000"))]))).unwrap();
        assert_eq!(known.guards, [Guard::Holds(Unique::Phone, Some("+8613700137000".into()))]);
        assert_eq!(known.claims, [claim(Unique::Phone, Some("+8613900139000"), Some("+8613700137000"))]);
        assert_eq!(known.unverify, [Contact::Phone].into());
        assert!(known.is_transaction());

        let first = plan(&phone, Basis::Missing { version: 0 }).unwrap();
        assert_eq!(first.guards, [Guard::Holds(Unique::Phone, None)]);
        assert_eq!(first.claims, [claim(Unique::Phone, Some("+8613900139000"), None)]);
    }

    #[test]
    fn a_new_spelling_keeps_its_claim_and_loses_its_proof() {
        let respelt = patch(&[(Attribute::Email, Some(json!("A@b.example")))]);
        let plan =
            plan(&respelt, Basis::Stored(&stored(&[(Attribute::Email, json!("a@b.example"))]))).unwrap();
        assert_eq!((plan.claims.as_slice(), plan.unverify), (&[][..], [Contact::Email].into()));
        assert_eq!(plan.set[&Attribute::Email], json!("A@b.example"));
    }

    #[test]
    fn a_cleared_contact_lets_its_claim_go() {
        let cleared = patch(&[(Attribute::Email, None)]);
        let profile = stored(&[(Attribute::Email, json!("A@b.example"))]);
        let known = plan(&cleared, Basis::Stored(&profile)).unwrap();
        assert_eq!(known.claims, [claim(Unique::Email, None, Some("a@b.example"))]);
        assert_eq!(known.remove, [Attribute::Email].into());
        let guess = plan(&cleared, Basis::Unread).unwrap();
        assert_eq!(guess.guards, [Guard::Holds(Unique::Email, None)]);
    }

    #[test]
    fn merged_attributes_grow_from_the_version_they_were_read_at() {
        let links = patch(&[(Attribute::SocialLinks, Some(json!({"a": null, "c": "3"})))]);
        let profile = stored(&[(Attribute::SocialLinks, json!({"a": "1", "b": "2"}))]);
        let known = plan(&links, Basis::Stored(&profile)).unwrap();
        assert_eq!(known.set[&Attribute::SocialLinks], json!({"b": "2", "c": "3"}));
        assert_eq!(known.guards, [Guard::Version(7)]);
        // What merges to nothing is not kept as an empty object.
        let emptied = patch(&[(Attribute::SocialLinks, Some(json!({"a": null, "b": null})))]);
        assert_eq!(plan(&emptied, Basis::Stored(&profile)).unwrap().remove, [Attribute::SocialLinks].into());
        assert_eq!(plan(&links, Basis::Missing { version: 0 }).unwrap().guards, [Guard::Version(0)]);
    }

    #[test]
    fn bounds_hold_for_what_is_stored_and_not_only_for_what_was_sent() {
        let many = |from: usize| -> Map<String, Value> {
            (from..from + 15).map(|number| (format!("link{number}"), json!("x"))).collect()
        };
        let profile = stored(&[(Attribute::SocialLinks, Value::Object(many(0)))]);
        let more = patch(&[(Attribute::SocialLinks, Some(Value::Object(many(15))))]);
        let violations = plan(&more, Basis::Stored(&profile)).unwrap_err();
        assert_eq!(
            violations.iter().map(|violation| violation.field.as_str()).collect::<Vec<_>>(),
            ["social_links"]
        );
    }

    #[test]
    fn an_empty_patch_creates_and_changes_nothing_else() {
        let empty = ProfilePatch::new();
        assert_eq!(plan(&empty, Basis::Unread).unwrap().guards, [Guard::Absent]);
        assert_eq!(plan(&empty, Basis::Missing { version: 3 }).unwrap().guards, [Guard::Absent]);
    }

    #[test]
    fn a_proved_contact_is_verified_also_where_its_value_stays() {
        let mut proved = patch(&[(Attribute::Email, Some(json!("a@b.example")))]);
        proved.prove(Contact::Email);
        let known = stored(&[(Attribute::Email, json!("a@b.example"))]);
        let same = plan(&proved, Basis::Stored(&known)).unwrap();
        assert_eq!((&same.verify, &same.unverify), (&[Contact::Email].into(), &[].into()));
        assert!(!same.leaves(&known) && same.leaves(&Profile { email_verified: true, ..known }));
        let new = plan(&proved, Basis::Missing { version: 0 }).unwrap();
        assert_eq!((new.verify, new.unverify), ([Contact::Email].into(), [].into()));
        // There is nothing to prove in a contact that goes.
        let mut gone = patch(&[(Attribute::Email, None)]);
        gone.prove(Contact::Email);
        let gone = plan(&gone, Basis::Stored(&stored(&[(Attribute::Email, json!("a@b.example"))]))).unwrap();
        assert_eq!((gone.verify, gone.unverify), ([].into(), [Contact::Email].into()));
    }

    #[test]
    fn an_erasure_lets_go_what_it_does_not_keep() {
        let profile = stored(&[
            (Attribute::Phone, json!("+8613900139000")),
            (Attribute::Email, json!("A@b.example")),
            (Attribute::City, json!("Paris")),
        ]);
        let all = plan(&ProfilePatch::erasing(Erasure::Everything), Basis::Stored(&profile)).unwrap();
        assert!(all.tombstone && matches!(all.credential, Some(CredentialChange::Delete)));
        assert_eq!(all.remove.iter().collect::<Vec<_>>(), Attribute::ALL.iter().collect::<Vec<_>>());
        let released = [
            claim(Unique::Phone, None, Some("+8613900139000")),
            claim(Unique::Email, None, Some("a@b.example")),
        ];
        assert_eq!(all.claims, released);
        let phone = Guard::Holds(Unique::Phone, Some("+8613900139000".into()));
        let email = Guard::Holds(Unique::Email, Some("A@b.example".into()));
        assert_eq!(all.guards, [phone, email.clone(), Guard::Holds(Unique::Username, None)]);

        let kept = [Attribute::City, Attribute::Phone].into();
        let part = plan(&ProfilePatch::erasing(Erasure::AllBut(kept)), Basis::Stored(&profile)).unwrap();
        assert!(!part.tombstone && matches!(part.credential, Some(CredentialChange::Delete)));
        assert_eq!(part.remove.len(), Attribute::ALL.len() - 2);
        assert_eq!(part.claims, released[1..]);
        assert_eq!(part.guards, [email, Guard::Holds(Unique::Username, None)]);
        assert_eq!(part.unverify, [Contact::Email].into());
    }

    #[test]
    fn what_replaces_an_object_does_not_ask_what_it_held() {
        let mut links = ProfilePatch::new();
        links.change(Attribute::SocialLinks, Change::Replace(json!({"c": "3"})));
        assert!(!links.needs_current());
        let profile = stored(&[(Attribute::SocialLinks, json!({"a": "1"}))]);
        let plan = plan(&links, Basis::Stored(&profile)).unwrap();
        assert_eq!((&plan.set[&Attribute::SocialLinks], plan.guards.len()), (&json!({"c": "3"}), 0));
    }
}
