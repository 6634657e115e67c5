//! Headers and queries, each held against its grammar as the standard writes it.

use super::bodies::{call_of, caller, put_profile};
use super::values::text_of;
use crate::Sequence;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt;
use regex::Regex;
use shared::auth::{CredentialError, basic, bearer};
use shared::http::{Event, Trace, etag, precondition, serve_update};
use shared::store::{HistoryCursor, Versions};
use shared::telemetry::XRay;
use shared::tongue::{Tongue, weight};
use shared::update::UpdateError;
use shared::validation::{UserId, is_json};
use std::collections::HashMap;
use std::sync::LazyLock;

fn matches(pattern: &'static LazyLock<Regex>, text: &str) -> bool {
    pattern.is_match(text)
}

fn with_header(name: &str, value: &str) -> Event {
    Event { headers: HashMap::from([(name.to_owned(), value.to_owned())]), ..Event::default() }
}

/// A weight is a `qvalue` (RFC 9110, section 12.4.2) or counts as 0; what nobody wants does not win.
pub fn accept_language(input: &[u8]) {
    static WEIGHT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(0(\.[0-9]{0,3})?|1(\.0{0,3})?)$").unwrap());
    let header = text_of(input);
    for part in header.split([',', ';']) {
        let part = part.trim();
        let Some(value) = part.strip_prefix("q=").or(part.strip_prefix("Q=")) else { continue };
        let expected = if matches(&WEIGHT, value) {
            (value.trim_end_matches('.').parse::<f64>().unwrap() * 1_000.0).round() as u32
        } else {
            0
        };
        assert_eq!(weight([part]), expected, "{part:?}");
    }
    let chosen = Tongue::negotiated(Some(&header));
    assert_eq!(Tongue::negotiated(Some(&header.to_ascii_uppercase())), chosen);
    assert_eq!(Tongue::negotiated(Some(&format!("{header},zh;q=0,en;q=0"))), chosen);
    if !header.to_ascii_lowercase().contains("zh") {
        assert_eq!(chosen, Tongue::English);
    }
}

/// Entity tags as in RFC 9110, section 8.8.3: what is read, written and read again is the same.
pub fn entity_tags(input: &[u8]) {
    static LIST: LazyLock<Regex> = LazyLock::new(|| {
        let tag = r#"(W/)?"[\x21\x23-\x7e\x{80}-\x{10ffff}]*""#;
        Regex::new(&format!(r"^[ \t]*(\*|[ \t,]*{tag}([ \t]*,[ \t]*({tag})?)*)[ \t]*$")).unwrap()
    });
    let header = text_of(input);
    let read = |name: &str, value: &str| {
        let read = precondition(&with_header(name, value))?;
        if name == "if-match" { read.if_match } else { read.if_none_match }
    };
    for name in ["if-match", "if-none-match"] {
        let Some(versions) = read(name, &header) else {
            // A header may list fifty tags.
            assert!(!matches(&LIST, &header) || header.matches('"').count() > 100, "{header:?}");
            continue;
        };
        assert!(matches(&LIST, &header), "{header:?}");
        let written = match &versions {
            Versions::Any => "*".to_owned(),
            // A list of strangers' tags alone matches nothing.
            Versions::Listed(listed) if listed.is_empty() => r#""x""#.to_owned(),
            Versions::Listed(listed) => {
                listed.iter().map(|version| etag(*version)).collect::<Vec<_>>().join(", ")
            }
        };
        assert_eq!(read(name, &written).as_ref(), Some(&versions), "{written:?}");
        assert!(!versions.matches(None));
    }
    // Weak tags count in one of the two only, so that one never lists more than the other.
    if let (Some(Versions::Listed(strong)), Some(Versions::Listed(all))) =
        (read("if-match", &header), read("if-none-match", &header))
    {
        assert!(strong.iter().all(|version| all.contains(version)));
    }
}

/// A key is a string of structured fields (RFC 8941, section 3.3.3), or one without its quotation marks.
pub fn idempotency_key(input: &[u8]) {
    static KEY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"^[ \t]*("(([ !#-\[\]-~]|\\["\\]){1,255})"|[!#-+\--:<-\[\]-~]{1,255})[ \t]*$"#).unwrap()
    });
    let header = text_of(input);
    let mut event = with_header("idempotency-key", &header);
    event.headers.insert("content-type".to_owned(), "application/json".to_owned());
    event.path_parameters.insert("user_id".to_owned(), "2002".to_owned());
    event.body = Some("{}".to_owned());
    let call = call_of(event);
    // Whoever may not change the user hears of the key first, and of nothing that costs a call.
    let (endpoint, store) = put_profile();
    let served = serve_update(endpoint, &call, store, caller(false)).now_or_never();
    match served.expect("a refusal waits for nothing") {
        Err(UpdateError::IdempotencyKeyMalformed) => assert!(!matches(&KEY, &header), "{header:?}"),
        Err(UpdateError::Forbidden) => assert!(matches(&KEY, &header), "{header:?}"),
        other => panic!("{other:?}"),
    }
}

/// One credential or none: what is taken stands in the header as it is, and alone.
pub fn authorization(input: &[u8]) {
    static BEARER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[ \t]*(?i:bearer) +([A-Za-z0-9\-._~+/]+=*)[ \t]*$").unwrap());
    let header = text_of(input);
    let expected = BEARER.captures(&header).map(|found| found.get(1).unwrap().as_str());
    match bearer(Some(&header)) {
        Ok(token) => {
            assert_eq!(Some(token), expected, "{header:?}");
            assert_eq!(bearer(Some(&format!("Bearer {token}"))), Ok(token));
        }
        Err(error) => {
            assert_eq!(expected, None, "{header:?}");
            assert!(matches!(error, CredentialError::Missing | CredentialError::Malformed));
        }
    }
    match basic(Some(&header)) {
        Ok((id, secret)) => {
            let plain = STANDARD.encode(format!("{id}:{}", secret.expose()));
            let again = basic(Some(&format!("Basic {plain}")));
            assert!(again.is_ok_and(|(i, s)| i == id && s.digest() == secret.digest()), "{header:?}");
            assert!(bearer(Some(&header)).is_err());
        }
        Err(error) => assert_eq!(error, CredentialError::UnknownClient),
    }
}

/// A media type is judged the same in any letter case, and by its first half first.
pub fn content_type(input: &[u8]) {
    let header = text_of(input);
    let judged = is_json(Some(&header));
    assert_eq!(is_json(Some(&header.to_ascii_uppercase())), judged, "{header:?}");
    assert_eq!(is_json(Some(&header.to_ascii_lowercase())), judged, "{header:?}");
    if judged {
        let essence = header.split(';').next().unwrap().trim_matches([' ', '\t']);
        assert!(essence.eq_ignore_ascii_case("application/json"), "{header:?}");
        assert!(is_json(Some(&format!("{header};charset=utf-8"))), "{header:?}");
        assert!(!is_json(Some(&format!("{header};charset=latin1"))), "{header:?}");
    }
}

/// Whatever came in, what goes out is a trace as W3C writes it; and it is the caller's own where that was one.
pub fn trace(input: &[u8]) {
    static PARENT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$").unwrap());
    let header = text_of(input);
    let entropy = Sequence::default();
    let x_ray = XRay::parse(&header);
    let trace = Trace::of(&with_header("traceparent", &header), x_ray.as_ref(), &entropy);
    let parent = trace.traceparent();
    assert!(matches(&PARENT, &parent) && trace.trace_id != "0".repeat(32), "{parent:?}");
    let next = Trace::of(&with_header("traceparent", &parent), None, &entropy);
    assert_eq!(next.trace_id, trace.trace_id);
    if let Some(x_ray) = x_ray {
        assert_eq!(x_ray.w3c_trace_id().len(), 32);
        assert_eq!(x_ray.trace_id().replace('-', ""), format!("1{}", x_ray.w3c_trace_id()));
    }
}

/// A cursor is its own text; a query names a user by a user's id, or nobody but the caller.
pub fn query(input: &[u8]) {
    let text = text_of(input);
    let user = UserId::parse("1001").unwrap();
    if let Some(cursor) = HistoryCursor::parse(&user, &text) {
        assert_eq!(cursor.to_string(), text);
        assert_eq!(HistoryCursor::parse(&UserId::parse("1002").unwrap(), &text), None);
    }
    if let Ok(id) = UserId::parse(&text) {
        assert_eq!(UserId::parse(id.as_str()).as_ref(), Ok(&id));
        assert!(!text.contains(['@', '#', '/', ' ']));
    }
    let queried = |name: &str| Event {
        query_string_parameters: HashMap::from([(name.to_owned(), text.clone().into_owned())]),
        ..Event::default()
    };
    match wts::request::viewed(&caller(true), &queried("who")) {
        Ok(viewed) => assert_eq!(viewed.as_str(), if text.is_empty() { "1001" } else { &text }),
        Err(error) => assert!(matches!(error, UpdateError::NoSuchUser)),
    }
    let fits = cloudbase::request::check_client(&queried("client_id")).is_ok();
    assert_eq!(fits, text.chars().count() <= 128);
    // A path is an address: whatever it holds, the answer's own address of it is one too.
    let mut event = Event { raw_path: text.clone().into_owned(), ..Event::default() };
    event.request_context.stage = "$default".to_owned();
    let url = call_of(event).url();
    assert!(url.bytes().all(|byte| byte.is_ascii_graphic()), "{url:?}");
    for (at, _) in url.match_indices('%') {
        assert!(
            url.get(at + 1..at + 3).is_some_and(|octet| octet.bytes().all(|byte| byte.is_ascii_hexdigit())),
            "{url:?}"
        );
    }
}
