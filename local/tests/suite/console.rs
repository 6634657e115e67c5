//! `/_local/`: the page, users and credentials.

use crate::client::{Response, send};
use local::console::page::FILES;
use local::console::{CREDENTIALS, PATH, USERS};
use local::demo;
use local::stack::{Stack, StackOptions};
use local::{access_log, outbox, tap};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::Path;
use tempfile::TempDir;

/// A stack with the demo's users.
async fn stack() -> (Stack, TempDir) {
    let data = tempfile::tempdir().unwrap();
    let stack = Stack::start(StackOptions::ephemeral(data.path(), None)).await.unwrap();
    demo::prepare(&stack).await.unwrap();
    (stack, data)
}

/// A response without what no two answers share.
async fn request(url: &str, head: &str) -> Response {
    let mut response = send(url, head, b"").await;
    for name in ["date", "connection"] {
        response.headers.remove(name);
    }
    response
}

async fn get(stack: &Stack, path: &str) -> Response {
    request(stack.url(), &format!("GET {path} HTTP/1.1")).await
}

/// Status and body.
async fn json(stack: &Stack, path: &str) -> (u16, Json) {
    let response = get(stack, path).await;
    assert_eq!(response.headers["content-type"], "application/json", "{path}");
    (response.status, serde_json::from_str(&response.body).unwrap())
}

#[test]
fn every_file_of_the_page_is_there_and_none_is_asked_for_that_is_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("console");
    let there =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let compiled_in: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(there.collect::<BTreeSet<_>>(), compiled_in);

    let quoted = |text: &str, before: &str| -> Vec<String> {
        let parts = text.split(before).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        parts.filter(|target| !target.starts_with(['/', '#'])).collect()
    };
    let mut asked = BTreeSet::from(["index.html".to_owned()]);
    for (name, content) in FILES {
        assert!(content.lines().count() < 400, "{name} is long");
        asked.extend(quoted(content, " from \"./"));
        asked.extend([" href=\"", " src=\""].iter().flat_map(|attribute| quoted(content, attribute)));
    }
    assert_eq!(asked, compiled_in);
}

#[tokio::test]
async fn the_page_and_its_files() {
    let (stack, _data) = stack().await;
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                  base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    for (name, content) in FILES {
        let path = if *name == "index.html" { PATH.to_owned() } else { format!("{PATH}{name}") };
        let media_type = match name.rsplit_once('.').unwrap().1 {
            "html" => "text/html; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "js" => "text/javascript; charset=utf-8",
            other => panic!("{other}"),
        };
        let headers = [("content-security-policy", policy), ("content-type", media_type)];
        let expected = Response::new(200, &headers, content).kept_here();
        assert_eq!(get(&stack, &path).await, expected, "{path}");
    }
    let moved = Response::new(308, &[("location", PATH)], "").kept_here();
    assert_eq!(get(&stack, "/_local").await, moved);
    for path in ["/_local/index.html", "/_local/no.js", "/_local/../Cargo.toml", "/_local/users/1001"] {
        assert_eq!(get(&stack, path).await, Response::own(404, "Not Found").kept_here(), "{path}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn only_this_machine_s_pages_are_answered_and_only_what_they_read() {
    let (stack, _data) = stack().await;
    let port = stack.url().rsplit_once(':').unwrap().1;
    let paths =
        [PATH, USERS, CREDENTIALS, "/_local", "/_local/main.js", tap::PATH, outbox::PATH, access_log::PATH];
    let message = format!("this is only for {}{PATH}", stack.url());
    let refused = Response::own(403, &message).kept_here();
    for path in paths {
        let elsewhere = format!("GET http://evil.example:{port}{path} HTTP/1.1");
        assert_eq!(request(stack.url(), &elsewhere).await, refused, "{path}");
        let by_a_page = format!("POST {path} HTTP/1.1\nOrigin: http://evil.example");
        assert_eq!(request(stack.url(), &by_a_page).await, refused, "{path}");
        let as_an_image = format!("GET {path} HTTP/1.1\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors");
        assert_eq!(request(stack.url(), &as_an_image).await, refused, "{path}");

        let mut not_allowed = Response::own(405, "Method Not Allowed").kept_here();
        let allowed = if path == tap::PATH { "GET, POST" } else { "GET" };
        not_allowed.headers.insert("allow".to_owned(), allowed.to_owned());
        for method in ["PUT", "DELETE", "OPTIONS"] {
            let response = request(stack.url(), &format!("{method} {path} HTTP/1.1")).await;
            assert_eq!(response, not_allowed, "{method} {path}");
        }
    }
    // Too much is not even read.
    let large = request(stack.url(), "POST /_local/events HTTP/1.1\nContent-Length: 99999999").await;
    assert_eq!(large, Response::own(413, "Request Entity Too Large").kept_here());
    stack.stop().await;
}

#[tokio::test]
async fn users_are_listed_and_shown() {
    let (stack, _data) = stack().await;
    let (status, mut users) = json(&stack, USERS).await;
    for user in users.as_array_mut().unwrap() {
        let time = user.as_object_mut().unwrap().remove("updated_at").unwrap();
        assert!(chrono::DateTime::parse_from_rfc3339(time.as_str().unwrap()).is_ok(), "{time}");
    }
    let names = ["1001", "demo-leaving", "demo-wts"];
    assert_eq!((status, users), (200, json!(names.map(|name| json!({"user_id": name, "version": 1})))));

    let (status, mut user) = json(&stack, "/_local/users?id=1001").await;
    for name in ["created_at", "updated_at"] {
        assert!(user.as_object_mut().unwrap().remove(name).is_some_and(|time| time.is_string()));
    }
    let expected = json!({
        "user_id": "1001", "version": 1, "nickname": "Demo", "phone_verified": false, "email_verified": false,
    });
    assert_eq!((status, user), (200, expected));

    let credentials = json(&stack, "/_local/credentials?user=demo-leaving").await.1;
    let erase = "DELETE /profiles/demo-leaving HTTP/1.1\nAuthorization: Bearer ";
    let erased = send(stack.url(), &format!("{erase}{}", credentials["token"].as_str().unwrap()), b"").await;
    assert_eq!(erased.status, 204);
    assert_eq!(json(&stack, USERS).await.1.as_array().unwrap().len(), 2);
    for (path, status, message) in [
        ("/_local/users?id=nobody", 404, "there is no such user"),
        ("/_local/users?id=demo-leaving", 404, "the user was erased"),
        ("/_local/users?id=", 400, "id is not a user id"),
        ("/_local/users?id=%3Cb%3E", 400, "id is not a user id"),
        ("/_local/users?name=1001", 400, "only id is known"),
    ] {
        assert_eq!(json(&stack, path).await, (status, json!({"message": message})), "{path}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn credentials_are_what_each_contract_takes() {
    let (stack, _data) = stack().await;
    let (status, credentials) = json(&stack, "/_local/credentials?user=1001").await;
    assert_eq!((status, &credentials["user"]), (200, &json!("1001")));
    let status = async |head: &str, credential: &str, body: &str| {
        let credential = credentials[credential].as_str().unwrap();
        let scheme = if head.starts_with("POST /otp") { "Basic" } else { "Bearer" };
        let head =
            format!("{head} HTTP/1.1\nAuthorization: {scheme} {credential}\nContent-Type: application/json");
        let response = send(stack.url(), &head, body.as_bytes()).await;
        (response.status, serde_json::from_str::<Json>(&response.body).unwrap()["success"] != false)
    };
    let code = r#"{"usage":"update_userinfo","phone_number":"13800138000"}"#;
    for (head, credential, body) in [
        ("GET /profiles/1001", "token", ""),
        ("GET /userinfo", "token", ""),
        ("GET /auth/v1/user/me", "token", ""),
        ("GET /api/v3/view_profile", "wts_token", ""),
        ("GET /profiles/demo-wts", "admin_token", ""),
        ("GET /api/v3/view_profile?who=demo-wts", "wts_admin_token", ""),
        ("POST /api/v1/system/user/1001/update", "api_key", r#"{"nickName":"Nick"}"#),
        ("POST /otp/send", "client", code),
    ] {
        assert_eq!(status(head, credential, body).await, (200, true), "{head}");
    }
    for (head, credential) in
        [("GET /profiles/demo-wts", "token"), ("GET /api/v3/view_profile?who=demo-wts", "wts_token")]
    {
        assert_eq!(status(head, credential, "").await.0, 403, "{head}");
    }
    for (path, message) in [
        (CREDENTIALS, "user is missing"),
        ("/_local/credentials?user=", "user is not a user id"),
        ("/_local/credentials?user=1001&admin=1", "only user is known"),
    ] {
        assert_eq!(json(&stack, path).await, (400, json!({"message": message})), "{path}");
    }
    stack.stop().await;
}
