//! AuthMS, `GET /errors/{slug}`: each problem type has its page, and every problem leads to one.

use crate::authms_problems::into;
use crate::contracts::authms::CATALOGUE;
use crate::contracts::authms_pages::is_a_problem_too;
use serde_json::Value;
use tests::{Options, Request, World};

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
    assert!(text.contains("<code>https://id.example.com/a&amp;b%3Ci%3E/errors/forbidden</code>"), "{text}");
    let page: Value = world.send(&Request::describe_error("forbidden")).await.body;
    assert_eq!(page["type"], "https://id.example.com/a&b%3Ci%3E/errors/forbidden");
}

/// Gateways differ in what they make of `%2F`; this is what comes of it where it is decoded after the route was found.
#[tokio::test]
async fn a_name_may_hold_a_slash() {
    let world = World::new().await;
    is_a_problem_too(&world, "<script>alert(1)</script>", "%3Cscript%3Ealert(1)%3C/script%3E").await;
}
