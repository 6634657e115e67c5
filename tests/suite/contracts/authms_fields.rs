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
        "birthdate": "9999-12-31", "bio": "名".repeat(1001), "avatar": "x",
    });
    let broken = [
        ("bio", "length", "must have at most 1000 characters", Some(json!("名".repeat(1001)))),
        ("birthdate", "range", "must lie between 1900-01-01 and today", Some(json!("9999-12-31"))),
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
    let world = Stage::open().await;
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
        ("birthdate", json!("9999-12-31"), LIFETIME),
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
    let world = Stage::open().await;
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
    let requests = async {
        for (name, value, (code, description)) in cases {
            // A good member beside it is not written either.
            let mut body = json!({"city": "Rome"});
            body[name] = value.clone();
            let reply = send(&world, &put(&world, &body)).await;
            let broken: Broken<'_> = (name, code, description, Some(value.clone()));
            assert_eq!(reply, invalid(&[broken]), "{name}: {value}");
        }
    };
    world.unasked(requests).await;
    assert_eq!(send(&world, &put(&world, &json!({}))).await, success("alice", 1, &kept));
}
