//! AuthMS: entity tags, conditions, creating, erased users, and ids in the path.

use crate::authms::{Broken, invalid, problem, put, send, success, with_body};
use serde_json::json;
use tests::{Reply, Request, World};

const FORM: &str = "must be 1 to 128 letters, digits or ._:|- and begin with a letter or digit";

/// Names and values.
type Headers<'a> = &'a [(&'a str, &'a str)];

/// An administrator's PUT to alice.
fn admin(world: &World) -> Request {
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
    let world = World::new().await;
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
            let world = World::new().await;
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
    let world = World::new().await;
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
    let world = World::new().await;
    let own = admin(&world).bearer(&world.admin_token("alice"));
    assert_eq!(send(&world, &own).await, success("alice", 1, &json!({"city": "Rome"})));
    world.erase("alice", 4).await;
    assert_eq!(send(&world, &own).await, problem("user-not-found"));
    let create = own.header("if-none-match", "*");
    assert_eq!(send(&world, &create).await, success("alice", 5, &json!({"city": "Rome"})));
}

#[tokio::test]
async fn the_entity_tag_and_the_times_follow_each_change() {
    let world = World::new().await;
    send(&world, &put(&world, &json!({"city": "Oslo"}))).await;
    world.clock.forward(90);
    let reply = send(&world, &put(&world, &json!({"city": "Rome"}))).await;
    let later = "2026-04-03T12:01:30.000Z";
    let mut expected = success("alice", 2, &json!({"city": "Rome", "updated_at": later}));
    expected.body["timestamp"] = json!(later);
    assert_eq!(reply, expected);
}

#[tokio::test]
async fn a_change_of_what_was_read_is_not_earlier_than_the_last_one() {
    let world = World::new().await;
    send(&world, &put(&world, &json!({"custom_fields": {"a": 1}}))).await;
    let request = put(&world, &json!({"custom_fields": {"a": 2}}));
    // Another machine's clock is behind.
    world.clock.forward(-90);
    let mut expected = success("alice", 2, &json!({"custom_fields": {"a": 2}}));
    expected.body["timestamp"] = json!("2026-04-03T11:58:30.000Z");
    assert_eq!(send(&world, &request).await, expected);
}

#[tokio::test]
async fn ids_in_the_path_are_taken_as_api_gateway_decoded_them() {
    let world = World::new().await;
    let long = "x".repeat(129);
    // The id as it was decoded, and as it stands in the answer's instance.
    let odd = [
        ("alice/bob", "alice/bob"),
        ("../root", "../root"),
        ("alice?admin=1", "alice%3Fadmin=1"),
        ("alice\\bob", "alice%5Cbob"),
        ("alice\u{0}", "alice%00"),
        ("alice@example.com", "alice@example.com"),
        ("alice#1", "alice%231"),
        ("alice bob", "alice%20bob"),
        ("爱丽丝", "%E7%88%B1%E4%B8%BD%E4%B8%9D"),
        (".alice", ".alice"),
        ("", ""),
        (&long, &long),
    ];
    for (id, encoded) in odd {
        let instance = json!({"instance": format!("https://id.example.com/profiles/{encoded}")});
        let request = Request::put_profile(id).json(&json!({"city": "Rome"}));
        let other = send(&world, &request.clone().bearer(&world.token("alice"))).await;
        assert_eq!(other, with_body(problem("forbidden"), &instance), "{id:?}");
        let broken: Broken<'_> = ("user_id", "format", FORM, Some(json!(id)));
        let admin = send(&world, &request.bearer(&world.admin_token("root"))).await;
        assert_eq!(admin, with_body(invalid(&[broken]), &instance), "{id:?}");
    }
    assert_eq!(world.wire.calls(), [""; 0]);
    // Whatever an id may hold, the subject of a token is itself.
    for id in ["a", "A.b_c:d|e-f", "auth0|5f7c8ec7c33c6c004bbafe82", "1001", &"x".repeat(128)] {
        let request = Request::put_profile(id).json(&json!({})).bearer(&world.token(id));
        assert_eq!(send(&world, &request).await, success(id, 1, &json!({})), "{id}");
    }
    // Letter case counts.
    let request = Request::put_profile("ALICE").json(&json!({})).bearer(&world.token("alice"));
    assert_eq!(send(&world, &request).await.status, 403);
}

#[tokio::test]
async fn without_a_path_parameter_nobody_is_meant() {
    let world = World::new().await;
    let request = put(&world, &json!({})).event_member("/pathParameters", json!(null));
    assert_eq!(send(&world, &request).await, problem("forbidden"));
    let broken: Broken<'_> = ("user_id", "format", FORM, None);
    let request = request.bearer(&world.admin_token("root"));
    assert_eq!(send(&world, &request).await, invalid(&[broken]));
}
