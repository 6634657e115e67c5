//! Runs the target of `tests::fuzz` that `FUZZ_TARGET` names under libFuzzer, whose options it takes. Where `FUZZ_SEEDS`
//! names a directory, the target's seeds and what once broke it are written there first.
//!
//! Needs a C++ compiler, and to be led anywhere code that counts its branches: `.ci/fuzz` builds it so.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::path::Path;
use std::sync::LazyLock;
use tests::fuzz::{TARGETS, Target};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    Target::named(&name).unwrap_or_else(|| {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        panic!("FUZZ_TARGET must be one of {}", names.join(" "))
    })
});

fuzz_target!(
    init: {
        if let Some(folder) = std::env::var_os("FUZZ_SEEDS") {
            let seeds = (TARGET.seeds)().into_iter().chain(TARGET.regressions());
            for (number, seed) in seeds.enumerate() {
                std::fs::write(Path::new(&folder).join(format!("seed-{number}")), seed).unwrap();
            }
        }
    },
    |input: &[u8]| (TARGET.check)(input)
);
