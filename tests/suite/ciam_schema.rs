//! CIAM: claims and attributes that a stack defines for itself by its settings.

use crate::contracts::authms;
use crate::contracts::ciam::{claims, error, patch};
use ::ciam::PatchUserinfo;
use serde_json::{Value, json};
use shared::profile::Attribute;
use std::io::Write;
use tempfile::NamedTempFile;
use tests::{Options, Reply, World, wrong_settings};

const ALL: &str = r#"{"nickname":"Al","name":"Alice","zoneinfo":"UTC","locale":"en","newsletter":true,"department":"Sales"}"#;

async fn with_claims(setting: &str) -> World {
    World::with(Options { settings: vec![("CLAIMS", setting.to_owned())] }).await
}

#[tokio::test]
async fn the_setting_says_which_claims_are_shown_and_in_which_order() {
    for (setting, expected) in [
        // Unset: the default claims, in their order; what is absent is left out.
        (
            "",
            r#"{"sub":"alice","name":"Alice","nickname":"Al","zoneinfo":"UTC","locale":"en","updated_at":1775217600}"#,
        ),
        ("locale nickname", r#"{"sub":"alice","locale":"en","nickname":"Al"}"#),
        (
            " newsletter\t department\nname ",
            r#"{"sub":"alice","newsletter":true,"department":"Sales","name":"Alice"}"#,
        ),
        ("updated_at sub name sub", r#"{"sub":"alice","updated_at":1775217600,"name":"Alice"}"#),
        ("authenticationMethod name name", r#"{"sub":"alice","name":"Alice"}"#),
        ("authenticationMethod", r#"{"sub":"alice"}"#),
        ("email email_verified phone_number phone_number_verified employee_number", r#"{"sub":"alice"}"#),
    ] {
        let world = with_claims(setting).await;
        let answer = world.invoke(patch(&world, &json!({})).body(ALL).event_json()).await;
        assert_eq!((answer.status_code, answer.body.as_str()), (200, expected), "{setting:?}");
    }
}

#[tokio::test]
async fn defined_attributes_are_custom_fields_to_the_others() {
    let world = with_claims("department newsletter").await;
    let shown = |members: &Value| {
        let mut expected = claims(members);
        expected.body.as_object_mut().unwrap().remove("updated_at");
        expected
    };
    let both = json!({"department": "Sales", "newsletter": false});
    assert_eq!(world.send(&patch(&world, &both)).await, shown(&both));
    let put = |body: &Value| authms::put(&world, body);
    assert_eq!(
        world.send(&put(&json!({}))).await,
        authms::success("alice", 1, &json!({"custom_fields": both}))
    );
    // AuthMS adds one of its own; CIAM leaves it alone.
    world.send(&put(&json!({"custom_fields": {"level": 3}}))).await;
    let reply = world.send(&patch(&world, &json!({"department": null}))).await;
    assert_eq!(reply, shown(&json!({"newsletter": false})));
    let stored = world.profile("alice").await;
    assert_eq!(stored.attributes[&Attribute::CustomFields], json!({"newsletter": false, "level": 3}));
    // NFC, like all text.
    let reply = world.send(&patch(&world, &json!({"department": "Cafe\u{301}", "newsletter": null}))).await;
    assert_eq!(reply, shown(&json!({"department": "Caf\u{e9}"})));
}

fn schema_file(content: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content.as_bytes()).unwrap();
    file
}

#[tokio::test]
async fn a_stack_brings_a_schema_of_its_own() {
    let file = schema_file(
        &json!({"attributes": [
            {"identifier": "shoe_size", "type": "number", "editable": true, "claim": "size"},
            {"identifier": "plate", "type": "string", "pattern": "^[A-Z]{3}-[0-9]+$", "editable": true, "claim": "plate"},
            {"identifier": "motto", "type": "string", "editable": true},
            {"identifier": "vip", "type": "boolean", "editable": false, "claim": "vip"},
        ]})
        .to_string(),
    );
    let path = file.path().to_str().unwrap().to_owned();
    let settings = vec![("ATTRIBUTE_SCHEMA_FILE", path), ("CLAIMS", "size plate vip".to_owned())];
    let world = World::with(Options { settings }).await;
    let ok = |members: Value| {
        let mut body = json!({"sub": "alice"});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        Reply::json(200, body)
    };
    let illegal = || error(400, json!({"error": "illegal_parameter_value"}));
    let described = |text: &str| error(400, json!({"error": "invalid_request", "error_description": text}));
    for (body, expected) in [
        (json!({"shoe_size": 42.5}), ok(json!({"size": 42.5}))),
        (json!({"plate": "ABC-1"}), ok(json!({"size": 42.5, "plate": "ABC-1"}))),
        // No claim shows it.
        (json!({"motto": "hi"}), ok(json!({"size": 42.5, "plate": "ABC-1"}))),
        (json!({"plate": null}), ok(json!({"size": 42.5}))),
        (json!({"shoe_size": -1}), ok(json!({"size": -1}))),
        (json!({"shoe_size": "42"}), illegal()),
        (json!({"shoe_size": true}), illegal()),
        // Larger and smaller than the table can hold.
        (json!({"shoe_size": 1e126}), illegal()),
        (json!({"shoe_size": 1e-131}), illegal()),
        (json!({"plate": "abc-1"}), illegal()),
        (json!({"plate": "ABC-1\n"}), illegal()),
        (json!({"plate": ""}), illegal()),
        (json!({"motto": "m".repeat(1001)}), illegal()),
        (json!({"motto": "a\nb"}), illegal()),
        (json!({"vip": true}), described("Unsupported user attribute(s) found.")),
        (json!({"size": 1}), described("Unknown attribute(s) found.")),
        (json!({"department": "Sales"}), described("Unknown attribute(s) found.")),
    ] {
        assert_eq!(world.send(&patch(&world, &body)).await, expected, "{body}");
    }
    let stored = world.profile("alice").await;
    assert_eq!(stored.attributes[&Attribute::CustomFields], json!({"shoe_size": -1, "motto": "hi"}));
}

#[tokio::test]
async fn a_bad_schema_is_refused_at_start_with_all_that_is_wrong() {
    let file = schema_file(
        &json!({"attributes": [
            {"identifier": "2nd", "type": "string", "editable": true},
            {"identifier": "nickname", "type": "string", "editable": true},
            {"identifier": "otp", "type": "number", "pattern": "^.$", "editable": true, "claim": "sub"},
            {"identifier": "otp", "type": "string", "pattern": "[", "editable": true, "claim": ""},
            {"identifier": "a", "editable": true},
            {"identifier": "b", "type": "date", "editable": true},
            {"identifier": "c", "type": "string", "editable": "yes"},
            {"identifier": "d", "type": "string", "editable": true, "required": true},
            "e",
            "twice",
        ]})
        .to_string()
        .replace("\"twice\"", r#"{"identifier":"f","type":"string","editable":false,"editable":true}"#),
    );
    let path = file.path().to_str().unwrap();
    assert_eq!(
        wrong_settings::<PatchUserinfo>(&[
            ("ATTRIBUTE_SCHEMA_FILE", path),
            ("CLAIMS", "nickname zodiac department")
        ])
        .await,
        [
            r#"ATTRIBUTE_SCHEMA_FILE identifier "2nd" must match [A-Za-z_][A-Za-z0-9_]{0,63}"#,
            r#"ATTRIBUTE_SCHEMA_FILE identifier "nickname" is reserved"#,
            r#"ATTRIBUTE_SCHEMA_FILE claim "sub" of "otp" is empty, reserved or used twice"#,
            r#"ATTRIBUTE_SCHEMA_FILE "otp" has a pattern but is no string"#,
            r#"ATTRIBUTE_SCHEMA_FILE identifier "otp" is defined twice"#,
            r#"ATTRIBUTE_SCHEMA_FILE claim "" of "otp" is empty, reserved or used twice"#,
            r#"ATTRIBUTE_SCHEMA_FILE the pattern of "otp" is no regular expression"#,
            "ATTRIBUTE_SCHEMA_FILE attribute 4 cannot be read: missing field `type`",
            "ATTRIBUTE_SCHEMA_FILE attribute 5 cannot be read: unknown variant `date`, expected one of `string`, \
             `number`, `boolean`",
            "ATTRIBUTE_SCHEMA_FILE attribute 6 cannot be read: invalid type: string \"yes\", expected a boolean",
            "ATTRIBUTE_SCHEMA_FILE attribute 7 cannot be read: unknown field `required`, expected one of \
             `identifier`, `type`, `pattern`, `editable`, `read`, `write`, `claim`",
            "ATTRIBUTE_SCHEMA_FILE attribute 8 cannot be read: invalid type: string \"e\", expected struct Entry",
            "ATTRIBUTE_SCHEMA_FILE attribute 9 has a member twice",
            r#"CLAIMS lists "zodiac", which is no claim"#,
            r#"CLAIMS lists "department", which is no claim"#,
        ]
    );
    assert_eq!(
        wrong_settings::<PatchUserinfo>(&[("ATTRIBUTE_SCHEMA_FILE", "/nowhere/at/all")]).await,
        ["ATTRIBUTE_SCHEMA_FILE cannot be read"]
    );
    for (content, fault) in [
        ("", "EOF while parsing a value at line 1 column 0"),
        ("{}", "missing field `attributes` at line 1 column 2"),
        (r#"{"attributes":[],"more":1}"#, "unknown field `more`, expected `attributes` at line 1 column 23"),
    ] {
        let file = schema_file(content);
        let said =
            wrong_settings::<PatchUserinfo>(&[("ATTRIBUTE_SCHEMA_FILE", file.path().to_str().unwrap())])
                .await;
        assert_eq!(said, [format!("ATTRIBUTE_SCHEMA_FILE is no attribute schema: {fault}")], "{content}");
    }
}
