//! An answer, in the shape of API Gateway's payload format 2.0.

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// Status, headers and body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// HTTP status.
    pub status_code: u16,
    /// Names in lower case, each once.
    #[serde(serialize_with = "as_map", deserialize_with = "from_map")]
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// Text; empty for none.
    pub body: String,
    /// Always false: all our bodies are text.
    is_base64_encoded: bool,
}

fn as_map<S: Serializer>(headers: &[(Cow<'static, str>, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(headers.iter().map(|(name, value)| (name, value)))
}

fn from_map<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(Cow<'static, str>, String)>, D::Error> {
    struct Headers;

    impl<'de> Visitor<'de> for Headers {
        type Value = Vec<(Cow<'static, str>, String)>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("names and values")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut headers = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, String>()? {
                headers.push((Cow::Owned(name), value));
            }
            Ok(headers)
        }
    }

    deserializer.deserialize_map(Headers)
}

impl Answer {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self { status_code: status, headers: Vec::new(), body: String::new(), is_base64_encoded: false }
    }

    /// A body of this media type.
    pub fn text(status: u16, content_type: &str, body: String) -> Self {
        Self { body, ..Self::empty(status) }.with("content-type", content_type)
    }

    /// A JSON body of this media type; members keep the order in which they are declared.
    pub fn json_as(status: u16, content_type: &str, body: &impl Serialize) -> Self {
        // Serialising our own response structs cannot fail: they hold text, numbers and maps with text keys.
        let body = serde_json::to_string(body).unwrap_or_default();
        Self::text(status, content_type, body)
    }

    /// An `application/json` body.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        Self::json_as(status, "application/json", body)
    }

    /// With one more header. Characters that no header value may hold are left out.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let mut value: String = value.into();
        value.retain(|character| matches!(character, ' '..='~'));
        self.headers.retain(|(present, _)| *present != name);
        self.headers.push((Cow::Borrowed(name), value));
        self
    }

    /// With this header, where there is none of this name.
    pub fn unless_said(self, name: &'static str, value: &'static str) -> Self {
        if self.header(name).is_some() { self } else { self.with(name, value) }
    }

    /// As text, for [`Self::from_json`].
    pub fn to_json(&self) -> String {
        // It holds a number, texts and a flag.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what [`Self::to_json`] wrote.
    pub fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(present, _)| *present == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `null` when it is none.
    pub fn body_json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serialises_as_payload_format_2() {
        let answer = Answer::json(200, &serde_json::json!({})).with("etag", "\"1\"\r\nx: y");
        assert_eq!(
            serde_json::to_value(&answer).unwrap(),
            serde_json::json!({
                "statusCode": 200,
                "headers": {"content-type": "application/json", "etag": "\"1\"x: y"},
                "body": "{}",
                "isBase64Encoded": false,
            })
        );
    }
}
