//! Holds requests and answers against the documents.

use super::document::resolved;
use super::{CONTRACTS, DefinedAttributes, Document, document};
use crate::Reply;
use icu_normalizer::ComposingNormalizerBorrowed;
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use shared::http::Event;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock, OnceLock};

/// What the documents of a stack say.
pub struct Agreement {
    /// By route key.
    operations: BTreeMap<String, Operation>,
}

/// What stands there of one operation.
struct Operation {
    /// By place (`path`, `query`, `header`) and name, a header's in lower case.
    parameters: BTreeMap<(String, String), Parameter>,
    body: Option<Shape>,
    /// By status.
    responses: BTreeMap<u16, Response>,
    /// With any other status.
    default: Option<Response>,
}

/// What stands there of one parameter.
struct Parameter {
    required: bool,
    shape: Shape,
}

/// What stands there of one status.
struct Response {
    /// By name in lower case: whether it is always there, and its form.
    headers: BTreeMap<String, (bool, Shape)>,
    /// By type, letter for letter.
    content: BTreeMap<String, Shape>,
    /// Whether it may come without a body although there are types.
    may_be_empty: bool,
}

/// A schema.
struct Shape {
    schema: Value,
    /// Made when it is needed for the first time: most are never.
    validator: OnceLock<Validator>,
}

impl Agreement {
    /// Of the repository's own documents, for stacks with the attributes that are built in.
    pub fn of_the_repository() -> Arc<Self> {
        static OWN: LazyLock<Arc<Agreement>> =
            LazyLock::new(|| Arc::new(Agreement::with(&DefinedAttributes::of_the_repository())));
        Arc::clone(&OWN)
    }

    /// Of a stack whose attribute schema is in this file.
    pub fn of_the_schema_in(file: &Path) -> Arc<Self> {
        Arc::new(Self::with(&DefinedAttributes::read(file)))
    }

    fn with(attributes: &DefinedAttributes) -> Self {
        let documents: Vec<Document> =
            CONTRACTS.iter().map(|contract| Document::read(contract, attributes)).collect();
        Self::of(&documents)
    }

    /// Of these documents.
    pub fn of<'a>(documents: impl IntoIterator<Item = &'a Document>) -> Self {
        let mut operations = BTreeMap::new();
        for document in documents {
            let document = document.value();
            for operation in document::operations(&document) {
                let route = operation.route.clone();
                operations.insert(route, Operation::of(&operation, &document));
            }
        }
        Self { operations }
    }

    /// Whether the request in this event has a body that its document allows.
    pub fn allows_body(&self, event: &Value) -> bool {
        let shape = self.operation(event).and_then(|operation| operation.body.as_ref());
        shape.is_some_and(|shape| body(event).is_some_and(|body| shape.faults(&body).is_empty()))
    }

    /// Whether its document allows a parameter of this route to have this value.
    ///
    /// # Panics
    /// When there is no such parameter.
    pub fn allows_parameter(&self, route: &str, place: &str, name: &str, value: &str) -> bool {
        let name = if place == "header" { name.to_ascii_lowercase() } else { name.to_owned() };
        let parameter = &self.operations[route].parameters[&(place.to_owned(), name)];
        parameter.shape.text_faults(value).is_empty()
    }

    /// The answer is one that its document describes, down to the last header; and if the request was not refused, its
    /// document allowed it.
    ///
    /// # Panics
    /// When this is not so, with all that is wrong.
    pub fn assert_kept(&self, event: &Value, reply: &Reply) {
        let operation = self.operation(event);
        let operation = operation.unwrap_or_else(|| panic!("no OpenAPI document has {}", event["routeKey"]));
        let mut faults = operation.faults(reply);
        if was_served(reply) {
            let refused = operation.request_faults(event).into_iter();
            faults.extend(refused.map(|fault| format!("the served request: {fault}")));
        }
        assert!(
            faults.is_empty(),
            "{} and its OpenAPI document differ:\n  {}\nrequest: {}\nanswer: {} {:?} {}",
            event["routeKey"],
            faults.join("\n  "),
            event["body"],
            reply.status,
            reply.headers,
            reply.body
        );
    }

    /// Parameters of the request in this event that its document does not know, but for credentials and what the bodies are.
    pub fn unknown_parameters(&self, event: &Value) -> Vec<(String, String)> {
        let known = |parameter: &(String, String)| {
            let everywhere = ["accept", "authorization", "content-type"];
            everywhere.contains(&parameter.1.as_str())
                || self.operation(event).is_some_and(|operation| operation.parameters.contains_key(parameter))
        };
        parameters(event).map(|(parameter, _)| parameter).filter(|parameter| !known(parameter)).collect()
    }

    fn operation(&self, event: &Value) -> Option<&Operation> {
        self.operations.get(event["routeKey"].as_str()?)
    }
}

/// Whether a request was not refused. One contract says so in the body alone.
pub fn was_served(reply: &Reply) -> bool {
    (200..300).contains(&reply.status) && reply.body.get("success") != Some(&json!(false))
}

/// What stands in a request's path, query and headers. White space around a header's value is no part of it (RFC 9110,
/// section 5.5).
fn parameters(event: &Value) -> impl Iterator<Item = ((String, String), &str)> {
    let places = [("path", "pathParameters"), ("query", "queryStringParameters"), ("header", "headers")];
    places.into_iter().flat_map(|(place, member)| {
        let texts = members(&event[member]).filter_map(|(name, value)| Some((name, value.as_str()?)));
        texts.map(move |(name, value)| match place {
            "header" => ((place.to_owned(), name.to_ascii_lowercase()), value.trim_matches([' ', '\t'])),
            _ => ((place.to_owned(), name.to_owned()), value),
        })
    })
}

/// The body as JSON, in NFC: the lengths in the documents are those of that form.
fn body(event: &Value) -> Option<Value> {
    let event: Event = serde_json::from_value(event.clone()).ok()?;
    let text = String::from_utf8(event.body_bytes()?).ok()?;
    serde_json::from_str(&ComposingNormalizerBorrowed::new_nfc().normalize(&text)).ok()
}

impl Operation {
    fn of(operation: &document::Operation<'_>, document: &Value) -> Self {
        let parameter = |parameter: &&Value| {
            let text = |member: &str| parameter[member].as_str().unwrap().to_owned();
            let name =
                if parameter["in"] == "header" { text("name").to_ascii_lowercase() } else { text("name") };
            let required = parameter["required"] == json!(true);
            ((text("in"), name), Parameter { required, shape: Shape::of(&parameter["schema"], document) })
        };
        let response = |(status, response): (&u16, &&Value)| (*status, Response::of(response, document));
        Self {
            parameters: operation.parameters.iter().map(parameter).collect(),
            body: operation.body.map(|schema| Shape::of(schema, document)),
            responses: operation.responses.iter().map(response).collect(),
            default: operation.default.map(|response| Response::of(response, document)),
        }
    }

    /// Why a request should have been refused.
    fn request_faults(&self, event: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        let sent: BTreeMap<_, _> = parameters(event).collect();
        for ((place, name), Parameter { required, shape }) in &self.parameters {
            match sent.get(&(place.clone(), name.clone())) {
                Some(value) => {
                    let fitting = shape.text_faults(value).into_iter();
                    faults.extend(fitting.map(|fault| format!("{place} {name}: {fault}")));
                }
                None if *required => faults.push(format!("{place} {name} is missing")),
                None => {}
            }
        }
        let unknown = sent.keys().filter(|sent| sent.0 == "path" && !self.parameters.contains_key(*sent));
        faults.extend(unknown.map(|(place, name)| format!("{place} {name} is not documented")));
        if let Some(shape) = &self.body {
            faults.extend(shape.faults(&body(event).unwrap_or_default()));
        }
        faults
    }

    /// What is wrong with an answer.
    fn faults(&self, reply: &Reply) -> Vec<String> {
        match self.responses.get(&reply.status).or(self.default.as_ref()) {
            Some(response) => response.faults(reply),
            None => vec![format!("the status {} is not documented", reply.status)],
        }
    }
}

impl Response {
    fn of(response: &Value, document: &Value) -> Self {
        let header = |(name, header): (&str, &Value)| {
            let header = resolved(header, document);
            let required = header["required"] == json!(true);
            (name.to_ascii_lowercase(), (required, Shape::of(&header["schema"], document)))
        };
        let media = |(name, media): (&str, &Value)| (name.to_owned(), Shape::of(&media["schema"], document));
        Self {
            headers: members(&response["headers"]).map(header).collect(),
            content: members(&response["content"]).map(media).collect(),
            may_be_empty: response["x-empty-body"] == json!(true),
        }
    }

    fn faults(&self, reply: &Reply) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, value) in &reply.headers {
            match self.headers.get(name) {
                Some((_, shape)) => {
                    let fitting = shape.text_faults(value).into_iter();
                    faults.extend(fitting.map(|fault| format!("header {name}: {fault}")));
                }
                None if name == "content-type" => {}
                None => faults.push(format!("the header {name} is not documented")),
            }
        }
        let absent = |name: &String| !reply.headers.contains_key(name);
        let always = self.headers.iter().filter(|(_, (required, _))| *required).map(|(name, _)| name);
        faults.extend(always.filter(|name| absent(name)).map(|name| format!("the header {name} is missing")));
        let content_type = reply.headers.get("content-type");
        let empty = reply.body == json!("");
        match content_type.map(|content_type| (content_type, self.content.get(content_type))) {
            Some((_, Some(shape))) => {
                faults.extend(shape.faults(&reply.body).into_iter().map(|fault| format!("body: {fault}")));
            }
            Some((content_type, None)) => faults.push(format!("the type {content_type} is not documented")),
            None if !empty => faults.push("a body without a type".to_owned()),
            None if !self.content.is_empty() && !self.may_be_empty => faults.push("no body".to_owned()),
            None => {}
        }
        faults
    }
}

impl Shape {
    fn of(schema: &Value, document: &Value) -> Self {
        // The schema's references are to the document's components.
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": document["components"],
            "allOf": [schema],
        });
        Self { schema, validator: OnceLock::new() }
    }

    /// What is wrong with a value.
    fn faults(&self, value: &Value) -> Vec<String> {
        let validator = self
            .validator
            .get_or_init(|| jsonschema::options().should_validate_formats(true).build(&self.schema).unwrap());
        validator
            .iter_errors(value)
            .map(|error| format!("{error} at {:?}", error.instance_path().as_str()))
            .collect()
    }

    /// What is wrong with a header or a parameter: a number or a truth value where the schema wants one, else a text.
    fn text_faults(&self, text: &str) -> Vec<String> {
        let wants_text = self.schema["allOf"][0]["type"] == "string";
        let parsed = if wants_text { None } else { serde_json::from_str(text).ok() };
        self.faults(&parsed.unwrap_or_else(|| text.into()))
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
    value.as_object().unwrap_or(&NONE).iter().map(|(name, member)| (name.as_str(), member))
}
