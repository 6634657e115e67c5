//! The documents as a whole.

use local::binaries::workspace;
use local::template::Template;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tests::openapi::document::{Operation, operations};
use tests::openapi::{Agreement, CONTRACTS, Example, files, folder, recorded};

#[tokio::test]
async fn the_files_are_fresh() {
    let files = files().await;
    let stale = files
        .iter()
        .filter(|(name, text)| std::fs::read_to_string(folder().join(name)).ok().as_ref() != Some(text));
    let stale: Vec<&str> = stale.map(|(name, _)| name.as_str()).collect();
    assert!(stale.is_empty(), "stale in docs/openapi: {stale:?}. `cargo run --bin openapi` writes them.");
    let there =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let there: BTreeSet<String> = there.filter(|name| name.ends_with(".json")).collect();
    assert_eq!(there, files.into_iter().map(|(name, _)| name).collect(), "a file each, and no other");
}

/// `put-profile` is `putProfile`.
fn camel_case(binary: &str) -> String {
    let mut words = binary.split('-');
    let first = words.next().unwrap().to_owned();
    words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
}

#[tokio::test]
async fn operations_are_the_routes_of_the_template() {
    let template = Template::read(&Template::default_path(), &BTreeMap::new()).unwrap();
    let mut routes = BTreeMap::new();
    for function in &template.functions {
        routes.extend(function.routes.iter().map(|route| (route.to_string(), camel_case(&function.binary))));
    }
    let mut documented = BTreeMap::new();
    for (document, _) in recorded().await {
        let document = document.value();
        for operation in operations(&document) {
            let of_path = operation.parameters.iter().filter(|parameter| parameter["in"] == "path");
            let of_path = of_path.map(|parameter| {
                assert_eq!(parameter["required"], true, "{}", operation.route);
                parameter["name"].as_str().unwrap()
            });
            let named = operation.route.split(['{', '}']).skip(1).step_by(2);
            assert_eq!(of_path.collect::<BTreeSet<_>>(), named.collect(), "{}", operation.route);
            let before = documented.insert(operation.route.clone(), operation.id.to_owned());
            assert_eq!(before, None, "two documents have {}", operation.route);
        }
    }
    assert_eq!(documented, routes);
}

#[tokio::test]
async fn every_documented_status_has_an_example() {
    for (document, examples) in recorded().await {
        let document = document.value();
        let mut missing = Vec::new();
        for Operation { route, id, responses, .. } in operations(&document) {
            for status in responses.keys() {
                let shows =
                    |example: &Example| example.operation == id && example.answer.status_code == *status;
                if !examples.iter().any(shows) {
                    missing.push(format!("{route}: {status}"));
                }
            }
        }
        assert_eq!(missing, [""; 0]);
    }
}

#[tokio::test]
async fn examples_have_names_of_their_own_and_send_nothing_that_is_not_documented() {
    for (document, examples) in recorded().await {
        let agreement = Agreement::of([document]);
        let mut names = BTreeSet::new();
        for example in examples {
            let told = (&example.operation, &example.name);
            assert!(names.insert(told), "{told:?} is there twice");
            assert_eq!(agreement.unknown_parameters(&example.event), [], "{told:?}");
        }
    }
}

#[tokio::test]
async fn what_is_shared_is_in_several_documents() {
    let text = std::fs::read_to_string(workspace().join("shared/openapi.yaml")).unwrap();
    let shared: Value = yaml_serde::from_str(&text).unwrap();
    let mut elsewhere = BTreeSet::new();
    for (section, components) in shared["components"].as_object().unwrap() {
        for name in components.as_object().unwrap().keys() {
            let reference = format!("#/components/{section}/{name}'");
            let uses = CONTRACTS.iter().filter(|contract| {
                let document = workspace().join(format!("functions/{contract}/openapi.yaml"));
                std::fs::read_to_string(document).unwrap().contains(&reference)
            });
            if uses.count() < 2 && !text.contains(&reference) {
                elsewhere.insert(name);
            }
        }
    }
    assert!(elsewhere.is_empty(), "these belong to one contract or to none: {elsewhere:?}");
}
