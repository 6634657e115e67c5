//! Who may read and write the attributes that a stack defines for itself.

use crate::contracts::authms::{self, invalid, send, shown, success};
use crate::contracts::faces::unkept;
use serde_json::{Value, json};
use tests::{Request, Stage};

pub const NOT_YOURS: &str = "is not yours to change here";

pub fn put(token: &str, fields: &Value) -> Request {
    Request::put_profile("alice").bearer(token).json(&json!({"custom_fields": fields}))
}

#[tokio::test]
async fn the_shipped_schema_lets_administrators_alone_number_and_note() {
    let world = Stage::open().await;
    let (alice, root) = (world.token("alice"), world.admin_token("root"));
    world.create("alice").await;
    let number = json!({"employee_number": "AB123456", "staff_note": "on leave"});
    let shown_to = |token: &str| Request::get_profile("alice").bearer(token);
    let reply = send(&world, &put(&root, &number)).await;
    assert_eq!(reply, success("alice", 2, &json!({"custom_fields": number})));
    let visible = json!({"custom_fields": {"employee_number": "AB123456"}});
    assert_eq!(send(&world, &shown_to(&alice)).await, unkept(shown("alice", 2, &visible)));
    assert_eq!(
        send(&world, &shown_to(&root)).await,
        unkept(shown("alice", 2, &json!({"custom_fields": number})))
    );
    // A pattern binds administrators as well.
    let bad = send(&world, &put(&root, &json!({"employee_number": "1"}))).await;
    let rule = "must match the attribute's pattern";
    assert_eq!(bad, invalid(&[("custom_fields.employee_number", "format", rule, Some(json!("1")))]));
    for (fields, field) in
        [(json!({"employee_number": null}), "employee_number"), (json!({"staff_note": "x"}), "staff_note")]
    {
        let field = format!("custom_fields.{field}");
        let value = fields.as_object().unwrap().values().next().cloned();
        assert_eq!(
            send(&world, &put(&alice, &fields)).await,
            invalid(&[(&field, "unknown", NOT_YOURS, value)])
        );
    }
    // And in Chinese.
    let request = put(&alice, &json!({"staff_note": "x"})).header("accept-language", "zh");
    assert_eq!(authms::send(&world, &request).await.body["errors"][0]["description"], "您无权在此修改");
}
