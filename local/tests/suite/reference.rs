//! `/docs`, `/openapi/…` and `cargo run -- docs`.

use crate::client::{KEPT_HERE, Response, send};
use crate::fixture::stack;
use serde_json::Value as Json;
use std::path::Path;
use std::process::{Command, Output};

/// The contracts that have a document.
const CONTRACTS: [&str; 5] = ["authms", "ciam", "cloudbase", "system-user", "wts"];

async fn get(url: &str, path: &str) -> Response {
    let mut response = send(url, &format!("GET {path} HTTP/1.1"), b"").await;
    response.headers.retain(|name, _| !["connection", "content-length", "date"].contains(&name.as_str()));
    response
}

/// Status of the answer to a page of elsewhere.
async fn from_elsewhere(url: &str, path: &str) -> u16 {
    send(url, &format!("GET {path} HTTP/1.1\nOrigin: http://evil.example"), b"").await.status
}

/// The documents that an index names, in the order of the alphabet.
fn linked(index: &Json) -> Vec<String> {
    let links = index["linkset"][0]["service-desc"].as_array().unwrap();
    let mut links: Vec<String> = links.iter().map(|link| link["href"].as_str().unwrap().to_owned()).collect();
    links.sort_unstable();
    links
}

fn headers(response: &Response) -> Vec<(&str, &str)> {
    response.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[tokio::test]
async fn documents_for_everybody_say_where_this_stack_is() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let expected = |media_type| {
        vec![
            ("access-control-allow-origin", "*"),
            ("cache-control", "no-cache"),
            ("content-type", media_type),
            ("x-content-type-options", "nosniff"),
        ]
    };
    for name in CONTRACTS {
        let response = get(stack.url(), &format!("/openapi/{name}.json")).await;
        assert_eq!(
            (response.status, headers(&response)),
            (200, expected("application/openapi+json;version=3.1"))
        );
        let document: Json = serde_json::from_str(&response.body).unwrap();
        let servers: Vec<&Json> = document["servers"].as_array().unwrap().iter().collect();
        assert_eq!(servers.iter().map(|server| &server["url"]).collect::<Vec<_>>(), [stack.url()], "{name}");
    }
    let response = get(stack.url(), "/openapi/index.json").await;
    assert_eq!((response.status, headers(&response)), (200, expected("application/linkset+json")));
    let index: Json = serde_json::from_str(&response.body).unwrap();
    assert_eq!(linked(&index), CONTRACTS.map(|name| format!("/openapi/{name}.json")));
    stack.stop().await;
}

#[tokio::test]
async fn the_page_is_whole_and_for_this_machine_only() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let page = get(stack.url(), "/docs").await;
    assert_eq!((page.status, page.headers["content-type"].as_str()), (200, "text/html; charset=utf-8"));
    let kept_here = KEPT_HERE.map(|(name, _)| (name, page.headers[name].as_str()));
    assert_eq!(kept_here, KEPT_HERE);
    let policy = &page.headers["content-security-policy"];
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    let named = page.body.split("=\"docs/").skip(1).map(|rest| rest.split('"').next().unwrap());
    let mut named: Vec<&str> = named.collect();
    named.sort_unstable();
    assert_eq!(named, ["reference.js", "scalar.js"]);
    for name in named {
        let asset = get(stack.url(), &format!("/docs/{name}")).await;
        assert_eq!((asset.status, asset.body.is_empty()), (200, false), "{name}");
        assert_eq!(asset.headers["content-type"], "text/javascript; charset=utf-8", "{name}");
        assert_eq!(from_elsewhere(stack.url(), &format!("/docs/{name}")).await, 403, "{name}");
    }
    assert_eq!(from_elsewhere(stack.url(), "/docs").await, 403);
    let as_a_script = "GET /docs/reference.js HTTP/1.1\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors";
    let refused = send(stack.url(), as_a_script, b"").await;
    assert_eq!((refused.status, &*refused.headers["x-content-type-options"]), (403, "nosniff"));
    assert_eq!(from_elsewhere(stack.url(), "/openapi/index.json").await, 200);
    stack.stop().await;
}

#[tokio::test]
async fn what_is_not_answered() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    for path in
        ["/docs/", "/docs/nothing.js", "/docs/index.html", "/openapi", "/openapi/", "/openapi/nobody.json"]
    {
        let response = send(stack.url(), &format!("GET {path} HTTP/1.1"), b"").await;
        assert_eq!((response.status, response.body.as_str()), (404, r#"{"message":"Not Found"}"#), "{path}");
    }
    for path in ["/docs", "/docs/scalar.js", "/openapi/index.json"] {
        let response = send(stack.url(), &format!("POST {path} HTTP/1.1"), b"{}").await;
        assert_eq!((response.status, response.headers["allow"].as_str()), (405, "GET, HEAD"), "{path}");
        let response = send(stack.url(), &format!("HEAD {path} HTTP/1.1"), b"").await;
        assert_eq!((response.status, response.body.as_str()), (200, ""), "{path}");
    }
    stack.stop().await;
}

fn docs(out: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.arg("docs").arg("--out").arg(out).args(more).output().unwrap()
}

#[test]
fn the_reference_as_files() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a/b");
    let written = docs(&out, &[]);
    let page = out.join("index.html");
    assert_eq!(String::from_utf8(written.stdout).unwrap(), format!("{}\n", page.display()));
    let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    // A path from the root would miss what stands beside the page, and credentials are nobody's but this machine's.
    let page = read("index.html");
    assert!(
        !page.contains("=\"/") && !page.contains("_local") && page.contains("docs/reference.js"),
        "{page}"
    );
    assert!(["reference.js", "scalar.js"].iter().all(|name| !read(&format!("docs/{name}")).is_empty()));
    let notice = read("docs/scalar.LICENSE");
    assert!(notice.starts_with("MIT License") && notice.matches("Copyright").count() == 1, "{notice}");
    assert!(notice.contains("Copyright (c) 2023-present Scalar\n"), "{notice}");
    let index: Json = serde_json::from_str(&read("openapi/index.json")).unwrap();
    assert_eq!(linked(&index), CONTRACTS.map(|name| format!("{name}.json")));
    let server = |name: &str| -> (String, String) {
        let document: Json = serde_json::from_str(&read(&format!("openapi/{name}.json"))).unwrap();
        let text = |member| document["servers"][0][member].as_str().unwrap().to_owned();
        (text("url"), text("description"))
    };
    for name in CONTRACTS {
        assert_eq!(
            server(name),
            ("http://127.0.0.1:3000".to_owned(), "The local stack".to_owned()),
            "{name}"
        );
    }

    assert!(docs(&out, &["--server", "https://api.example.com/v1/"]).status.success());
    for name in CONTRACTS {
        let expected = ("https://api.example.com/v1".to_owned(), "The deployed stack".to_owned());
        assert_eq!(server(name), expected, "{name}");
    }
    let index: Json = serde_json::from_str(&read("openapi/index.json")).unwrap();
    assert_eq!(index["linkset"][0]["anchor"], "https://api.example.com/v1/");
}

#[test]
fn a_server_is_a_base_url() {
    let folder = tempfile::tempdir().unwrap();
    for url in [
        "api.example.com",
        "ftp://api.example.com",
        "https://a:b@api.example.com",
        "https://api.example.com/?x",
    ] {
        let refused = docs(folder.path(), &["--server", url]);
        assert_eq!(refused.status.code(), Some(2), "{url}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
