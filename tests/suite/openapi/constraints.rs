//! What the documents say of requests' bodies, tried: what a schema's bounds let in is served, what it keeps out is refused.

use super::caller::{Caller, is_known_to_the_stack};
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use tests::Reply;
use tests::openapi::agreement::was_served;
use tests::openapi::document::{operations, resolved};
use tests::openapi::recorded;

/// What is hardly ever good.
fn odd_values() -> Vec<Value> {
    let texts = ["", " ", "?", "x", "10", "a\u{7}b", "a\nb", "https://x", "2026-02-30", "MALE", "Ａ"];
    let others = [
        json!(null),
        json!(true),
        json!(7),
        json!(-0.5),
        json!([]),
        json!(["x"]),
        json!({}),
        json!({"x": 1}),
    ];
    texts.into_iter().map(Value::from).chain(others).collect()
}

/// An operation's body, or one of its alternatives.
struct Body<'a> {
    operation: &'a str,
    schema: &'a Value,
    document: &'a Value,
}

/// A place in a body, a member or a member's member, and what may stand there.
struct Place<'a> {
    way: Vec<String>,
    schema: &'a Value,
    validator: Validator,
}

#[tokio::test]
async fn what_a_schema_lets_in_is_served_and_what_it_keeps_out_is_refused() {
    for (document, _) in recorded().await {
        let document = document.value();
        for operation in operations(&document) {
            let Some(schema) = operation.body else { continue };
            let schema = resolved(schema, &document);
            let alternatives = ["anyOf", "oneOf"].into_iter().find_map(|keyword| schema[keyword].as_array());
            let alternatives = alternatives.map_or(vec![schema], |schemas| schemas.iter().collect());
            for schema in alternatives {
                let schema = resolved(schema, &document);
                Body { operation: operation.id, schema, document: &document }.tried().await;
            }
        }
    }
}

impl<'a> Body<'a> {
    async fn tried(&self) {
        let caller = Caller::open().await;
        let mut whole = self.good(&caller, None, None).await;
        self.expect(&caller, &whole, self.schema["minProperties"].is_null()).await;
        self.expect(&caller, &json!([]), false).await;
        for name in self.names("required") {
            self.expect(&caller, &without(&whole, name), false).await;
        }
        let members = self.schema["properties"].as_object().unwrap();
        for (name, schema) in members {
            for place in self.places(name, resolved(schema, self.document)) {
                self.try_place(&caller, &place).await;
            }
            for companion in self.schema["dependentRequired"][name].as_array().into_iter().flatten() {
                let body = self.good(&caller, Some(name), None).await;
                self.expect(&caller, &without(&body, companion.as_str().unwrap()), false).await;
            }
        }
        whole = self.good(&caller, members.keys().next().map(String::as_str), None).await;
        whole["no_such_member"] = json!(1);
        self.expect(&caller, &whole, self.schema["additionalProperties"] != json!(false)).await;
    }

    async fn try_place(&self, caller: &Caller, place: &Place<'_>) {
        let member = place.way[0].as_str();
        for value in place.good_values() {
            if !(value.is_string() && is_known_to_the_stack(member)) {
                let at_top = (place.way.len() == 1).then_some(&value);
                let mut body = self.good(caller, Some(member), at_top).await;
                *place.of(&mut body) = value;
                self.expect(caller, &body, true).await;
            }
        }
        for value in place.bad_values() {
            let mut body = self.good(caller, Some(member), None).await;
            *place.of(&mut body) = value;
            self.expect(caller, &body, false).await;
        }
    }

    /// Sends a body. That what was served is allowed by the document is looked at by the world itself.
    async fn expect(&self, caller: &Caller, body: &Value, served: bool) {
        let reply: Reply = caller.world.send(&caller.request(self.operation).json(body)).await;
        assert_eq!(was_served(&reply), served, "{}: {body} is answered {reply:?}", self.operation);
        caller.sleep();
    }

    /// A body that is served: what is required, this member, with this value or a good one, and what has to be beside it.
    async fn good(&self, caller: &Caller, member: Option<&str>, value: Option<&Value>) -> Value {
        let companions = member.map(|member| &self.schema["dependentRequired"][member]);
        let companions = companions.and_then(Value::as_array).into_iter().flatten();
        // A member that is there and says nothing is not enough where there has to be one.
        let another = self.schema["properties"].as_object().unwrap().keys().map(String::as_str);
        let another = another.filter(|name| member.is_some_and(|member| member != *name));
        let another = another.take(usize::from(!self.schema["minProperties"].is_null()));
        let names = self
            .names("required")
            .chain(another)
            .chain(companions.map(|name| name.as_str().unwrap()))
            .chain(member);
        let mut body: Map<_, _> = names.map(|name| (name.to_owned(), self.example(name))).collect();
        if let (Some(member), Some(value)) = (member, value) {
            body.insert(member.to_owned(), value.clone());
        }
        caller.complete(self.operation, &mut body).await;
        body.into()
    }

    fn names(&self, keyword: &str) -> impl Iterator<Item = &'a str> {
        self.schema[keyword].as_array().into_iter().flatten().map(|name| name.as_str().unwrap())
    }

    fn example(&self, member: &str) -> Value {
        let schema = resolved(&self.schema["properties"][member], self.document);
        example(schema).unwrap_or_else(|| panic!("{}: {member} has no example", self.operation))
    }

    /// The member itself, and if it is an object its members: those that are named, and any other.
    fn places(&self, member: &str, schema: &'a Value) -> Vec<Place<'a>> {
        let place = |way: &[&str], schema: &'a Value| Place {
            way: way.iter().map(|&name| name.to_owned()).collect(),
            schema,
            validator: jsonschema::validator_for(&json!({
                "components": self.document["components"], "allOf": [schema],
            }))
            .unwrap(),
        };
        let mut places = vec![place(&[member], schema)];
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            places.push(place(&[member, name], resolved(schema, self.document)));
        }
        if schema["additionalProperties"].is_object() {
            places
                .push(place(&[member, "another"], resolved(&schema["additionalProperties"], self.document)));
        }
        places
    }
}

impl Place<'_> {
    /// Where it is in a body.
    fn of<'b>(&self, body: &'b mut Value) -> &'b mut Value {
        self.way.iter().fold(body, |value, name| &mut value[name.as_str()])
    }

    /// Examples, each of the values that are listed, texts as short and as long as may be, and something of each other type.
    fn good_values(&self) -> Vec<Value> {
        let listed =
            ["examples", "enum"].into_iter().filter_map(|keyword| self.schema[keyword].as_array()).flatten();
        let listed: Vec<Value> = listed.chain(self.schema.get("const")).cloned().collect();
        for value in &listed {
            assert!(self.validator.is_valid(value), "{:?}: the document forbids its own {value}", self.way);
        }
        // What has a format is more than a text of some length: the shortest one is not known here.
        let shortest = self.schema["minLength"].as_u64().filter(|_| self.schema["format"].is_null());
        let bounds = shortest.into_iter().chain(self.schema["maxLength"].as_u64());
        let texts = bounds.filter_map(|length| self.text_of(length));
        let whole = [json!(null), json!(true), json!(false), json!(7), json!(-0.5), json!([]), json!({})];
        listed.into_iter().chain(texts.chain(whole).filter(|value| self.validator.is_valid(value))).collect()
    }

    /// What the document forbids: odd values, and texts that are too short or too long by one.
    fn bad_values(&self) -> Vec<Value> {
        let short = self.schema["minLength"].as_u64().and_then(|length| self.text_of(length.checked_sub(1)?));
        let long = self.schema["maxLength"].as_u64().and_then(|length| self.text_of(length + 1));
        let names = self.schema["propertyNames"].is_object().then(|| json!({"a b\u{7}": "x"}));
        let all = odd_values().into_iter().chain(short).chain(long).chain(names);
        all.filter(|value| !self.validator.is_valid(value)).collect()
    }

    /// A text of so many characters that is good in all other respects, if that can be.
    fn text_of(&self, length: u64) -> Option<Value> {
        let length = usize::try_from(length).unwrap();
        let example = example(self.schema)?;
        let example = example.as_str()?;
        let text = match self.schema["x-attribute"].as_str() {
            Some("email") => {
                let domain = [63, 63, 61].map(|length| "b".repeat(length)).join(".");
                format!("{}@{domain}", "a".repeat(length.checked_sub(domain.len() + 1)?))
            }
            Some("language") => {
                let private = "-abcdefg".repeat(length.saturating_sub(1) / 8);
                format!("{}{private}", "x".repeat(length.checked_sub(private.len())?))
            }
            _ => example.chars().chain(std::iter::repeat('x')).take(length).collect(),
        };
        (text.chars().count() == length).then(|| text.into())
    }
}

/// A value that a schema calls good, or one of its type.
fn example(schema: &Value) -> Option<Value> {
    let listed = ["examples", "enum"].into_iter().find_map(|keyword| schema[keyword].get(0));
    let is = |kind: &str| {
        schema["type"] == kind || schema["type"].as_array().is_some_and(|kinds| kinds.contains(&json!(kind)))
    };
    let of_type = || {
        [("string", json!("x")), ("boolean", json!(true)), ("object", json!({})), ("null", json!(null))]
            .into_iter()
            .find(|(kind, _)| is(kind))
    };
    listed.or(schema.get("const")).cloned().or_else(|| Some(of_type()?.1))
}

fn without(body: &Value, member: &str) -> Value {
    let mut body = body.clone();
    body.as_object_mut().unwrap().remove(member);
    body
}
