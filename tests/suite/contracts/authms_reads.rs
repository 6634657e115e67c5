//! AuthMS, `GET /profiles/{user_id}`: what it shows, and conditional requests (RFC 9110, section 13).

use crate::contracts::authms::{problem, put, send, shown, with_header};
use crate::contracts::faces::unkept;
use serde_json::{Value, json};
use tests::{Reply, Request, Service, Stage};

pub fn get(world: &Service) -> Request {
    Request::get_profile("alice").bearer(&world.token("alice"))
}

/// 304 for this version.
fn not_modified(version: u64) -> Reply {
    unkept(Reply::new(304, &[("etag", &format!("\"{version}\""))], json!("")))
}

#[tokio::test]
async fn a_profile_is_shown_with_everything_that_this_contract_knows() {
    let world = Stage::open().await;
    let members = json!({
        "address": "123 Main St", "avatar_url": "https://example.com/avatar.jpg", "bio": "Engineer",
        "birthdate": "1990-01-15", "city": "San Francisco", "country": "US", "first_name": "John", "gender": "male",
        "language": "en-US", "last_name": "Doe", "nickname": "Johnny", "timezone": "America/Los_Angeles",
        "website": "https://johndoe.com", "custom_fields": {"level": 3}, "social_links": {"github": "john"},
    });
    send(&world, &put(&world, &members)).await;
    // A phone is another contract's, and no part of this one's answer.
    let phone =
        Request::edit_user_basic().bearer(&world.token("alice")).json(&json!({"phone": "+86 13900139000"}));
    assert_eq!(world.send(&phone).await.status, 200);
    let expected = unkept(shown("alice", 2, &members));
    assert_eq!(send(&world, &get(&world)).await, expected);
    let admin = Request::get_profile("alice").bearer(&world.admin_token("root"));
    assert_eq!(send(&world, &admin).await, expected);
}

#[tokio::test]
async fn conditions_are_heeded() {
    let world = Stage::open().await;
    for city in ["Rome", "Oslo"] {
        send(&world, &put(&world, &json!({"city": city}))).await;
    }
    let whole = unkept(shown("alice", 2, &json!({"city": "Oslo"})));
    let failed = || unkept(problem("precondition-failed"));
    let malformed = || unkept(problem("malformed-precondition"));
    let cases: Vec<(&[(&str, &str)], Reply)> = vec![
        (&[("if-none-match", "\"2\"")], not_modified(2)),
        // Weakly compared.
        (&[("if-none-match", "W/\"2\"")], not_modified(2)),
        (&[("if-none-match", "\"1\", \"x\", W/\"2\"")], not_modified(2)),
        (&[("if-none-match", "*")], not_modified(2)),
        (&[("if-none-match", "\"1\"")], whole.clone()),
        (&[("if-none-match", "\"02\"")], whole.clone()),
        (&[("if-match", "\"2\"")], whole.clone()),
        (&[("if-match", "\"1\", \"2\"")], whole.clone()),
        (&[("if-match", "*")], whole.clone()),
        (&[("if-match", "\"1\"")], failed()),
        // Strongly compared.
        (&[("if-match", "W/\"2\"")], failed()),
        // If-Match comes first.
        (&[("if-match", "\"1\""), ("if-none-match", "\"2\"")], failed()),
        (&[("if-match", "\"2\""), ("if-none-match", "\"2\"")], not_modified(2)),
        (&[("if-match", "\"2\""), ("if-none-match", "\"1\"")], whole.clone()),
        (&[("if-none-match", "2")], malformed()),
        (&[("if-none-match", "")], malformed()),
        (&[("if-match", "\"2")], malformed()),
        (&[("if-match", "\"2\""), ("if-none-match", "*, \"2\"")], malformed()),
    ];
    for (headers, expected) in cases {
        let request = headers.iter().fold(get(&world), |request, (name, value)| request.header(name, value));
        assert_eq!(send(&world, &request).await, expected, "{headers:?}");
    }
}

#[tokio::test]
async fn no_condition_hides_that_there_is_no_profile() {
    let world = Stage::open().await;
    world.erase("bob", 7).await;
    for user in ["alice", "bob"] {
        for (name, value) in
            [("if-match", "\"7\""), ("if-match", "*"), ("if-none-match", "*"), ("if-none-match", "\"7\"")]
        {
            let request = Request::get_profile(user).bearer(&world.token(user)).header(name, value);
            let mut expected = unkept(problem("user-not-found"));
            expected.body["instance"] = json!(format!("https://id.example.com/profiles/{user}"));
            assert_eq!(send(&world, &request).await, expected, "{user} {name}: {value}");
        }
    }
}

#[tokio::test]
async fn checks_come_in_the_order_of_a_put() {
    let world = Stage::open().await;
    let everything = Request::get_profile("no one").header("if-match", "x");
    let with_token = everything.clone().bearer(&world.token("bob"));
    let with_condition = with_token.clone().header("if-match", "\"1\"");
    let as_admin = with_condition.clone().bearer(&world.admin_token("root"));
    let missing =
        Request::get_profile("alice").bearer(&world.admin_token("root")).header("if-match", "\"1\"");
    let at = |mut reply: Reply, path: &str| {
        reply.body["instance"] = json!(format!("https://id.example.com/profiles/{path}"));
        unkept(reply)
    };
    let no_token = with_header(problem("unauthenticated"), "www-authenticate", r#"Bearer realm="profiles""#);
    let mut bad_id = problem("invalid-request");
    bad_id.body["detail"] = json!("One or more members do not keep to their rules. (user_id)");
    bad_id.body["i18n_args"] = json!({"fields": ["user_id"]});
    bad_id.body["errors"] = json!([{"field": "user_id", "code": "format", "value": "no one",
        "description": "must be 1 to 128 letters, digits or ._:|- and begin with a letter or digit"}]);
    for (request, expected) in [
        (everything, at(no_token, "no%20one")),
        (with_token, at(problem("malformed-precondition"), "no%20one")),
        (with_condition, at(problem("forbidden"), "no%20one")),
        (as_admin, at(bad_id, "no%20one")),
        (missing, at(problem("user-not-found"), "alice")),
    ] {
        assert_eq!(send(&world, &request).await, expected, "{request:?}");
    }
}

#[tokio::test]
async fn what_was_read_can_be_written_back_on_its_own_condition() {
    let world = Stage::open().await;
    send(&world, &put(&world, &json!({"city": "Rome"}))).await;
    let read = send(&world, &get(&world)).await;
    let tag = read.headers["etag"].clone();
    let change = |city: &str| put(&world, &json!({"city": city})).header("if-match", &tag);
    assert_eq!(send(&world, &change("Oslo")).await.status, 200);
    // Somebody who read the same version comes too late.
    assert_eq!(send(&world, &change("Bern")).await, problem("precondition-failed"));
    let again = send(&world, &get(&world).header("if-none-match", &tag)).await;
    assert_eq!(again, unkept(shown("alice", 2, &json!({"city": "Oslo"}))));
}

#[tokio::test]
async fn problems_of_a_read_follow_the_language_and_a_profile_does_not() {
    let world = Stage::open().await;
    let in_chinese = get(&world).header("accept-language", "zh");
    let reply = send(&world, &in_chinese).await;
    assert_eq!(
        (reply.headers["content-language"].as_str(), reply.headers["vary"].as_str(), &reply.body["title"]),
        ("zh", "Accept-Language", &Value::from("用户资料不存在"))
    );
    send(&world, &put(&world, &json!({}))).await;
    assert_eq!(send(&world, &in_chinese).await, unkept(shown("alice", 1, &json!({}))));
}
