//! The media type of a request body (RFC 9110 § 8.3).

/// Whether a `Content-Type` says JSON: `application/json` in any letter case, with or without parameters; a
/// `charset` must be UTF-8. Absent or unreadable is no.
pub fn is_json(content_type: Option<&str>) -> bool {
    let Some(value) = content_type else { return false };
    let (essence, mut parameters) = value.split_once(';').unwrap_or((value, ""));
    if !trim(essence).eq_ignore_ascii_case("application/json") {
        return false;
    }
    while !trim(parameters).is_empty() {
        let Some((parameter, rest)) = read_parameter(parameters) else { return false };
        if let Some((name, value)) = parameter
            && name.eq_ignore_ascii_case("charset")
            && !value.eq_ignore_ascii_case("utf-8")
        {
            return false;
        }
        parameters = rest;
    }
    true
}

/// One parameter (none between two semicolons) and what follows its semicolon.
fn read_parameter(text: &str) -> Option<(Option<(&str, String)>, &str)> {
    let text = trim(text);
    if let Some(rest) = text.strip_prefix(';') {
        return Some((None, rest));
    }
    let (name, value) = text.split_once('=')?;
    let (value, rest) = match value.strip_prefix('"') {
        Some(quoted) => read_quoted(quoted)?,
        None => {
            let end = value.find(|c| !is_token_character(c)).unwrap_or(value.len());
            let (token, rest) = value.split_at(end);
            (!token.is_empty()).then(|| (token.to_owned(), rest))?
        }
    };
    let well_named = !name.is_empty() && name.chars().all(is_token_character);
    let rest = trim(rest);
    let rest = if rest.is_empty() { rest } else { rest.strip_prefix(';')? };
    well_named.then_some((Some((name, value)), rest))
}

/// The content of a quoted string whose opening quote is gone, and what follows its closing quote.
fn read_quoted(text: &str) -> Option<(String, &str)> {
    let mut content = String::new();
    let mut characters = text.char_indices();
    loop {
        match characters.next()? {
            (at, '"') => return Some((content, &text[at + 1..])),
            (_, '\\') => content.push(characters.next()?.1),
            (_, character) => content.push(character),
        }
    }
}

fn is_token_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character)
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_utf8() {
        for good in [
            "application/json",
            "Application/JSON",
            " application/json ",
            "application/json;",
            "application/json; charset=utf-8",
            "application/json;charset=UTF-8",
            "application/json ; Charset=\"utf-8\"",
            "application/json; charset=\"u\\tf-8\"",
            "application/json; version=1; charset=utf-8; ;",
            "application/json; profile=\"a;b=c,\\\"\"",
        ] {
            assert!(is_json(Some(good)), "{good:?}");
        }
        assert!(!is_json(None));
        for bad in [
            "",
            "json",
            "text/json",
            "text/plain",
            "application/json5",
            "application/merge-patch+json",
            "application/x-www-form-urlencoded",
            "application/json, application/json",
            "application/json, text/plain",
            "application/json charset=utf-8",
            "application/json; charset=gbk",
            "application/json; charset=utf8",
            "application/json; charset=",
            "application/json; charset",
            "application/json; =utf-8",
            "application/json; charset=utf-8; charset=latin1",
            "application/json; profile=\"open",
            "application/json; a=b c=d",
            "application/json; charset = utf-8",
        ] {
            assert!(!is_json(Some(bad)), "{bad:?}");
        }
    }
}
