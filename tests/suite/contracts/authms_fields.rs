//! AuthMS: each field of `dto.UpdateProfileRequest` with good and bad values.

use crate::contracts::authms::{Broken, invalid, put, send, success};
use serde_json::{Value, json};
use tests::Stage;

#[tokio::test]
async fn the_contract_s_own_example_is_accepted_whole() {
    let world = Stage::open().await;
    let example = json!({
        "address": "123 Main St", "avatar_url": "https://example.com/avatar.jpg", "bio": "Software Engineer",
        "birthdate": "1990-01-15", "city": "San Francisco", "country": "US", "custom_fields": {"level": 3},
        "first_name": "John", "gender": "male", "language": "en-US", "last_name": "Doe", "nickname": "Johnny",
        "social_links": {"github": "johnny"}, "timezone": "America/Los_Angeles", "website": "https://johndoe.com",
    });
    assert_eq!(send(&world, &put(&world, &example)).await, success("alice", 1, &example));
    // A change of one member leaves the others.
    let mut moved = example.clone();
    moved["city"] = json!("Oakland");
    let reply = send(&world, &put(&world, &json!({"city": "Oakland"}))).await;
    assert_eq!(reply, success("alice", 2, &moved));
    // Null for all of them leaves nothing.
    let nulls: Value = example.as_object().unwrap().keys().map(|name| (name.clone(), Value::Null)).collect();
    assert_eq!(send(&world, &put(&world, &nulls)).await, success("alice", 3, &json!({})));
}

pub const STRING: (&str, &str) = ("type", "must be a string");
pub const EMPTY: (&str, &str) = ("empty", "must not be empty; send null to clear it");
pub const CONTROL: (&str, &str) = ("format", "must not hold control characters");

#[tokio::test]
async fn long_names_of_unknown_members_are_shortened() {
    let world = Stage::open().await;
    for (name, shown) in [
        ("名".repeat(64), "名".repeat(64)),
        ("名".repeat(65), format!("{}…", "名".repeat(63))),
        ("x".repeat(60_000), format!("{}…", "x".repeat(63))),
    ] {
        let reply = send(&world, &put(&world, &json!({name: 1}))).await;
        let broken = (shown.as_str(), "unknown", "is not a member of this request", Some(json!(1)));
        assert_eq!(reply, invalid(&[broken]));
    }
}

#[tokio::test]
async fn unknown_members_are_refused() {
    const UNKNOWN: &str = "is not a member of this request";
    let world = Stage::open().await;
    for name in ["email", "phone", "user_id", "version", "role", "updated_at", "City", "first-name", "", "名"]
    {
        // Null is no way around it.
        for value in [json!("x"), Value::Null, json!({"a": [1]})] {
            let reply = send(&world, &put(&world, &json!({name: value, "city": "Paris"}))).await;
            assert_eq!(
                reply,
                invalid(&[(name, "unknown", UNKNOWN, Some(value.clone()))]),
                "{name:?}: {value}"
            );
        }
    }
    assert_eq!(world.record("alice").await, None);
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once_in_the_contract_s_order() {
    let world = Stage::open().await;
    let body = json!({
        "zodiac": "leo", "website": "johndoe.com", "social_links": {"x": 1, "y": ""}, "nickname": null,
        "country": "", "city": 7, "custom_fields": {"1": 2, "a": {"b": {"c": {"d": {}}}}}, "address": "ok",
        "birthdate": "2026-04-04", "bio": "名".repeat(1001), "avatar": "x",
    });
    let broken = [
        ("bio", "length", "must have at most 1000 characters", Some(json!("名".repeat(1001)))),
        ("birthdate", "range", "must lie between 1900-01-01 and today", Some(json!("2026-04-04"))),
        ("city", STRING.0, STRING.1, Some(json!(7))),
        ("country", EMPTY.0, EMPTY.1, Some(json!(""))),
        ("website", "format", "must be an absolute http or https URL", Some(json!("johndoe.com"))),
        (
            "custom_fields",
            "format",
            "names must be letters, digits and _, 64 at most, not beginning with a digit",
            Some(json!("1")),
        ),
        ("custom_fields.a.b.c.d", "range", "must not be nested deeper than 4 levels", Some(json!({}))),
        ("social_links.x", STRING.0, STRING.1, Some(json!(1))),
        ("social_links.y", EMPTY.0, EMPTY.1, Some(json!(""))),
        ("avatar", "unknown", "is not a member of this request", Some(json!("x"))),
        ("zodiac", "unknown", "is not a member of this request", Some(json!("leo"))),
    ];
    assert_eq!(send(&world, &put(&world, &body)).await, invalid(&broken));
}

#[tokio::test]
async fn an_answer_does_not_grow_with_the_number_of_faults() {
    let world = Stage::open().await;
    let members: Value = (0..5000).map(|number| (format!("m{number:04}"), json!(1))).collect();
    let reply = send(&world, &put(&world, &members)).await;
    let names: Vec<String> = (0..50).map(|number| format!("m{number:04}")).collect();
    let broken: Vec<Broken<'_>> = names
        .iter()
        .map(|name| (name.as_str(), "unknown", "is not a member of this request", Some(json!(1))))
        .collect();
    assert_eq!(reply, invalid(&broken));
}
