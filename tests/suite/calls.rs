//! What an update costs, counted at the wire. The figures are the table of docs/table.md.

use crate::ciam_codes::{Desk, EMAIL, PHONE};
use crate::ciam_proofs::proved;
use crate::contracts::ciam;
use serde_json::{Value, json};
use shared::auth::Role;
use tests::{Mailbox, Options, Request, World};

struct Counted {
    world: World,
}

impl Counted {
    async fn send(&self, request: Request, status: u16) -> Vec<String> {
        self.world.wire.calls();
        let reply = self.world.send(&request).await;
        assert_eq!(reply.status, status, "{reply:?}");
        self.world.wire.calls()
    }
}

fn wts(phone: &str) -> Value {
    json!({"who": "1", "block": "1", "room": "1", "phone": phone, "isp": "mobile", "account": "1"})
}

#[tokio::test]
async fn an_update_costs_what_the_table_says() {
    let world = World::new().await;
    let key = world.api_key(Role::Admin).await;
    let (token, wts_token) = (world.token("1"), world.wts_token("1", "user"));
    let counted = Counted { world };
    let put = |body: Value| Request::put_profile("1").bearer(&token).json(&body);
    let patch = |body: Value| Request::patch_userinfo().bearer(&token).json(&body);
    let edit = |body: Value| Request::edit_user_basic().bearer(&token).json(&body);
    let change = |body: Value| Request::change_profile().bearer(&wts_token).json(&body);
    let update = |body: Value| Request::update_user("1").bearer(&key).json(&body);

    // Refused before the store.
    assert_eq!(counted.send(put(json!({"city": 1})), 400).await, [""; 0]);
    assert_eq!(counted.send(put(json!({})).bearer("x"), 401).await, [""; 0]);
    assert_eq!(counted.send(update(json!({})), 200).await, ["GetItem"]);

    // Attributes without uniqueness: create, update, with a condition.
    assert_eq!(counted.send(put(json!({"city": "Paris"})), 200).await, ["UpdateItem"]);
    assert_eq!(
        counted.send(put(json!({"city": "Rome"})).header("if-match", "\"1\""), 200).await,
        ["UpdateItem"]
    );
    assert_eq!(counted.send(put(json!({})), 200).await, ["UpdateItem"]);
    assert_eq!(counted.send(patch(json!({"nickname": "n"})), 200).await, ["UpdateItem"]);
    assert_eq!(counted.send(patch(json!({})), 200).await, ["GetItem"]);
    assert_eq!(counted.send(edit(json!({"gender": "MALE"})), 200).await, ["UpdateItem"]);
    assert_eq!(counted.send(update(json!({"role": "User"})), 200).await, ["GetItem", "UpdateItem"]);

    // A unique attribute: set, unchanged, changed.
    assert_eq!(counted.send(change(wts("13900139000")), 200).await, ["UpdateItem", "TransactWriteItems"]);
    assert_eq!(counted.send(change(wts("13900139000")), 200).await, ["UpdateItem"]);
    assert_eq!(counted.send(change(wts("13900139001")), 200).await, ["UpdateItem", "TransactWriteItems"]);
    let all = json!({"username": "name", "phone": "+86 13900139002", "email": "a@example.com"});
    assert_eq!(counted.send(edit(all.clone()), 200).await, ["UpdateItem", "TransactWriteItems"]);
    assert_eq!(counted.send(edit(all), 200).await, ["UpdateItem"]);
    let created = edit(json!({"phone": "+86 13900139003"})).bearer(&counted.world.token("2"));
    assert_eq!(counted.send(created, 200).await, ["UpdateItem", "TransactWriteItems"]);

    // Merged attributes.
    assert_eq!(counted.send(put(json!({"custom_fields": {"a": 1}})), 200).await, ["GetItem", "UpdateItem"]);
    assert_eq!(counted.send(put(json!({"social_links": {"a": "b"}})), 200).await, ["GetItem", "UpdateItem"]);
    assert_eq!(counted.send(patch(json!({"newsletter": true})), 200).await, ["GetItem", "UpdateItem"]);

    // A password, alone and with a unique attribute.
    let password = json!({"password": "correct horse"});
    assert_eq!(counted.send(update(password), 200).await, ["GetItem", "TransactWriteItems"]);
    let both = json!({"password": "correct horse", "userName": "name2"});
    assert_eq!(counted.send(update(both), 200).await, ["GetItem", "GetItem", "TransactWriteItems"]);
}

#[tokio::test]
async fn a_proof_for_cloudbase_costs_what_the_table_says() {
    let mailbox = Mailbox::start().await;
    let world = World::with(Options { settings: mailbox.settings() }).await;
    let token = world.token("1");
    let counted = Counted { world };
    let send = Request::send_verification().bearer(&token).json(&json!({"phone_number": "+86 13900139000"}));
    mailbox.refuse(500, 1);
    assert_eq!(counted.send(send.clone(), 429).await, ["TransactWriteItems", "TransactWriteItems"]);
    let sent = counted.world.send(&send).await;
    assert_eq!(counted.world.wire.calls(), ["TransactWriteItems"]);
    assert_eq!(counted.send(send, 429).await, ["TransactWriteItems"]);

    let verify = |code: &str| {
        let body = json!({"verification_id": sent.body["verification_id"], "verification_code": code});
        Request::verify_code().bearer(&token).json(&body)
    };
    assert_eq!(counted.send(verify("x"), 400).await, ["UpdateItem"]);
    let verified = counted.world.send(&verify(&mailbox.code("+8613900139000"))).await;
    assert_eq!(counted.world.wire.calls(), ["UpdateItem", "UpdateItem"]);
    let token_of_proof = &verified.body["verification_token"];
    let edit = json!({"phone": "+86 13900139000", "verification_token": token_of_proof, "nickname": "Al"});
    let edit = Request::edit_user_basic().bearer(&token).json(&edit);
    assert_eq!(counted.send(edit, 200).await, ["GetItem", "TransactWriteItems"]);
}

#[tokio::test]
async fn a_code_costs_what_the_table_says() {
    let desk = Desk::open().await;
    let phone = desk.code(PHONE).await;
    assert_eq!(desk.world.wire.calls(), ["GetItem", "UpdateItem", "TransactWriteItems"]);
    let email = desk.code(EMAIL).await;
    desk.world.wire.calls();
    desk.mailbox.refuse(500, 1);
    desk.ask("13900139001").await;
    let withdrawn = ["GetItem", "UpdateItem", "TransactWriteItems", "TransactWriteItems"];
    assert_eq!(desk.world.wire.calls(), withdrawn);
    desk.ask(PHONE).await;
    assert_eq!(desk.world.wire.calls(), ["GetItem", "UpdateItem", "TransactWriteItems"]);

    let patch = async |body: Value| {
        let reply = desk.world.send(&ciam::patch(&desk.world, &body)).await;
        (reply.status, desk.world.wire.calls())
    };
    let calls = |status: u16, calls: &[&str]| (status, calls.iter().map(|&call| call.to_owned()).collect());
    // No token of ours, and one of somebody else's.
    let stray = proved(PHONE, &("x".into(), "1".into()));
    assert_eq!(patch(stray).await, calls(400, &["GetItem"]));
    let stray = proved(PHONE, &("0".repeat(64), "1".into()));
    assert_eq!(patch(stray).await, calls(400, &["GetItem", "UpdateItem"]));
    // The profile, a guess, the change, and the profile for the answer; one more guess for a second contact.
    let one = ["GetItem", "UpdateItem", "TransactWriteItems", "GetItem"];
    assert_eq!(patch(proved(PHONE, &phone)).await, calls(200, &one));
    desk.world.clock.forward(30);
    let phone = desk.code(PHONE).await;
    desk.world.wire.calls();
    let mut both = proved(PHONE, &phone);
    both.as_object_mut().unwrap().extend(proved(EMAIL, &email).as_object().unwrap().clone());
    let two = ["GetItem", "UpdateItem", "UpdateItem", "TransactWriteItems", "GetItem"];
    assert_eq!(patch(both).await, calls(200, &two));
}

#[tokio::test]
async fn a_read_costs_one_call() {
    let world = World::new().await;
    world.create("1").await;
    let (token, admin) = (world.token("1"), world.admin_token("root"));
    let (wts_token, wts_admin) = (world.wts_token("1", "user"), world.wts_token("root", "admin"));
    let counted = Counted { world };
    let get = |user: &str, token: &str| Request::get_profile(user).bearer(token);
    let view = |who: &str, token: &str| Request::view_profile().query("who", who).bearer(token);
    for (request, status) in [
        (get("1", &token), 200),
        (get("1", &admin), 200),
        (get("1", &token).header("if-none-match", "\"1\""), 304),
        (get("1", &token).header("if-match", "\"2\""), 412),
        (get("2", &admin), 404),
        (Request::get_userinfo().bearer(&token), 200),
        (Request::get_userinfo().bearer(&admin), 404),
        (view("1", &wts_token), 200),
        (view("2", &wts_admin), 400),
        (Request::get_user_me().bearer(&token), 200),
    ] {
        assert_eq!(counted.send(request, status).await, ["GetItem"]);
    }
    // Refused before the store, or no business of the store's.
    for (request, status) in [
        (get("2", &token), 403),
        (get("1", "x"), 401),
        (get("1", &token).header("if-match", "2"), 400),
        (Request::get_userinfo(), 400),
        (view("2", &wts_token), 403),
        (Request::get_user_me().bearer(&token).header("x-device-id", &"x".repeat(129)), 400),
        (Request::describe_error("forbidden"), 200),
        (Request::describe_error("nothing"), 404),
    ] {
        assert_eq!(counted.send(request, status).await, [""; 0]);
    }
}
