//! AuthMS: entity tags, conditions, creating, erased users, and ids in the path.

use crate::contracts::authms::{problem, put, send, success};
use serde_json::json;
use tests::{Reply, Request, Service, Stage};

/// Names and values.
type Headers<'a> = &'a [(&'a str, &'a str)];

/// An administrator's PUT to alice.
pub fn admin(world: &Service) -> Request {
    put(world, &json!({"city": "Rome"})).bearer(&world.admin_token("root"))
}

#[tokio::test]
async fn conditions_on_a_stored_profile() {
    const IF: &str = "if-match";
    const UNLESS: &str = "if-none-match";
    let many = vec!["\"1\""; 51].join(",");
    let cases: [(Headers<'_>, Result<(), &str>); 30] = [
        (&[], Ok(())),
        (&[(IF, "\"3\"")], Ok(())),
        (&[(IF, "*")], Ok(())),
        (&[(IF, "\"1\", \"3\"")], Ok(())),
        (&[(IF, "\"other\",\"3\"")], Ok(())),
        (&[(UNLESS, "\"1\"")], Ok(())),
        (&[(UNLESS, "\"other\"")], Ok(())),
        (&[(IF, "\"3\""), (UNLESS, "\"2\"")], Ok(())),
        (&[(IF, "\"2\"")], Err("precondition-failed")),
        (&[(IF, "\"1\", \"2\"")], Err("precondition-failed")),
        (&[(IF, "\"other\"")], Err("precondition-failed")),
        (&[(IF, "\"03\"")], Err("precondition-failed")),
        (&[(IF, "\"18446744073709551616\"")], Err("precondition-failed")),
        // A weak tag matches nothing in If-Match, and its version in If-None-Match.
        (&[(IF, "W/\"3\"")], Err("precondition-failed")),
        (&[(UNLESS, "W/\"3\"")], Err("precondition-failed")),
        (&[(UNLESS, "\"3\"")], Err("precondition-failed")),
        (&[(UNLESS, "\"1\", \"3\"")], Err("precondition-failed")),
        (&[(UNLESS, "*")], Err("precondition-failed")),
        (&[(IF, "\"3\""), (UNLESS, "*")], Err("precondition-failed")),
        // Empty elements do not count (RFC 9110, section 5.6.1.2).
        (&[(IF, "\"3\",")], Ok(())),
        (&[(IF, ", ,\"1\",, \"3\" ,")], Ok(())),
        (&[(UNLESS, ",\"3\"")], Err("precondition-failed")),
        (&[(IF, ", ,")], Err("malformed-precondition")),
        (&[(IF, "")], Err("malformed-precondition")),
        (&[(IF, "3")], Err("malformed-precondition")),
        (&[(IF, "\"3")], Err("malformed-precondition")),
        (&[(IF, "*, \"3\"")], Err("malformed-precondition")),
        (&[(IF, "\"3\"\"4\"")], Err("malformed-precondition")),
        (&[(IF, &many)], Err("malformed-precondition")),
        (&[(UNLESS, "w/\"3\"")], Err("malformed-precondition")),
    ];
    let world = Stage::open().await;
    // A change of one call, of two calls (merged), and none at all.
    for body in [json!({"city": "Oslo"}), json!({"custom_fields": {"a": 1}}), json!({})] {
        for (headers, expected) in &cases {
            // The same beginning each time: version 3.
            world.erase("alice", 2).await;
            let create = admin(&world).header(UNLESS, "*");
            assert_eq!(send(&world, &create).await, success("alice", 3, &json!({"city": "Rome"})));
            let request =
                headers.iter().fold(put(&world, &body), |request, (name, value)| request.header(name, value));
            let reply = send(&world, &request).await;
            let mut shown = json!({"city": "Rome"});
            shown.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
            let expected = match expected {
                Ok(()) => success("alice", if body == json!({}) { 3 } else { 4 }, &shown),
                Err(slug) => problem(slug),
            };
            assert_eq!(reply, expected, "{headers:?} {body}");
        }
    }
}

#[tokio::test]
async fn who_creates_under_which_condition() {
    const UNLESS_ANY: (&str, &str) = ("if-none-match", "*");
    const NONE: (&str, &str) = ("x-none", "");
    let rome = |version| success("alice", version, &json!({"city": "Rome"}));
    let (missing, failed) = (problem("user-not-found"), problem("precondition-failed"));
    // The caller's kind, the condition; then what comes of it where no user was ever, where one is stored, and
    // where one was erased at version 7.
    let cases: [(bool, (&str, &str), [Reply; 3]); 10] = [
        (false, NONE, [rome(1), rome(2), missing.clone()]),
        (false, UNLESS_ANY, [rome(1), failed.clone(), missing.clone()]),
        (false, ("if-none-match", "\"1\""), [rome(1), failed.clone(), missing.clone()]),
        (false, ("if-match", "*"), [failed.clone(), rome(2), missing.clone()]),
        (false, ("if-match", "\"7\""), [failed.clone(), failed.clone(), missing.clone()]),
        (true, NONE, [missing.clone(), rome(2), missing.clone()]),
        (true, UNLESS_ANY, [rome(1), failed.clone(), rome(8)]),
        (true, ("if-none-match", "\"9\""), [missing.clone(), rome(2), missing.clone()]),
        (true, ("if-match", "*"), [missing.clone(), rome(2), missing.clone()]),
        (true, ("if-match", "\"7\""), [missing.clone(), failed, missing]),
    ];
    for (is_admin, (name, value), expected) in cases {
        for (state, expected) in ["missing", "stored", "erased"].into_iter().zip(expected) {
            let world = Stage::open().await;
            match state {
                "stored" => world.create("alice").await,
                "erased" => world.erase("alice", 7).await,
                _ => {}
            }
            let before = world.items().await;
            let request = if is_admin { admin(&world) } else { put(&world, &json!({"city": "Rome"})) };
            let reply = send(&world, &request.header(name, value)).await;
            assert_eq!(reply, expected, "admin: {is_admin}, {name}: {value}, {state}");
            if reply.status != 200 {
                assert_eq!(world.items().await, before, "admin: {is_admin}, {name}: {value}, {state}");
            }
        }
    }
}

#[tokio::test]
async fn a_recreated_user_begins_anew_and_is_nobody_special() {
    let world = Stage::open().await;
    world.erase("alice", 7).await;
    for body in [json!({}), json!({"custom_fields": {"a": 1}})] {
        assert_eq!(send(&world, &put(&world, &body)).await, problem("user-not-found"));
    }
    let create = admin(&world).json(&json!({"custom_fields": {"a": 1}})).header("if-none-match", "*");
    assert_eq!(send(&world, &create).await, success("alice", 8, &json!({"custom_fields": {"a": 1}})));
    assert_eq!(send(&world, &create).await, problem("precondition-failed"));
    let own = put(&world, &json!({"custom_fields": {"b": 2}}));
    assert_eq!(send(&world, &own).await, success("alice", 9, &json!({"custom_fields": {"a": 1, "b": 2}})));
    // An empty body creates as well.
    world.erase("alice", 20).await;
    let create = admin(&world).json(&json!({})).header("if-none-match", "*");
    assert_eq!(send(&world, &create).await, success("alice", 21, &json!({})));
}

#[tokio::test]
async fn an_administrator_creates_itself_like_anybody() {
    let world = Stage::open().await;
    let own = admin(&world).bearer(&world.admin_token("alice"));
    assert_eq!(send(&world, &own).await, success("alice", 1, &json!({"city": "Rome"})));
    world.erase("alice", 4).await;
    assert_eq!(send(&world, &own).await, problem("user-not-found"));
    let create = own.header("if-none-match", "*");
    assert_eq!(send(&world, &create).await, success("alice", 5, &json!({"city": "Rome"})));
}
