//! OpenAPI documents: one for each contract, written by hand as to what may be sent and answered, completed with answers
//! that were recorded.
//!
//! | module | what it is |
//! |---|---|
//! | [`document`] | one contract's document |
//! | [`references`] | what it refers to and what it takes over |
//! | [`attributes`] | the attributes in it that a stack defines for itself |
//! | [`recorder`] | examples: requests that were sent, and how they were answered |
//! | [`agreement`] | holds requests and answers against the documents |
//! | [`index`] | where the documents are, for programs |
//! | [`ciam`] | each contract's examples |

pub mod agreement;
pub mod attributes;
pub mod ciam;
pub mod document;
pub mod index;
pub mod recorder;
pub mod references;

pub use agreement::Agreement;
pub use attributes::DefinedAttributes;
pub use document::Document;
pub use recorder::{Example, Recorder};

use std::path::{Path, PathBuf};

/// The contracts, each with a document `functions/<contract>/openapi.yaml`.
pub const CONTRACTS: &[&str] = &["ciam"];

/// Sends a contract's example requests and keeps how they were answered.
pub async fn record(contract: &str) -> Vec<Example> {
    let mut recorder = Recorder::default();
    match contract {
        "ciam" => ciam::record(&mut recorder).await,
        other => panic!("{other} has no examples yet"),
    }
    recorder.into_examples()
}

/// The documents with their examples, and the index: path below `docs/openapi`, text.
pub async fn files() -> Vec<(PathBuf, String)> {
    let mut documents = Vec::new();
    for contract in CONTRACTS {
        let mut document = Document::read(contract, &DefinedAttributes::of_the_repository());
        document.add_examples(&record(contract).await);
        documents.push(document);
    }
    let index = (PathBuf::from("index.json"), index::linkset(&documents));
    let files =
        documents.iter().map(|document| (format!("{}.json", document.contract).into(), document.json()));
    files.chain([index]).collect()
}

/// Where they stand in the repository.
pub fn folder() -> PathBuf {
    local::binaries::workspace().join("docs/openapi")
}

/// A file of the repository as YAML, of which JSON is a part. Members keep their order.
fn read(path: &Path) -> yaml_serde::Value {
    let path = local::binaries::workspace().join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    yaml_serde::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
