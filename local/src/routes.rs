//! Routes of an HTTP API: which function a request goes to, and with which path parameters.
//!
//! An HTTP API does not match the path as it was sent. As observed on AWS, it decodes the path, drops everything from the
//! first `?` that this uncovered, decodes the rest once more, and matches and reports what is left. So `%2F` separates
//! segments, `%3F` ends the path, and `%25` is refused unless two hexadecimal digits follow it.

use crate::failure::{Failure, Result};
use std::collections::BTreeMap;
use std::fmt;

/// A method and a path, some of whose segments are parameters: `PUT /profiles/{user_id}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    method: String,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Parameter(String),
}

impl Route {
    /// Reads a route from a template.
    ///
    /// # Errors
    /// For `ANY`, greedy parameters (`{proxy+}`) and anything else that the local gateway does not serve.
    pub fn parse(method: &str, path: &str) -> Result<Self> {
        let unknown = || Failure::new(format!("the local stack cannot serve the route {method} {path}"));
        if !matches!(method, "GET" | "POST" | "PUT" | "PATCH" | "DELETE") {
            return Err(unknown());
        }
        let segments = path.strip_prefix('/').ok_or_else(unknown)?.split('/');
        let segments = segments
            .map(|segment| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(name) if is_word(name) => Ok(Segment::Parameter(name.to_owned())),
                None if !segment.is_empty() && !segment.contains(['{', '}', '$']) => {
                    Ok(Segment::Literal(segment.to_owned()))
                }
                _ => Err(unknown()),
            })
            .collect::<Result<_>>()?;
        Ok(Self { method: method.to_owned(), segments })
    }

    /// The request's path parameters, when this route is meant. `path` is decoded.
    pub fn matches(&self, method: &str, path: &str) -> Option<BTreeMap<String, String>> {
        if method != self.method {
            return None;
        }
        let mut given = path.strip_prefix('/')?.split('/');
        let mut parameters = BTreeMap::new();
        for segment in &self.segments {
            match (segment, given.next()?) {
                (Segment::Literal(literal), segment) if literal == segment => {}
                (Segment::Parameter(name), value) if !value.is_empty() => {
                    parameters.insert(name.clone(), value.to_owned());
                }
                _ => return None,
            }
        }
        given.next().is_none().then_some(parameters)
    }

    /// Orders routes by precedence: where two match, the one whose literal segment comes first wins.
    pub fn precedence(&self) -> Vec<bool> {
        self.segments.iter().map(|segment| matches!(segment, Segment::Parameter(_))).collect()
    }

    /// The path as the template writes it.
    pub fn path(&self) -> String {
        let segments = self.segments.iter().map(|segment| match segment {
            Segment::Literal(literal) => format!("/{literal}"),
            Segment::Parameter(name) => format!("/{{{name}}}"),
        });
        segments.collect()
    }
}

/// The route key: `PUT /profiles/{user_id}`.
impl fmt::Display for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, self.path())
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The path that an HTTP API matches and reports, from the path as it was sent. `None` when AWS refuses it (400).
pub fn decode_path(sent: &str) -> Option<String> {
    let once = percent_decode(sent)?;
    percent_decode(once.split('?').next().unwrap_or_default())
}

fn percent_decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hexadecimal(bytes.next()?)? * 16 + hexadecimal(bytes.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paths that a live HTTP API was sent, and what it reported (measured in us-west-2, July 2026).
    #[test]
    fn paths_are_decoded_as_on_aws() {
        for (sent, reported) in [
            ("/capture/plain", Some("/capture/plain")),
            ("/capture/space%20value", Some("/capture/space value")),
            ("/capture/question%3Fvalue", Some("/capture/question")),
            ("/capture/percent%25done", None),
            ("/capture/hash%23value", Some("/capture/hash#value")),
            ("/capture/slash%2Fvalue", Some("/capture/slash/value")),
            ("/capture/unicode-%CE%BB-%E4%B8%96%E7%95%8C", Some("/capture/unicode-λ-世界")),
            ("/capture/literal%252Fvalue", Some("/capture/literal/value")),
            ("/capture/literal%253Fvalue", Some("/capture/literal?value")),
            ("/capture/literal%2525value", Some("/capture/literal%value")),
        ] {
            assert_eq!(decode_path(sent).as_deref(), reported, "{sent}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        for sent in ["/%FF", "/%", "/%2", "/%GG", "/%C3%28"] {
            assert_eq!(decode_path(sent), None, "{sent}");
        }
        assert_eq!(decode_path("/a%00b%5Cc").as_deref(), Some("/a\0b\\c"));
    }

    #[test]
    fn path_parameters() {
        let route = Route::parse("POST", "/api/v1/system/user/{id}/update").unwrap();
        let matched = |method: &str, sent: &str| {
            let parameters = route.matches(method, &decode_path(sent)?)?;
            Some(parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<String>())
        };
        for (sent, parameters) in [
            ("/api/v1/system/user/1001/update", Some("id=1001")),
            ("/api/v1/system/user/a%20b/update", Some("id=a b")),
            ("/api/v1/system/user/%00/update", Some("id=\0")),
            ("/api/v1/system/user/a%5Cb/update", Some("id=a\\b")),
            ("/api/v1/system/user/a+b/update", Some("id=a+b")),
            ("/api/v1/system/user/..%2F..%2Fx/update", None),
            ("/api/v1/system/user/1%3F/update", None),
            ("/api/v1/system/user//update", None),
            ("/api/v1/system/user/1001/update/", None),
            ("/api/v1/system/user/1001/Update", None),
            ("/api/v1/system/user/1001", None),
            ("/api/v1/system/user/1001%2Fupdate", Some("id=1001")),
        ] {
            assert_eq!(matched("POST", sent).as_deref(), parameters, "{sent}");
        }
        assert_eq!(matched("PUT", "/api/v1/system/user/1001/update"), None);
        assert_eq!(route.to_string(), "POST /api/v1/system/user/{id}/update");
    }

    #[test]
    fn a_literal_goes_before_a_parameter() {
        let route = |path| Route::parse("GET", path).unwrap();
        assert!(route("/profiles/me").precedence() < route("/profiles/{user_id}").precedence());
    }

    #[test]
    fn other_routes_are_refused() {
        for (method, path) in [
            ("ANY", "/"),
            ("GET", "/{proxy+}"),
            ("GET", "$default"),
            ("GET", "/a//b"),
            ("GET", "/x{y}"),
            ("OPTIONS", "/a"),
        ] {
            let refused = format!("the local stack cannot serve the route {method} {path}");
            assert_eq!(Route::parse(method, path), Err(Failure::new(refused)));
        }
    }
}
