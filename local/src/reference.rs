//! `/docs` and `/openapi/…`, paths of the local stack only: what the API is, to read and to try.
//!
//! Scalar shows the OpenAPI documents. It comes with its crate, and the page asks no other host for anything.

use crate::answer;
use crate::embedded::files;
use crate::loopback;
use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Response, StatusCode};
use std::borrow::Cow;
use std::net::SocketAddr;

/// Where the page is.
pub const PATH: &str = "/docs";

/// What is in a file.
pub type Content = Cow<'static, [u8]>;

/// Name of the page as a file.
pub const PAGE_NAME: &str = "index.html";

/// The page itself.
const PAGE: &str = include_str!("../reference/index.html");

/// What runs in it: Scalar, and what gives it the documents. They stand in `docs/`.
const SCRIPTS: [&str; 2] = ["scalar.js", "reference.js"];

/// The licence that this repository is under, too.
const MIT: &str = include_str!("../../LICENSE-MIT");

/// The documents' index.
const INDEX: &str = "index.json";

/// The documents and their index, in `openapi/`.
const DOCUMENTS: &[(&str, &str)] = files!["../docs/openapi": "index.json", "authms.json", "ciam.json", "wts.json", "cloudbase.json", "system-user.json"];

/// The page's line that says where credentials to try the API with are had.
const CREDENTIALS: &str = "    <meta name=\"credentials\" content=\"_local/credentials?user=1001\">\n";

/// Where the documents say that the API is.
const SERVER: &str = "http://127.0.0.1:3000";

/// What they call that.
const SERVER_DESCRIPTION: &str = "The local stack";

/// Scalar writes its styles into the page. Nothing else runs, looks or is asked that is not of this stack.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; \
    img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The reference as files that any web server can offer, in any directory: where each belongs below that, and what is in
/// it. No credentials are in it. It speaks of the API at `server`, a base URL without a slash at its end, or of a local
/// stack. `None` where Scalar is missing.
pub fn files(server: Option<&str>) -> Option<Vec<(String, Content)>> {
    let page = PAGE.replace(CREDENTIALS, "");
    let mut files = vec![(PAGE_NAME.to_owned(), page.into_bytes().into())];
    for name in SCRIPTS {
        files.push((format!("docs/{name}"), script(name)?));
    }
    // Whoever passes Scalar on passes its notice on.
    let own = |line: &&str| line.starts_with("Copyright");
    let notice = MIT.replace(MIT.lines().find(own)?, "Copyright (c) 2023-present Scalar");
    files.push(("docs/scalar.LICENSE".to_owned(), notice.into_bytes().into()));
    files.extend(DOCUMENTS.iter().map(|(name, text)| {
        let text = match server {
            Some(url) => located(text, url).replace(SERVER_DESCRIPTION, "The deployed stack"),
            None => (*text).to_owned(),
        };
        // From where the index stands, and not from the root of whatever host it is put on.
        let text = match *name {
            INDEX => text
                .replace("\"/openapi/", "\"")
                .replace("\"/docs\"", "\"..\"")
                .replace("\"/\"", &format!("\"{}/\"", server.unwrap_or(SERVER))),
            _ => text,
        };
        (format!("openapi/{name}"), text.into_bytes().into())
    }));
    Some(files)
}

/// Whether a path is the reference's.
pub fn has(path: &str) -> bool {
    [PATH, "/openapi"]
        .iter()
        .any(|own| path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Answers a request for such a path, at this address. The documents are for everybody.
pub fn answer(parts: &Parts, gateway: SocketAddr) -> Response<Body> {
    if parts.uri.path().starts_with("/openapi/") {
        let mut response = found(parts, gateway);
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        return response;
    }
    let mut response = match loopback::is_ours(parts, gateway) {
        true => found(parts, gateway),
        false => answer::own(StatusCode::FORBIDDEN),
    };
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    loopback::kept_here(response)
}

fn found(parts: &Parts, gateway: SocketAddr) -> Response<Body> {
    if ![Method::GET, Method::HEAD].contains(&parts.method) {
        return answer::not_allowed("GET, HEAD");
    }
    let Some((media_type, content)) = content(parts.uri.path(), gateway) else {
        return answer::own(StatusCode::NOT_FOUND);
    };
    let mut response = Response::new(Body::from(content));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// What stands at a path, and its media type.
fn content(path: &str, gateway: SocketAddr) -> Option<(&'static str, Content)> {
    if path == PATH {
        return Some(("text/html; charset=utf-8", PAGE.as_bytes().into()));
    }
    if let Some(name) = path.strip_prefix("/openapi/") {
        let (_, text) = DOCUMENTS.iter().find(|(document, _)| *document == name)?;
        let text = located(text, &format!("http://{gateway}"));
        let media_type = match name {
            INDEX => "application/linkset+json",
            _ => "application/openapi+json;version=3.1",
        };
        return Some((media_type, text.into_bytes().into()));
    }
    let name = path.strip_prefix(PATH)?.strip_prefix('/')?;
    Some(("text/javascript; charset=utf-8", script(name)?))
}

/// What runs in the page, by its name in `docs/`.
fn script(name: &str) -> Option<Content> {
    match name {
        "reference.js" => Some(include_bytes!("../reference/reference.js").into()),
        // An unoptimised build reads it from where the crate was unpacked.
        "scalar.js" => scalar_api_reference::get_asset(name).map(Cow::Owned),
        _ => None,
    }
}

/// A document about the API at this URL.
fn located(document: &str, url: &str) -> String {
    document.replace(SERVER, url)
}
