//! The console's page: static files, compiled in. It needs no build step, and loads nothing from elsewhere.

use super::PATH;
use crate::embedded::files;
use axum::body::Body;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, Response, StatusCode};

/// The page's files.
pub const FILES: &[(&str, &str)] = files!["console":
    "index.html",
    "icon.svg",
    "comparison.css",
    "console.css",
    "fit.css",
    "workbench.css",
    "activity.js",
    "comparison.js",
    "contract.js",
    "element.js",
    "exchange.js",
    "field.js",
    "form.js",
    "json.js",
    "log.js",
    "main.js",
    "profile.js",
    "proof.js",
    "refusal.js",
    "schema.js",
    "theme.js",
    "wire.js",
];

/// Nothing runs, looks or is asked that is not one of these files or an answer of this stack; nobody frames the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The file that a path names, as a response. The page itself stands at [`PATH`] alone.
pub fn file(path: &str) -> Option<Response<Body>> {
    if path == PATH.trim_end_matches('/') {
        return Some(moved());
    }
    let name = match path.strip_prefix(PATH)? {
        "" => "index.html",
        "index.html" => return None,
        name => name,
    };
    let (name, content) = FILES.iter().find(|(file, _)| *file == name)?;
    let mut response = Response::new(Body::from(*content));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(name)));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Some(response)
}

/// Relative addresses in the page need the slash.
fn moved() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(PATH));
    response
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    }
}
