//! CORS as an HTTP API does it: preflights are answered by the gateway, and what functions say about CORS is ignored.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Deserialize;

/// `CorsConfiguration` of an `AWS::Serverless::HttpApi`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Cors {
    /// Origins that may call: exact ones, `*`, `http://*` or `https://*`.
    pub allow_origins: Vec<String>,
    /// Methods that a preflight allows.
    pub allow_methods: Vec<String>,
    /// Request headers that a preflight allows.
    pub allow_headers: Vec<String>,
    /// Response headers that a browser's script may read.
    #[serde(default)]
    pub expose_headers: Vec<String>,
    /// How long a browser may remember a preflight, in seconds.
    #[serde(default)]
    pub max_age: Option<u32>,
}

impl Cors {
    /// Whether this request is a preflight, which no function sees.
    pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
        method == Method::OPTIONS
            && headers.contains_key(ORIGIN)
            && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// Headers of the answer to a preflight: none when the origin may not call.
    pub fn preflight(&self, request: &HeaderMap) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(origin) = self.allowed(request) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            insert_list(&mut headers, ACCESS_CONTROL_ALLOW_METHODS, &self.allow_methods);
            insert_list(&mut headers, ACCESS_CONTROL_ALLOW_HEADERS, &self.allow_headers);
            headers.extend(self.max_age.map(|seconds| (ACCESS_CONTROL_MAX_AGE, HeaderValue::from(seconds))));
        }
        headers
    }

    /// Replaces what the function said about CORS by what the configuration says.
    pub fn apply(&self, request: &HeaderMap, response: &mut HeaderMap) {
        let spoken: Vec<HeaderName> =
            response.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
        for name in spoken {
            response.remove(name);
        }
        if let Some(origin) = self.allowed(request) {
            response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            insert_list(response, ACCESS_CONTROL_EXPOSE_HEADERS, &self.expose_headers);
        }
    }

    fn allowed(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let origin = request.get(ORIGIN)?;
        let text = origin.to_str().ok()?;
        self.allow_origins.iter().find_map(|allowed| match allowed.as_str() {
            "*" => Some(HeaderValue::from_static("*")),
            "http://*" if text.starts_with("http://") => Some(origin.clone()),
            "https://*" if text.starts_with("https://") => Some(origin.clone()),
            exact if exact == text => Some(origin.clone()),
            _ => None,
        })
    }
}

fn insert_list(headers: &mut HeaderMap, name: HeaderName, values: &[String]) {
    if let Ok(value) = HeaderValue::from_str(&values.join(","))
        && !value.is_empty()
    {
        headers.insert(name, value);
    }
}
