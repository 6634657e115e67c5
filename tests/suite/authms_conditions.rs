//! AuthMS: entity tags and times from change to change, and ids in the path.

use crate::contracts::authms::{Broken, invalid, problem, put, send, success, with_body};
use serde_json::json;
use tests::{Request, World};

const FORM: &str = "must be 1 to 128 letters, digits or ._:|- and begin with a letter or digit";

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
