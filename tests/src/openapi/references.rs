//! What a document refers to: its own components, and those that several documents share.

use std::collections::BTreeSet;
use yaml_serde::{Mapping, Value};

/// A component: its section and its name.
type Name = (String, String);

/// Makes a document whole: takes over the shared components that it refers to, and writes out the answers and headers that
/// it refers to, so that each of them can have examples of its own.
///
/// # Panics
/// When a component is missing, or is there for nobody.
pub fn complete(document: &mut Value, shared: &Value) {
    let own = components(document);
    let all = merged(&own, &components(shared));
    let used = used(document, &all);
    for name in names(&own) {
        assert!(used.contains(&name), "nobody refers to {}/{}", name.0, name.1);
    }
    write_out(document, &all);
    let used = self::used(document, &all);
    let mut kept = Mapping::new();
    for (section, components) in all {
        let of_section = |name: &Value| used.contains(&(text(&section), text(name)));
        let components: Mapping =
            mapping(components).into_iter().filter(|(name, _)| of_section(name)).collect();
        if !components.is_empty() {
            kept.insert(section, components.into());
        }
    }
    document["components"] = kept.into();
}

fn components(document: &Value) -> Mapping {
    document.get("components").cloned().map(mapping).unwrap_or_default()
}

fn merged(own: &Mapping, shared: &Mapping) -> Mapping {
    let mut all = own.clone();
    for (section, components) in shared {
        let into =
            all.entry(section.clone()).or_insert_with(|| Mapping::new().into()).as_mapping_mut().unwrap();
        for (name, component) in components.as_mapping().unwrap() {
            into.entry(name.clone()).or_insert_with(|| component.clone());
        }
    }
    all
}

fn names(components: &Mapping) -> Vec<Name> {
    let of_section = |(section, components): (&Value, &Value)| -> Vec<Name> {
        components.as_mapping().unwrap().keys().map(|name| (text(section), text(name))).collect()
    };
    components.iter().flat_map(of_section).collect()
}

/// The components that the paths need, and those that these need.
fn used(document: &Value, all: &Mapping) -> BTreeSet<Name> {
    let mut used = BTreeSet::new();
    let mut waiting = Vec::new();
    find(&document["paths"], &mut waiting);
    while let Some(name) = waiting.pop() {
        if used.insert(name.clone()) {
            find(component(all, &name), &mut waiting);
        }
    }
    used
}

/// The components that this names.
fn find(value: &Value, found: &mut Vec<Name>) {
    match value {
        Value::Sequence(items) => items.iter().for_each(|item| find(item, found)),
        Value::Mapping(members) => {
            found.extend(reference(value));
            // Security schemes are named without a reference.
            for requirement in members.get("security").and_then(Value::as_sequence).into_iter().flatten() {
                let schemes = requirement.as_mapping().unwrap().keys();
                found.extend(schemes.map(|scheme| ("securitySchemes".to_owned(), text(scheme))));
            }
            members.values().for_each(|member| find(member, found));
        }
        _ => {}
    }
}

fn reference(value: &Value) -> Option<Name> {
    let path = value.get("$ref")?.as_str()?.strip_prefix("#/components/")?;
    let (section, name) = path.split_once('/')?;
    Some((section.to_owned(), name.to_owned()))
}

fn component<'a>(all: &'a Mapping, (section, name): &Name) -> &'a Value {
    let found = all.get(section.as_str()).and_then(|components| components.get(name.as_str()));
    found.unwrap_or_else(|| panic!("there is no {section}/{name}"))
}

fn write_out(document: &mut Value, all: &Mapping) {
    let resolve = |value: &mut Value| {
        if let Some(name) = reference(value) {
            *value = component(all, &name).clone();
        }
    };
    for path in document["paths"].as_mapping_mut().unwrap().values_mut() {
        for operation in path.as_mapping_mut().unwrap().values_mut() {
            let responses =
                operation.get_mut("responses").and_then(Value::as_mapping_mut).into_iter().flatten();
            for (_, response) in responses {
                resolve(response);
                let headers = response.get_mut("headers").and_then(Value::as_mapping_mut);
                headers.into_iter().flatten().for_each(|(_, header)| resolve(header));
            }
        }
    }
}

fn mapping(value: Value) -> Mapping {
    match value {
        Value::Mapping(mapping) => mapping,
        other => panic!("{other:?} should have members"),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value:?} should be a text")).to_owned()
}
