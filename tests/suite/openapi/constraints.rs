//! What the documents say of requests' bodies, tried: what a schema's bounds let in is served, what it keeps out is refused.

use super::caller::{Caller, is_known_to_the_stack};
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use tests::openapi::agreement::was_served;
use tests::openapi::document::{Operation, operations, resolved};
use tests::openapi::recorded;
use tests::{Canaries, Reply};

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

/// What says of a schema's values what they mean, and keeps none out.
const TELLING: [&str; 7] =
    ["default", "description", "examples", "title", "writeOnly", "x-attribute", "x-defined-attributes"];

/// Bounds on which no value can be, and why.
const NOT_TRIED: [(&str, &str); 9] = [
    ("patchUserinfo email minLength", "no address is so short"),
    ("patchUserinfo locale minLength", "no language tag is so short"),
    ("patchUserinfo zoneinfo minLength", "no time zone is so short"),
    ("patchUserinfo department maxLength", "the pattern says less"),
    ("putProfile custom_fields.department maxLength", "the pattern says less"),
    ("putProfile custom_fields.employee_number maxLength", "the pattern says less"),
    ("putProfile custom_fields.employee_number minLength", "the pattern says more"),
    ("sendOtp email minLength", "no address is so short"),
    ("sendVerification email minLength", "no address is so short"),
];

/// An operation's body, or one of its alternatives.
pub struct Body<'a> {
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
    Canaries::of_this_test().words_up_to(8);
    let mut not_tried = BTreeSet::new();
    for (document, _) in recorded().await {
        let document = document.value();
        for operation in operations(&document) {
            for body in Body::alternatives(&operation, &document) {
                not_tried.extend(body.tried().await);
            }
        }
    }
    let named: BTreeSet<String> = NOT_TRIED.into_iter().map(|(bound, _)| bound.to_owned()).collect();
    assert_eq!(not_tried, named, "a bound is tried, or named with a reason, and not both");
}

/// Whether a request was refused, and not failed: 5xx is no refusal.
fn is_refused(reply: &Reply) -> bool {
    (400..500).contains(&reply.status) || reply.body["code"] == "4000"
}

/// Whether a request was refused for what it says, and not for what is stored: one contract says so in the body alone.
pub fn is_malformed(reply: &Reply) -> bool {
    let message = reply.body["message"].as_str();
    reply.status == 400
        || message.is_some_and(|it| ["Invalid parameter.", "Malformed Idempotency-Key."].contains(&it))
}

impl<'a> Body<'a> {
    /// What may be sent to an operation.
    pub fn alternatives(operation: &Operation<'a>, document: &'a Value) -> Vec<Self> {
        let Some(schema) = operation.body else { return Vec::new() };
        let schema = resolved(schema, document);
        let alternatives = ["anyOf", "oneOf"].into_iter().find_map(|keyword| schema[keyword].as_array());
        let alternatives = alternatives.map_or(vec![schema], |schemas| schemas.iter().collect());
        let body = |schema| Self { operation: operation.id, schema: resolved(schema, document), document };
        alternatives.into_iter().map(body).collect()
    }

    /// A body that is served, with at least one member.
    pub async fn whole(&self, caller: &Caller) -> Value {
        let mut members = self.schema["properties"].as_object().unwrap().keys();
        self.good(caller, members.next().map(String::as_str), None).await
    }

    /// Tries it, and returns the bounds that this could not be done with.
    async fn tried(&self) -> Vec<String> {
        let mut not_tried = Vec::new();
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
                not_tried.extend(self.try_place(&caller, &place).await);
            }
            for companion in self.schema["dependentRequired"][name].as_array().into_iter().flatten() {
                let body = self.good(&caller, Some(name), None).await;
                self.expect(&caller, &without(&body, companion.as_str().unwrap()), false).await;
            }
        }
        whole = self.whole(&caller).await;
        whole["no_such_member"] = json!(1);
        self.expect(&caller, &whole, self.schema["additionalProperties"] != json!(false)).await;
        not_tried
    }

    async fn try_place(&self, caller: &Caller, place: &Place<'_>) -> Vec<String> {
        let member = place.way[0].as_str();
        let (good, bad) = (place.good_values(), place.bad_values());
        let not_tried =
            if is_known_to_the_stack(member) { vec![] } else { place.not_tried(self.operation, &good, &bad) };
        for value in good {
            if !(value.is_string() && is_known_to_the_stack(member)) {
                let at_top = (place.way.len() == 1).then_some(&value);
                let mut body = self.good(caller, Some(member), at_top).await;
                *place.of(&mut body) = value;
                self.expect(caller, &body, true).await;
            }
        }
        for value in bad {
            let mut body = self.good(caller, Some(member), None).await;
            *place.of(&mut body) = value;
            self.expect(caller, &body, false).await;
        }
        not_tried
    }

    /// Sends a body. That what was served is allowed by the document is looked at by the world itself.
    async fn expect(&self, caller: &Caller, body: &Value, served: bool) {
        let reply: Reply = caller.world.send(&caller.request(self.operation).json(body)).await;
        let as_expected = if served { was_served(&reply) } else { is_refused(&reply) };
        assert!(as_expected, "{}: {body} (served: {served}) is answered {reply:?}", self.operation);
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
        let texts = texts.chain(example(self.schema));
        let whole = [json!(null), json!(true), json!(false), json!(7), json!(-0.5), json!([]), json!({})];
        let unformatted = self.schema["format"].is_null();
        let controls = ["a\u{7}b", "a\nb", "a\u{2028}b"].map(Value::from).into_iter().filter(|_| unformatted);
        let more = texts.chain(whole).chain(controls).chain(self.numbers()).chain(self.named());
        listed.into_iter().chain(more.filter(|value| self.validator.is_valid(value))).collect()
    }

    /// What the document forbids: odd values, and texts that are too short or too long by one.
    fn bad_values(&self) -> Vec<Value> {
        let short = self.schema["minLength"].as_u64().and_then(|length| self.text_of(length.checked_sub(1)?));
        let long = self.schema["maxLength"].as_u64().and_then(|length| self.text_of(length + 1));
        let all = odd_values().into_iter().chain(short).chain(long).chain(self.numbers()).chain(self.named());
        all.filter(|value| !self.validator.is_valid(value)).collect()
    }

    /// On each bound of numbers, which is out, and right beside it.
    fn numbers(&self) -> Vec<Value> {
        let bound = |keyword: &str| self.schema[keyword].as_f64();
        let least = bound("exclusiveMinimum").into_iter().flat_map(|least| [least, least.next_up()]);
        let most = bound("exclusiveMaximum").into_iter().flat_map(|most| [most, most.next_down()]);
        least.chain(most).map(Value::from).collect()
    }

    /// Objects with names as short and as long as may be, by one more and less, and with characters that few names have.
    fn named(&self) -> Vec<Value> {
        if !self.schema["propertyNames"].is_object() {
            return Vec::new();
        }
        let names = [0, 1, 64, 65].map(|length| "x".repeat(length));
        names.into_iter().chain(["a b\u{7}".to_owned()]).map(|name| json!({name: "x"})).collect()
    }

    /// The bounds that have nothing on one of their sides among these values.
    fn not_tried(&self, operation: &str, good: &[Value], bad: &[Value]) -> Vec<String> {
        let has = |values: &[Value], fits: &dyn Fn(&Value) -> bool| values.iter().any(fits);
        let texts = |values: &[Value], length: u64| {
            has(values, &|value| value.as_str().is_some_and(|text| text.chars().count() as u64 == length))
        };
        let names = |values: &[Value], length: u64| {
            let fits = |name: &String| name.chars().count() as u64 == length;
            has(values, &|value| value.as_object().is_some_and(|members| members.keys().any(fits)))
        };
        let tried = |(keyword, bound): &(&String, &Value)| {
            let length = || bound.as_u64().unwrap();
            match keyword.as_str() {
                "minLength" => texts(good, length()) && texts(bad, length() - 1),
                "maxLength" => texts(good, length()) && texts(bad, length() + 1),
                "pattern" | "format" => has(good, &Value::is_string) && has(bad, &Value::is_string),
                "exclusiveMinimum" | "exclusiveMaximum" => {
                    bad.contains(bound)
                        && has(good, &|value| value.as_f64().is_some_and(|it| it.abs() > 1e100))
                }
                "propertyNames" => {
                    [1, 64].into_iter().all(|length| names(good, length))
                        && [0, 65].into_iter().all(|length| names(bad, length))
                }
                "type" | "enum" | "const" | "anyOf" | "not" => !good.is_empty() && !bad.is_empty(),
                "items" | "properties" | "additionalProperties" => true,
                telling if TELLING.contains(&telling) => true,
                other => panic!("{operation} {:?}: nobody tries {other} yet", self.way),
            }
        };
        let way = self.way.join(".");
        let bounds = self.schema.as_object().unwrap().iter();
        bounds
            .filter(|bound| !tried(bound))
            .map(|(keyword, _)| format!("{operation} {way} {keyword}"))
            .collect()
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
    if schema["x-attribute"] == "custom_fields.employee_number" {
        return Some(json!("AB123456"));
    }
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
