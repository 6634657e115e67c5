//! CIAM: the claims that an answer shows, and the attributes that a stack defines for itself.

use crate::contracts::authms;
use crate::contracts::ciam::{claims, error, patch};
use serde_json::{Value, json};
use shared::profile::Attribute;
use tests::{Reply, Request, Stage};

#[tokio::test]
async fn contacts_that_another_contract_wrote_are_shown_as_unverified() {
    let world = Stage::open().await;
    let edit = |phone: &str| {
        let body = json!({"phone": phone, "email": "Al@Example.com"});
        Request::edit_user_basic().bearer(&world.token("alice")).json(&body)
    };
    for (phone, shown) in [("+86 13900139000", "13900139000"), ("+44 7400123456", "+447400123456")] {
        assert_eq!(world.send(&edit(phone)).await, Reply::json(200, json!({})));
        let expected = claims(&json!({
            "phone_number": shown, "phone_number_verified": false,
            "email": "Al@example.com", "email_verified": false,
        }));
        assert_eq!(world.send(&patch(&world, &json!({}))).await, expected);
    }
}

#[tokio::test]
async fn defined_attributes_keep_to_the_bounds_of_custom_fields() {
    let world = Stage::open().await;
    let fifty: Value = (0..50).map(|number| (format!("k{number}"), json!(1))).collect();
    world.send(&authms::put(&world, &json!({"custom_fields": fifty}))).await;
    let reply = world.send(&patch(&world, &json!({"newsletter": true}))).await;
    assert_eq!(reply, error(400, json!({"error": "illegal_parameter_value"})));
    assert_eq!(world.profile("alice").await.attributes[&Attribute::CustomFields], fifty);
}
