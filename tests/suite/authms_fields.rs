//! AuthMS: each field of `dto.UpdateProfileRequest` with good and bad values.

use crate::contracts::authms::{Broken, invalid, put, send, success};
use crate::contracts::authms_fields::{CONTROL, EMPTY, STRING};
use serde_json::{Value, json};
use tests::{Fault, World};

/// Name, what is sent, what is shown.
fn good() -> Vec<(&'static str, Value, Value)> {
    let same = |name: &'static str, value: &str| (name, json!(value), json!(value));
    let long = |count: usize| "名".repeat(count);
    vec![
        same("address", "123 Main St"),
        same("address", "123 Main St\nSan Francisco"),
        same("address", &long(256)),
        same("avatar_url", "https://example.com/avatar.jpg"),
        same("avatar_url", &format!("https://example.com/{}", "a".repeat(2048 - 20))),
        same("bio", "Software Engineer"),
        same("bio", "one\r\ntwo"),
        same("bio", &long(1000)),
        same("birthdate", "1990-01-15"),
        same("birthdate", "1900-01-01"),
        same("birthdate", "2024-02-29"),
        // Today, by the world's clock.
        same("birthdate", "2026-04-03"),
        same("city", "San Francisco"),
        same("city", &long(128)),
        same("country", "US"),
        (
            "custom_fields",
            json!({"team": {"tags": ["a", 1, null]}}),
            json!({"team": {"tags": ["a", 1, null]}}),
        ),
        same("first_name", "John"),
        same("first_name", &long(64)),
        ("first_name", json!("Zoe\u{308}"), json!("Zo\u{eb}")),
        same("gender", "male"),
        same("gender", "non-binary"),
        same("gender", &"g".repeat(32)),
        same("language", "en-US"),
        ("language", json!("en-us"), json!("en-US")),
        ("language", json!("ZH-hans-cn"), json!("zh-Hans-CN")),
        same("last_name", "Doe"),
        same("last_name", &long(64)),
        same("nickname", "Johnny"),
        // Only CloudBase and the System user forbid these.
        same("nickname", "1"),
        same("nickname", &"👩".repeat(64)),
        (
            "social_links",
            json!({"github": "https://github.com/johnny", "x": "@johnny"}),
            json!({"github": "https://github.com/johnny", "x": "@johnny"}),
        ),
        same("timezone", "America/Los_Angeles"),
        same("timezone", "Asia/Calcutta"),
        same("website", "https://johndoe.com"),
        same("website", "http://johndoe.com/"),
    ]
}

#[tokio::test]
async fn a_good_value_is_kept_until_null_clears_it() {
    let world = World::new().await;
    let mut version = 0;
    for (name, sent, shown) in good() {
        version += 1;
        let reply = send(&world, &put(&world, &json!({name: sent}))).await;
        assert_eq!(reply, success("alice", version, &json!({name: shown})), "{name}: {sent}");
        // Absent keeps it.
        let reply = send(&world, &put(&world, &json!({}))).await;
        assert_eq!(reply, success("alice", version, &json!({name: shown})), "{name}: {sent}");
        version += 1;
        let reply = send(&world, &put(&world, &json!({name: null}))).await;
        assert_eq!(reply, success("alice", version, &json!({})), "{name}: {sent}");
    }
}

/// The rule that a bad value breaks: code and description.
fn bad() -> Vec<(&'static str, Value, (&'static str, &'static str))> {
    const AVATAR: (&str, &str) = ("format", "must be an absolute https URL");
    const WEBSITE: (&str, &str) = ("format", "must be an absolute http or https URL");
    const DATE: (&str, &str) = ("format", "must be a calendar date, YYYY-MM-DD");
    const LIFETIME: (&str, &str) = ("range", "must lie between 1900-01-01 and today");
    const COUNTRY: (&str, &str) = ("format", "must be an ISO 3166-1 alpha-2 code, such as US");
    const GENDER: (&str, &str) = ("format", "must be one lower-case word");
    const LANGUAGE: (&str, &str) = ("format", "must be a BCP 47 language tag, such as en-US");
    const ZONE: (&str, &str) = ("format", "must be a name of the tz database, such as Europe/Paris");
    let long = |count: usize| json!("名".repeat(count));
    vec![
        ("address", long(257), ("length", "must have at most 256 characters")),
        ("address", json!("a\u{0}"), CONTROL),
        ("avatar_url", json!("http://example.com/a.jpg"), AVATAR),
        ("avatar_url", json!("javascript:alert(1)"), AVATAR),
        ("avatar_url", json!("https://user@example.com/a.jpg"), AVATAR),
        ("avatar_url", json!("avatar.jpg"), AVATAR),
        (
            "avatar_url",
            json!(format!("https://example.com/{}", "a".repeat(2048 - 19))),
            ("length", "must have at most 2048 characters"),
        ),
        ("bio", long(1001), ("length", "must have at most 1000 characters")),
        ("bio", json!("\u{1b}[31m"), CONTROL),
        ("birthdate", json!("1990-02-30"), DATE),
        ("birthdate", json!("15/01/1990"), DATE),
        ("birthdate", json!("1990-01-15T00:00:00Z"), DATE),
        ("birthdate", json!("1899-12-31"), LIFETIME),
        ("birthdate", json!("2026-04-04"), LIFETIME),
        ("city", long(129), ("length", "must have at most 128 characters")),
        ("city", json!("San\nFrancisco"), CONTROL),
        ("country", json!("us"), COUNTRY),
        ("country", json!("USA"), COUNTRY),
        ("country", json!("XX"), COUNTRY),
        ("first_name", long(65), ("length", "must have at most 64 characters")),
        ("first_name", json!("John\t"), CONTROL),
        ("gender", json!("Male"), GENDER),
        ("gender", json!("not sure"), GENDER),
        ("gender", json!("g".repeat(33)), ("length", "must have at most 32 characters")),
        ("language", json!("en_US"), LANGUAGE),
        ("language", json!("English, please"), LANGUAGE),
        ("last_name", long(65), ("length", "must have at most 64 characters")),
        ("last_name", json!("Doe\n"), CONTROL),
        ("nickname", long(65), ("length", "must have at most 64 characters")),
        ("nickname", json!("\u{7f}"), CONTROL),
        ("timezone", json!("America/Los Angeles"), ZONE),
        ("timezone", json!("+08:00"), ZONE),
        ("website", json!("ftp://johndoe.com"), WEBSITE),
        ("website", json!("johndoe.com"), WEBSITE),
        ("website", json!("http://a b"), WEBSITE),
    ]
}

#[tokio::test]
async fn a_bad_value_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let kept = json!({"city": "Paris", "nickname": "Al"});
    send(&world, &put(&world, &kept)).await;
    let texts = "address avatar_url bio birthdate city country first_name gender language last_name nickname \
                 timezone website";
    let wrong_types = [json!(1), json!(true), json!(["x"]), json!({"x": "y"})];
    let mut cases = bad();
    for name in texts.split_whitespace() {
        cases.push((name, json!(""), EMPTY));
        cases.extend(wrong_types.iter().map(|value| (name, value.clone(), STRING)));
    }
    for name in ["custom_fields", "social_links"] {
        for value in [json!(""), json!(1), json!(false), json!([])] {
            cases.push((name, value, ("type", "must be an object")));
        }
    }
    world.wire.calls();
    for (name, value, (code, description)) in cases {
        // A good member beside it is not written either.
        let mut body = json!({"city": "Rome"});
        body[name] = value.clone();
        let reply = send(&world, &put(&world, &body)).await;
        let broken: Broken<'_> = (name, code, description, Some(value.clone()));
        assert_eq!(reply, invalid(&[broken]), "{name}: {value}");
    }
    assert_eq!(world.wire.calls(), [""; 0]);
    assert_eq!(send(&world, &put(&world, &json!({}))).await, success("alice", 1, &kept));
}

#[tokio::test]
async fn what_was_refused_by_the_database_is_not_half_stored() {
    let world = World::new().await;
    send(&world, &put(&world, &json!({"city": "Paris"}))).await;
    for _ in 0..3 {
        world.wire.spoil("UpdateItem", Fault::Answer(500, "InternalServerError"));
    }
    assert_eq!(send(&world, &put(&world, &json!({"city": null, "bio": "x"}))).await.status, 503);
    assert_eq!(send(&world, &put(&world, &json!({}))).await, success("alice", 1, &json!({"city": "Paris"})));
}
