//! Targets of fuzzing: all that reads what somebody else wrote, each with what must hold of it whatever the bytes are.
//!
//! | module | targets |
//! |---|---|
//! | [`values`] | the value types of `shared::validation` |
//! | [`headers`] | what stands in headers and queries |
//! | [`tokens`] | bearer tokens and their claims |
//! | [`bodies`] | each contract's decoder |
//! | [`deliveries`] | what AWS hands over: API Gateway, the table's stream, the queue of sync requests |
//! | [`items`] | items of the table |
//! | [`message`] | a request as text |
//! | [`planned`] | what must hold of every change that was decoded |
//! | [`seeds`] | where inputs begin |
//!
//! `cargo test` runs each target on the seeds, on the inputs that once broke it, and on a few hundred mutations that are
//! the same in every run. The binary `fuzz` runs one under libFuzzer, which follows coverage: decision 17 in `docs/decisions`.

pub mod bodies;
pub mod deliveries;
pub mod headers;
pub mod items;
pub mod message;
pub mod planned;
pub mod seeds;
pub mod tokens;
pub mod values;

use std::path::PathBuf;

/// Something that reads bytes which somebody else wrote.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, also that of the folder of inputs that once broke it.
    pub name: &'static str,
    /// Inputs to begin with: good ones and nearly good ones.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Reads the input, and panics where something does not hold that must.
    pub check: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "phone", seeds: seeds::phones, check: values::phone },
    Target { name: "email", seeds: seeds::emails, check: values::email },
    Target { name: "username", seeds: seeds::usernames, check: values::username },
    Target { name: "language", seeds: seeds::languages, check: values::language },
    Target { name: "text", seeds: seeds::texts, check: values::text },
    Target { name: "link", seeds: seeds::links, check: values::link },
    Target { name: "json", seeds: seeds::json, check: values::json },
    Target { name: "accept-language", seeds: seeds::accept_language, check: headers::accept_language },
    Target { name: "entity-tags", seeds: seeds::entity_tags, check: headers::entity_tags },
    Target { name: "idempotency-key", seeds: seeds::idempotency_keys, check: headers::idempotency_key },
    Target { name: "authorization", seeds: seeds::authorization, check: headers::authorization },
    Target { name: "content-type", seeds: seeds::content_types, check: headers::content_type },
    Target { name: "trace", seeds: seeds::traces, check: headers::trace },
    Target { name: "query", seeds: seeds::queries, check: headers::query },
    Target { name: "token", seeds: tokens::seeds, check: tokens::token },
    Target { name: "claims", seeds: seeds::claims, check: tokens::claims },
    Target { name: "authms", seeds: || seeds::messages("put-profile"), check: bodies::authms },
    Target { name: "ciam", seeds: || seeds::messages("patch-userinfo"), check: bodies::ciam },
    Target { name: "wts", seeds: || seeds::messages("change-profile"), check: bodies::wts },
    Target { name: "cloudbase", seeds: || seeds::messages("edit-user-basic"), check: bodies::cloudbase },
    Target { name: "system-user", seeds: || seeds::messages("update-user"), check: bodies::system_user },
    Target { name: "gateway", seeds: seeds::gateway, check: deliveries::gateway },
    Target { name: "stream", seeds: || seeds::records("publish-changes"), check: deliveries::stream },
    Target { name: "sync", seeds: || seeds::records("sync-profiles"), check: deliveries::sync },
    Target { name: "item", seeds: seeds::items, check: items::item },
];

impl Target {
    /// The target of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// Inputs that once broke it, kept in the repository.
    pub fn regressions(&self) -> Vec<Vec<u8>> {
        let folder = folder().join(self.name);
        let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
        files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }
}

/// Words that decoders look for, from the dictionary that libFuzzer reads as well.
pub fn words() -> Vec<Vec<u8>> {
    let dictionary = std::fs::read_to_string(folder().join("dictionary")).unwrap();
    let quoted = |line: &str| Some(unescaped(line.strip_prefix('"')?.strip_suffix('"')?));
    dictionary.lines().filter_map(quoted).collect()
}

/// A word of the dictionary: `\\`, `\"` and `\xAB` stand for a byte.
fn unescaped(word: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = word.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next().unwrap() {
                b'x' => {
                    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap();
                    u8::try_from(digit(rest.next().unwrap()) * 16 + digit(rest.next().unwrap())).unwrap()
                }
                escaped => escaped,
            },
            plain => plain,
        });
    }
    bytes
}

fn folder() -> PathBuf {
    local::binaries::workspace().join("tests/fuzz")
}
