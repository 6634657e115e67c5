//! In which form a caller wants to read about a problem type.

use shared::tongue::weight;

/// A form of our pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `application/json`, also where the caller wants neither.
    Json,
    /// `text/html`: what browsers ask for.
    Html,
}

impl Form {
    /// The one that `Accept` prefers (RFC 9110, section 12.5.1); between equal weights it is JSON.
    ///
    /// Nothing is refused for its form, which that section leaves to us: whoever follows a problem's `type` is better
    /// off with words in JSON than with one more error.
    pub fn negotiated(accept: Option<&str>) -> Self {
        let accept = accept.unwrap_or_default();
        if quality(accept, "text", "html") > quality(accept, "application", "json") {
            Self::Html
        } else {
            Self::Json
        }
    }
}

/// The weight in thousandths that the most specific range gives to a media type.
fn quality(accept: &str, kind: &str, subtype: &str) -> u32 {
    let range = |range: &str| {
        let mut parts = range.split(';');
        let name = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let specificity = match name.split_once('/')? {
            (k, s) if (k, s) == (kind, subtype) => 3,
            (k, "*") if k == kind => 2,
            ("*", "*") => 1,
            _ => return None,
        };
        Some((specificity, weight(parts)))
    };
    accept.split(',').filter_map(range).max().map_or(0, |(_, weight)| weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negotiates_by_weight_and_specificity() {
        for (accept, form) in [
            // Two browsers, curl, and what HTTP clients send.
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Form::Html),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", Form::Html),
            ("*/*", Form::Json),
            ("application/json, text/plain, */*", Form::Json),
            ("text/html", Form::Html),
            ("TEXT/HTML", Form::Html),
            ("text/*", Form::Html),
            ("text/html;charset=utf-8;q=0.5, */*;q=0.4", Form::Html),
            ("text/html;q=0.5, application/json", Form::Json),
            ("application/json;q=0.5, text/html", Form::Html),
            ("application/json;q=0.5, */*", Form::Html),
            ("text/html, application/json", Form::Json),
            ("text/html;q=0, */*", Form::Json),
            ("text/*;q=0.9, text/html;q=0.1, application/json;q=0.5", Form::Json),
            ("application/json;q=0, text/html;q=0.001", Form::Html),
            ("text/html;q=nonsense", Form::Json),
            ("image/png", Form::Json),
            ("application/problem+json", Form::Json),
            ("text", Form::Json),
            (",;,/,", Form::Json),
            ("", Form::Json),
        ] {
            assert_eq!(Form::negotiated(Some(accept)), form, "{accept}");
        }
        assert_eq!(Form::negotiated(None), Form::Json);
    }
}
