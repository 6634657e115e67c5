//! CIAM: contacts that change with a code, where time passes or requests race.

use crate::ciam_codes::Desk;
use crate::contracts::ciam::{claims, patch};
use crate::contracts::ciam_proofs::{EMAIL, PHONE, bad, both, changed_by_others, proved, wrong};
use serde_json::{Value, json};
use shared::profile::{Attribute, Contact};
use shared::store::GUESSES;
use std::sync::Arc;
use tests::{Fault, Reply, Request};

#[tokio::test]
async fn a_code_lives_a_minute_and_its_token_five() {
    for (address, token_fault, code_fault) in [
        (PHONE, "bad_phone_number_otp_token", "bad_phone_number_otp"),
        (EMAIL, "bad_email_otp_token", "bad_email_otp"),
    ] {
        for (millis, expected) in [
            (0, None),
            (59_999, None),
            (60_000, Some(code_fault)),
            (299_999, Some(code_fault)),
            (300_000, Some(token_fault)),
            (3_600_000, Some(token_fault)),
        ] {
            let desk = Desk::open().await;
            let code = desk.code(address).await;
            desk.world.clock.forward_millis(millis);
            let request = patch(&desk.world, &proved(address, &code));
            let reply = desk.world.send(&request).await;
            match expected {
                None => assert_eq!(reply.status, 200, "{address} {millis}"),
                Some(name) => assert_eq!(reply, bad(name), "{address} {millis}"),
            }
            // A wrong one is never told from one that has expired.
            let guess = proved(address, &(code.0, wrong(&code.1)));
            let reply = desk.world.send(&patch(&desk.world, &guess)).await;
            assert_eq!(reply, bad(expected.unwrap_or(token_fault)), "{address} {millis}");
        }
    }
}

#[tokio::test]
async fn a_contact_counts_as_proved_exactly_while_the_proved_value_is_stored() {
    let desk = Desk::open().await;
    let world = &desk.world;
    let patch = |body: &Value| Request::patch_userinfo().bearer(&world.token("1001")).json(body);
    let verified = async || {
        let profile = world.profile("1001").await;
        Contact::ALL.map(|contact| profile.is_verified(contact))
    };
    let flags =
        |reply: &Reply| ["phone_number_verified", "email_verified"].map(|name| reply.body[name].as_bool());
    for (number, request) in changed_by_others(world, 0).await.into_iter().enumerate() {
        // Proved, both of them; sent again unchanged by whoever needs no proof, they stay so.
        let body = both(proved(PHONE, &desk.code(PHONE).await), proved(EMAIL, &desk.code(EMAIL).await));
        let reply = world.send(&patch(&body)).await;
        assert_eq!((reply.status, flags(&reply), verified().await), (200, [Some(true); 2], [true; 2]));
        let unchanged = json!({"phone": format!("+86 {PHONE}"), "email": EMAIL});
        let unchanged = Request::edit_user_basic().bearer(&world.token("1001")).json(&unchanged);
        assert_eq!((world.send(&unchanged).await.status, verified().await), (200, [true; 2]));

        assert_eq!(world.send(&request).await.status, 200);
        let email_too = number >= 2;
        assert_eq!(verified().await, [false, !email_too], "{request:?}");
        assert_eq!(flags(&world.send(&patch(&json!({}))).await), [Some(false), Some(!email_too)]);
        // The value that is stored and counts for nothing is proved: the same value, with a code.
        let stored = world.profile("1001").await;
        let phone = stored.text(Attribute::Phone).unwrap().strip_prefix("+86").unwrap().to_owned();
        let reply = world.send(&patch(&proved(&phone, &desk.code(&phone).await))).await;
        assert_eq!((reply.status, flags(&reply)), (200, [Some(true), Some(!email_too)]));
        assert_eq!(world.profile("1001").await.version, stored.version + 1);
        desk.world.clock.forward(30);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_16_copies_of_one_request_with_one_code_all_have_one_answer() {
    let desk = Desk::open().await;
    let code = desk.code(PHONE).await;
    let request = patch(&desk.world, &proved(PHONE, &code)).header("idempotency-key", "\"one\"");
    // The copies that were first are held up after their guesses.
    for _ in 0..GUESSES {
        desk.world.wire.spoil("TransactWriteItems", Fault::Conflict);
    }
    let sent: Vec<_> = (0..16)
        .map(|_| {
            let (world, request) = (Arc::clone(&desk.world), request.clone());
            tokio::spawn(async move { world.send(&request).await })
        })
        .collect();
    let first = claims(&json!({"phone_number": PHONE, "phone_number_verified": true}));
    for copy in sent {
        let copy = copy.await.unwrap();
        assert_eq!((copy.status, &copy.body), (200, &first.body));
    }
    assert_eq!(desk.world.profile("alice").await.version, 1);
}

/// The code is spent with the change: who was told that it failed could not make it again.
#[tokio::test]
async fn a_change_that_is_in_is_no_failure_because_it_cannot_be_read_again() {
    for fault in [Fault::Answer(400, "ThrottlingException"), Fault::Answer(500, "InternalServerError")] {
        let desk = Desk::open().await;
        let code = desk.code(PHONE).await;
        // What is read before the change passes, and what would be answered does not.
        desk.world.wire.spoil_after("GetItem", 1, usize::MAX, fault);
        let reply = desk.world.send(&patch(&desk.world, &proved(PHONE, &code))).await;
        assert!(desk.world.wire.forget(), "{fault:?}");
        let again = desk.world.send(&patch(&desk.world, &json!({}))).await;
        assert_eq!((reply.status, &reply), (200, &again), "{fault:?}");
        assert_eq!(reply.body["phone_number"], PHONE, "{fault:?}");
    }
}
