//! One contract's document.

use super::{Agreement, DefinedAttributes, Example, gateway, read, references};
use serde_json::Value as Json;
use shared::http::Answer;
use std::collections::BTreeMap;
use std::path::Path;
use yaml_serde::{Mapping, Value};

/// The methods under which a path has operations.
pub(super) const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// An OpenAPI document, which stands for itself: it refers to nothing outside.
#[derive(Clone, Debug)]
pub struct Document {
    /// The contract's name.
    pub contract: &'static str,
    tree: Value,
}

impl Document {
    /// Reads what a contract's functions take and answer, on a stack with these attributes of its own. It has no examples
    /// yet.
    pub fn read(contract: &'static str, attributes: &DefinedAttributes) -> Self {
        let mut tree = read(Path::new(&format!("functions/{contract}/openapi.yaml")));
        references::complete(&mut tree, &read(Path::new("shared/openapi.yaml")));
        attributes.put_into(contract, &mut tree);
        Self { contract, tree }
    }

    /// The document as JSON.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(&self.tree).unwrap() + "\n"
    }

    /// The document as a value in which the order of members is lost.
    pub fn value(&self) -> Json {
        serde_json::to_value(&self.tree).unwrap()
    }

    /// What the document is called.
    pub fn title(&self) -> &str {
        self.tree["info"]["title"].as_str().unwrap()
    }

    /// Puts each example into its operation: the body of the answer, those headers that may differ from answer to answer,
    /// and the body of the request where it is one that the document allows, and no other example's.
    ///
    /// # Panics
    /// When an answer's status or type is not documented, or two examples of an operation have one name.
    pub fn add_examples(&mut self, examples: &[Example]) {
        let agreement = Agreement::of([&*self]);
        for example in examples {
            let sendable = agreement.allows_body(&example.event);
            let operation = self.operation(&example.operation);
            if let Some(body) = example.event["body"].as_str().filter(|_| sendable) {
                let (media, body) =
                    (&mut operation["requestBody"]["content"]["application/json"], ordered(body));
                if !has(media, &body) {
                    add(media, example, body);
                }
            }
            add_answer(operation, example);
        }
    }

    /// Adds what API Gateway answers itself.
    pub async fn add_gateway(&mut self) {
        gateway::put_into(&mut self.tree).await;
    }

    fn operation(&mut self, id: &str) -> &mut Value {
        let paths = self.tree["paths"].as_mapping_mut().unwrap().values_mut();
        let mut operations = paths.flat_map(|path| path.as_mapping_mut().unwrap().iter_mut());
        let named = |(method, operation): &(&Value, &mut Value)| {
            METHODS.contains(&method.as_str().unwrap()) && operation["operationId"] == id
        };
        let found = operations.find(named);
        found.unwrap_or_else(|| panic!("{} has no operation {id}", self.contract)).1
    }
}

/// An operation as it stands in a document.
pub struct Operation<'a> {
    /// `PUT /profiles/{user_id}`
    pub route: String,
    /// `putProfile`
    pub id: &'a str,
    /// Its own parameters and those of its path.
    pub parameters: Vec<&'a Json>,
    /// What is sent as `application/json`.
    pub body: Option<&'a Json>,
    /// By status.
    pub responses: BTreeMap<u16, &'a Json>,
    /// With any other status.
    pub default: Option<&'a Json>,
}

/// The operations of a document.
pub fn operations(document: &Json) -> Vec<Operation<'_>> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS.iter().filter(|method| item[**method].is_object()) {
            let operation = &item[*method];
            let parameters = [item, operation].into_iter().filter_map(|place| place["parameters"].as_array());
            let responses = operation["responses"].as_object().unwrap();
            operations.push(Operation {
                route: format!("{} {path}", method.to_uppercase()),
                id: operation["operationId"].as_str().unwrap(),
                parameters: parameters.flatten().map(|parameter| resolved(parameter, document)).collect(),
                body: operation.pointer("/requestBody/content/application~1json/schema"),
                responses: responses
                    .iter()
                    .filter_map(|(status, response)| Some((status.parse().ok()?, response)))
                    .collect(),
                default: responses.get("default").map(|response| resolved(response, document)),
            });
        }
    }
    operations
}

/// What a reference refers to; anything else is itself.
pub fn resolved<'a>(value: &'a Json, document: &'a Json) -> &'a Json {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

fn add_answer(operation: &mut Value, example: &Example) {
    let Answer { status_code, body, .. } = &example.answer;
    let told = || format!("{} {}: {status_code}", example.operation, example.name);
    let response = &mut operation["responses"][status_code.to_string()];
    assert!(response.is_mapping(), "{} is not documented", told());
    for (name, header) in response.get_mut("headers").and_then(Value::as_mapping_mut).into_iter().flatten() {
        let value = example.answer.header(&name.as_str().unwrap().to_ascii_lowercase());
        // A header that is always the same is told by its schema.
        if let Some(value) = value.filter(|_| header["schema"].get("const").is_none()) {
            let value = if header["schema"]["type"] == "integer" { ordered(value) } else { value.into() };
            add(header, example, value);
        }
    }
    if let Some(content_type) = example.answer.header("content-type") {
        let media = response.get_mut("content").and_then(|content| content.get_mut(content_type));
        let media = media.unwrap_or_else(|| panic!("{} as {content_type} is not documented", told()));
        let is_json = content_type.split(';').next().is_some_and(|essence| essence.ends_with("json"));
        add(media, example, if is_json { ordered(body) } else { body.as_str().into() });
    }
}

/// JSON with its members in the order in which they were written.
fn ordered(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// Whether one of the examples there has this value.
fn has(to: &Value, value: &Value) -> bool {
    let examples = to.get("examples").and_then(Value::as_mapping);
    examples.is_some_and(|examples| examples.values().any(|example| example["value"] == *value))
}

fn add(to: &mut Value, example: &Example, value: Value) {
    add_value(to, &example.name, &example.summary, value);
}

/// Puts an example among those of a media type, a header or a parameter.
///
/// # Panics
/// When one of this name is there.
pub(super) fn add_value(to: &mut Value, name: &str, summary: &str, value: Value) {
    let examples =
        to.as_mapping_mut().unwrap().entry("examples".into()).or_insert_with(|| Mapping::new().into());
    let members = [("summary".into(), summary.into()), ("value".into(), value)];
    let members: Mapping = members.into_iter().collect();
    let before = examples.as_mapping_mut().unwrap().insert(name.into(), members.into());
    assert!(before.is_none(), "two examples are called {name}");
}
