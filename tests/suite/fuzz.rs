//! Every target of `tests::fuzz` on what once broke it, on its seeds, and on mutations of these: as many as take a second
//! or so, the same ones in every run. `.ci/full fuzz` goes on for as long as one wants.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use std::collections::BTreeSet;
use std::path::Path;
use tests::fuzz::{TARGETS, Target, words};

/// A change of an input.
#[derive(Clone, Debug)]
enum Edit {
    /// Puts these bytes somewhere.
    Insert(Index, Vec<u8>),
    /// Takes so many bytes away.
    Remove(Index, usize),
    /// Puts this byte in place of another.
    Replace(Index, u8),
    /// Doubles so many bytes so many times.
    Repeat(Index, usize, usize),
    /// Puts another input's end in place of its own.
    Splice(Index, Index, Vec<u8>),
}

impl Edit {
    fn apply(&self, input: &mut Vec<u8>) {
        let (at, end) = match self {
            Self::Insert(at, _) | Self::Replace(at, _) | Self::Splice(at, ..) => {
                (at.index(input.len() + 1), 0)
            }
            Self::Remove(at, length) | Self::Repeat(at, length, _) => {
                let at = at.index(input.len() + 1);
                (at, input.len().min(at + length))
            }
        };
        match self {
            Self::Insert(_, bytes) => drop(input.splice(at..at, bytes.iter().copied())),
            Self::Remove(..) => drop(input.drain(at..end)),
            Self::Replace(_, byte) => {
                input.iter_mut().skip(at).take(1).for_each(|replaced| *replaced = *byte)
            }
            Self::Repeat(_, _, times) => {
                let repeated = input[at..end].repeat(*times);
                input.splice(at..at, repeated);
            }
            Self::Splice(_, from, other) => {
                input.truncate(at);
                input.extend(&other[from.index(other.len() + 1)..]);
            }
        }
    }
}

fn edit(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), select(words())).prop_map(|(at, word)| Edit::Insert(at, word)),
        2 => (at(), vec(any::<u8>(), 1..4)).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        2 => (at(), any::<char>()).prop_map(|(at, one)| Edit::Insert(at, one.to_string().into_bytes())),
        3 => (at(), 1..12_usize).prop_map(|(at, length)| Edit::Remove(at, length)),
        3 => (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Replace(at, byte)),
        2 => (at(), 1..12_usize, 1..80_usize).prop_map(|(at, length, times)| Edit::Repeat(at, length, times)),
        2 => (at(), at(), select(seeds)).prop_map(|(at, from, other)| Edit::Splice(at, from, other)),
    ]
}

fn mutations(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (select(seeds.clone()), vec(edit(seeds), 0..5)).prop_map(|(mut input, edits)| {
        edits.iter().for_each(|edit| edit.apply(&mut input));
        input
    })
}

fn run(name: &str, cases: u32) {
    let target = Target::named(name).unwrap();
    let seeds = (target.seeds)();
    for input in target.regressions().iter().chain(&seeds) {
        (target.check)(input);
    }
    let config =
        Config { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..Config::default() };
    let check = |input: Vec<u8>| {
        (target.check)(&input);
        Ok(())
    };
    if let Err(TestError::Fail(reason, input)) = TestRunner::new(config).run(&mutations(seeds), check) {
        panic!("{name}: {reason}\ninput: {:?}", String::from_utf8_lossy(&input));
    }
}

/// Each target in a test of its own, so that they run side by side and a failure has its name.
macro_rules! targets {
    ($($test:ident: $name:literal, $cases:literal;)+) => {
        $(#[test] fn $test() { run($name, $cases); })+

        #[test]
        fn every_target_runs() {
            let run = BTreeSet::from([$($name),+]);
            assert_eq!(TARGETS.iter().map(|target| target.name).collect::<BTreeSet<_>>(), run);
        }
    };
}

targets! {
    phone: "phone", 500;
    email: "email", 1_000;
    username: "username", 1_000;
    language: "language", 1_000;
    text: "text", 1_000;
    link: "link", 1_000;
    json: "json", 1_000;
    accept_language: "accept-language", 1_000;
    entity_tags: "entity-tags", 1_000;
    idempotency_key: "idempotency-key", 1_000;
    authorization: "authorization", 1_000;
    content_type: "content-type", 1_000;
    trace: "trace", 1_000;
    query: "query", 1_000;
    token: "token", 500;
    claims: "claims", 300;
    authms: "authms", 500;
    ciam: "ciam", 500;
    wts: "wts", 500;
    cloudbase: "cloudbase", 500;
    system_user: "system-user", 500;
    gateway: "gateway", 300;
    stream: "stream", 1_000;
    sync: "sync", 1_000;
    item: "item", 1_000;
}

/// What stands in a folder that no target has would never be run.
#[test]
fn every_kept_input_belongs_to_a_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        assert!(name == "dictionary" || Target::named(&name).is_some(), "{name}");
    }
}
