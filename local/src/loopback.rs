//! Who may look at what only this machine should see, and from where.
//!
//! The gateway listens on the loopback interface, but a browser is on this machine too, and does what pages from anywhere
//! tell it. A page whose own host name was made to lead here (DNS rebinding) would be of the same origin as the console.
//! It still names its own host. What a page asks for without wanting to read the answer (an image, a script) names no
//! origin, but the browser says from where it is asked for ([Fetch Metadata](https://www.w3.org/TR/fetch-metadata/)).

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Response};
use std::net::SocketAddr;

/// Names of this machine that no page from elsewhere can have.
const NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Headers by which a browser shows an answer to no page of elsewhere, and keeps none.
const HEADERS: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (CACHE_CONTROL, "no-store"),
];

/// The answer, for this machine's own pages only.
pub fn kept_here(mut response: Response<Body>) -> Response<Body> {
    let headers = HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(headers);
    response
}

/// Whether a request names this machine and the gateway's port, and comes from no page of elsewhere.
pub fn is_ours(parts: &Parts, gateway: SocketAddr) -> bool {
    let is_own = |authority: &str| {
        let (name, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
        let (name, port) =
            if name.starts_with('[') && !name.ends_with(']') { (authority, "") } else { (name, port) };
        let port = if port.is_empty() { Ok(80) } else { port.parse::<u16>() };
        NAMES.iter().any(|own| own.eq_ignore_ascii_case(name)) && port == Ok(gateway.port())
    };
    let mut hosts = parts.headers.get_all(HOST).iter().map(|host| host.to_str().is_ok_and(is_own));
    let host = matches!((hosts.next(), hosts.next()), (Some(true), None));
    let target = parts.uri.authority().is_none_or(|authority| is_own(authority.as_str()));
    let mut origins = parts.headers.get_all(ORIGIN).iter();
    let origin = origins
        .all(|origin| origin.to_str().is_ok_and(|origin| origin.strip_prefix("http://").is_some_and(is_own)));
    host && target && origin && (is_asked_here(parts) || is_followed(parts))
}

/// Whether no browser says that a page of elsewhere asks: one of another port is such a page, too.
fn is_asked_here(parts: &Parts) -> bool {
    parts
        .headers
        .get_all("sec-fetch-site")
        .iter()
        .all(|site| ["none", "same-origin"].iter().any(|own| site == own))
}

/// Whether somebody follows a link: what it leads to is theirs to see, and not the page's that it stands on.
fn is_followed(parts: &Parts) -> bool {
    let says = |name, value: &str| parts.headers.get(name).is_some_and(|said| said == value);
    says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn ours(target: &str, headers: &[(&str, &str)], port: u16) -> bool {
        let mut request = Request::builder().uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        is_ours(&request.body(()).unwrap().into_parts().0, SocketAddr::from(([127, 0, 0, 1], port)))
    }

    #[test]
    fn only_this_machine_s_names_with_the_gateway_s_port() {
        for host in ["127.0.0.1:3000", "localhost:3000", "LocalHost:3000", "[::1]:3000"] {
            assert!(ours("/_local/", &[("host", host)], 3000), "{host}");
            assert!(!ours("/_local/", &[("host", host)], 3001), "{host}");
        }
        for host in ["localhost", "127.0.0.1", "[::1]", "localhost:"] {
            assert!(ours("/_local/", &[("host", host)], 80), "{host}");
        }
        for host in [
            "",
            "evil.example:3000",
            "127.0.0.1.evil.example:3000",
            "0.0.0.0:3000",
            "localhost:x",
            "[::1",
            "::1:3000",
        ] {
            assert!(!ours("/_local/", &[("host", host)], 3000), "{host}");
        }
        assert!(!ours("/_local/", &[], 3000));
        let own = ("host", "localhost:3000");
        assert!(!ours("/_local/", &[own, own], 3000));
        assert!(!ours("http://evil.example:3000/_local/", &[own], 3000));
        assert!(ours("http://localhost:3000/_local/", &[own], 3000));
    }

    #[test]
    fn no_page_from_elsewhere() {
        let host = ("host", "localhost:3000");
        assert!(ours("/_local/", &[host, ("origin", "http://localhost:3000")], 3000));
        for origin in ["null", "http://evil.example", "http://localhost:3001", "https://localhost:3000"] {
            assert!(!ours("/_local/", &[host, ("origin", origin)], 3000), "{origin}");
        }
        for site in ["none", "same-origin"] {
            assert!(ours("/_local/", &[host, ("sec-fetch-site", site)], 3000), "{site}");
        }
        for site in ["same-site", "cross-site", "x"] {
            let site = ("sec-fetch-site", site);
            for (mode, destination, allowed) in [
                ("no-cors", "image", false),
                ("no-cors", "script", false),
                ("navigate", "iframe", false),
                ("navigate", "document", true),
            ] {
                let asked = [host, site, ("sec-fetch-mode", mode), ("sec-fetch-dest", destination)];
                assert_eq!(ours("/_local/", &asked, 3000), allowed, "{asked:?}");
            }
            assert!(!ours("/_local/", &[host, site], 3000), "{site:?}");
        }
    }
}
