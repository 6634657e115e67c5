//! Who may read and write the attributes that a stack defines for itself by its settings.

use crate::contracts::authms::{invalid, send, shown, success};
use crate::contracts::ciam;
use crate::contracts::faces::unkept;
use crate::contracts::permissions::{NOT_YOURS, put};
use ::authms::GetProfile;
use ::ciam::{GetUserinfo, PatchUserinfo};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::profile::Attribute;
use std::io::Write;
use tempfile::NamedTempFile;
use tests::{Options, Reply, Request, World, wrong_settings};

fn schema_file(attributes: &Value) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(json!({ "attributes": attributes }).to_string().as_bytes()).unwrap();
    file
}

/// Every way in which a permission can differ; each has a claim of its own name.
fn matrix() -> Value {
    let (all, authms, ciam) = (json!(["subject", "admin"]), json!(["authms"]), json!(["ciam"]));
    let attributes = json!([
        {"identifier": "open", "editable": true},
        {"identifier": "fixed", "editable": false},
        {"identifier": "granted", "write": {"by": ["admin"]}},
        {"identifier": "own", "read": {"by": ["subject"]}, "write": {"by": ["subject"]}},
        {"identifier": "staff", "read": {"by": ["admin"]}, "write": {"by": ["admin"]}},
        {"identifier": "inbox", "read": {"by": ["admin"]}, "write": {"by": ["subject"]}},
        {"identifier": "here", "read": {"by": all, "through": authms}, "write": {"by": all, "through": authms}},
        {"identifier": "there", "read": {"by": all, "through": ciam}, "write": {"by": all, "through": ciam}},
        {"identifier": "sealed", "read": {"by": []}, "write": {"by": []}},
    ]);
    let complete = |attribute: &Value| {
        let mut attribute = attribute.clone();
        attribute["type"] = json!("string");
        attribute["claim"] = attribute["identifier"].clone();
        attribute
    };
    attributes.as_array().unwrap().iter().map(complete).collect()
}

/// Names of the matrix, in order.
const NAMES: [&str; 9] = ["open", "fixed", "granted", "own", "staff", "inbox", "here", "there", "sealed"];

async fn matrix_world() -> (World, NamedTempFile) {
    let file = schema_file(&matrix());
    // Two attributes are no claims: nobody may read them through CIAM.
    let claims = "open fixed granted own staff inbox there";
    let settings = vec![
        ("ATTRIBUTE_SCHEMA_FILE", file.path().to_str().unwrap().to_owned()),
        ("CLAIMS", claims.to_owned()),
    ];
    (World::with(Options { settings }).await, file)
}

/// Every attribute of the matrix with its name for its value, and one that nobody defined.
fn everything() -> Value {
    let names = NAMES.into_iter().chain(["free"]);
    names.map(|name| (name.to_owned(), json!(name))).collect()
}

fn only(names: &[&str]) -> Value {
    names.iter().map(|name| ((*name).to_owned(), json!(name))).collect()
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// Puts these custom fields into a new profile of alice's, as a system beside the contracts would.
async fn store(world: &World, fields: &Value) {
    world.create("alice").await;
    let members = fields.as_object().unwrap().iter();
    let members = members.map(|(name, value)| (name.clone(), text(value.as_str().unwrap()))).collect();
    let update = world.database.update_item().table_name(&world.table);
    let update = update.key("PK", text("USER#alice")).key("SK", text("PROFILE"));
    let update = update.update_expression("SET custom_fields = :fields");
    update.expression_attribute_values(":fields", AttributeValue::M(members)).send().await.unwrap();
}

/// Takes the profile away, without a trace.
async fn remove(world: &World) {
    let delete = world.database.delete_item().table_name(&world.table);
    delete.key("PK", text("USER#alice")).key("SK", text("PROFILE")).send().await.unwrap();
}

async fn stored(world: &World) -> Option<Value> {
    world.profile("alice").await.attributes.get(&Attribute::CustomFields).cloned()
}

/// Who looks, through AuthMS: alice, an administrator, and an administrator who is alice.
fn lookers(world: &World) -> [(String, &'static [&'static str]); 3] {
    [
        (world.token("alice"), &["open", "fixed", "granted", "own", "here", "free"]),
        (world.admin_token("root"), &["open", "fixed", "granted", "staff", "inbox", "here", "free"]),
        (world.admin_token("alice"), &["open", "fixed", "granted", "own", "staff", "inbox", "here", "free"]),
    ]
}

#[tokio::test]
async fn what_may_not_be_read_is_not_shown() {
    let (world, _file) = matrix_world().await;
    for (token, names) in lookers(&world) {
        store(&world, &everything()).await;
        let mut members = json!({"custom_fields": only(names)});
        let read = Request::get_profile("alice").bearer(&token);
        assert_eq!(send(&world, &read).await, unkept(shown("alice", 1, &members)), "{names:?}");
        // The answer to a change shows no more.
        let request = Request::put_profile("alice").bearer(&token).json(&json!({"city": "Rome"}));
        members["city"] = json!("Rome");
        assert_eq!(send(&world, &request).await, success("alice", 2, &members), "{names:?}");
        assert_eq!(stored(&world).await, Some(everything()));
        remove(&world).await;
    }
    store(&world, &everything()).await;
    // Through CIAM, where only the subject is.
    let claims = only(&["open", "fixed", "granted", "own", "there"]);
    let expected = Reply::json(200, with_sub(&claims));
    assert_eq!(world.send(&ciam::patch(&world, &json!({}))).await, expected);
    let userinfo = Request::get_userinfo().bearer(&world.token("alice"));
    assert_eq!(world.send(&userinfo).await, unkept(expected));
}

fn with_sub(claims: &Value) -> Value {
    let mut body = json!({"sub": "alice"});
    body.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn what_may_not_be_written_is_refused_and_nothing_is_dropped() {
    let (world, _file) = matrix_world().await;
    let writers: [(String, &[&str]); 3] = [
        (world.token("alice"), &["open", "own", "inbox", "here", "free"]),
        (world.admin_token("root"), &["open", "granted", "staff", "here", "free"]),
        (world.admin_token("alice"), &["open", "granted", "own", "staff", "inbox", "here", "free"]),
    ];
    for (token, may) in writers {
        for name in NAMES.into_iter().chain(["free"]) {
            for value in [json!("new"), Value::Null] {
                store(&world, &everything()).await;
                // A good member beside it is not written either.
                let reply = send(&world, &put(&token, &json!({name: value, "other": 1}))).await;
                if may.contains(&name) {
                    assert_eq!(reply.status, 200, "{name} {reply:?}");
                    let mut expected = everything();
                    expected["other"] = json!(1);
                    match &value {
                        Value::Null => drop(expected.as_object_mut().unwrap().remove(name)),
                        value => expected[name] = value.clone(),
                    }
                    assert_eq!(stored(&world).await, Some(expected), "{name}");
                } else {
                    let field = format!("custom_fields.{name}");
                    assert_eq!(reply, invalid(&[(&field, "unknown", NOT_YOURS, Some(value))]), "{name}");
                    assert_eq!(stored(&world).await, Some(everything()), "{name}");
                }
                remove(&world).await;
            }
        }
    }
}

#[tokio::test]
async fn ciam_refuses_what_the_subject_may_not_write_through_it() {
    let (world, _file) = matrix_world().await;
    store(&world, &everything()).await;
    let unsupported =
        json!({"error": "invalid_request", "error_description": "Unsupported user attribute(s) found."});
    let unknown = json!({"error": "invalid_request", "error_description": "Unknown attribute(s) found."});
    for (name, refusal) in [
        ("open", None),
        ("fixed", Some(&unsupported)),
        ("granted", Some(&unsupported)),
        ("own", None),
        ("staff", Some(&unsupported)),
        ("inbox", None),
        ("here", Some(&unsupported)),
        ("there", None),
        ("sealed", Some(&unsupported)),
        ("free", Some(&unknown)),
    ] {
        let before = stored(&world).await;
        let reply = world.send(&ciam::patch(&world, &json!({name: "new"}))).await;
        match refusal {
            Some(refusal) => {
                assert_eq!(reply, ciam::error(400, refusal.clone()), "{name}");
                assert_eq!(stored(&world).await, before, "{name}");
            }
            None => {
                assert_eq!(reply.status, 200, "{name}");
                assert_eq!(stored(&world).await.unwrap()[name], "new");
            }
        }
    }
}

#[tokio::test]
async fn clearing_all_custom_fields_takes_nothing_that_is_not_the_caller_s() {
    let (world, _file) = matrix_world().await;
    let refused = |names: &[&str]| {
        let fields: Vec<String> = names.iter().map(|name| format!("custom_fields.{name}")).collect();
        let broken: Vec<_> =
            fields.iter().map(|field| (field.as_str(), "unknown", NOT_YOURS, Some(Value::Null))).collect();
        invalid(&broken)
    };
    let (alice, root) = (world.token("alice"), world.admin_token("root"));
    // Who clears, what is stored, what is refused, what is left.
    for (token, fields, refusal, left) in [
        (&alice, everything(), &["fixed", "granted"][..], Some(everything())),
        (&root, everything(), &["fixed", "inbox"], Some(everything())),
        (&alice, only(&["open", "granted"]), &["granted"], Some(only(&["open", "granted"]))),
        // What the caller cannot see it cannot have meant: it stays, and nothing is said of it.
        (
            &alice,
            only(&["open", "own", "staff", "there", "sealed", "free"]),
            &[],
            Some(only(&["staff", "there", "sealed"])),
        ),
        (&root, only(&["open", "own", "staff", "there", "free"]), &[], Some(only(&["own", "there"]))),
        // Not seen, but the caller's to change.
        (&alice, only(&["inbox", "here"]), &[], None),
        (&alice, only(&["open"]), &[], None),
    ] {
        store(&world, &fields).await;
        let reply = send(&world, &put(token, &Value::Null)).await;
        if refusal.is_empty() {
            assert_eq!(reply, success("alice", 2, &json!({})), "{fields}");
        } else {
            assert_eq!(reply, refused(refusal), "{fields}");
        }
        assert_eq!(stored(&world).await, left, "{fields}");
        remove(&world).await;
    }
    // Where nothing is stored there is nothing to refuse, and a new profile begins without.
    assert_eq!(send(&world, &put(&alice, &Value::Null)).await, success("alice", 1, &json!({})));
}

#[tokio::test]
async fn a_schema_with_wrong_permissions_is_refused_at_start_with_all_that_is_wrong() {
    let file = schema_file(&json!([
        {"identifier": "a", "type": "string"},
        {"identifier": "b", "type": "string", "editable": true, "write": {"by": ["admin"]}},
        {"identifier": "c", "type": "string", "editable": true, "read": {"by": ["admin", "admin"], "through": []}},
        {"identifier": "d", "type": "string", "write": {"by": ["admin"], "through": ["ciam", "ciam"]}},
        {"identifier": "e", "type": "string", "write": {"by": ["admin"], "through": ["C.I.A.M."]}},
        {"identifier": "f", "type": "string", "write": {"by": ["everybody"]}},
        {"identifier": "g", "type": "string", "write": {"through": ["ciam"]}},
        {"identifier": "h", "type": "string", "write": {"by": [], "when": "never"}},
        {"identifier": "i", "type": "string", "write": ["admin"]},
    ]));
    let settings = [("ATTRIBUTE_SCHEMA_FILE", file.path().to_str().unwrap())];
    let expected = [
        r#"ATTRIBUTE_SCHEMA_FILE "a" says neither editable nor write"#,
        r#"ATTRIBUTE_SCHEMA_FILE "b" says both editable and write"#,
        r#"ATTRIBUTE_SCHEMA_FILE read of "c" names somebody twice"#,
        r#"ATTRIBUTE_SCHEMA_FILE read of "c" goes through no contract"#,
        r#"ATTRIBUTE_SCHEMA_FILE write of "d" names a contract twice"#,
        "ATTRIBUTE_SCHEMA_FILE write of \"e\" names a contract that cannot be one: names are lower-case words \
         joined by hyphens",
        "ATTRIBUTE_SCHEMA_FILE attribute 5 cannot be read: unknown variant `everybody`, expected `subject` or `admin`",
        "ATTRIBUTE_SCHEMA_FILE attribute 6 cannot be read: missing field `by`",
        "ATTRIBUTE_SCHEMA_FILE attribute 7 cannot be read: unknown field `when`, expected `by` or `through`",
        "ATTRIBUTE_SCHEMA_FILE attribute 8 cannot be read: invalid type: string \"admin\", expected a sequence",
    ];
    assert_eq!(wrong_settings::<PatchUserinfo>(&settings).await, expected);
    assert_eq!(wrong_settings::<GetUserinfo>(&settings).await, expected);
    assert_eq!(wrong_settings::<GetProfile>(&settings).await, expected);
}

#[tokio::test]
async fn a_claim_that_nobody_could_read_is_a_wrong_setting() {
    let file = schema_file(&matrix());
    let path = file.path().to_str().unwrap();
    let settings = [("ATTRIBUTE_SCHEMA_FILE", path), ("CLAIMS", "open here staff sealed")];
    let expected = [
        r#"CLAIMS lists "here", which nobody may read through this contract"#,
        r#"CLAIMS lists "sealed", which nobody may read through this contract"#,
    ];
    assert_eq!(wrong_settings::<PatchUserinfo>(&settings).await, expected);
    assert_eq!(wrong_settings::<GetUserinfo>(&settings).await, expected);
}

#[tokio::test]
async fn an_answer_that_an_administrator_was_given_is_not_given_to_the_subject_again() {
    let (world, _file) = matrix_world().await;
    store(&world, &everything()).await;
    let request = |token: &str| {
        let request = Request::put_profile("alice").bearer(token).json(&json!({"city": "Rome"}));
        request.header("idempotency-key", "\"one\"")
    };
    let first = world.send(&request(&world.admin_token("alice"))).await;
    assert_eq!(
        (first.status, &first.body["data"]["profile"]["custom_fields"]["staff"]),
        (200, &json!("staff"))
    );
    let again = world.send(&request(&world.token("alice"))).await;
    let kind = &again.body["type"];
    assert_eq!((again.status, kind), (422, &json!("https://id.example.com/errors/idempotency-key-reused")));
}
