//! What the documents say of parameters, tried: what a schema's bounds let in is read, what it keeps out is malformed.

use super::caller::{Caller, is_known_to_the_stack};
use super::constraints::{Body, is_malformed};
use serde_json::Value;
use tests::openapi::document::{Operation, operations, resolved};
use tests::openapi::{Agreement, recorded};

/// What is hardly ever good.
const ODD: [&str; 7] = ["", "?", "x", "a b", "é", "\"", "\"\""];

/// What says of a schema's values what they mean, and keeps none out.
const TELLING: [&str; 4] = ["default", "description", "examples", "format"];

/// A parameter and the operation that it is one of.
struct Parameter<'a> {
    route: &'a str,
    place: &'a str,
    name: &'a str,
    schema: &'a Value,
    agreement: &'a Agreement,
}

#[tokio::test]
async fn what_a_schema_lets_in_is_read_and_what_it_keeps_out_is_malformed() {
    let mut wrong = Vec::new();
    for (document, _) in recorded().await {
        let agreement = Agreement::of([document]);
        let document = document.value();
        for operation in operations(&document) {
            let caller = Caller::open().await;
            for parameter in &operation.parameters {
                let text = |member: &str| parameter[member].as_str().unwrap();
                let parameter = Parameter {
                    route: &operation.route,
                    place: text("in"),
                    name: text("name"),
                    schema: resolved(&parameter["schema"], &document),
                    agreement: &agreement,
                };
                wrong.extend(parameter.faults(&caller, &operation, &document).await);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

impl Parameter<'_> {
    /// What is answered otherwise than the document says.
    async fn faults(&self, caller: &Caller, operation: &Operation<'_>, document: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        let (good, bad) = self.values();
        for (value, malformed) in
            good.iter().map(|value| (value, false)).chain(bad.iter().map(|value| (value, true)))
        {
            let mut request = caller.request(operation.id);
            if let Some(body) = Body::alternatives(operation, document).first() {
                request = request.json(&body.whole(caller).await);
            }
            let request = match self.place {
                "path" => request.parameter(self.name, value),
                "query" => request.query(self.name, value),
                "header" => request.header(self.name, value),
                other => panic!("nobody sends a parameter in {other} yet"),
            };
            let reply = caller.world.send(&request).await;
            if reply.status >= 500 || is_malformed(&reply) != malformed {
                faults.push(format!("{} {} {value:?} is answered {reply:?}", self.route, self.name));
            }
            caller.sleep();
        }
        faults
    }

    /// Examples and what is just inside each bound; what is just outside, and what is odd.
    fn values(&self) -> (Vec<String>, Vec<String>) {
        let known = self.examples().filter(|_| !is_known_to_the_stack(self.name));
        let (odd, mut bad): (Vec<_>, Vec<_>) =
            ODD.map(str::to_owned).into_iter().partition(|odd| self.allows(odd));
        let mut good: Vec<String> = known.chain(odd).collect();
        for (keyword, bound) in self.schema.as_object().unwrap() {
            let number = || i128::from(bound.as_i64().unwrap());
            let length = || usize::try_from(bound.as_u64().unwrap()).unwrap();
            let (inside, outside) = match keyword.as_str() {
                "minimum" => (number().to_string(), (number() - 1).to_string()),
                "maximum" => (number().to_string(), (number() + 1).to_string()),
                "minLength" => (self.text_of(length()), self.text_of(length() - 1)),
                "maxLength" => (self.text_of(length()), self.text_of(length() + 1)),
                "pattern" | "type" => {
                    assert!(*bound == "string" || !bad.is_empty(), "{}: nothing breaks {bound}", self.name);
                    continue;
                }
                telling if TELLING.contains(&telling) => continue,
                other => panic!("{}: nobody tries {other} yet", self.name),
            };
            good.push(inside);
            bad.push(outside);
        }
        for (values, allowed) in [(&good, true), (&bad, false)] {
            values
                .iter()
                .for_each(|value| assert_eq!(self.allows(value), allowed, "{} {value:?}", self.name));
        }
        (good, bad)
    }

    fn examples(&self) -> impl Iterator<Item = String> {
        let examples = self.schema["examples"].as_array().unwrap().iter();
        examples.map(|example| example.as_str().map_or_else(|| example.to_string(), str::to_owned))
    }

    /// A text of so many characters: an example, if one has so many.
    fn text_of(&self, length: usize) -> String {
        let example = self.examples().find(|example| example.chars().count() == length);
        example.unwrap_or_else(|| "x".repeat(length))
    }

    fn allows(&self, value: &str) -> bool {
        self.agreement.allows_parameter(self.route, self.place, self.name, value)
    }
}
