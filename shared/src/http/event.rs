//! An invocation of an API Gateway HTTP API, payload format 2.0.
//!
//! Read leniently and into plain text: whatever a caller can put into a request must arrive at the contract's own
//! error answer, and never fail on the way there. Format: "Create AWS Lambda proxy integrations for HTTP APIs"
//! in the API Gateway developer guide.

use serde::{Deserialize, Deserializer};
use std::collections::HashMap;

/// The parts of the event that this house reads.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    /// Path as sent.
    #[serde(deserialize_with = "nullable")]
    pub raw_path: String,
    /// Header names in lower case; several values of one name joined by commas.
    #[serde(deserialize_with = "nullable")]
    pub headers: HashMap<String, String>,
    /// Decoded once, by API Gateway.
    #[serde(deserialize_with = "nullable")]
    pub path_parameters: HashMap<String, String>,
    /// Decoded once, by API Gateway.
    #[serde(deserialize_with = "nullable")]
    pub query_string_parameters: HashMap<String, String>,
    /// Text, or base64 of the bytes.
    pub body: Option<String>,
    /// Whether `body` is base64.
    #[serde(deserialize_with = "nullable")]
    pub is_base64_encoded: bool,
    /// What API Gateway says of the request.
    #[serde(deserialize_with = "nullable")]
    pub request_context: RequestContext,
}

/// What API Gateway says of the request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestContext {
    /// The API's own domain name, which a caller cannot choose.
    #[serde(deserialize_with = "nullable")]
    pub domain_name: String,
    /// What it says of the HTTP request.
    #[serde(deserialize_with = "nullable")]
    pub http: Http,
    /// API Gateway's own id of the request, which it also tells the caller (`apigw-requestid`).
    #[serde(deserialize_with = "nullable")]
    pub request_id: String,
    /// `$default`, or a stage that is the first segment of every path.
    #[serde(deserialize_with = "nullable")]
    pub stage: String,
}

/// What API Gateway says of the HTTP request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Http {
    /// In capitals.
    #[serde(deserialize_with = "nullable")]
    pub method: String,
    /// The network address that the request came from: the last proxy's before API Gateway.
    #[serde(deserialize_with = "nullable")]
    pub source_ip: String,
}

fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Event {
    /// A header's value. `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let exact = self.headers.get(name);
        // API Gateway lower-cases names; an event written by hand may not.
        let found = exact.or_else(|| {
            self.headers.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        });
        found.map(String::as_str)
    }

    /// The network address that the request came from, where it is known.
    pub fn source(&self) -> Option<&str> {
        Some(self.request_context.http.source_ip.as_str()).filter(|source| !source.is_empty())
    }

    /// The body's bytes; `None` when it says to be base64 and is not.
    pub fn body_bytes(&self) -> Option<Vec<u8>> {
        let body = self.body.as_deref().unwrap_or_default();
        if self.is_base64_encoded {
            aws_smithy_types::base64::decode(body).ok()
        } else {
            Some(body.as_bytes().to_vec())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_members_are_as_absent_ones() {
        let event: Event = serde_json::from_str(
            r#"{"headers":null,"pathParameters":null,"body":null,"requestContext":null}"#,
        )
        .unwrap();
        assert!(event.headers.is_empty() && event.path_parameters.is_empty());
        assert_eq!(event.body_bytes(), Some(Vec::new()));
    }

    #[test]
    fn headers_that_http_forbids_do_not_stop_the_event() {
        let event: Event = serde_json::from_str(r#"{"headers":{"X-Odd":"名\n\u0000"}}"#).unwrap();
        assert_eq!(event.header("x-odd"), Some("名\n\0"));
    }

    #[test]
    fn a_binary_body_is_decoded() {
        let event =
            |body: &str| Event { body: Some(body.into()), is_base64_encoded: true, ..Event::default() };
        assert_eq!(event("e30=").body_bytes(), Some(b"{}".to_vec()));
        assert_eq!(event("*").body_bytes(), None);
    }
}
