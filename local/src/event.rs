//! An HTTP request as the event that an HTTP API hands to a function (payload format 2.0).

use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use serde_json::{Map, Value as Json, json};
use shared::clock::Timestamp;
use std::collections::BTreeMap;

/// A request that has found its route.
#[derive(Clone, Debug)]
pub struct Request {
    /// `PUT`.
    pub method: String,
    /// Path of the route as the template writes it: `/profiles/{user_id}`.
    pub route: String,
    /// Path of the request, decoded: `/profiles/alice`.
    pub path: String,
    /// Values of the route's parameters, decoded.
    pub path_parameters: BTreeMap<String, String>,
    /// What follows the `?`, as it was sent; empty when there is none.
    pub query: String,
    /// Headers in the order sent, names in lower case, repeated ones as often as they were sent.
    pub headers: Vec<(String, String)>,
    /// The body, decoded from whatever transfer coding it came in.
    pub body: Bytes,
    /// Address of the caller.
    pub source_ip: String,
    /// Host name of the API, never what the request's `Host` says.
    pub domain_name: String,
    /// The gateway's identifier of this request.
    pub request_id: String,
    /// When the request arrived.
    pub time: Timestamp,
}

/// Headers that belong to the connection and end at the gateway. Cookies become a member of their own.
const NOT_FORWARDED: [&str; 10] = [
    "connection",
    "cookie",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Request {
    /// A request without headers, query and body; for events made by hand.
    pub fn new(method: &str, route: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            route: route.to_owned(),
            path: path.to_owned(),
            path_parameters: BTreeMap::new(),
            query: String::new(),
            headers: Vec::new(),
            body: Bytes::new(),
            source_ip: "127.0.0.1".to_owned(),
            domain_name: "127.0.0.1".to_owned(),
            request_id: "AAAAAAAAAAAAAAA=".to_owned(),
            time: Timestamp::from_millis(0),
        }
    }

    /// The event, in the members and spelling of payload format 2.0.
    pub fn event(&self) -> Json {
        let route_key = format!("{} {}", self.method, self.route);
        let header =
            |name: &str| self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        let mut event = json!({
            "version": "2.0",
            "routeKey": route_key,
            "rawPath": self.path,
            "rawQueryString": self.query,
            "headers": self.joined_headers(),
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "local",
                "domainName": self.domain_name,
                "domainPrefix": "local",
                "http": {
                    "method": self.method,
                    "path": self.path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": self.source_ip,
                    "userAgent": header("user-agent").unwrap_or_default(),
                },
                "requestId": self.request_id,
                "routeKey": route_key,
                "stage": "$default",
                "time": self.time_in_common_log_format(),
                "timeEpoch": self.time.millis(),
            },
            "isBase64Encoded": false,
        });
        let mut add = |name: &str, value: Json| event[name] = value;
        let cookies = self.cookies();
        if !cookies.is_empty() {
            add("cookies", json!(cookies));
        }
        if !self.query.is_empty() {
            add("queryStringParameters", Json::Object(self.query_parameters()));
        }
        if !self.path_parameters.is_empty() {
            add("pathParameters", json!(self.path_parameters));
        }
        if !self.body.is_empty() {
            match self.text_body(header("content-type")) {
                Some(text) => add("body", json!(text)),
                None => {
                    add("body", json!(STANDARD.encode(&self.body)));
                    add("isBase64Encoded", json!(true));
                }
            }
        }
        event
    }

    fn joined_headers(&self) -> Map<String, Json> {
        let mut joined: BTreeMap<&str, String> = BTreeMap::new();
        for (name, value) in &self.headers {
            if !NOT_FORWARDED.contains(&name.as_str()) {
                let values = joined.entry(name).or_default();
                if !values.is_empty() {
                    values.push(',');
                }
                values.push_str(value);
            }
        }
        joined.insert("content-length", self.body.len().to_string());
        joined.into_iter().map(|(name, value)| (name.to_owned(), Json::String(value))).collect()
    }

    fn cookies(&self) -> Vec<&str> {
        let lines = self.headers.iter().filter(|(name, _)| name == "cookie");
        lines
            .flat_map(|(_, line)| line.split(';'))
            .map(str::trim)
            .filter(|cookie| !cookie.is_empty())
            .collect()
    }

    fn query_parameters(&self) -> Map<String, Json> {
        let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(self.query.as_bytes()) {
            parameters.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        parameters.into_iter().map(|(name, values)| (name, Json::String(values.join(",")))).collect()
    }

    /// The body as text, when its media type says that it is text.
    fn text_body(&self, content_type: Option<&str>) -> Option<&str> {
        let media_type = content_type.unwrap_or("text/plain").split(';').next().unwrap_or_default();
        let media_type = media_type.trim().to_ascii_lowercase();
        let is_text = media_type.starts_with("text/")
            || media_type.ends_with("+json")
            || media_type.ends_with("+xml")
            || ["application/json", "application/javascript", "application/xml"]
                .contains(&media_type.as_str());
        let is_coded = self.headers.iter().any(|(name, _)| name == "content-encoding");
        if is_text && !is_coded { std::str::from_utf8(&self.body).ok() } else { None }
    }

    /// `12/Mar/2020:19:03:58 +0000`.
    fn time_in_common_log_format(&self) -> String {
        let time = DateTime::from_timestamp_millis(self.time.millis()).unwrap_or(DateTime::UNIX_EPOCH);
        time.format("%d/%b/%Y:%H:%M:%S +0000").to_string()
    }
}

#[cfg(test)]
mod tests;
