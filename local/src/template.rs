//! What `template.yaml` says about the stack: functions and what invokes them, table, bus, queues and CORS.
//!
//! Only what the template uses is understood. Anything else is refused by name rather than guessed at, so that the local
//! stack never quietly differs from the deployed one.

mod intrinsics;
mod messaging;
mod sources;

use crate::cors::Cors;
use crate::failure::{Context, Failure, Result};
use crate::routes::Route;
use intrinsics::Scope;
pub use messaging::{
    ACCOUNT, BusResource, QueueResource, Redrive, RuleResource, bus_arn, queue_arn, queue_url,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use sources::{Event, HttpApiEvent};
pub use sources::{QueueSource, Source, StreamSource};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;
use yaml_serde::Value;

/// The AWS region that the local stack claims to be in.
pub const REGION: &str = "us-east-1";

/// What the local stack runs, as `template.yaml` defines it.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// The functions, in the template's order.
    pub functions: Vec<FunctionResource>,
    /// The table that holds the profiles.
    pub table: TableResource,
    /// The queues.
    pub queues: Vec<QueueResource>,
    /// The event bus; `None` when the template has none.
    pub bus: Option<BusResource>,
    /// The API's CORS rules; `None` when no origin may call from a browser.
    pub cors: Option<Cors>,
    /// Parameters without a value. What refers to one is missing here, so nothing can be deployed or run with any.
    pub unset: BTreeSet<String>,
}

/// An `AWS::Serverless::Function`.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionResource {
    /// Name of the binary that the function runs; also its name in the local stack.
    pub binary: String,
    /// The routes that lead to it.
    pub routes: Vec<Route>,
    /// What invokes it besides.
    pub sources: Vec<Source>,
    /// After this time an invocation is ended.
    pub timeout: Duration,
    /// Memory in MB; locally only told to the function, not enforced.
    pub memory: u64,
    /// Its environment variables, with the template's intrinsic functions resolved.
    pub environment: BTreeMap<String, String>,
}

/// The `AWS::DynamoDB::Table`.
#[derive(Clone, Debug, PartialEq)]
pub struct TableResource {
    /// Name of the table: `TableName`, or else the resource's own name.
    pub name: String,
    /// The request body of DynamoDB's `CreateTable`.
    pub create: Json,
    /// Attribute that holds an item's expiry, in seconds since the epoch.
    pub ttl_attribute: Option<String>,
}

impl Template {
    /// The template of this workspace.
    pub fn default_path() -> PathBuf {
        crate::binaries::workspace().join("template.yaml")
    }

    /// Reads a template. `parameters` stand in for the template's defaults.
    ///
    /// # Errors
    /// When the file cannot be read, a given parameter does not exist, or the template uses something that the local
    /// stack does not know.
    pub fn read(path: &Path, parameters: &BTreeMap<String, String>) -> Result<Self> {
        let text = std::fs::read_to_string(path).context(path.display())?;
        Self::parse(&text, parameters).context(path.display())
    }

    /// The table without its stream, and no function invoked from one.
    pub fn forget_stream(&mut self) {
        if let Some(create) = self.table.create.as_object_mut() {
            create.remove("StreamSpecification");
        }
        for function in &mut self.functions {
            function.sources.retain(|source| !matches!(source, Source::Stream(_)));
        }
    }

    /// As [`Template::read`], from the template's text.
    ///
    /// # Errors
    /// As [`Template::read`].
    pub fn parse(text: &str, parameters: &BTreeMap<String, String>) -> Result<Self> {
        let document: Value = yaml_serde::from_str(text).context("not YAML")?;
        let resources = document.get("Resources").and_then(Value::as_mapping);
        let resources = resources.ok_or_else(|| Failure::new("there are no Resources"))?;
        let mut named: Vec<(&str, &str, &Value)> = Vec::new();
        for (name, resource) in resources {
            let name = name.as_str().ok_or_else(|| Failure::new("a resource's name is not a string"))?;
            let kind = resource.get("Type").and_then(Value::as_str);
            let kind = kind.ok_or_else(|| Failure::new(format!("{name} has no Type")))?;
            named.push((name, kind, resource));
        }
        let of_kind =
            |wanted: &'static str| named.iter().filter(move |(_, kind, _)| *kind == wanted).copied();

        let (table_name, _, table) = only(of_kind("AWS::DynamoDB::Table"), "AWS::DynamoDB::Table")?;
        let (api_name, _, api) = only(of_kind("AWS::Serverless::HttpApi"), "AWS::Serverless::HttpApi")?;
        let mut scope = Scope::new(&document, parameters)?;
        let properties = scope.properties(table, table_name)?;
        let table = TableResource::from_properties(table_name, properties)?;
        let stream = format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{}/stream/local", table.name);
        scope.name_resource(table_name, &table.name);
        scope.name_attribute(table_name, "StreamArn", &stream);
        scope.name_resource(api_name, api_name);
        // All of them are named before any is read: a queue may refer to one that comes after it.
        for (resource, _, value) in of_kind("AWS::SQS::Queue") {
            let name = scope.property(value, "QueueName").context(resource)?;
            let name = name.as_deref().unwrap_or(resource);
            scope.name_resource(resource, &queue_url(name));
            scope.name_attribute(resource, "Arn", &queue_arn(name));
            scope.name_attribute(resource, "QueueName", name);
        }
        let queues = of_kind("AWS::SQS::Queue")
            .map(|(name, _, resource)| QueueResource::read(&scope, name, resource))
            .collect::<Result<_>>()?;
        let bus = match of_kind("AWS::Events::EventBus").next() {
            Some((resource, _, value)) => {
                only(of_kind("AWS::Events::EventBus"), "AWS::Events::EventBus")?;
                let name = scope.property(value, "Name").context(resource)?;
                let name = name.unwrap_or_else(|| resource.to_owned());
                scope.name_resource(resource, &name);
                scope.name_attribute(resource, "Arn", &bus_arn(&name));
                let rules = of_kind("AWS::Events::Rule")
                    .map(|(resource, _, value)| {
                        let (rule, of) = RuleResource::read(&scope, resource, value)?;
                        if of != name && of != bus_arn(&name) {
                            return Err(Failure::new(format!("{resource} is not a rule of {name}")));
                        }
                        Ok(rule)
                    })
                    .collect::<Result<_>>()?;
                Some(BusResource { name, rules })
            }
            None => None,
        };

        // The rest of the API's properties is for throttling and access logs, of which there are none here.
        let cors = match scope.value(api, "CorsConfiguration").context(api_name)? {
            Some(cors) => read_as(cors, format_args!("{api_name}: CorsConfiguration"))?,
            None => None,
        };
        let globals = match document.get("Globals").and_then(|globals| globals.get("Function")) {
            Some(globals) => scope.mapping_except(globals, &DEPLOYED_ONLY).context("Globals")?,
            None => Map::new(),
        };
        let place = Place { scope: &scope, globals: &globals, api: api_name, stream: &stream };
        let functions = of_kind("AWS::Serverless::Function")
            .map(|(name, _, resource)| function(&place, name, resource).context(name))
            .collect::<Result<_>>()?;
        Ok(Self { functions, table, queues, bus, cors, unset: scope.unset() })
    }
}

/// The resource of a kind of which there is exactly one.
fn only<'a>(
    mut found: impl Iterator<Item = (&'a str, &'a str, &'a Value)>,
    kind: &str,
) -> Result<(&'a str, &'a str, &'a Value)> {
    match (found.next(), found.next()) {
        (Some(resource), None) => Ok(resource),
        (None, _) => Err(Failure::new(format!("there is no {kind}"))),
        (Some(_), Some(_)) => Err(Failure::new(format!("there is more than one {kind}"))),
    }
}

fn read_as<T: DeserializeOwned>(value: Json, place: impl std::fmt::Display) -> Result<T> {
    serde_json::from_value(value).context(place)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FunctionProperties {
    timeout: u64,
    memory_size: u64,
    #[serde(default)]
    events: BTreeMap<String, Event>,
}

/// Properties of a function that are for IAM, CloudWatch Logs and CodeDeploy, which nobody imitates here: not even looked at.
const DEPLOYED_ONLY: [&str; 3] = ["Policies", "LoggingConfig", "DeploymentPreference"];

/// What a function's definition may refer to.
struct Place<'a> {
    scope: &'a Scope<'a>,
    globals: &'a Map<String, Json>,
    /// Name of the API.
    api: &'a str,
    /// ARN of the table's stream.
    stream: &'a str,
}

fn function(place: &Place, name: &str, resource: &Value) -> Result<FunctionResource> {
    let binary =
        resource.get("Metadata").and_then(|m| m.get("BuildProperties")).and_then(|p| p.get("Binary"));
    let binary = binary.and_then(Value::as_str).ok_or_else(|| Failure::new("Metadata names no Binary"))?;
    let own = place.scope.properties_except(resource, name, &DEPLOYED_ONLY)?;
    let mut environment = variables(place.globals)?;
    environment.extend(variables(&own)?);
    let mut properties = place.globals.clone();
    properties.extend(own);
    let properties: FunctionProperties = read_as(Json::Object(properties), "Properties")?;
    let (mut routes, mut sources) = (Vec::new(), Vec::new());
    for (name, event) in properties.events {
        match event {
            Event::HttpApi(event) => routes.push(route(place.api, event).context(name)?),
            Event::Stream(event) => {
                sources.push(Source::Stream(event.source(place.stream).context(name)?));
            }
            Event::Queue(event) => sources.push(Source::Queue(event.source().context(name)?)),
        }
    }
    Ok(FunctionResource {
        binary: binary.to_owned(),
        routes,
        sources,
        timeout: Duration::from_secs(properties.timeout),
        memory: properties.memory_size,
        environment,
    })
}

fn route(api: &str, event: Json) -> Result<Route> {
    let event = HttpApiEvent::read(event)?;
    if event.api_id != api {
        return Err(Failure::new(format!("{} {} is not a route of {api}", event.method, event.path)));
    }
    Route::parse(&event.method, &event.path)
}

/// `Environment.Variables`, each as the text that the process gets.
fn variables(properties: &Map<String, Json>) -> Result<BTreeMap<String, String>> {
    let Some(variables) = properties.get("Environment").and_then(|e| e.get("Variables")) else {
        return Ok(BTreeMap::new());
    };
    let variables =
        variables.as_object().ok_or_else(|| Failure::new("Environment.Variables is not a mapping"))?;
    variables
        .iter()
        .map(|(name, value)| match value {
            Json::String(text) => Ok((name.clone(), text.clone())),
            Json::Number(_) | Json::Bool(_) => Ok((name.clone(), value.to_string())),
            _ => Err(Failure::new(format!("the variable {name} is not a string"))),
        })
        .collect()
}

impl TableResource {
    fn from_properties(resource: &str, mut properties: Map<String, Json>) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct TimeToLive {
            attribute_name: String,
            enabled: bool,
        }
        // CloudFormation keeps in one place what the API sets by calls of their own, or what the engine has no notion of.
        let time_to_live = properties.remove("TimeToLiveSpecification");
        for kept_by_aws in
            ["PointInTimeRecoverySpecification", "SSESpecification", "DeletionProtectionEnabled", "Tags"]
        {
            properties.remove(kept_by_aws);
        }
        let ttl: Option<TimeToLive> = match time_to_live {
            Some(specification) => {
                Some(read_as(specification, format_args!("{resource}: TimeToLiveSpecification"))?)
            }
            None => None,
        };
        if let Some(Json::Object(stream)) = properties.get_mut("StreamSpecification") {
            stream.insert("StreamEnabled".to_owned(), Json::Bool(true));
        }
        let name = match properties.get("TableName") {
            Some(Json::String(name)) => name.clone(),
            _ => resource.to_owned(),
        };
        properties.insert("TableName".to_owned(), Json::String(name.clone()));
        Ok(Self {
            name,
            create: Json::Object(properties),
            ttl_attribute: ttl.filter(|ttl| ttl.enabled).map(|ttl| ttl.attribute_name),
        })
    }
}

#[cfg(test)]
mod tests;
