//! CloudFormation's intrinsic functions, as far as the template uses them.

use crate::failure::{Context, Failure, Result};
use crate::template::{ACCOUNT, REGION};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};
use yaml_serde::Value;

/// What names in a template stand for.
pub(super) struct Scope<'a> {
    /// Parameters and resources, by name.
    names: BTreeMap<String, Json>,
    /// Attributes of resources, by `Resource.Attribute`.
    attributes: BTreeMap<String, String>,
    /// Parameters without a value: what refers to one is left out.
    unset: BTreeSet<String>,
    conditions: Option<&'a Value>,
}

impl<'a> Scope<'a> {
    /// The parameters of a template: the given value, or else the default.
    pub(super) fn new(document: &'a Value, given: &BTreeMap<String, String>) -> Result<Self> {
        let mut names = BTreeMap::new();
        let mut unset = BTreeSet::new();
        let declared = document.get("Parameters").and_then(Value::as_mapping);
        for (name, declaration) in declared.into_iter().flatten() {
            let name = name.as_str().ok_or_else(|| Failure::new("a parameter's name is not a string"))?;
            let default = declaration.get("Default").map(text).transpose().context(name)?;
            let Some(value) = given.get(name).cloned().or(default) else {
                unset.insert(name.to_owned());
                continue;
            };
            let kind = declaration.get("Type").and_then(Value::as_str).unwrap_or_default();
            let value = match kind {
                "String" | "Number" => Json::String(value),
                "CommaDelimitedList" => value.split(',').map(str::trim).collect(),
                _ => return Err(Failure::new(format!("the parameter {name} is of the unknown type {kind}"))),
            };
            names.insert(name.to_owned(), value);
        }
        if let Some(unknown) = given.keys().find(|&name| !names.contains_key(name)) {
            return Err(Failure::new(format!("there is no parameter {unknown}")));
        }
        for (name, value) in
            [("AWS::Region", REGION), ("AWS::AccountId", ACCOUNT), ("AWS::StackName", "local")]
        {
            names.insert(name.to_owned(), Json::from(value));
        }
        Ok(Self { names, attributes: BTreeMap::new(), unset, conditions: document.get("Conditions") })
    }

    /// Names of the parameters that have no value.
    pub(super) fn unset(self) -> BTreeSet<String> {
        self.unset
    }

    /// Makes `!Ref resource` stand for this name.
    pub(super) fn name_resource(&mut self, resource: &str, name: &str) {
        self.names.insert(resource.to_owned(), Json::from(name));
    }

    /// Makes `!GetAtt resource.attribute` stand for this value.
    pub(super) fn name_attribute(&mut self, resource: &str, attribute: &str, value: &str) {
        self.attributes.insert(format!("{resource}.{attribute}"), value.to_owned());
    }

    /// One resolved property of a resource.
    pub(super) fn value(&self, resource: &Value, name: &str) -> Result<Option<Json>> {
        match resource.get("Properties").and_then(|properties| properties.get(name)) {
            Some(value) => self.resolve(value).context(name),
            None => Ok(None),
        }
    }

    /// One resolved property of a resource, a string.
    pub(super) fn property(&self, resource: &Value, name: &str) -> Result<Option<String>> {
        match self.value(resource, name)? {
            Some(Json::String(text)) => Ok(Some(text)),
            Some(_) => Err(Failure::new(format!("{name} is not a string"))),
            None => Ok(None),
        }
    }

    /// A resource's resolved `Properties`.
    pub(super) fn properties(&self, resource: &Value, name: &str) -> Result<Map<String, Json>> {
        self.properties_except(resource, name, &[])
    }

    /// A resource's resolved `Properties` without some that need not be understood.
    pub(super) fn properties_except(
        &self,
        resource: &Value,
        name: &str,
        ignored: &[&str],
    ) -> Result<Map<String, Json>> {
        let Some(properties) = resource.get("Properties") else { return Ok(Map::new()) };
        self.mapping_except(properties, ignored).context(name)
    }

    /// A mapping with everything in it resolved, without some members that need not be understood.
    pub(super) fn mapping_except(&self, value: &Value, ignored: &[&str]) -> Result<Map<String, Json>> {
        let mut value = value.clone();
        if let Some(mapping) = value.as_mapping_mut() {
            mapping.retain(|key, _| !key.as_str().is_some_and(|key| ignored.contains(&key)));
        }
        match self.resolve(&value)? {
            Some(Json::Object(mapping)) => Ok(mapping),
            _ => Err(Failure::new("a mapping is missing")),
        }
    }

    /// The value that CloudFormation would see; `None` for `AWS::NoValue`.
    fn resolve(&self, value: &Value) -> Result<Option<Json>> {
        Ok(Some(match value {
            Value::Null => Json::Null,
            Value::Bool(flag) => Json::Bool(*flag),
            Value::Number(_) => serde_json::to_value(value).context("a number")?,
            Value::String(text) => Json::String(text.clone()),
            Value::Sequence(items) => {
                let items = items.iter().map(|item| self.resolve(item)).collect::<Result<Vec<_>>>()?;
                items.into_iter().flatten().collect()
            }
            Value::Mapping(members) => {
                let mut resolved = Map::new();
                for (key, member) in members {
                    let key = key.as_str().ok_or_else(|| Failure::new("a key is not a string"))?;
                    if key == "Ref" || key.starts_with("Fn::") {
                        return Err(Failure::new(format!("write {key} in its short form, with a tag")));
                    }
                    if let Some(member) = self.resolve(member).context(key)? {
                        resolved.insert(key.to_owned(), member);
                    }
                }
                Json::Object(resolved)
            }
            Value::Tagged(tagged) => return self.call(&tagged.tag.to_string(), &tagged.value),
        }))
    }

    fn call(&self, tag: &str, argument: &Value) -> Result<Option<Json>> {
        match tag {
            "!Ref" => match text(argument)?.as_str() {
                "AWS::NoValue" => Ok(None),
                name if self.unset.contains(name) => Ok(None),
                name => Ok(Some(self.reference(name)?)),
            },
            "!GetAtt" => Ok(Some(Json::String(self.attribute(&text(argument)?)?))),
            "!Sub" => Ok(Some(Json::String(self.substitute(&text(argument)?)?))),
            "!If" => match argument.as_sequence().map(Vec::as_slice) {
                Some([condition, then, otherwise]) => {
                    self.resolve(if self.condition(&text(condition)?)? { then } else { otherwise })
                }
                _ => Err(Failure::new("!If takes a condition and two values")),
            },
            "!Join" => match argument.as_sequence().map(Vec::as_slice) {
                Some([separator, items]) => {
                    let Some(Json::Array(items)) = self.resolve(items)? else {
                        return Err(Failure::new("!Join takes a list"));
                    };
                    let items: Vec<&str> = items.iter().filter_map(Json::as_str).collect();
                    Ok(Some(Json::String(items.join(&text(separator)?))))
                }
                _ => Err(Failure::new("!Join takes a separator and a list")),
            },
            _ => Err(Failure::new(format!("{tag} is not known to the local stack"))),
        }
    }

    fn reference(&self, name: &str) -> Result<Json> {
        let value = self.names.get(name).cloned();
        value.ok_or_else(|| Failure::new(format!("!Ref {name} is not known to the local stack")))
    }

    /// `name` is `Resource.Attribute`.
    fn attribute(&self, name: &str) -> Result<String> {
        let value = self.attributes.get(name).cloned();
        value.ok_or_else(|| Failure::new(format!("!GetAtt {name} is not known to the local stack")))
    }

    /// `${Name}` and `${Resource.Attribute}` replaced, `${!Name}` kept as `${Name}`.
    fn substitute(&self, text: &str) -> Result<String> {
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| Failure::new(format!("!Sub without a closing brace: {text}")))?;
            result.push_str(before);
            match name.strip_prefix('!') {
                Some(literal) => result.push_str(&format!("${{{literal}}}")),
                None if name.contains('.') => result.push_str(&self.attribute(name)?),
                None => match self.reference(name)? {
                    Json::String(value) => result.push_str(&value),
                    _ => return Err(Failure::new(format!("!Sub cannot write out {name}"))),
                },
            }
            rest = after;
        }
        result.push_str(rest);
        Ok(result)
    }

    fn condition(&self, name: &str) -> Result<bool> {
        let condition = self.conditions.and_then(|conditions| conditions.get(name));
        let condition = condition.ok_or_else(|| Failure::new(format!("there is no condition {name}")))?;
        self.holds(condition).context(name)
    }

    fn holds(&self, condition: &Value) -> Result<bool> {
        let Value::Tagged(tagged) = condition else { return Err(Failure::new("a condition is a function")) };
        let arguments = tagged.value.as_sequence().map(Vec::as_slice);
        match (tagged.tag.to_string().as_str(), arguments) {
            ("!Equals", Some([one, other])) => Ok(self.resolve(one)? == self.resolve(other)?),
            ("!Not", Some([negated])) => Ok(!self.holds(negated)?),
            (tag, _) => Err(Failure::new(format!("the condition {tag} is not known to the local stack"))),
        }
    }
}

/// A scalar as CloudFormation reads it: everything is a string there.
fn text(value: &Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(Failure::new("a string is missing")),
    }
}
