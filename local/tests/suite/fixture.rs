//! The misbehaving function, built once, and stacks and pools that run it.

use local::binaries::cargo_build;
use local::runtime::{Function, FunctionSpec, Runtime};
use local::stack::{Stack, StackOptions};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

static FIXTURE: LazyLock<PathBuf> = LazyLock::new(|| {
    let built = cargo_build(&["--workspace", "--example", "fixture"]).expect("the fixture compiles");
    built.get("fixture").cloned().expect("cargo says where the fixture is")
});

/// A stack of the test's own template; nothing is kept.
pub async fn stack(data: &Path, parameters: &[(&str, &str)]) -> Stack {
    Stack::start(options(data, parameters)).await.unwrap()
}

pub fn options(data: &Path, parameters: &[(&str, &str)]) -> StackOptions {
    let binaries =
        ["patient", "impatient", "reader", "worker"].map(|name| (name.to_owned(), FIXTURE.clone()));
    StackOptions {
        template: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/template.yaml"),
        parameters: parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..StackOptions::ephemeral(data, Some(BTreeMap::from(binaries)))
    }
}

/// A function of its own, without gateway and table.
pub async fn function(environment: &[(&str, &str)], timeout: Duration) -> Function {
    let given_by_lambda = [
        ("AWS_LAMBDA_FUNCTION_NAME", "fixture"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ];
    let environment = given_by_lambda.iter().chain(environment);
    Runtime::start().await.unwrap().function(FunctionSpec {
        name: "fixture".to_owned(),
        binary: FIXTURE.clone(),
        environment: environment.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        timeout,
    })
}

/// An event that tells the fixture what to do.
pub fn act(what: &str) -> String {
    json!({"headers": {"x-act": what}}).to_string()
}

/// The body of an answer with a status.
pub fn body(answer: &[u8]) -> Json {
    let answer: Json = serde_json::from_slice(answer).unwrap();
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

/// What a function of the stack noted down of its batches: the labels of each.
pub fn notes(directory: &Path, function: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(directory.join(function)).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Waits until the function has noted down this many batches.
pub async fn noted(directory: &Path, function: &str, batches: usize) -> Vec<Vec<String>> {
    let enough = async {
        while notes(directory, function).len() < batches {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(30), enough).await;
    notes(directory, function)
}
