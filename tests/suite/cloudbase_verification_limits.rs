//! How many codes CloudBase sends, to whom, and what its answers tell about addresses.

use crate::cloudbase_verification::{EMAIL, OTHER_PHONE, PHONE, Scene, failure, sent};
use serde_json::{Value, json};
use shared::profile::Contact;
use std::sync::Arc;
use tests::{Reply, Request, World};
use tokio::task::JoinSet;

fn limited(seconds: u32) -> Reply {
    let mut reply = failure(429, "resource_exhausted", "Too many verification codes, please try again later");
    reply.headers.insert("retry-after".into(), seconds.to_string());
    reply
}

fn undelivered() -> Reply {
    failure(429, "resource_exhausted", "The verification code could not be sent, please try again later")
}

fn phone(number: u32) -> Value {
    json!({"phone_number": format!("+86 138{number:08}")})
}

fn from(source: &str, request: Request) -> Request {
    request.event_member("/requestContext/http/sourceIp", json!(source))
}

/// From noon to midnight.
const HALF_A_DAY: u32 = 12 * 3600;

#[tokio::test]
async fn an_address_gets_one_a_minute() {
    let scene = Scene::new().await;
    let world = &scene.world;
    let send = async |user: &str, body: Value| world.send(&scene.sending(user, &body)).await.masked();
    assert_eq!(send("alice", json!({"phone_number": PHONE.0})).await, sent(false));
    // Whoever asks; other addresses do not wait.
    for user in ["alice", "bob"] {
        assert_eq!(world.refused(&scene.sending(user, &json!({"phone_number": PHONE.0}))).await, limited(60));
    }
    assert_eq!(send("alice", json!({"phone_number": OTHER_PHONE.0})).await, sent(false));
    assert_eq!(send("alice", json!({"email": EMAIL})).await, sent(false));
    assert_eq!(send("bob", json!({"email": EMAIL.to_lowercase()})).await, limited(60), "the same address");
    world.clock.forward(59);
    assert_eq!(send("bob", json!({"phone_number": PHONE.0})).await, limited(1));
    world.clock.forward(1);
    assert_eq!(send("bob", json!({"phone_number": PHONE.0})).await, sent(false));
    assert_eq!(scene.mailbox.letters().len(), 4);
}

#[tokio::test]
async fn a_day_has_its_limits() {
    // To one address.
    let scene = Scene::new().await;
    let world = &scene.world;
    for user in 0..50 {
        let request = scene.sending(&format!("user{user}"), &json!({"phone_number": PHONE.0}));
        assert_eq!(world.send(&request).await.masked(), sent(false), "{user}");
        world.clock.forward(60);
    }
    let another = scene.sending("another", &json!({"phone_number": PHONE.0}));
    assert_eq!(world.refused(&another).await, limited(HALF_A_DAY - 50 * 60));
    assert_eq!(world.send(&scene.sending("another", &phone(1))).await.masked(), sent(false));
    world.clock.forward(i64::from(HALF_A_DAY - 50 * 60));
    let another = scene.sending("another", &json!({"phone_number": PHONE.0}));
    assert_eq!(world.send(&another).await.masked(), sent(false));

    // For one user, wherever they are.
    let scene = Scene::new().await;
    let world = &scene.world;
    for number in 0..20 {
        let request = from(&format!("192.0.2.{number}"), scene.sending("alice", &phone(number)));
        assert_eq!(world.send(&request).await.masked(), sent(false), "{number}");
    }
    assert_eq!(world.refused(&scene.sending("alice", &phone(20))).await, limited(HALF_A_DAY));
    assert_eq!(world.send(&scene.sending("bob", &phone(20))).await.masked(), sent(false));

    // From one network address, whoever asks: 100, or what the operator says.
    for (settings, most) in [(&[][..], 100), (&[("SENDS_PER_SOURCE_A_DAY", "3")][..], 3)] {
        let scene = Scene::with(settings).await;
        let world = &scene.world;
        for number in 0..most {
            let request = from("2001:db8::1", scene.sending(&format!("user{number}"), &phone(number)));
            assert_eq!(world.send(&request).await.masked(), sent(false), "{number}");
        }
        let neighbour = from("2001:db8::2", scene.sending("another", &phone(most)));
        assert_eq!(world.refused(&neighbour).await, limited(HALF_A_DAY));
        let elsewhere = from("2001:db8:0:1::1", scene.sending("another", &phone(most)));
        assert_eq!(world.send(&elsewhere).await.masked(), sent(false));
        assert_eq!(scene.mailbox.letters().len(), most as usize + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_32_sends_to_one_number_one_goes_out() {
    let Scene { world, mailbox } = Scene::new().await;
    let world = Arc::new(world);
    let mut tasks = JoinSet::new();
    for user in 0..32 {
        let world = Arc::clone(&world);
        tasks.spawn(async move {
            let body = json!({"phone_number": PHONE.0});
            let token = world.token(&format!("user{user}"));
            world.send(&Request::send_verification().bearer(&token).json(&body)).await.masked()
        });
    }
    let replies = tasks.join_all().await;
    let sent = replies.iter().filter(|reply| **reply == sent(false)).count();
    let limited = replies.iter().filter(|reply| **reply == limited(60)).count();
    assert_eq!((sent, limited), (1, 31), "{replies:?}");
    assert_eq!((mailbox.attempts(), mailbox.letters().len()), (1, 1));
}

#[tokio::test]
async fn what_the_carrier_does_not_take_is_not_counted() {
    let scene = Scene::with(&[("SENDS_PER_SOURCE_A_DAY", "1")]).await;
    let send = async || scene.world.send(&scene.sending("alice", &json!({"phone_number": PHONE.0}))).await;
    for status in [500, 429, 400] {
        scene.mailbox.refuse(status, 1);
        assert_eq!(send().await, undelivered(), "{status}");
    }
    assert_eq!(scene.world.wire.calls(), ["TransactWriteItems"; 6]);
    assert_eq!(send().await.masked(), sent(false));
    assert_eq!(send().await, limited(HALF_A_DAY));
    assert_eq!((scene.mailbox.attempts(), scene.mailbox.letters().len()), (4, 1));

    // A stack without a sender of e-mails: refused before anything is counted.
    let world = World::new().await;
    let request = Request::send_verification().bearer(&world.token("alice")).json(&json!({"email": EMAIL}));
    assert_eq!(world.refused(&request).await, undelivered());
    assert_eq!(world.wire.calls(), [""; 0]);
}

/// Bob holds a phone and an e-mail address.
async fn bob_has_contacts(world: &World) {
    let contacts = json!({"phone": PHONE.0, "email": EMAIL});
    let request = Request::edit_user_basic().bearer(&world.token("bob")).json(&contacts);
    assert_eq!(world.send(&request).await, Reply::json(200, json!({})));
    world.wire.calls();
}

#[tokio::test]
async fn nobody_learns_whose_an_address_is() {
    let scene = Scene::new().await;
    bob_has_contacts(&scene.world).await;
    for target in [json!(null), json!("ANY"), json!("CUR_USER"), json!("USER"), json!("NOT_USER")] {
        for mut body in [
            json!({"phone_number": PHONE.0}),
            json!({"phone_number": OTHER_PHONE.0}),
            json!({"email": EMAIL}),
            json!({"email": "nobody@example.com"}),
        ] {
            body["target"] = target.clone();
            let reply = scene.world.send(&scene.sending("alice", &body)).await;
            assert_eq!(reply.masked(), sent(false), "{body}");
            assert_eq!(scene.world.wire.calls(), ["TransactWriteItems"], "{body}");
            assert_eq!(scene.mailbox.letters().len(), 1, "{body}");
        }
        scene.world.clock.forward(60);
    }
}

#[tokio::test]
async fn a_stack_may_tell_whether_an_address_is_somebodys() {
    let scene = Scene::with(&[("REVEAL_CONTACT_USE", "true")]).await;
    let world = &scene.world;
    bob_has_contacts(world).await;
    let taken = |error: &str, what: &str| failure(409, error, &format!("{what} already exists"));
    let nobody = failure(404, "user_not_found", "User not found");
    for (member, address, target, expected, letters) in [
        ("phone_number", PHONE.0, "ANY", sent(true), 1),
        ("phone_number", OTHER_PHONE.0, "ANY", sent(false), 1),
        ("email", "ZHANG.SAN@example.com", "CUR_USER", sent(true), 1),
        ("email", "nobody@example.com", "CUR_USER", sent(false), 1),
        ("phone_number", PHONE.0, "USER", sent(true), 1),
        ("phone_number", OTHER_PHONE.0, "USER", nobody.clone(), 0),
        ("email", "nobody@example.com", "USER", nobody, 0),
        ("phone_number", PHONE.0, "NOT_USER", taken("phone_already_exists", "Phone number"), 0),
        ("email", EMAIL, "NOT_USER", taken("email_already_exists", "Email"), 0),
        ("phone_number", OTHER_PHONE.0, "NOT_USER", sent(false), 1),
    ] {
        let case = format!("{address} {target}");
        let request = scene.sending("alice", &json!({member: address, "target": target}));
        assert_eq!(world.send(&request).await.masked(), expected, "{case}");
        assert_eq!(world.wire.calls(), ["GetItem", "TransactWriteItems"], "{case}");
        assert_eq!(scene.mailbox.letters().len(), letters, "{case}");
        // Asking counts as sending does.
        assert_eq!(world.refused(&request).await, limited(60), "{case}");
        world.wire.calls();
        world.clock.forward(60);
    }
    // One's own address is a user's too.
    let own = scene.sending("bob", &json!({"phone_number": PHONE.0}));
    assert_eq!(world.send(&own).await.masked(), sent(true));
}

#[tokio::test]
async fn every_code_is_another_one() {
    let scene = Scene::new().await;
    let (id, code) = scene.code("alice", Contact::Phone, PHONE.0).await;
    scene.world.clock.forward(60);
    let (newer_id, newer_code) = scene.code("alice", Contact::Phone, PHONE.0).await;
    assert_ne!((&id, &code), (&newer_id, &newer_code));
    // The older one stays good, and neither goes with the other's id.
    for (id, code, is_good) in [
        (&id, &newer_code, false),
        (&newer_id, &code, false),
        (&id, &code, true),
        (&newer_id, &newer_code, true),
    ] {
        let reply = scene.world.send(&scene.verifying("alice", id, code)).await;
        assert_eq!(reply.status == 200, is_good, "{reply:?}");
    }
}
