//! One-time codes against those who guess, who race, and who copy the table.

use crate::ciam_codes::Desk;
use crate::contracts::ciam::patch;
use crate::contracts::ciam_proofs::{E164, EMAIL, PHONE, bad, proved, wrong};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::profile::{Attribute, Unique};
use std::sync::Arc;
use tests::{Fault, Reply, Request, World};
use tokio::task::JoinSet;

async fn at_once(world: &Arc<World>, requests: impl IntoIterator<Item = Request>) -> Vec<Reply> {
    let mut tasks = JoinSet::new();
    for request in requests {
        let world = Arc::clone(world);
        tasks.spawn(async move { world.send(&request).await });
    }
    tasks.join_all().await
}

fn patch_of(world: &World, user: &str, body: &serde_json::Value) -> Request {
    Request::patch_userinfo().bearer(&world.token(user)).json(body)
}

#[tokio::test]
async fn who_guesses_all_day_has_one_chance_in_four_thousand() {
    let desk = Desk::open().await;
    let world = &desk.world;
    let mut guesses = 0;
    let mut sends = 0;
    loop {
        let reply = desk.ask(PHONE).await;
        if reply.status != 200 {
            assert_eq!(reply.body["error"], "sms_rate_limit_exceeded");
            break;
        }
        sends += 1;
        let token = reply.body["otp_token"].as_str().unwrap().to_owned();
        let code = desk.mailbox.code(E164);
        // As many as are compared, each a different one; and then the right one, too late.
        let mut guess = code.clone();
        loop {
            guess = wrong(&guess);
            let reply = world.send(&patch(world, &proved(PHONE, &(token.clone(), guess.clone())))).await;
            if reply != bad("bad_phone_number_otp") {
                assert_eq!(reply, bad("bad_phone_number_otp_token"));
                break;
            }
            guesses += 1;
        }
        let late = world.send(&patch(world, &proved(PHONE, &(token, code)))).await;
        assert_eq!(late, bad("bad_phone_number_otp_token"));
        world.clock.forward(30);
    }
    // docs/codes.md: 5 of a million for one code, 250 of a million for one address on one day.
    assert_eq!((sends, guesses), (50, 250));
    let left = 1.0 - (1.0 - 5.0 / 1e6_f64).powi(sends);
    println!("{guesses} guesses on one day: a chance of {:.4} % to hit one of {sends} codes", left * 100.0);
    assert_eq!(format!("{:.4}", left * 100.0), "0.0250");
    assert_eq!(world.record("alice").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_made_at_once_are_no_more_than_five() {
    let desk = Desk::open().await;
    let (token, code) = desk.code(PHONE).await;
    let guess = proved(PHONE, &(token.clone(), wrong(&code)));
    let replies = at_once(&desk.world, (0..32).map(|_| patch(&desk.world, &guess))).await;
    let count = |name| replies.iter().filter(|reply| **reply == bad(name)).count();
    assert_eq!((count("bad_phone_number_otp"), count("bad_phone_number_otp_token")), (5, 27));
    let late = desk.world.send(&patch(&desk.world, &proved(PHONE, &(token, code)))).await;
    assert_eq!(late, bad("bad_phone_number_otp_token"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_16_requests_with_one_code_exactly_one_wins() {
    for users in [1, 16] {
        let desk = Desk::open().await;
        let world = &desk.world;
        let body = proved(PHONE, &desk.code(PHONE).await);
        let user = |number: usize| format!("user{}", number % users);
        let replies = at_once(world, (0..16).map(|number| patch_of(world, &user(number), &body))).await;
        let won = replies.iter().filter(|reply| reply.status == 200).count();
        let lost = replies.iter().filter(|reply| **reply == bad("bad_phone_number_otp_token")).count();
        assert_eq!((won, lost), (1, 15), "{replies:?}");
        let owner = world.store.owner(Unique::Phone, E164).await.unwrap().unwrap();
        let mut holders = Vec::new();
        for number in 0..users {
            let record = world.record(&user(number)).await;
            let Some(profile) = record.and_then(|record| record.profile) else { continue };
            assert_eq!((profile.text(Attribute::Phone), profile.phone_verified), (Some(E164), true));
            assert_eq!(profile.version, 1);
            holders.push(profile.user_id);
        }
        assert_eq!(holders, [owner]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_users_with_a_code_each_for_one_phone_get_it_one_after_the_other() {
    let desk = Desk::open().await;
    let world = &desk.world;
    let first = desk.code(PHONE).await;
    world.clock.forward(30);
    let second = desk.code(PHONE).await;
    let bodies = [("alice", proved(PHONE, &first)), ("bob", proved(PHONE, &second))];
    let replies = at_once(world, bodies.iter().map(|(user, body)| patch_of(world, user, body))).await;
    let won = replies.iter().filter(|reply| reply.status == 200).count();
    let taken = replies.iter().filter(|reply| **reply == bad("duplicate_phone_number")).count();
    assert_eq!((won, taken), (1, 1), "{replies:?}");
    let holder = world.store.owner(Unique::Phone, E164).await.unwrap().unwrap();
    let (loser, body) = bodies.iter().find(|(user, _)| *user != holder.as_str()).unwrap();
    assert_eq!(world.record(loser).await, None);
    // The loser's code is as good as before: once the winner lets the phone go, it proves it.
    let other = json!({"user_id": holder.as_str(), "phone": "+86 13900139009"});
    let edit = Request::edit_user_basic().bearer(&world.token(holder.as_str())).json(&other);
    assert_eq!(world.send(&edit).await.status, 200);
    assert_eq!(world.send(&patch_of(world, loser, body)).await.status, 200);
    assert_eq!(world.store.owner(Unique::Phone, E164).await.unwrap().unwrap().as_str(), *loser);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_and_plain_updates_at_once_are_all_kept() {
    let desk = Desk::open().await;
    let world = &desk.world;
    world.create("alice").await;
    let proof = patch(world, &proved(PHONE, &desk.code(PHONE).await));
    let put =
        |body: serde_json::Value| Request::put_profile("alice").bearer(&world.token("alice")).json(&body);
    let cities = (0..15).map(|number| put(json!({"city": format!("City {number}")})));
    let merged = (0..2).map(|number| put(json!({"custom_fields": {format!("f{number}"): number}})));
    let replies = at_once(world, cities.chain([proof]).chain(merged)).await;
    assert!(replies.iter().all(|reply| reply.status == 200), "{replies:?}");
    let profile = world.profile("alice").await;
    assert_eq!((profile.text(Attribute::Phone), profile.phone_verified), (Some(E164), true));
    assert_eq!(profile.attributes[&Attribute::CustomFields], json!({"f0": 0, "f1": 1}));
    assert_eq!(profile.version, 19);
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_on_the_way_from_the_database_happens_once() {
    // The guess, the change, or either meets another write.
    for (operation, fault) in [
        ("UpdateItem", Fault::LostAnswer),
        ("TransactWriteItems", Fault::LostAnswer),
        ("UpdateItem", Fault::Conflict),
        ("TransactWriteItems", Fault::Conflict),
    ] {
        let desk = Desk::open().await;
        let world = &desk.world;
        let code = desk.code(PHONE).await;
        world.wire.spoil(operation, fault);
        let reply = world.send(&patch(world, &proved(PHONE, &code))).await;
        assert!(!world.wire.forget());
        assert_eq!(
            (reply.status, &reply.body["phone_number"]),
            (200, &json!(PHONE)),
            "{operation} {fault:?}"
        );
        assert_eq!(world.profile("alice").await.version, 1);
    }
}

/// Everything that an item says, as text and as bytes.
fn printed(value: &AttributeValue, into: &mut Vec<u8>) {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => into.extend(text.bytes()),
        AttributeValue::B(bytes) => into.extend(bytes.as_ref()),
        AttributeValue::Bool(flag) => into.extend(flag.to_string().bytes()),
        AttributeValue::L(values) => values.iter().for_each(|value| printed(value, into)),
        AttributeValue::M(members) => members.iter().for_each(|(name, value)| {
            into.extend(name.bytes());
            printed(value, into);
        }),
        other => panic!("no item holds {other:?}"),
    }
    into.push(0);
}

#[tokio::test]
async fn a_copied_table_shows_no_code_no_token_and_no_address_of_a_challenge() {
    let desk = Desk::open().await;
    let world = &desk.world;
    world.create("alice").await;
    let source = json!("203.0.113.77");
    let mut secrets = Vec::new();
    for address in [PHONE, EMAIL] {
        let request = desk.request(address).event_member("/requestContext/http/sourceIp", source.clone());
        let reply = world.send(&request).await;
        secrets.push(reply.body["otp_token"].as_str().unwrap().to_owned());
        secrets.push(desk.mailbox.letters()[0]["code"].as_str().unwrap().to_owned());
    }
    // One of them is guessed at, and stays.
    let guess = proved(PHONE, &(secrets[0].clone(), wrong(&secrets[1])));
    assert_eq!(world.send(&patch(world, &guess)).await, bad("bad_phone_number_otp"));
    let (id, secret) = shared::auth::basic(Some(&format!("Basic {}", desk.client))).unwrap();
    secrets.extend([secret.expose().to_owned(), secret.expose()["as-".len()..].to_owned()]);
    secrets.extend([PHONE, E164, EMAIL, "al@", "203.0.113"].map(str::to_owned));

    let (mut dump, mut kinds) = (Vec::new(), Vec::new());
    for item in world.items().await {
        kinds.push(item["PK"].as_s().unwrap().split('#').next().unwrap().to_owned());
        for (name, value) in &item {
            dump.extend(name.bytes());
            printed(value, &mut dump);
        }
    }
    kinds.sort();
    // Two challenges; pause and day of each address, the source's day, the application's minute; the application,
    // and its line in the listing; alice.
    let expected =
        ["CLIENT", "INDEX", "LIMIT", "LIMIT", "LIMIT", "LIMIT", "LIMIT", "LIMIT", "OTP", "OTP", "USER"];
    assert_eq!(kinds, expected);
    let shows = |text: &str| dump.windows(text.len()).any(|window| window == text.as_bytes());
    for secret in &secrets {
        assert!(!shows(secret), "{secret}");
    }
    assert!(shows(id.as_str()) && shows(&secret.digest()) && shows("holder") && shows("alice"));
}
