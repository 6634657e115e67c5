//! AuthMS, `GET /errors/{slug}`: what the `type` of a problem leads to.

use crate::contracts::authms::{self, MASK, NOON};
use crate::contracts::faces::unkept;
use ::authms::problem;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use serde_json::json;
use std::collections::BTreeSet;
use tests::{Reply, Request, Service, Stage};

pub const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// The whole page about `forbidden`, as a browser gets it.
const FORBIDDEN: &str = r##"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Forbidden (403)</title>
<style>…</style>
</head>
<body>
<main>
<p class="status">403</p>
<h1>Forbidden</h1>
<p>You may neither see nor change this user's profile.</p>
<h2>What to do</h2>
<p>Use a token of this user or of an administrator.</p>
<dl>
<dt>Problem type</dt><dd><code>https://id.example.com/errors/forbidden</code></dd>
<dt>HTTP status</dt><dd>403</dd>
<dt>Code</dt><dd>30101005</dd>
<dt>Translation key</dt><dd><code>error.forbidden</code></dd>
</dl>
</main>
</body>
</html>
"##;

/// The reply with `…` in place of the style sheet, and the style sheet.
pub fn without_style(mut reply: Reply) -> (Reply, String) {
    let text = reply.body.as_str().unwrap().to_owned();
    let (front, rest) = text.split_once("<style>").unwrap();
    let (style, back) = rest.split_once("</style>").unwrap();
    reply.body = json!(format!("{front}<style>…</style>{back}"));
    (reply, style.to_owned())
}

/// An HTML answer in this language, whose policy lets in this style sheet.
pub fn html(status: u16, tongue: &str, style: &str, body: &str) -> Reply {
    let hash = STANDARD.encode(digest(&SHA256, style.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", &policy),
        ("referrer-policy", "no-referrer"),
        ("content-language", tongue),
        ("vary", "Accept, Accept-Language"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", if status == 200 { "public, max-age=3600" } else { "no-store" }),
    ];
    Reply::new(status, &headers, json!(body))
}

/// The JSON page about a problem type, in English (0) or Chinese (1).
pub fn page(kind: &problem::Kind, tongue: usize) -> Reply {
    let headers = [
        ("content-type", "application/json"),
        ("content-language", ["en", "zh"][tongue]),
        ("vary", "Accept, Accept-Language"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "public, max-age=3600"),
    ];
    let body = json!({
        "type": format!("https://id.example.com/errors/{}", kind.slug),
        "title": ([kind.title, kind.title_zh][tongue]), "status": kind.status,
        "detail": ([kind.detail, kind.detail_zh][tongue]), "remedy": ([kind.remedy, kind.remedy_zh][tongue]),
        "code": kind.code, "i18n_key": kind.i18n_key,
    });
    Reply::new(200, &headers, body)
}

#[tokio::test]
async fn a_page_is_this_document() {
    let world = Stage::open().await;
    let request = Request::describe_error("forbidden").header("accept", BROWSER);
    let (reply, style) = without_style(world.send(&request).await);
    assert_eq!(reply, html(200, "en", &style, FORBIDDEN));
    // Nothing from elsewhere.
    assert!(!style.contains("url(") && !style.contains("@import") && !style.contains('<'));
}

/// Asks for the page of a name that no problem type has; `shown` is the name as it stands in the answer.
pub async fn is_a_problem_too(world: &Service, slug: &str, shown: &str) {
    let expected = unkept(Reply::new(
        404,
        &[
            ("content-type", "application/problem+json"),
            ("content-language", "en"),
            ("vary", "Accept, Accept-Language"),
        ],
        json!({
            "type": "https://id.example.com/errors/page-not-found", "title": "Page Not Found", "status": 404,
            "detail": "No problem type has this name.",
            "instance": format!("https://id.example.com/errors/{shown}"), "code": 30_101_016,
            "i18n_key": "error.page_not_found", "request_id": MASK, "trace_id": MASK, "span_id": MASK,
            "service": "profile-service", "timestamp": NOON,
        }),
    ));
    let request = Request::describe_error(slug);
    assert_eq!(authms::send(world, &request).await, expected, "{slug}");
    let (reply, style) = without_style(world.send(&request.header("accept", BROWSER)).await);
    let text = reply.body.as_str().unwrap().to_owned();
    assert_eq!(reply, html(404, "en", &style, &text), "{slug}");
    // What was asked for is not repeated.
    assert!(text.contains("<h1>Page Not Found</h1>") && !text.contains("alert"), "{text}");
}

#[tokio::test]
async fn an_unknown_name_is_a_problem_too() {
    let world = Stage::open().await;
    for (slug, shown) in [
        ("nothing", "nothing"),
        ("Forbidden", "Forbidden"),
        ("forbidden.html", "forbidden.html"),
        ("<script>alert(1)", "%3Cscript%3Ealert(1)"),
        ("\"&", "%22&"),
    ] {
        is_a_problem_too(&world, slug, shown).await;
    }
}

#[tokio::test]
async fn no_credential_is_asked_for_or_looked_at() {
    let world = Stage::open().await;
    let plain = world.send(&Request::describe_error("forbidden")).await;
    assert_eq!(plain.status, 200);
    for authorization in ["Bearer a.b.c", "Basic x", ""] {
        let request = Request::describe_error("forbidden").header("authorization", authorization);
        assert_eq!(world.send(&request).await, plain, "{authorization}");
    }
}

#[tokio::test]
async fn every_type_has_its_page_in_both_languages_and_forms() {
    let world = Stage::open().await;
    let requests = async {
        let mut pages = BTreeSet::new();
        for kind in problem::CATALOGUE {
            for (tongue, accept) in ["en", "zh-CN,zh;q=0.9,en;q=0.8"].into_iter().enumerate() {
                let request = Request::describe_error(kind.slug).header("accept-language", accept);
                for request in [
                    request.clone(),
                    request.clone().header("accept", "*/*"),
                    request.clone().header("accept", "image/png"),
                ] {
                    assert_eq!(world.send(&request).await, page(kind, tongue), "{}", kind.slug);
                }
                let (reply, style) = without_style(world.send(&request.header("accept", BROWSER)).await);
                let text = reply.body.as_str().unwrap().to_owned();
                assert_eq!(reply, html(200, ["en", "zh"][tongue], &style, &text), "{}", kind.slug);
                for shown in [
                    format!("<html lang=\"{}\">", ["en", "zh-CN"][tongue]),
                    format!("<h1>{}</h1>", [kind.title, kind.title_zh][tongue]),
                    format!("<p>{}</p>", [kind.detail, kind.detail_zh][tongue]),
                    format!("<p>{}</p>", [kind.remedy, kind.remedy_zh][tongue]),
                    format!("<dd>{}</dd>", kind.code),
                ] {
                    assert!(text.contains(&shown), "{shown} in {text}");
                }
                assert!(pages.insert(text), "{} looks like another page", kind.slug);
            }
        }
    };
    world.unasked(requests).await;
}
