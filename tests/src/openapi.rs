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
//! | [`gateway`] | what API Gateway answers itself |
//! | [`index`] | where the documents are, for programs |
//! | [`authms`], [`ciam`], [`wts`], [`cloudbase`], [`system_user`] | each contract's examples |

pub mod agreement;
pub mod attributes;
pub mod authms;
pub mod ciam;
pub mod cloudbase;
pub mod document;
pub mod gateway;
pub mod index;
pub mod recorder;
pub mod references;
pub mod system_user;
pub mod wts;

pub use agreement::Agreement;
pub use attributes::DefinedAttributes;
pub use document::Document;
pub use recorder::{Example, Recorder};

use std::path::{Path, PathBuf};
use tokio::sync::OnceCell;

/// The contracts, each with a document `functions/<contract>/openapi.yaml`.
pub const CONTRACTS: [&str; 5] = ["authms", "ciam", "wts", "cloudbase", "system-user"];

/// Each contract's document with its examples and the gateway's answers, recorded once in this process.
pub async fn recorded() -> &'static [(Document, Vec<Example>)] {
    static RECORDED: OnceCell<Vec<(Document, Vec<Example>)>> = OnceCell::const_new();
    let record = async || {
        let mut recorded = Vec::new();
        for contract in CONTRACTS {
            // On the heap: else the compiler gives up on how deep the whole is.
            let examples = Box::pin(record(contract)).await;
            let mut document = Document::read(contract, &DefinedAttributes::of_the_repository());
            document.add_examples(&examples);
            document.add_gateway().await;
            recorded.push((document, examples));
        }
        recorded
    };
    RECORDED.get_or_init(record).await
}

async fn record(contract: &str) -> Vec<Example> {
    let mut recorder = Recorder::default();
    match contract {
        "authms" => authms::record(&mut recorder).await,
        "ciam" => ciam::record(&mut recorder).await,
        "wts" => wts::record(&mut recorder).await,
        "cloudbase" => cloudbase::record(&mut recorder).await,
        "system-user" => system_user::record(&mut recorder).await,
        other => panic!("{other} has no examples yet"),
    }
    recorder.into_examples()
}

/// What stands in [`folder`]: each file's name and its text.
pub async fn files() -> Vec<(String, String)> {
    let recorded = recorded().await;
    let documents = || recorded.iter().map(|(document, _)| document);
    let files = documents().map(|document| (format!("{}.json", document.contract), document.json()));
    files.chain([("index.json".to_owned(), index::linkset(documents()))]).collect()
}

/// Where the documents stand in the repository.
pub fn folder() -> PathBuf {
    local::binaries::workspace().join("docs/openapi")
}

/// A file of the repository as YAML, of which JSON is a part. Members keep their order.
fn read(path: &Path) -> yaml_serde::Value {
    let path = local::binaries::workspace().join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    yaml_serde::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
