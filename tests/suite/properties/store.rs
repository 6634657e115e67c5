//! What is written is read back: any profile, through the store and the embedded DynamoDB, with its claims beside it.

use super::generated::{patch, runner};
use aws_sdk_dynamodb::types::AttributeValue;
use proptest::collection::vec;
use shared::profile::{Attribute, Basis, Contact, Erasure, Profile, ProfilePatch, plan};
use shared::store::{ActorKind, ChangedBy, IfMissing, Image, Item, Precondition, Record, claim_key};
use shared::update::{Answer, UpdateCommand, UpdateError, update};
use shared::validation::UserId;
use std::cell::Cell;
use std::collections::BTreeSet;
use tests::fuzz::planned::claims;
use tests::{NOON, World};
use tokio::runtime::Builder;

async fn change(world: &World, target: &UserId, patch: ProfilePatch) -> Result<Option<Profile>, UpdateError> {
    let command = UpdateCommand {
        target: target.clone(),
        patch,
        if_missing: IfMissing::Recreate,
        precondition: Precondition::default(),
        contacts_need_proof: false,
        proofs: Vec::new(),
        changed_by: ChangedBy { contract: "test".into(), actor: ActorKind::Operator, origin: None },
        answer: Answer::Profile,
    };
    update(&world.store, &*world.entropy, NOON, &command).await.map(|outcome| outcome.profile)
}

/// What the change should make of what is stored; `None` where a bound refuses it.
fn expected(target: &UserId, patch: &ProfilePatch, stored: Option<&Record>) -> Option<Profile> {
    let version = stored.map_or(0, |record| record.version);
    let profile = stored.and_then(|record| record.profile.as_ref());
    if let (true, Some(profile)) = (patch.is_empty(), profile) {
        return Some(profile.clone());
    }
    let plan = plan(patch, profile.map_or(Basis::Missing { version }, Basis::Stored)).ok()?;
    Some(plan.applied(target, profile, version + 1, NOON))
}

/// The table holds the profile, the claims that follow from it, and nothing else of it.
async fn assert_table(world: &World, profile: &Profile) {
    let items = world.items().await;
    let is_profile = |item: &&Item| Image::read(item).is_some_and(|image| image.user_id == profile.user_id);
    let item = items.iter().find(is_profile).unwrap();
    assert_eq!(Record::read(item).unwrap().profile.as_ref(), Some(profile));
    for &attribute in Attribute::ALL {
        let stored = item.get(attribute.name());
        assert_eq!(stored.is_some(), profile.attributes.contains_key(&attribute), "{}", attribute.name());
        if let (Some(AttributeValue::S(stored)), Some(text)) = (stored, profile.text(attribute)) {
            assert_eq!(stored, text);
        }
    }
    for contact in Contact::ALL {
        assert!(!profile.is_verified(contact) || profile.attributes.contains_key(&contact.attribute()));
    }
    let held = |item: &&Item| item["PK"].as_s().unwrap().starts_with("CLAIM#");
    let held: BTreeSet<String> =
        items.iter().filter(held).map(|item| item["PK"].as_s().unwrap().clone()).collect();
    let due = claims(Some(profile)).into_iter().map(|(unique, value)| claim_key(unique, &value).pk);
    assert_eq!(held, due.collect());
    let findings = world.store.check(&items, NOON).await.unwrap();
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn any_profile_is_read_back_as_it_was_written() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let users = Cell::new(0);
    let play = async |patches: Vec<ProfilePatch>| {
        users.set(users.get() + 1);
        let target = UserId::parse(&format!("u{}", users.get())).unwrap();
        for patch in patches {
            let stored = world.store.read(&target).await.unwrap();
            let is_there = stored.as_ref().is_some_and(|record| record.profile.is_some());
            if patch.erasure().is_some() && !is_there {
                continue;
            }
            let erases_all = patch.erasure() == Some(&Erasure::Everything);
            let expected = expected(&target, &patch, stored.as_ref());
            match (change(&world, &target, patch).await, expected) {
                (Ok(_), _) if erases_all => {
                    assert_eq!(world.store.read(&target).await.unwrap().unwrap().profile, None);
                }
                (Ok(written), Some(expected)) => {
                    assert_eq!(written.as_ref(), Some(&expected));
                    assert_table(&world, &expected).await;
                }
                (Err(UpdateError::Invalid(violations)), None) => assert!(!violations.is_empty()),
                (written, expected) => panic!("{written:?} instead of {expected:?}"),
            }
        }
        // The next user may take what this one held.
        if world.store.read(&target).await.unwrap().is_some_and(|record| record.profile.is_some()) {
            change(&world, &target, ProfilePatch::erasing(Erasure::Everything)).await.unwrap();
        }
    };
    let check = |patches| {
        runtime.block_on(play(patches));
        Ok(())
    };
    runner(60).run(&vec(patch(), 1..5), check).unwrap();
}
