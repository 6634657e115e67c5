//! Entity tags and conditional requests (RFC 9110, sections 8.8.3 and 13.1).

use super::Event;
use crate::store::{Precondition, Versions};

/// Most tags that one condition may list.
const MOST_TAGS: usize = 50;

/// The strong entity tag of a profile version: `"7"`.
pub fn etag(version: u64) -> String {
    format!("\"{version}\"")
}

/// The conditions of `If-Match` and `If-None-Match`; `None` when one of them is malformed.
pub fn precondition(event: &Event) -> Option<Precondition> {
    let versions = |name: &str, weak_matches: bool| match event.header(name) {
        None => Some(None),
        Some(value) => parse(value, weak_matches).map(Some),
    };
    // If-Match compares strongly, If-None-Match weakly (section 13.1).
    Some(Precondition {
        if_match: versions("if-match", false)?,
        if_none_match: versions("if-none-match", true)?,
    })
}

fn parse(value: &str, weak_matches: bool) -> Option<Versions> {
    // White space is a blank or a tab (section 5.6.3).
    let mut rest = value.trim_matches([' ', '\t']);
    if rest == "*" {
        return Some(Versions::Any);
    }
    let (mut versions, mut tags) = (Vec::new(), 0);
    loop {
        // Empty elements of a list do not count (section 5.6.1.2).
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return (tags > 0).then_some(Versions::Listed(versions));
        }
        let (weak, tag) = match rest.strip_prefix("W/") {
            Some(tag) => (true, tag),
            None => (false, rest),
        };
        let (opaque, after) = tag.strip_prefix('"')?.split_once('"')?;
        let allowed = |character: char| {
            character == '!' || ('#'..='~').contains(&character) || character as u32 >= 0x80
        };
        if !opaque.chars().all(allowed) {
            return None;
        }
        tags += 1;
        // Only the very spelling that `etag` gives names a version.
        let version = opaque.parse::<u64>().ok().filter(|version| version.to_string() == opaque);
        versions.extend(version.filter(|_| weak_matches || !weak));
        rest = after.trim_start_matches([' ', '\t']);
        if tags > MOST_TAGS || !(rest.is_empty() || rest.starts_with(',')) {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lists_and_stars() {
        let listed = |versions: &[u64]| Some(Versions::Listed(versions.to_vec()));
        assert_eq!(parse("*", false), Some(Versions::Any));
        assert_eq!(parse("\"7\"", false), listed(&[7]));
        assert_eq!(parse(" \"7\" , \"8\"", false), listed(&[7, 8]));
        assert_eq!(parse("W/\"7\"", false), listed(&[]));
        assert_eq!(parse("W/\"7\"", true), listed(&[7]));
        // Empty elements do not count (section 5.6.1.2).
        assert_eq!(parse("\"1\", ", false), listed(&[1]));
        assert_eq!(parse(", ,\"7\",", false), listed(&[7]));
        assert_eq!(parse("\"07\", \"seven\", \"\"", false), listed(&[]));
    }

    #[test]
    fn refuses_what_is_no_entity_tag() {
        for bad in
            ["", "7", "\"7", "\"7\" \"8\"", ",", " , ,", "\"7\",8", "*, \"7\"", "*,", "\"a b\"", "w/\"7\""]
        {
            assert_eq!(parse(bad, false), None, "{bad}");
        }
        assert_eq!(parse(&vec!["\"1\""; 51].join(","), false), None);
    }
}
