//! The plan of a change is a function of the change and the profile, and settles at once.

use super::generated::{changes, object, patch, patch_of, runner};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::Value;
use shared::profile::{Attribute, Basis, Change, Contact, Guard, Profile, ProfilePatch, Unique, plan};
use tests::fuzz::planned::{assert_canonical, assert_settles};

/// Changes in the order in which they are made.
type Changes = Vec<(Attribute, Change)>;

/// The profile after these changes, the last of which may be refused or have erased it.
fn after(patches: &[ProfilePatch]) -> Option<Profile> {
    patches.iter().fold(None, |stored: Option<Profile>, patch| match patch.erasure() {
        None => assert_settles(patch, stored.as_ref()).or(stored),
        Some(_) => stored.as_ref().and_then(|stored| assert_settles(patch, Some(stored))),
    })
}

#[test]
fn a_change_of_any_profile_settles_and_moves_no_claim_but_its_own() {
    let check = |patches: Vec<ProfilePatch>| {
        patches.iter().for_each(assert_canonical);
        after(&patches);
        Ok(())
    };
    runner(1_000).run(&vec(patch(), 1..5), check).unwrap();
}

#[test]
fn the_order_of_fields_is_irrelevant() {
    let shuffled = changes().prop_flat_map(|changes| (Just(changes.clone()), Just(changes).prop_shuffle()));
    let proved = subsequence(Contact::ALL.to_vec(), 0..=2);
    let check =
        |((given, shuffled), proved, before): ((Changes, Changes), Vec<Contact>, Vec<ProfilePatch>)| {
            let (given, shuffled) = (patch_of(&given, &proved), patch_of(&shuffled, &proved));
            let stored = after(&before);
            let known = stored.as_ref().map_or(Basis::Missing { version: 0 }, Basis::Stored);
            for basis in [Basis::Unread, known] {
                let plans = [&given, &shuffled].map(|patch| format!("{:?}", plan(patch, basis)));
                prop_assert_eq!(&plans[0], &plans[1]);
            }
            Ok(())
        };
    runner(500).run(&(shuffled, proved, vec(patch(), 0..3)), check).unwrap();
}

/// What was guessed without reading either stands, because its guards hold, and comes to the same as what is known; or its
/// guards do not hold.
#[test]
fn a_guess_that_holds_is_right() {
    let check = |(patch, before): (ProfilePatch, Vec<ProfilePatch>)| {
        let Some(stored) = after(&before) else { return Ok(()) };
        // These are never planned from nothing but a guess.
        if patch.needs_current() || patch.erasure().is_some() {
            return Ok(());
        }
        let (Ok(guess), Ok(known)) = (plan(&patch, Basis::Unread), plan(&patch, Basis::Stored(&stored)))
        else {
            panic!("what does not grow from the stored profile is refused by nothing that is stored");
        };
        let holds = guess.guards.iter().all(|guard| match guard {
            Guard::Holds(unique, value) => stored.text(unique.attribute()) == value.as_deref(),
            Guard::Version(version) => stored.version == *version,
            Guard::Absent => false,
        });
        if holds {
            let applied = |plan: &shared::profile::Plan| {
                plan.applied(&stored.user_id, Some(&stored), 9, stored.updated_at)
            };
            prop_assert_eq!(applied(&guess), applied(&known));
            prop_assert!(guess.claims.is_empty() && known.claims.is_empty());
        }
        Ok(())
    };
    runner(1_000).run(&(patch(), vec(patch(), 1..4)), check).unwrap();
}

/// Every contact and username that a change sets is one that it takes, unless the profile had it.
#[test]
fn what_a_change_sets_it_says_it_sets() {
    let check = |changes: Changes| {
        let patch = patch_of(&changes, &[]);
        for unique in Unique::ALL {
            let set = changes.iter().find(|(attribute, _)| *attribute == unique.attribute());
            let listed = patch.unique_values().iter().any(|(listed, _)| *listed == unique);
            prop_assert_eq!(listed, matches!(set, Some((_, Change::Set(_)))));
            prop_assert_eq!(patch.touches(unique), set.is_some());
        }
        Ok(())
    };
    runner(300).run(&changes(), check).unwrap();
}

/// The members of a body may come in any order: the same request, the same change.
#[test]
fn the_order_of_members_in_a_body_is_irrelevant() {
    let members = changes().prop_map(|changes| {
        let member = |(attribute, change): (Attribute, Change)| {
            let value = match change {
                Change::Set(value) | Change::Replace(value) => value,
                Change::Clear => Value::Null,
            };
            (attribute.name().to_owned(), value)
        };
        changes.into_iter().map(member).collect::<Vec<(String, Value)>>()
    });
    let shuffled = members.prop_flat_map(|members| (Just(members.clone()), Just(members).prop_shuffle()));
    let check = |(given, shuffled): (Vec<_>, Vec<_>)| {
        let read = |members: &[(String, Value)]| shared::validation::parse_object(object(members).as_bytes());
        prop_assert_eq!(read(&given), read(&shuffled));
        Ok(())
    };
    runner(300).run(&shuffled, check).unwrap();
}
