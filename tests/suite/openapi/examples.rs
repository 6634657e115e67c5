//! That the examples show all that an answer may say.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tests::openapi::document::{Operation, operations, resolved};
use tests::openapi::{Example, recorded};

/// What no example has, by status and place, and why.
const NOT_SHOWN: [(&str, &str); 8] = [
    ("describeError 200 /code", "each problem type has such a page, all are made alike"),
    ("describeError 200 /i18n_key", "each problem type has such a page, all are made alike"),
    ("describeError 200 /status", "each problem type has such a page, all are made alike"),
    ("exportProfile 200 /history/next_cursor", "there have to be more than 500 changes"),
    ("exportProfile 200 /profile/changed_by/actor", "the words are those of the history's entries"),
    (" 400 /errors/*/code", "each operation has some of the codes, a change all of them"),
    (" 400 /i18n_args/retry_after", "with 429 only"),
    (" 429 /i18n_args/fields", "with 400 only"),
];

/// What a schema says of a place in an answer: that nothing may stand there, anything, or one of these words.
#[derive(Clone)]
enum Said {
    Nothing,
    Anything,
    Words(BTreeSet<String>),
}

/// By JSON pointer, `*` for any item of an array.
type Places = BTreeMap<String, Said>;

/// What a schema says of a value at this place and of those in it: the members that it names, and what they may say but for
/// what they show of a profile.
fn places(schema: &Value, document: &Value, at: &str, open: &mut Vec<String>) -> Places {
    if *schema == Value::Bool(false) {
        return Places::from([(at.to_owned(), Said::Nothing)]);
    }
    if let Some(reference) = schema["$ref"].as_str() {
        // A schema that has itself for a part says nothing new there.
        if open.iter().any(|open| open == reference) {
            return Places::new();
        }
        open.push(reference.to_owned());
        let found = places(resolved(schema, document), document, at, open);
        open.pop();
        return found;
    }
    let words = ["enum", "const"].into_iter().filter_map(|keyword| schema.get(keyword));
    let words = words.flat_map(|words| words.as_array().cloned().unwrap_or_else(|| vec![words.clone()]));
    let words: BTreeSet<String> = words.map(|word| word.to_string()).collect();
    let free = words.is_empty() || schema.get("x-attribute").is_some();
    let own = if free { Said::Anything } else { Said::Words(words) };
    let mut all = Places::from([(at.to_owned(), own)]);
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        all.extend(places(schema, document, &format!("{at}/{name}"), open));
    }
    if let Some(items) = schema.get("items") {
        all.extend(places(items, document, &format!("{at}/*"), open));
    }
    for keyword in ["anyOf", "oneOf"] {
        let alternatives = schema[keyword].as_array().into_iter().flatten();
        let alternatives = alternatives.map(|schema| places(schema, document, at, open));
        if let Some(either) = alternatives.reduce(|one, other| merged(one, other, Said::or)) {
            all = merged(all, either, Said::and);
        }
    }
    for schema in schema["allOf"].as_array().into_iter().flatten() {
        all = merged(all, places(schema, document, at, open), Said::and);
    }
    all
}

fn merged(mut one: Places, other: Places, both: fn(Said, Said) -> Said) -> Places {
    for (place, said) in other {
        let said = match one.remove(&place) {
            Some(before) => both(before, said),
            None => said,
        };
        one.insert(place, said);
    }
    one
}

impl Said {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, _) | (_, Self::Nothing) => Self::Nothing,
            (Self::Anything, said) | (said, Self::Anything) => said,
            (Self::Words(one), Self::Words(other)) => Self::Words(&one & &other),
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing | Self::Anything, said) | (said, Self::Nothing | Self::Anything) => said,
            (Self::Words(one), Self::Words(other)) => Self::Words(&one | &other),
        }
    }
}

/// The values in an answer, by the places where they stand.
fn shown(value: &Value, at: &str, all: &mut BTreeMap<String, BTreeSet<String>>) {
    all.entry(at.to_owned()).or_default().insert(value.to_string());
    match value {
        Value::Array(items) => items.iter().for_each(|item| shown(item, &format!("{at}/*"), all)),
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| shown(member, &format!("{at}/{name}"), all));
        }
        _ => {}
    }
}

/// What may stand in the answers of an operation with this status and is in none of its examples.
fn never_shown(schemas: &[&Value], document: &Value, examples: &[&Example]) -> Vec<String> {
    let documented = schemas.iter().map(|schema| places(schema, document, "", &mut Vec::new()));
    let documented = documented.reduce(|one, other| merged(one, other, Said::or)).unwrap_or_default();
    let mut all = BTreeMap::new();
    examples.iter().for_each(|example| shown(&example.answer.body_json(), "", &mut all));
    let closed = |place: &str| {
        let below = |closed: &String| place == closed || place.starts_with(&format!("{closed}/"));
        documented.iter().any(|(place, said)| matches!(said, Said::Nothing) && below(place))
    };
    let mut never = Vec::new();
    for (place, said) in documented.iter().filter(|(place, _)| !closed(place)) {
        match (all.get(place), said) {
            (None, _) => never.push(place.clone()),
            (Some(values), Said::Words(words)) => {
                never.extend(words.difference(values).map(|word| format!("{place}: {word}")));
            }
            _ => {}
        }
    }
    never
}

#[tokio::test]
async fn every_member_and_every_word_of_an_answer_is_in_an_example_of_its_operation_and_status() {
    let mut missing = Vec::new();
    for (document, examples) in recorded().await {
        let document = document.value();
        for Operation { id, responses, .. } in operations(&document) {
            for (status, response) in responses {
                let examples = examples
                    .iter()
                    .filter(|example| example.operation == id && example.answer.status_code == status);
                let media = response["content"].as_object().into_iter().flatten();
                // The gateway's own words are in the examples that were put beside the recorded ones.
                let schemas =
                    media.map(|(_, media)| media["schema"]["anyOf"].get(0).unwrap_or(&media["schema"]));
                let schemas: Vec<&Value> = schemas
                    .filter(|schema| schema["$ref"] != "#/components/schemas/GatewayMessage")
                    .collect();
                let never = never_shown(&schemas, &document, &examples.collect::<Vec<_>>());
                let never = never.into_iter().map(|place| format!("{id} {status} {place}"));
                missing
                    .extend(never.filter(|place| NOT_SHOWN.iter().all(|(named, _)| !place.contains(named))));
            }
        }
    }
    assert!(missing.is_empty(), "no example has\n{}", missing.join("\n"));
}
