//! One request and its circumstances.

use super::{Event, Trace};
use crate::clock::Timestamp;
use crate::config::{Config, Stage};
use crate::entropy::{Entropy, uuid};
use crate::telemetry::XRay;
use crate::update::UpdateError;
use crate::validation::{Malformed, UserId, is_json, parse_object};
use serde_json::{Map, Value};
use std::sync::Arc;

/// One request: the event, the one "now" that all of it goes by, and the ids under which it is found again.
#[derive(Clone)]
pub struct Call {
    /// The event as API Gateway sent it.
    pub event: Event,
    /// The request's time.
    pub now: Timestamp,
    /// `req_` and a UUID.
    pub request_id: String,
    /// Its place in a trace.
    pub trace: Trace,
    /// Randomness, for salts and for contracts that answer with a number of their own.
    pub entropy: Arc<dyn Entropy>,
    /// Whether the stack is a development one.
    pub development: bool,
    base_url: String,
}

impl Call {
    /// Gives a request its time and its ids; `x_ray` is where Lambda stands in X-Ray's trace.
    pub fn new(
        event: Event,
        x_ray: Option<&XRay>,
        config: &Config,
        now: Timestamp,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            now,
            request_id: format!("req_{}", uuid(&*entropy)),
            trace: Trace::of(&event, x_ray, &*entropy),
            development: config.stage == Stage::Dev,
            base_url: base_url(config, &event),
            event,
            entropy,
        }
    }

    /// The stack's public address without a trailing slash, never taken from the caller's `Host`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The request's own address, without its query.
    pub fn url(&self) -> String {
        let stage = format!("/{}", self.event.request_context.stage);
        // API Gateway's path begins with a named stage, and so does the base URL.
        let staged = self.event.raw_path.strip_prefix(&stage).filter(|rest| rest.starts_with('/'));
        let path = staged.unwrap_or(&self.event.raw_path);
        format!("{}{}", self.base_url, encode_path(path))
    }

    /// Whether it only asks to be shown something. What it is shown is personal, and so is that there is nothing: no
    /// cache may keep the answer, unless the endpoint says otherwise.
    pub fn reads(&self) -> bool {
        self.event.request_context.http.method == "GET"
    }

    /// The user id that the path names: API Gateway's own decoding of it.
    pub fn path_user_id(&self, parameter: &str) -> Option<UserId> {
        UserId::parse(self.event.path_parameters.get(parameter)?).ok()
    }

    /// The JSON object in the body.
    pub fn json_object(&self) -> Result<Map<String, Value>, UpdateError> {
        if !is_json(self.event.header("content-type")) {
            return Err(UpdateError::MediaType);
        }
        let bytes = self.event.body_bytes().ok_or(UpdateError::Malformed(Malformed::NotJson))?;
        parse_object(&bytes).map_err(UpdateError::Malformed)
    }
}

fn base_url(config: &Config, event: &Event) -> String {
    if let Some(public) = &config.public_url {
        return public.clone();
    }
    let context = &event.request_context;
    match context.stage.as_str() {
        "" | "$default" => format!("https://{}", context.domain_name),
        stage => format!("https://{}/{stage}", context.domain_name),
    }
}

/// Percent-encodes what may not stand in a path (RFC 3986, section 3.3); an encoded octet stays as it is.
fn encode_path(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte);
    let bytes = path.as_bytes();
    let is_octet = |rest: &[u8]| matches!(rest, [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
    bytes.iter().enumerate().fold(String::with_capacity(path.len()), |mut encoded, (at, &byte)| {
        if plain(byte) || is_octet(&bytes[at..]) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_only_what_has_to_be() {
        assert_eq!(encode_path("/profiles/a%2Fb/é \"<"), "/profiles/a%2Fb/%C3%A9%20%22%3C");
        assert_eq!(encode_path("/100%/%2/%zz%41%"), "/100%25/%252/%25zz%41%25");
    }
}
