//! Batches of sync requests: what is refused, what is delivered again, what it costs.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::slice::from_ref;
use tests::inbox::{erase, event, upsert};
use tests::spent::spent;
use tests::{Fault, Inbox};

fn invalid(violations: Value) -> Value {
    json!({"reason": "invalid", "violations": violations})
}

#[tokio::test]
async fn what_never_will_be_carried_out_goes_to_the_dead_letters_with_its_reason() {
    let inbox = Inbox::open().await;
    let crm = |detail: Value| event("crm", detail).to_string();
    let said = |attributes: Value| upsert("crm", "7", 1, attributes).to_string();
    let fault = |field: &str, code: &str| invalid(json!([{"field": field, "code": code}]));
    let malformed = json!({"reason": "malformed"});
    let duplicate = said(json!({"city": "x"})).replace(r#""city":"x""#, r#""city":"x","city":"y""#);
    let mut other_type = upsert("crm", "7", 1, json!({"city": "x"}));
    other_type["detail-type"] = json!("Profile Updated");
    let sequence = |sequence: Value| {
        crm(json!({"user_id": "7", "operation": "upsert", "sequence": sequence, "attributes": {"city": "x"}}))
    };
    let cases = [
        (String::new(), malformed.clone()),
        ("poison".to_owned(), malformed.clone()),
        ("[]".to_owned(), malformed.clone()),
        (json!({"source": "crm"}).to_string(), malformed.clone()),
        (duplicate, malformed.clone()),
        (other_type.to_string(), malformed.clone()),
        (event("crm", json!("text")).to_string(), malformed),
        (upsert("other", "7", 1, json!({"city": "x"})).to_string(), json!({"reason": "unknown_source"})),
        (upsert("CRM", "7", 1, json!({"city": "x"})).to_string(), json!({"reason": "unknown_source"})),
        (
            said(json!({"bio": "b", "name": 1, "shoe": 1})),
            json!({"reason": "not_allowed", "attributes": ["bio", "name"]}),
        ),
        (said(json!({"shoe": 1})), fault("shoe", "unknown")),
        (
            said(json!({"role": "Admin", "password": "x", "user_id": "8", "phone_verified": true})),
            invalid(json!([
                {"field": "password", "code": "read_only"}, {"field": "phone_verified", "code": "read_only"},
                {"field": "role", "code": "read_only"}, {"field": "user_id", "code": "read_only"},
            ])),
        ),
        (said(json!({})), fault("attributes", "empty")),
        (said(json!([])), fault("attributes", "type")),
        (
            said(
                json!({"city": 1, "email": "a@", "nickname": "n".repeat(65), "phone": "13900139000", "username": ""}),
            ),
            invalid(json!([
                {"field": "city", "code": "type"}, {"field": "email", "code": "format"},
                {"field": "nickname", "code": "length"}, {"field": "phone", "code": "format"},
                {"field": "username", "code": "empty"},
            ])),
        ),
        (said(json!({"social_links": {"x": "ftp://y"}})), fault("social_links.x", "format")),
        (
            crm(json!({})),
            invalid(json!([
                {"field": "user_id", "code": "required"}, {"field": "sequence", "code": "required"},
                {"field": "operation", "code": "required"}, {"field": "attributes", "code": "required"},
            ])),
        ),
        (
            crm(
                json!({"user_id": "a@b", "operation": "merge", "sequence": "1", "attributes": {"city": null}, "x": 1}),
            ),
            invalid(json!([
                {"field": "user_id", "code": "format"}, {"field": "sequence", "code": "type"},
                {"field": "operation", "code": "format"}, {"field": "x", "code": "unknown"},
            ])),
        ),
        (sequence(json!(0)), fault("sequence", "range")),
        (sequence(json!(-1)), fault("sequence", "range")),
        (sequence(json!(1.5)), fault("sequence", "range")),
        (sequence(json!(9_007_199_254_740_993_u64)), fault("sequence", "range")),
        (
            crm(json!({"user_id": "7", "operation": "erase", "sequence": 1, "attributes": {}})),
            fault("attributes", "unknown"),
        ),
    ];
    let bodies: Vec<String> = cases.iter().map(|(body, _)| body.clone()).collect();
    assert_eq!(inbox.deliver_texts(&bodies).await, [0; 0]);
    assert_eq!(inbox.dead_letters(), cases);
    // Nothing of it reached the table.
    assert_eq!((inbox.world.wire.calls(), inbox.table().await), (Vec::new(), BTreeMap::new()));

    let largest = [sequence(json!(9_007_199_254_740_992_u64))];
    assert_eq!(inbox.deliver_texts(&largest).await, [0; 0]);
    assert_eq!(inbox.dead_letters(), []);
}

#[tokio::test]
async fn every_attribute_that_a_source_may_write_keeps_its_own_rule() {
    use shared::profile::Attribute;
    let today = tests::NOON.date();
    let line =
        |most: usize| (json!("x".repeat(most)), vec![json!("x".repeat(most + 1)), json!("a\nb"), json!("")]);
    let lines = |most: usize| (json!("\n".repeat(most)), vec![json!("x".repeat(most + 1)), json!("")]);
    let one = |good: &str, bad: &[&str]| (json!(good), bad.iter().map(|bad| json!(bad)).collect::<Vec<_>>());
    for &attribute in Attribute::ALL {
        let (good, bad) = match attribute {
            Attribute::Username => one("ming", &["a", "1234", "a@b"]),
            Attribute::Name | Attribute::City => line(128),
            Attribute::Nickname | Attribute::FirstName | Attribute::LastName => line(64),
            Attribute::Gender => one("female", &["FEMALE", "two words"]),
            Attribute::Birthdate => one("2026-04-03", &["2026-04-04", "1899-12-31", "2025-02-29"]),
            Attribute::Bio => lines(1_000),
            Attribute::AvatarUrl => one("https://e.example/a", &["http://e.example/a", "a"]),
            Attribute::Website => one("http://e.example/", &["ftp://e.example/", "https://u@e.example"]),
            Attribute::Address => lines(256),
            Attribute::Country => one("US", &["us", "XX"]),
            Attribute::Language => one("en-US", &["e", "en_US"]),
            Attribute::Timezone => one("Europe/Paris", &["Paris", "+01:00"]),
            Attribute::Phone => one("+8613900139000", &["13900139000", "+86 13900139000", "+8612900139000"]),
            Attribute::Email => one("a@example.com", &["a", "a@[127.0.0.1]"]),
            Attribute::Block | Attribute::Isp | Attribute::Account => line(32),
            Attribute::Room => line(15),
            Attribute::Role => one("Admin", &["admin"]),
            Attribute::CustomFields => (json!({"a": [1, {"b": null}]}), vec![json!({"1": 1}), json!("text")]),
            Attribute::SocialLinks => (json!({"a": "handle"}), vec![json!({"a": 1}), json!([])]),
        };
        assert_eq!(attribute.parse(&good, today), Ok(good.clone()), "{attribute:?}");
        for bad in bad {
            let found = attribute.parse(&bad, today).unwrap_err();
            let place = found[0].field.split('.').next().unwrap();
            assert_eq!(place, attribute.name(), "{bad}");
        }
        assert!(attribute.parse(&json!(1), today).is_err(), "{attribute:?}");
    }
}

#[tokio::test]
async fn a_request_costs_two_calls() {
    let inbox = Inbox::open().await;
    let batch_get = "BatchGetItem";
    let cases = [
        (
            "create",
            upsert("crm", "7", 1, json!({"city": "x", "phone": "+8613900139000"})),
            "TransactWriteItems",
            6.0,
        ),
        ("change", upsert("crm", "7", 2, json!({"phone": "+8613900139001"})), "TransactWriteItems", 8.0),
        ("mark only", upsert("crm", "7", 3, json!({"city": "x"})), "PutItem", 1.0),
        ("erase", erase("crm", "7", 4), "TransactWriteItems", 8.0),
        ("nothing left to erase", erase("crm", "7", 5), "PutItem", 1.0),
    ];
    inbox.world.forget_spent();
    for (case, request, write, units) in cases {
        assert_eq!(inbox.deliver(from_ref(&request)).await, [0; 0]);
        assert_eq!(inbox.world.spent(), spent([batch_get, write], 2.0, units), "{case}");
        // What is known already is only read.
        assert_eq!(inbox.deliver(&[request]).await, [0; 0]);
        assert_eq!(inbox.world.spent(), spent([batch_get], 2.0, 0.0), "{case}, again");
    }
}

#[tokio::test]
async fn one_message_neither_fails_nor_holds_up_its_batch() {
    let inbox = Inbox::open().await;
    // The second message meets a database that throttles through all attempts; the others do not.
    for _ in 0..3 {
        inbox.world.wire.spoil("TransactWriteItems", Fault::Answer(400, "ThrottlingException"));
    }
    let request = |user: &str| upsert("crm", user, 1, json!({"city": "x"}));
    let batch = [json!({"poison": true}), request("1"), upsert("crm", "2", 0, json!({})), request("3")];
    assert_eq!(inbox.deliver(&batch).await, [1]);
    let stored: Vec<String> = inbox.table().await.into_keys().collect();
    assert_eq!(stored, ["USER#3 PROFILE", "USER#3 SYNC#crm"]);
    assert_eq!(inbox.dead_letters().len(), 2);
    // Delivered again, it succeeds.
    assert_eq!(inbox.deliver(&batch[1..2]).await, [0; 0]);
    assert_eq!(inbox.table().await["USER#1 PROFILE"]["city"], "x");
}

#[tokio::test]
async fn what_the_database_refuses_for_now_is_delivered_again_and_no_dead_letter() {
    let inbox = Inbox::open().await;
    for (operation, status, error) in [
        ("BatchGetItem", 400, "ProvisionedThroughputExceededException"),
        ("BatchGetItem", 500, "InternalServerError"),
        ("TransactWriteItems", 500, "InternalServerError"),
        ("TransactWriteItems", 400, "ValidationException"),
    ] {
        for _ in 0..3 {
            inbox.world.wire.spoil(operation, Fault::Answer(status, error));
        }
        assert_eq!(inbox.deliver(&[upsert("crm", "7", 1, json!({"city": "x"}))]).await, [0], "{error}");
        while inbox.world.wire.forget() {}
    }
    assert_eq!((inbox.dead_letters(), inbox.table().await), (Vec::new(), BTreeMap::new()));
}

#[tokio::test]
async fn a_refused_request_that_the_dead_letters_do_not_take_is_delivered_again() {
    let inbox = Inbox::open().await;
    inbox.queue.spoil("SendMessage", 3);
    let poison = [json!({"poison": true})];
    assert_eq!(inbox.deliver(&poison).await, [0]);
    assert_eq!(inbox.dead_letters(), []);
    assert_eq!(inbox.deliver(&poison).await, [0; 0]);
    assert_eq!(inbox.dead_letters(), [(poison[0].to_string(), json!({"reason": "malformed"}))]);
}

#[tokio::test]
async fn a_change_whose_acknowledgement_is_lost_happens_once() {
    let inbox = Inbox::open().await;
    inbox.world.wire.spoil("TransactWriteItems", Fault::LostAnswer);
    let request = upsert("crm", "7", 1, json!({"phone": "+8613900139000"}));
    assert_eq!(inbox.deliver(&[request]).await, [0; 0]);
    assert_eq!(inbox.world.wire.calls(), ["BatchGetItem", "TransactWriteItems", "TransactWriteItems"]);
    let table = inbox.table().await;
    assert_eq!(
        (&table["USER#7 PROFILE"]["version"], &table["USER#7 SYNC#crm"]["revision"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test]
async fn another_writer_on_the_same_item_is_waited_for() {
    let inbox = Inbox::open().await;
    let said = json!({"city": "x"});
    assert_eq!(inbox.deliver(&[upsert("crm", "7", 1, said.clone())]).await, [0; 0]);
    inbox.world.wire.calls();
    for (conflicts, sequence, rounds, failed) in [(1, 2, 2, vec![]), (6, 3, 6, vec![0])] {
        for _ in 0..conflicts {
            inbox.world.wire.spoil("PutItem", Fault::Answer(400, "TransactionConflictException"));
        }
        assert_eq!(inbox.deliver(&[upsert("crm", "7", sequence, said.clone())]).await, failed);
        assert_eq!(inbox.world.wire.calls(), ["BatchGetItem", "PutItem"].repeat(rounds));
    }
    assert_eq!(inbox.table().await["USER#7 SYNC#crm"]["attributes"], json!({"city": 2}));
    assert_eq!(inbox.dead_letters(), []);
}

#[tokio::test]
async fn the_sample_events_do_what_their_names_say() {
    let inbox = Inbox::open().await;
    let sample = |name: &str| -> Value {
        let path = format!("{}/../events/sync-profiles/{name}.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let body = |sample: &Value| sample["Records"][0]["body"].as_str().unwrap().to_owned();
    assert_eq!(inbox.invoke(sample("good")).await, [0; 0]);
    let after = inbox.table().await;
    let profile = json!({"user_id": "alice", "version": 1, "schema": 1, "created_at": 1_775_217_600_000_i64,
        "updated_at": 1_775_217_600_000_i64, "changed_by": {"contract": "sync", "actor": "sync", "origin": "crm"},
        "nickname": "Al", "city": "Paris", "phone": "+8613900139000"});
    assert_eq!(after["USER#alice PROFILE"], profile);
    for unheard in ["duplicate", "stale"] {
        assert_eq!(inbox.invoke(sample(unheard)).await, [0; 0]);
        assert_eq!((inbox.table().await, inbox.dead_letters()), (after.clone(), Vec::new()), "{unheard}");
    }
    let poisoned = sample("poisoned");
    assert_eq!(inbox.invoke(poisoned.clone()).await, [0; 0]);
    assert_eq!(inbox.dead_letters(), [(body(&poisoned), json!({"reason": "malformed"}))]);
    assert_eq!(inbox.table().await, after);
}
