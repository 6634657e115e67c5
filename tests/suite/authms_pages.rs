//! AuthMS, `GET /errors/{slug}`: what the `type` of a problem leads to.

use crate::authms_problems::into;
use crate::contracts::authms::CATALOGUE;
use crate::contracts::authms_pages::{BROWSER, html, page, without_style};
use ::authms::problem;
use serde_json::Value;
use std::collections::BTreeSet;
use tests::{Options, Request, World};

#[tokio::test]
async fn every_type_has_its_page_in_both_languages_and_forms() {
    let world = World::new().await;
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
    assert_eq!(world.wire.calls(), [""; 0]);
}

#[tokio::test]
async fn the_type_of_every_problem_leads_to_its_page() {
    let world = World::new().await;
    for kind in &CATALOGUE {
        let problem = world.send(&into(&world, kind).await).await.body;
        while world.wire.forget() {}
        let address = problem["type"].as_str().unwrap();
        let slug = address.strip_prefix("https://id.example.com/errors/").unwrap();
        let page = world.send(&Request::describe_error(slug)).await;
        assert_eq!(page.status, 200, "{address}");
        for member in ["type", "title", "status", "code", "i18n_key"] {
            assert_eq!(page.body[member], problem[member], "{address}");
        }
    }
}

#[tokio::test]
async fn an_address_is_text_to_a_page() {
    let odd = "https://id.example.com/a&b<i>";
    let world = World::with(Options { settings: vec![("PUBLIC_URL", odd.to_owned())] }).await;
    let request = Request::describe_error("forbidden").header("accept", "text/html");
    let text = world.send(&request).await.body.as_str().unwrap().to_owned();
    assert!(text.contains("<code>https://id.example.com/a&amp;b&lt;i&gt;/errors/forbidden</code>"), "{text}");
    let page: Value = world.send(&Request::describe_error("forbidden")).await.body;
    assert_eq!(page["type"], format!("{odd}/errors/forbidden"));
}
