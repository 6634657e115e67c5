//! AuthMS: `custom_fields` and `social_links` merge member by member (RFC 7396), and keep to their bounds.

use crate::contracts::authms::{invalid, problem, put, send, success};
use serde_json::{Value, json};
use tests::Stage;

#[tokio::test]
async fn custom_fields_merge_and_null_removes() {
    let world = Stage::open().await;
    // What is sent, and what the profile shows then.
    let steps = [
        (json!({"a": 1, "b": {"c": "x", "d": [1, 2]}}), json!({"a": 1, "b": {"c": "x", "d": [1, 2]}})),
        (json!({"e": ""}), json!({"a": 1, "b": {"c": "x", "d": [1, 2]}, "e": ""})),
        (json!({"b": {"c": null}, "e": null}), json!({"a": 1, "b": {"d": [1, 2]}})),
        (json!({"b": {"d": [3]}}), json!({"a": 1, "b": {"d": [3]}})),
        (json!({"a": {"z": true}}), json!({"a": {"z": true}, "b": {"d": [3]}})),
        (json!({"never": null}), json!({"a": {"z": true}, "b": {"d": [3]}})),
        (json!({}), json!({"a": {"z": true}, "b": {"d": [3]}})),
        (json!({"b": "plain"}), json!({"a": {"z": true}, "b": "plain"})),
        (
            json!({"n": 1.5, "m": -7, "f": false}),
            json!({"a": {"z": true}, "b": "plain", "n": 1.5, "m": -7, "f": false}),
        ),
    ];
    for (index, (sent, shown)) in steps.into_iter().enumerate() {
        let reply = send(&world, &put(&world, &json!({"custom_fields": sent}))).await;
        let version = index as u64 + 1;
        assert_eq!(reply, success("alice", version, &json!({"custom_fields": shown})), "{sent}");
    }
    // The last member gone, the attribute is gone; and null clears all at once.
    let all = json!({"a": null, "b": null, "n": null, "m": null, "f": null});
    let reply = send(&world, &put(&world, &json!({"custom_fields": all}))).await;
    assert_eq!(reply, success("alice", 10, &json!({})));
    send(&world, &put(&world, &json!({"custom_fields": {"a": 1}}))).await;
    let reply = send(&world, &put(&world, &json!({"custom_fields": null}))).await;
    assert_eq!(reply, success("alice", 12, &json!({})));
}

#[tokio::test]
async fn social_links_merge_and_null_removes() {
    let world = Stage::open().await;
    let steps = [
        (json!({"github": "https://github.com/johnny"}), json!({"github": "https://github.com/johnny"})),
        (json!({"x": "@johnny"}), json!({"github": "https://github.com/johnny", "x": "@johnny"})),
        (json!({"github": null, "微博": "johnny"}), json!({"x": "@johnny", "微博": "johnny"})),
        (json!({"x": "@john"}), json!({"x": "@john", "微博": "johnny"})),
    ];
    for (index, (sent, shown)) in steps.into_iter().enumerate() {
        let reply = send(&world, &put(&world, &json!({"social_links": sent}))).await;
        let version = index as u64 + 1;
        assert_eq!(reply, success("alice", version, &json!({"social_links": shown})), "{sent}");
    }
    let reply = send(&world, &put(&world, &json!({"social_links": {"x": null, "微博": null}}))).await;
    assert_eq!(reply, success("alice", 5, &json!({})));
}

fn fields(count: usize) -> Value {
    (0..count).map(|number| (format!("k{number:02}"), json!(1))).collect()
}

fn links(count: usize) -> Value {
    (0..count).map(|number| (format!("l{number:02}"), json!("x"))).collect()
}

/// Custom fields that are `size` bytes of JSON.
fn sized(name: &str, size: usize) -> Value {
    json!({name: "x".repeat(size - 7 - name.len())})
}

const KEYS: (&str, &str) = ("custom_fields", "must have at most 50 entries");
const BYTES: (&str, &str) = ("custom_fields", "must have at most 16384 bytes of JSON");
const LINKS: (&str, &str) = ("social_links", "must have at most 20 entries");

#[tokio::test]
async fn the_bounds_hold_for_what_would_be_stored() {
    let world = Stage::open().await;
    let refused =
        |(field, description): (&'static str, &'static str)| invalid(&[(field, "length", description, None)]);
    for (user, name, most, one_more, other) in [
        ("keys", "custom_fields", fields(50), fields(51), (json!({"other": 1}), KEYS)),
        ("bytes", "custom_fields", sized("a", 16_384), sized("a", 16_385), (json!({"b": ""}), BYTES)),
        ("links", "social_links", links(20), links(21), (json!({"other": "x"}), LINKS)),
    ] {
        let put = |value: &Value| put(&world, &json!({name: value})).bearer(&world.token("alice"));
        send(&world, &put(&Value::Null)).await;
        let (addition, bound) = other;
        // At once, and one too many.
        assert_eq!(send(&world, &put(&one_more)).await, refused(bound), "{user}");
        let full = send(&world, &put(&most)).await;
        assert_eq!((full.status, &full.body["data"]["profile"][name]), (200, &most), "{user}");
        // By and by, and one too many: nothing is stored of it.
        assert_eq!(send(&world, &put(&addition)).await, refused(bound), "{user}");
        assert_eq!(send(&world, &put(&json!({}))).await.body["data"]["profile"][name], most, "{user}");
        // One goes, another comes.
        let mut swap = addition.clone();
        let gone = most.as_object().unwrap().keys().next().unwrap();
        swap[gone.as_str()] = Value::Null;
        assert_eq!(send(&world, &put(&swap)).await.status, 200, "{user}");
        assert_eq!(send(&world, &put(&Value::Null)).await.status, 200, "{user}");
    }
}

#[tokio::test]
async fn each_member_has_its_own_rules() {
    const DEPTH: (&str, &str) = ("range", "must not be nested deeper than 4 levels");
    const NAME: (&str, &str) =
        ("format", "names must be letters, digits and _, 64 at most, not beginning with a digit");
    const LINK: (&str, &str) = ("format", "must be an absolute https URL or a handle");
    const NUMBER: (&str, &str) = ("range", "must be a number of at most 38 digits below 10^126");
    const CONTROL: (&str, &str) = ("format", "must not hold control characters");
    let world = Stage::open().await;
    let long = "n".repeat(65);
    for (body, field, (code, description), value) in [
        (json!({"custom_fields": {"a": {"b": {"c": {}}}}}), "", ("", ""), json!(0)),
        (json!({"custom_fields": {"a": {"b": {"c": []}}}}), "", ("", ""), json!(0)),
        (json!({"custom_fields": {"a": {"b": {"c": {"d": {}}}}}}), "custom_fields.a.b.c.d", DEPTH, json!({})),
        (json!({"custom_fields": {"a": [[[[]]]]}}), "custom_fields.a[0][0][0]", DEPTH, json!([])),
        (json!({"custom_fields": {"n".repeat(64): 1}}), "", ("", ""), json!(0)),
        (json!({"custom_fields": {long.clone(): 1}}), "custom_fields", NAME, json!(long)),
        (json!({"custom_fields": {"a-b": 1}}), "custom_fields", NAME, json!("a-b")),
        (json!({"custom_fields": {"": 1}}), "custom_fields", NAME, json!("")),
        (json!({"custom_fields": {"a": {"1": 1}}}), "custom_fields.a", NAME, json!("1")),
        (json!({"custom_fields": {"a": 1e126}}), "custom_fields.a", NUMBER, json!(1e126)),
        (json!({"custom_fields": {"a": ["\u{0}"]}}), "custom_fields.a[0]", CONTROL, json!("\u{0}")),
        (
            json!({"social_links": {"x": "http://example.com"}}),
            "social_links.x",
            LINK,
            json!("http://example.com"),
        ),
        (
            json!({"social_links": {"x": "javascript:alert(1)"}}),
            "social_links.x",
            LINK,
            json!("javascript:alert(1)"),
        ),
        (
            json!({"social_links": {"x": ""}}),
            "social_links.x",
            ("empty", "must not be empty; send null to clear it"),
            json!(""),
        ),
        (json!({"social_links": {"x": {}}}), "social_links.x", ("type", "must be a string"), json!({})),
        (
            json!({"social_links": {long.clone(): "x"}}),
            "social_links",
            ("length", "must have at most 64 characters"),
            json!(long),
        ),
        (
            json!({"social_links": {"x": "h".repeat(2049)}}),
            "social_links.x",
            ("length", "must have at most 2048 characters"),
            json!("h".repeat(2049)),
        ),
    ] {
        let reply = send(&world, &put(&world, &body)).await;
        if code.is_empty() {
            assert_eq!(reply.status, 200, "{body}");
        } else {
            assert_eq!(reply, invalid(&[(field, code, description, Some(value))]), "{body}");
        }
    }
}

#[tokio::test]
async fn custom_fields_that_the_stack_defines_keep_to_its_schema() {
    let world = Stage::open().await;
    for (fields, member, code, description) in [
        (json!({"employee_number": "AB123456"}), "employee_number", "unknown", "is not yours to change here"),
        (json!({"employee_number": null}), "employee_number", "unknown", "is not yours to change here"),
        (json!({"newsletter": "yes"}), "newsletter", "type", "must be true or false"),
        (json!({"department": " x"}), "department", "format", "must match the attribute's pattern"),
    ] {
        let expected =
            invalid(&[(&format!("custom_fields.{member}"), code, description, Some(fields[member].clone()))]);
        let reply = send(&world, &put(&world, &json!({"custom_fields": fields}))).await;
        assert_eq!(reply, expected, "{fields}");
    }
    let good = json!({"newsletter": true, "department": "Sales", "of_my_own": 7});
    let reply = send(&world, &put(&world, &json!({"custom_fields": good}))).await;
    assert_eq!(reply, success("alice", 1, &json!({"custom_fields": good})));
}

#[tokio::test]
async fn numbers_come_back_as_they_were_sent() {
    let world = Stage::open().await;
    for number in
        ["-97.64560034263705", "1859062658947177.0", "1e-130", "-9.99e125", "18446744073709551616", "-7"]
    {
        let body = format!(r#"{{"custom_fields":{{"n":{number}}}}}"#);
        let reply = send(&world, &put(&world, &json!({})).body(&body)).await;
        let shown = reply.body["data"]["profile"]["custom_fields"]["n"].as_f64().map(f64::to_bits);
        assert_eq!((reply.status, shown), (200, number.parse().ok().map(f64::to_bits)), "{number}");
    }
    for number in ["1e400", "1E-400", "18446744073709551617"] {
        let body = format!(r#"{{"custom_fields":{{"n":{number}}}}}"#);
        let reply = send(&world, &put(&world, &json!({})).body(&body)).await;
        assert_eq!(reply, problem("malformed-body"), "{number}");
    }
}
