use super::*;
use serde_json::json;
use shared::profile::Unique;

const NOW: Timestamp = Timestamp::from_millis(1_795_173_837_803);

fn parse(line: &Value) -> Result<UpdateCommand, Refusal> {
    let schema = r#"{"attributes": [{"identifier": "grade", "type": "number", "editable": false}]}"#;
    read(line.to_string().as_bytes(), &AttributeSchema::parse(schema, &[]).unwrap(), NOW)
}

/// What was found wrong, in order of the fields' names.
fn faults(line: &Value) -> Vec<(String, &'static str)> {
    let Err(Refusal::Invalid(violations)) = parse(line) else { panic!("{line} is not invalid") };
    assert!(violations.iter().all(|violation| violation.field.len() < 64));
    let mut faults: Vec<_> =
        violations.into_iter().map(|violation| (violation.field, violation.fault.code())).collect();
    faults.sort();
    faults
}

#[test]
fn an_export_is_a_line() {
    let attributes = json!({
        "username": "Zoë",
        "email": "Zoe@example.com",
        "role": "Admin",
        "custom_fields": {"grade": 3, "shoe": "42"},
        "social_links": {"github": "zoe"},
        "city": null,
    });
    let profile = json!({
        "version": 7,
        "created_at": "2020-02-29T12:00:00+01:00",
        "updated_at": "2026-04-03T12:00:00Z",
        "changed_by": {"contract": "authms", "actor": "subject"},
        "phone_verified": false,
        "email_verified": true,
        "attributes": attributes,
    });
    let line = json!({
        "schema_version": 1, "user_id": "zoe", "exported_at": "2026-04-03T12:00:00Z", "profile": profile, "claims": ["email"],
        "history": {"entries": []}, "sync_marks": [], "kept_answers": [], "api_keys": [], "left_out": [],
    });
    let command = parse(&line).unwrap();
    assert_eq!(command.target.as_str(), "zoe");
    let names: Vec<&str> = command.patch.changes().keys().map(|attribute| attribute.name()).collect();
    assert_eq!(names, ["username", "email", "role", "custom_fields", "social_links"]);
    let fields = Change::Replace(json!({"grade": 3, "shoe": "42"}));
    assert_eq!(command.patch.changes()[&Attribute::CustomFields], fields);
    assert_eq!(command.patch.created_at(), Some(Timestamp::from_millis(1_582_974_000_000)));
    assert!(command.patch.proves(Contact::Email) && !command.patch.proves(Contact::Phone));
    assert!(command.patch.password().is_none());
}

#[test]
fn little_is_enough() {
    let command = parse(&json!({"user_id": "zoe", "profile": {"attributes": {}}})).unwrap();
    assert!(command.patch.is_empty() && command.patch.created_at().is_none());
    let hash =
        "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let line = json!({"user_id": "zoe", "profile": {"attributes": {"phone": "+8613900139000"}}, "password_hash": hash});
    let command = parse(&line).unwrap();
    assert_eq!(command.patch.password().map(PasswordHash::as_str), Some(hash));
    assert!(command.patch.touches(Unique::Phone) && !command.patch.proves(Contact::Phone));
}

#[test]
fn what_is_no_object_is_malformed() {
    let schema = AttributeSchema::default();
    let large = format!(r#"{{"user_id":"{}"}}"#, "a".repeat(64 * 1024));
    for line in ["zoe", "[]", "{", r#"{"user_id":"a","user_id":"b"}"#, &large] {
        assert_eq!(read(line.as_bytes(), &schema, NOW).err(), Some(Refusal::Malformed));
    }
}

#[test]
fn all_that_is_wrong_is_told() {
    let named = |faults: &[(&str, &'static str)]| -> Vec<(String, &'static str)> {
        faults.iter().map(|(field, code)| ((*field).to_owned(), *code)).collect()
    };
    assert_eq!(faults(&json!({})), named(&[("profile", "required"), ("user_id", "required")]));
    let line = json!({
        "schema_version": 2,
        "user_id": "a b",
        "password_hash": "correct horse",
        "shoe": 1,
        "profile": {"attributes": [], "created_at": "2020-02-30T00:00:00Z", "email_verified": "yes", "age": 3},
    });
    let expected = [
        ("age", "unknown"),
        ("attributes", "type"),
        ("created_at", "format"),
        ("email_verified", "type"),
        ("password_hash", "format"),
        ("schema_version", "format"),
        ("shoe", "unknown"),
        ("user_id", "format"),
    ];
    assert_eq!(faults(&line), named(&expected));
    let line = json!({"user_id": "zoe", "profile": {
        "attributes": {
            "phone": "13900139000",
            "city": 7,
            "hat": "top",
            "custom_fields": {"grade": "A"},
            "social_links": {"github": 1},
        },
        "created_at": "2026-11-20T15:23:57.804Z",
        "phone_verified": true,
        "email_verified": true,
    }});
    let expected = [
        ("city", "type"),
        ("created_at", "range"),
        ("custom_fields.grade", "type"),
        ("email", "required"),
        ("hat", "unknown"),
        ("phone", "format"),
        ("social_links.github", "type"),
    ];
    assert_eq!(faults(&line), named(&expected));
}
