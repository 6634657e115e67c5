//! What an update costs: calls, counted at the wire, and capacity units, as the function itself counts them. The figures are
//! the tables of docs/table.md.

use crate::ciam_codes::Desk;
use crate::contracts::ciam;
use crate::contracts::ciam_proofs::{EMAIL, PHONE, proved};
use serde_json::{Value, json};
use shared::auth::Role;
use tests::spent::{Spent, spent};
use tests::{Follower, Mailbox, Options, Request, World};

struct Counted {
    world: World,
}

impl Counted {
    async fn send(&self, request: Request, status: u16) -> Spent {
        self.world.forget_spent();
        let reply = self.world.send(&request).await;
        assert_eq!(reply.status, status, "{reply:?}");
        self.world.spent()
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
    assert_eq!(counted.send(put(json!({"city": 1})), 400).await, spent([], 0.0, 0.0));
    assert_eq!(counted.send(put(json!({})).bearer("x"), 401).await, spent([], 0.0, 0.0));
    assert_eq!(counted.send(update(json!({})), 200).await, spent(["GetItem"], 1.0, 0.0));

    // Attributes without uniqueness: create, update, with a condition.
    assert_eq!(counted.send(put(json!({"city": "Paris"})), 200).await, spent(["UpdateItem"], 0.0, 1.0));
    assert_eq!(
        counted.send(put(json!({"city": "Rome"})).header("if-match", "\"1\""), 200).await,
        spent(["UpdateItem"], 0.0, 1.0)
    );
    assert_eq!(counted.send(put(json!({})), 200).await, spent(["UpdateItem"], 0.0, 1.0));
    assert_eq!(counted.send(patch(json!({"nickname": "n"})), 200).await, spent(["UpdateItem"], 0.0, 1.0));
    assert_eq!(counted.send(patch(json!({})), 200).await, spent(["GetItem"], 1.0, 0.0));
    assert_eq!(counted.send(edit(json!({"gender": "MALE"})), 200).await, spent(["UpdateItem"], 0.0, 1.0));
    assert_eq!(
        counted.send(update(json!({"role": "User"})), 200).await,
        spent(["GetItem", "UpdateItem"], 1.0, 1.0)
    );

    // A unique attribute: set, unchanged, changed.
    assert_eq!(
        counted.send(change(wts("13900139000")), 200).await,
        spent(["UpdateItem", "TransactWriteItems"], 0.0, 5.0)
    );
    assert_eq!(counted.send(change(wts("13900139000")), 200).await, spent(["UpdateItem"], 0.0, 1.0));
    assert_eq!(
        counted.send(change(wts("13900139001")), 200).await,
        spent(["UpdateItem", "TransactWriteItems"], 0.0, 7.0)
    );
    let all = json!({"username": "name", "phone": "+86 13900139002", "email": "a@example.com"});
    assert_eq!(
        counted.send(edit(all.clone()), 200).await,
        spent(["UpdateItem", "TransactWriteItems"], 0.0, 11.0)
    );
    assert_eq!(counted.send(edit(all), 200).await, spent(["UpdateItem"], 0.0, 1.0));
    let created = edit(json!({"phone": "+86 13900139003"})).bearer(&counted.world.token("2"));
    assert_eq!(counted.send(created, 200).await, spent(["UpdateItem", "TransactWriteItems"], 0.0, 5.0));

    // Merged attributes.
    assert_eq!(
        counted.send(put(json!({"custom_fields": {"a": 1}})), 200).await,
        spent(["GetItem", "UpdateItem"], 1.0, 1.0)
    );
    assert_eq!(
        counted.send(put(json!({"social_links": {"a": "b"}})), 200).await,
        spent(["GetItem", "UpdateItem"], 1.0, 1.0)
    );
    assert_eq!(
        counted.send(patch(json!({"newsletter": true})), 200).await,
        spent(["GetItem", "UpdateItem"], 1.0, 1.0)
    );

    // A password, alone and with a unique attribute.
    let password = json!({"password": "correct horse"});
    assert_eq!(counted.send(update(password), 200).await, spent(["GetItem", "TransactWriteItems"], 1.0, 4.0));
    let both = json!({"password": "correct horse", "userName": "name2"});
    assert_eq!(
        counted.send(update(both), 200).await,
        spent(["GetItem", "GetItem", "TransactWriteItems"], 2.0, 8.0)
    );
}

#[tokio::test]
async fn a_proof_for_cloudbase_costs_what_the_table_says() {
    let mailbox = Mailbox::start().await;
    let world = World::with(Options { settings: mailbox.settings() }).await;
    let token = world.token("1");
    let counted = Counted { world };
    let send = Request::send_verification().bearer(&token).json(&json!({"phone_number": "+86 13900139000"}));
    mailbox.refuse(500, 1);
    assert_eq!(
        counted.send(send.clone(), 429).await,
        spent(["TransactWriteItems", "TransactWriteItems"], 0.0, 22.0)
    );
    counted.world.forget_spent();
    let sent = counted.world.send(&send).await;
    assert_eq!(counted.world.spent(), spent(["TransactWriteItems"], 0.0, 12.0));
    assert_eq!(counted.send(send, 429).await, spent(["TransactWriteItems"], 0.0, 0.0));

    let verify = |code: &str| {
        let body = json!({"verification_id": sent.body["verification_id"], "verification_code": code});
        Request::verify_code().bearer(&token).json(&body)
    };
    assert_eq!(counted.send(verify("x"), 400).await, spent(["UpdateItem"], 0.0, 1.0));
    counted.world.forget_spent();
    let verified = counted.world.send(&verify(&mailbox.code("+8613900139000"))).await;
    assert_eq!(counted.world.spent(), spent(["UpdateItem", "UpdateItem"], 0.0, 2.0));
    let token_of_proof = &verified.body["verification_token"];
    let edit = json!({"phone": "+86 13900139000", "verification_token": token_of_proof, "nickname": "Al"});
    let edit = Request::edit_user_basic().bearer(&token).json(&edit);
    assert_eq!(counted.send(edit, 200).await, spent(["GetItem", "TransactWriteItems"], 1.0, 6.0));
}

#[tokio::test]
async fn a_code_costs_what_the_table_says() {
    let desk = Desk::open().await;
    let phone = desk.code(PHONE).await;
    assert_eq!(desk.world.spent(), spent(["GetItem", "UpdateItem", "TransactWriteItems"], 1.0, 9.0));
    let email = desk.code(EMAIL).await;
    desk.world.forget_spent();
    desk.mailbox.refuse(500, 1);
    desk.ask("13900139001").await;
    let withdrawn = ["GetItem", "UpdateItem", "TransactWriteItems", "TransactWriteItems"];
    assert_eq!(desk.world.spent(), spent(withdrawn, 1.0, 17.0));
    desk.ask(PHONE).await;
    assert_eq!(desk.world.spent(), spent(["GetItem", "UpdateItem", "TransactWriteItems"], 1.0, 1.0));

    let patch = async |body: Value| {
        let reply = desk.world.send(&ciam::patch(&desk.world, &body)).await;
        (reply.status, desk.world.spent())
    };
    // No token of ours, and one of somebody else's.
    let stray = proved(PHONE, &("x".into(), "1".into()));
    assert_eq!(patch(stray).await, (400, spent(["GetItem"], 1.0, 0.0)));
    let stray = proved(PHONE, &("0".repeat(64), "1".into()));
    assert_eq!(patch(stray).await, (400, spent(["GetItem", "UpdateItem"], 1.0, 1.0)));
    // The profile, a guess, the change, and the profile for the answer; one more guess for a second contact.
    let one = ["GetItem", "UpdateItem", "TransactWriteItems", "GetItem"];
    assert_eq!(patch(proved(PHONE, &phone)).await, (200, spent(one, 2.0, 7.0)));
    desk.world.clock.forward(30);
    let phone = desk.code(PHONE).await;
    desk.world.forget_spent();
    let mut both = proved(PHONE, &phone);
    both.as_object_mut().unwrap().extend(proved(EMAIL, &email).as_object().unwrap().clone());
    let two = ["GetItem", "UpdateItem", "UpdateItem", "TransactWriteItems", "GetItem"];
    assert_eq!(patch(both).await, (200, spent(two, 2.0, 10.0)));
}

#[tokio::test]
async fn a_key_costs_what_the_table_says() {
    let world = World::new().await;
    world.create("1").await;
    let (token, wts_token) = (world.token("1"), world.wts_token("1", "user"));
    let counted = Counted { world };
    let keyed =
        |request: Request| request.header("idempotency-key", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"");
    // The answer shows the profile.
    let put = keyed(Request::put_profile("1").bearer(&token).json(&json!({"city": "Paris"})));
    assert_eq!(counted.send(put.clone(), 200).await, spent(["BatchGetItem", "TransactWriteItems"], 2.0, 4.0));
    assert_eq!(counted.send(put, 200).await, spent(["BatchGetItem"], 2.0, 0.0));
    // A bare answer. The same again is a transaction that is cancelled.
    let edit = keyed(Request::edit_user_basic().bearer(&token).json(&json!({"gender": "MALE"})));
    assert_eq!(counted.send(edit.clone(), 200).await, spent(["TransactWriteItems"], 0.0, 4.0));
    assert_eq!(counted.send(edit, 200).await, spent(["TransactWriteItems"], 0.0, 0.0));
    let change = keyed(Request::change_profile().bearer(&wts_token).json(&wts("13900139000")));
    assert_eq!(
        counted.send(change, 200).await,
        spent(["TransactWriteItems", "TransactWriteItems"], 0.0, 6.0)
    );
}

#[tokio::test]
async fn an_erasure_and_what_a_user_may_ask_for_cost_what_the_table_says() {
    let world = World::new().await;
    for user in ["1", "2"] {
        world.create(user).await;
    }
    let (one, two) = (world.token("1"), world.token("2"));
    let counted = Counted { world };
    let edit = json!({"username": "name", "phone": "+86 13900139000", "email": "a@example.com"});
    counted.send(Request::edit_user_basic().bearer(&one).json(&edit), 200).await;
    let mut history = counted.send(Request::get_history("1").bearer(&one), 200).await;
    // At once, in no order.
    history.0.sort();
    assert_eq!(history, spent(["GetItem", "Query"], 2.0, 0.0));
    let mut export = counted.send(Request::export_profile("1").bearer(&one), 200).await;
    export.0.sort();
    let calls = ["GetItem", "GetItem", "GetItem", "GetItem", "Query", "Query", "Query", "Query"];
    assert_eq!(export, spent(calls, 8.0, 0.0));
    let delete = |user: &str, token: &str| Request::delete_profile(user).bearer(token);
    assert_eq!(
        counted.send(delete("1", &one), 204).await,
        spent(["TransactWriteItems", "TransactWriteItems"], 0.0, 10.0)
    );
    assert_eq!(counted.send(delete("2", &two), 204).await, spent(["TransactWriteItems"], 0.0, 4.0));
}

#[tokio::test]
async fn what_follows_a_change_costs_what_the_table_says() {
    let world = World::new().await;
    let mut follower = Follower::of(&world).await;
    world.create("1").await;
    world.forget_spent();
    assert!(follower.follow(&world).await);
    assert_eq!(world.spent(), spent(["BatchWriteItem"], 0.0, 1.0));
    let delete = Request::delete_profile("1").bearer(&world.token("1"));
    assert_eq!(world.send(&delete).await.status, 204);
    world.forget_spent();
    assert!(follower.follow(&world).await);
    let mut erased = world.spent();
    erased.0.sort();
    let calls = ["BatchWriteItem", "GetItem", "GetItem", "GetItem", "Query", "Query", "Query", "Query"];
    assert_eq!(erased, spent(calls, 7.0, 1.0));
}

/// A profile of 5 KB: writes go by KB, consistent reads by 4 KB, and so does a condition that fails over it.
#[tokio::test]
async fn a_large_profile_costs_more() {
    let world = World::new().await;
    let (token, wts_token) = (world.token("1"), world.wts_token("1", "user"));
    let counted = Counted { world };
    let put = |body: Value| Request::put_profile("1").bearer(&token).json(&body);
    let large = put(json!({"custom_fields": {"a": "x".repeat(4000), "b": "x".repeat(846)}}));
    assert_eq!(counted.send(large, 200).await, spent(["GetItem", "UpdateItem"], 1.0, 5.0));
    assert_eq!(counted.send(put(json!({"city": "Rome"})), 200).await, spent(["UpdateItem"], 0.0, 5.0));
    let read = Request::get_profile("1").bearer(&token);
    assert_eq!(counted.send(read, 200).await, spent(["GetItem"], 2.0, 0.0));
    let refused = put(json!({"city": "Oslo"})).header("if-match", "\"9\"");
    assert_eq!(counted.send(refused, 412).await, spent(["UpdateItem"], 0.0, 5.0));
    let phone = Request::change_profile().bearer(&wts_token).json(&wts("13900139000"));
    assert_eq!(counted.send(phone, 200).await, spent(["UpdateItem", "TransactWriteItems"], 0.0, 19.0));
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
        assert_eq!(counted.send(request, status).await, spent(["GetItem"], 1.0, 0.0));
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
        assert_eq!(counted.send(request, status).await, spent([], 0.0, 0.0));
    }
}
