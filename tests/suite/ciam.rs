//! CIAM: contacts and their companions, the order of refusals, and the first PATCH.

use crate::contracts::ciam::{
    COMPANIONS, MALFORMED, UNKNOWN, UNSUPPORTED, bearer_error, claims, described, error, patch,
};
use serde_json::{Value, json};
use tests::{Reply, World};

fn named(name: &str) -> Reply {
    error(400, json!({"error": name}))
}

/// A contact's members: the contact, its token, its code; those that are `null` here are sent as `null`, those
/// that are `false` are not sent.
fn contact(names: [&str; 3], values: [Value; 3]) -> Value {
    names
        .into_iter()
        .zip(values)
        .filter(|(_, value)| *value != json!(false))
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

#[tokio::test]
async fn a_contact_comes_with_its_token_and_its_code() {
    let world = World::new().await;
    let no = || json!(false);
    let token = || json!("otp-token");
    let code = || json!("123456");
    for (names, good, bad, malformed, bad_token) in [
        (
            ["phone_number", "phone_number_otp_token", "phone_number_otp"],
            json!("13900139000"),
            vec![
                "1390013900",
                "139001390000",
                "12900139000",
                "+8613900139000",
                "139 0013 9000",
                "１３９００１３９０００",
                "x",
            ],
            "malformed_phone_number",
            "bad_phone_number_otp_token",
        ),
        (
            ["email", "email_otp_token", "email_otp"],
            json!("al@example.com"),
            vec![
                "al",
                "al@",
                "@example.com",
                "al@example.com\r\nBcc: x",
                "al@[127.0.0.1]",
                "Al <al@example.com>",
                "al @example.com",
            ],
            "malformed_email",
            "bad_email_otp_token",
        ),
    ] {
        let (malformed, bad_token) = (named(malformed), named(bad_token));
        let (illegal, missing) = (named("illegal_parameter_value"), described(COMPANIONS));
        let mut cases = vec![
            // All there: no such token was ever given out.
            ([good.clone(), token(), code()], &bad_token),
            // One or two are missing.
            ([good.clone(), no(), no()], &missing),
            ([good.clone(), token(), no()], &missing),
            ([good.clone(), no(), code()], &missing),
            ([no(), token(), code()], &missing),
            ([no(), token(), no()], &missing),
            ([no(), no(), code()], &missing),
            ([good.clone(), Value::Null, code()], &missing),
            ([good.clone(), token(), Value::Null], &missing),
            ([json!("x"), no(), no()], &missing),
            // Null and nothing are no contact, with companions and without.
            ([Value::Null, no(), no()], &illegal),
            ([Value::Null, token(), code()], &illegal),
            ([Value::Null, Value::Null, Value::Null], &illegal),
            ([json!(""), no(), no()], &illegal),
            ([json!(""), token(), code()], &illegal),
            ([good.clone(), json!(""), code()], &illegal),
            ([good.clone(), token(), json!("")], &illegal),
            ([good.clone(), token(), json!(123_456)], &illegal),
            ([good.clone(), json!({}), code()], &illegal),
            ([json!(13_900_139_000_u64), token(), code()], &malformed),
            ([json!([]), token(), code()], &malformed),
        ];
        cases.extend(bad.into_iter().map(|bad| ([json!(bad), token(), code()], &malformed)));
        for (values, expected) in cases {
            let body = contact(names, values);
            assert_eq!(world.send(&patch(&world, &body)).await, *expected, "{body}");
            // A token that could be one is looked at when it is known that the user can be changed.
            let calls = if *expected == bad_token { vec!["GetItem"] } else { vec![] };
            assert_eq!(world.wire.calls(), calls, "{body}");
        }
    }
}

#[tokio::test]
async fn of_several_faults_the_first_is_told() {
    let world = World::new().await;
    // From the last to the first of the contract's order: each step puts one more fault into the body.
    let mut body = json!({"nickname": "Al"});
    let steps = [
        (
            json!({"email": "al@example.com", "email_otp_token": "x", "email_otp": "1"}),
            named("bad_email_otp_token"),
        ),
        (
            json!({"phone_number": "13900139000", "phone_number_otp_token": "x", "phone_number_otp": "1"}),
            named("bad_phone_number_otp_token"),
        ),
        (json!({"name": ""}), named("illegal_parameter_value")),
        (json!({"email": "al"}), named("malformed_email")),
        (json!({"phone_number": "1"}), named("malformed_phone_number")),
        (json!({"email_otp": null}), described(COMPANIONS)),
        (json!({"employee_number": "AB123456"}), described(UNSUPPORTED)),
        (json!({"zodiac": "leo"}), described(UNKNOWN)),
    ];
    for (step, expected) in steps {
        body.as_object_mut().unwrap().extend(step.as_object().unwrap().clone());
        assert_eq!(world.send(&patch(&world, &body)).await, expected, "{body}");
    }
    assert_eq!(world.wire.calls(), ["GetItem"; 2]);
    // Before all of them: a body that is none; and before that, the caller.
    let unreadable = patch(&world, &json!({})).body("{\"zodiac\":1");
    assert_eq!(world.send(&unreadable).await, described(MALFORMED));
    let missing = bearer_error(400, "invalid_request", "Bearer token not found in the request");
    assert_eq!(world.send(&unreadable.without("authorization")).await, missing);
    assert_eq!(world.wire.calls(), [""; 0]);
}

#[tokio::test]
async fn the_first_patch_creates_and_an_empty_one_only_reads() {
    let world = World::new().await;
    let not_found = error(404, json!({"error": "user_not_found"}));
    let empty = patch(&world, &json!({}));
    assert_eq!(world.send(&empty).await, not_found);
    assert_eq!(world.record("alice").await, None);
    // A null alone creates too: it is a change, if one without effect.
    assert_eq!(world.send(&patch(&world, &json!({"name": null}))).await, claims(&json!({})));
    let before = world.items().await;
    world.clock.forward(60);
    assert_eq!(world.send(&empty).await, claims(&json!({})));
    assert_eq!(world.items().await, before);
    // A change shows its time.
    let later = claims(&json!({"nickname": "Al", "updated_at": 1_775_217_660}));
    assert_eq!(world.send(&patch(&world, &json!({"nickname": "Al"}))).await, later);
    assert_eq!(world.profile("alice").await.version, 2);
}
