//! How many codes CIAM sends: limits of addresses, sources and applications, and what counts.

use crate::ciam_codes::{Desk, named};
use crate::contracts::ciam::error;
use crate::contracts::ciam_proofs::{EMAIL, PHONE, sent};
use serde_json::{Value, json};
use shared::clock::Clock;
use std::sync::Arc;
use tests::Reply;

/// A limit that is reached, for so many seconds more.
fn limited(name: &str, description: &str, seconds: u32) -> Reply {
    let mut reply = error(400, json!({"error": name, "error_description": description}));
    reply.headers.insert("retry-after".to_owned(), seconds.to_string());
    reply
}

const SAME_PHONE: (&str, &str) = ("sms_rate_limit_exceeded", "SMS rate limit exceeded for same phone number");
const SAME_EMAIL: (&str, &str) = ("email_rate_limit_exceeded", "Email rate limit exceeded for same email");
const ANY_PHONE: (&str, &str) = ("sms_rate_limit_exceeded", "SMS rate limit exceeded");
const ANY_EMAIL: (&str, &str) = ("email_rate_limit_exceeded", "Email rate limit exceeded");

fn limit((name, description): (&str, &str), seconds: u32) -> Reply {
    limited(name, description, seconds)
}

#[tokio::test]
async fn one_address_is_sent_one_code_in_30_seconds_and_50_a_day() {
    let desk = Desk::with(&[("SENDS_PER_SOURCE_A_DAY", "1000")]).await;
    for (address, same) in [(PHONE, SAME_PHONE), (EMAIL, SAME_EMAIL)] {
        desk.code(address).await;
        assert_eq!(desk.ask(address).await, limit(same, 30));
        desk.world.clock.forward_millis(29_999);
        assert_eq!(desk.ask(address).await, limit(same, 1));
        desk.world.clock.forward_millis(1);
        for _ in 1..50 {
            desk.code(address).await;
            desk.world.clock.forward(30);
        }
        // The day's limit outlasts the pause: from now to midnight, UTC. It is 12 h and what has passed since.
        let midnight = 24 * 3600 * 1000 - (desk.world.clock.now().millis() % (24 * 3600 * 1000));
        let seconds = u32::try_from((midnight + 999) / 1000).unwrap();
        assert_eq!(desk.ask(address).await, limit(same, seconds));
        // Nothing else is refused for that.
        desk.code(&address.replace("139000", "139001").replace("al@", "bo@")).await;
        assert_eq!(desk.mailbox.letters(), Vec::<Value>::new());
        desk.world.clock.forward_millis(midnight - 1);
        assert_eq!(desk.ask(address).await, limit(same, 1));
        desk.world.clock.forward_millis(1);
        desk.code(address).await;
    }
    // An address is the same in every spelling.
    let upper = EMAIL.to_uppercase();
    assert_eq!(desk.ask(&upper).await, limit(SAME_EMAIL, 30));
}

#[tokio::test]
async fn one_source_has_its_share_of_a_day() {
    let desk = Desk::with(&[("SENDS_PER_SOURCE_A_DAY", "3")]).await;
    let from = |source: &str, address: &str| {
        desk.request(address).event_member("/requestContext/http/sourceIp", json!(source))
    };
    let mut number = 0;
    let mut phone = || {
        number += 1;
        format!("1390013{number:04}")
    };
    let noon = 12 * 3600;
    for sources in [
        ["192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1"],
        ["2001:db8:1:2::1", "2001:db8:1:2:3::", "2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::2"],
    ] {
        for source in &sources[..3] {
            assert_eq!(desk.world.send(&from(source, &phone())).await.masked(), sent(), "{source}");
        }
        assert_eq!(desk.world.send(&from(sources[3], &phone())).await, limit(ANY_PHONE, noon));
        assert_eq!(desk.world.send(&from(sources[3], EMAIL)).await, limit(ANY_EMAIL, noon));
    }
    for neighbour in ["192.0.2.2", "2001:db8:1:3::1"] {
        assert_eq!(desk.world.send(&from(neighbour, &phone())).await.masked(), sent(), "{neighbour}");
    }
    assert_eq!(desk.mailbox.letters().len(), 8);
    // What was refused is not counted for the address either: it may be asked for from elsewhere at once.
    assert_eq!(desk.world.send(&from("198.51.100.1", EMAIL)).await.masked(), sent());
    desk.world.clock.forward(noon.into());
    assert_eq!(desk.world.send(&from("192.0.2.1", &phone())).await.masked(), sent());
}

#[tokio::test]
async fn one_application_has_its_share_of_a_minute() {
    let desk = Desk::with(&[("SENDS_PER_CLIENT_A_MINUTE", "3")]).await;
    desk.world.clock.forward(15);
    desk.code(PHONE).await;
    // Whatever comes of a request, it counts; but one that could not be read does not.
    assert_eq!(desk.ask(PHONE).await, limit(SAME_PHONE, 30));
    assert_eq!(desk.ask("x").await, named(400, "malformed_phone_number"));
    desk.code(EMAIL).await;
    desk.world.wire.calls();
    assert_eq!(desk.ask("13900139001").await, limit(ANY_PHONE, 45));
    assert_eq!(desk.ask("bo@example.com").await, limit(ANY_EMAIL, 45));
    assert_eq!(desk.world.wire.calls(), ["GetItem", "UpdateItem", "GetItem", "UpdateItem"]);
    let other = desk.world.client().await;
    let request = desk.request("13900139001").basic(&other);
    assert_eq!(desk.world.send(&request).await.masked(), sent());
    desk.world.clock.forward_millis(44_999);
    assert_eq!(desk.ask("13900139002").await, limit(ANY_PHONE, 1));
    desk.world.clock.forward_millis(1);
    assert_eq!(desk.ask("13900139002").await.masked(), sent());
    assert_eq!(desk.mailbox.letters().len(), 2);
}

#[tokio::test]
async fn a_message_that_does_not_go_out_is_not_counted() {
    let desk = Desk::with(&[("SENDS_PER_SOURCE_A_DAY", "1")]).await;
    let unavailable = named(503, "temporarily_unavailable");
    for (address, status) in [(PHONE, 500), (PHONE, 429), (EMAIL, 400), (EMAIL, 503)] {
        desk.mailbox.refuse(status, 1);
        assert_eq!(desk.ask(address).await, unavailable, "{status}");
        assert_eq!(desk.mailbox.attempts(), 1, "{status}");
    }
    let challenges = async || {
        let items = desk.world.items().await;
        items.iter().filter(|item| item["PK"].as_s().unwrap().starts_with("OTP#")).count()
    };
    assert_eq!(challenges().await, 0);
    // Neither the address's pause nor the day of anybody has been touched.
    desk.code(PHONE).await;
    assert_eq!(challenges().await, 1);
    assert_eq!(desk.ask(EMAIL).await, limit(ANY_EMAIL, 12 * 3600));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_32_simultaneous_requests_for_one_number_one_is_served() {
    let desk = Desk::open().await;
    let mut requests = tokio::task::JoinSet::new();
    for number in 0..32 {
        let (world, request) = (Arc::clone(&desk.world), desk.request(PHONE));
        let source = json!(format!("192.0.2.{number}"));
        let request = request.event_member("/requestContext/http/sourceIp", source);
        requests.spawn(async move { world.send(&request).await.masked() });
    }
    let replies = requests.join_all().await;
    let count = |wanted: &Reply| replies.iter().filter(|reply| *reply == wanted).count();
    assert_eq!((count(&sent()), count(&limit(SAME_PHONE, 30))), (1, 31), "{replies:?}");
    assert_eq!((desk.mailbox.letters().len(), desk.mailbox.attempts()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_32_simultaneous_requests_of_one_source_no_more_than_allowed_are_served() {
    let desk = Desk::with(&[("SENDS_PER_SOURCE_A_DAY", "7"), ("SENDS_PER_CLIENT_A_MINUTE", "20")]).await;
    let mut requests = tokio::task::JoinSet::new();
    for number in 0..32 {
        let (world, request) = (Arc::clone(&desk.world), desk.request(&format!("139001390{number:02}")));
        requests.spawn(async move { world.send(&request).await.masked() });
    }
    let replies = requests.join_all().await;
    let count = |wanted: &Reply| replies.iter().filter(|reply| *reply == wanted).count();
    let counts = [sent(), limit(ANY_PHONE, 12 * 3600), limit(ANY_PHONE, 60)].map(|reply| count(&reply));
    assert_eq!(counts, [7, 13, 12], "{replies:?}");
    assert_eq!(desk.mailbox.letters().len(), 7);
}

/// Half of the messages do not go out: what they counted is taken back, and no more.
#[tokio::test(flavor = "multi_thread")]
async fn messages_that_do_not_go_out_give_nobody_a_free_one() {
    let desk = Desk::with(&[("SENDS_PER_SOURCE_A_DAY", "6"), ("SENDS_PER_CLIENT_A_MINUTE", "1000")]).await;
    desk.mailbox.refuse(503, 8);
    let mut numbers = 0..;
    let mut sent_in_all = 0;
    while sent_in_all < 6 {
        let mut requests = tokio::task::JoinSet::new();
        for number in numbers.by_ref().take(8) {
            let (world, request) = (Arc::clone(&desk.world), desk.request(&format!("139001390{number:02}")));
            requests.spawn(async move { world.send(&request).await.masked() });
        }
        let replies = requests.join_all().await;
        sent_in_all += replies.iter().filter(|reply| **reply == sent()).count();
    }
    assert_eq!((sent_in_all, desk.mailbox.letters().len()), (6, 6));
    let refused = desk.ask("13800138000").await;
    assert_eq!(refused, limit(ANY_PHONE, 12 * 3600));
    let items = desk.world.items().await;
    let counts = items.iter().filter_map(|item| item.get("count")?.as_n().ok()?.parse::<i64>().ok());
    assert!(counts.clone().all(|count| count >= 0));
    let challenges = items.iter().filter(|item| item["PK"].as_s().unwrap().starts_with("OTP#")).count();
    assert_eq!(challenges, 6);
}
