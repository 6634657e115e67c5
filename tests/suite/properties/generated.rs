//! Changes of profiles, made of values that keep their rules.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Map, Value, json};
use shared::profile::{Attribute, Change, Contact, Erasure, ProfilePatch, Unique};
use tests::NOON;

/// A runner that tries so many cases, the same ones in every run.
pub fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        cases,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..Config::default()
    })
}

/// A value as somebody might send it; many break the attribute's rule.
fn sent(attribute: Attribute) -> BoxedStrategy<Value> {
    let texts = |texts: &[&'static str]| select(texts.to_vec()).prop_map(Value::from).boxed();
    match attribute {
        // Few, so that changes meet; two spellings of one claim among them.
        Attribute::Phone => texts(&["+8613800138000", "+8613900139000", "+14155552671"]),
        Attribute::Email => texts(&["ada@a.example", "Ada@a.example", "bob@b.example"]),
        Attribute::Username => texts(&["ada", "ADA", "ａｄａ", "straße", "STRASSE", "张三"]),
        Attribute::Gender => texts(&["female", "male", "x-gender"]),
        Attribute::Birthdate => texts(&["1990-02-28", "2000-02-29", "1900-01-01"]),
        Attribute::AvatarUrl | Attribute::Website => texts(&["https://a.example/ü", "https://b.example?c#d"]),
        Attribute::Country => texts(&["CN", "FR"]),
        Attribute::Language => texts(&["zh-Hans-CN", "fr", "de-CH-1996"]),
        Attribute::Timezone => texts(&["Europe/Paris", "Asia/Shanghai"]),
        Attribute::Role => texts(&["User", "Admin"]),
        Attribute::CustomFields => fields().prop_map(Value::Object).boxed(),
        Attribute::SocialLinks => links().prop_map(Value::Object).boxed(),
        _ => "\\PC{1,15}".prop_map(Value::from).boxed(),
    }
}

/// Members to merge: `null` takes one away.
fn fields() -> impl Strategy<Value = Map<String, Value>> {
    let text = prop_oneof!["\\PC{0,12}", "[a\u{301}e\u{308}\n]{0,6}"];
    let numbers = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(vec![0.1, 1e-130, 9.99e125, -0.0, 1e22, 1.5, 123_456_789_012_345_680_000.0])
            .prop_map(Value::from),
    ];
    let leaf = prop_oneof![
        2 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        3 => numbers,
        2 => text.prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map("[a-c]", inner, 0..3).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    btree_map("[a-d]", value, 0..4).prop_map(|members| members.into_iter().collect())
}

fn links() -> impl Strategy<Value = Map<String, Value>> {
    let link =
        prop_oneof![Just(Value::Null), select(vec!["@ada", "https://a.example/ada"]).prop_map(Value::from)];
    btree_map("[a-dé]", link, 0..4).prop_map(|members| members.into_iter().collect())
}

/// What becomes of an attribute.
fn change(attribute: Attribute) -> impl Strategy<Value = (Attribute, Change)> {
    let keeps_rule = move |value: Value| attribute.parse(&value, NOON.date()).ok();
    let set = sent(attribute).prop_filter_map("breaks its rule", keeps_rule);
    // What replaces a merged attribute has no member to take away, and is not empty.
    let replace = set.clone().prop_filter("takes away", |value| {
        value.as_object().is_none_or(|members| !members.is_empty() && !value.to_string().contains("null"))
    });
    prop_oneof![
        3 => set.prop_map(Change::Set),
        1 => replace.prop_map(Change::Replace),
        1 => Just(Change::Clear),
    ]
    .prop_map(move |change| (attribute, change))
}

/// Changes of some attributes, often of those that claims follow from.
pub fn changes() -> impl Strategy<Value = Vec<(Attribute, Change)>> {
    let unique = Unique::ALL.map(Unique::attribute).to_vec();
    let attributes = prop_oneof![subsequence(Attribute::ALL.to_vec(), 0..7), subsequence(unique, 1..=3)];
    attributes.prop_flat_map(|attributes| {
        attributes.into_iter().map(|attribute| change(attribute).boxed()).collect::<Vec<_>>()
    })
}

/// A change of some attributes, with or without proofs of the contacts that it sets; rarely an erasure.
pub fn patch() -> impl Strategy<Value = ProfilePatch> {
    let kept = subsequence(Attribute::ALL.to_vec(), 0..4)
        .prop_map(|kept| Erasure::AllBut(kept.into_iter().collect()));
    prop_oneof![
        12 => (changes(), subsequence(Contact::ALL.to_vec(), 0..=2)).prop_map(|(changes, proved)| patch_of(&changes, &proved)),
        1 => kept.prop_map(ProfilePatch::erasing),
        1 => Just(ProfilePatch::erasing(Erasure::Everything)),
    ]
}

/// The patch of these changes, made in this order.
pub fn patch_of(changes: &[(Attribute, Change)], proved: &[Contact]) -> ProfilePatch {
    let mut patch = ProfilePatch::new();
    for (attribute, change) in changes {
        patch.change(*attribute, change.clone());
    }
    for contact in proved {
        patch.prove(*contact);
    }
    patch
}

/// A JSON object's text with its members in this order.
pub fn object(members: &[(String, Value)]) -> String {
    let member = |(name, value): &(String, Value)| format!("{}:{value}", json!(name));
    format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
}
