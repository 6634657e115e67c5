//! Proofs in CloudBase's `POST /auth/v1/user/basic/edit`: what they prove, whose they are, and when they are spent.

use crate::ciam_codes::Desk;
use crate::cloudbase_verification::{EMAIL, OTHER_PHONE, PHONE, Scene, bad_code, failure, verifying};
use crate::contracts::ciam;
use crate::contracts::ciam_proofs::{self, bad, proved};
use serde_json::{Value, json};
use shared::auth::Role;
use shared::profile::{Attribute, Contact, Unique};
use std::sync::Arc;
use tests::{Fault, Reply, Request, World};
use tokio::task::JoinSet;

const REQUIRED: &[(&str, &str)] = &[("CONTACT_VERIFICATION", "required")];

fn edit(world: &World, user: &str, body: &Value) -> Request {
    Request::edit_user_basic().bearer(&world.token(user)).json(body)
}

fn admin(world: &World, body: &Value) -> Request {
    Request::edit_user_basic().bearer(&world.admin_token("root")).json(body)
}

fn success() -> Reply {
    Reply::json(200, json!({}))
}

fn missing(what: &str) -> Reply {
    failure(400, "failed_precondition", &format!("{what} modification requires verification"))
}

/// Phone and e-mail as they are stored, each with whether it is verified.
async fn contacts(world: &World, user: &str) -> [(Option<String>, bool); 2] {
    let profile = world.profile(user).await;
    let text = |attribute| profile.text(attribute).map(str::to_owned);
    [(text(Attribute::Phone), profile.phone_verified), (text(Attribute::Email), profile.email_verified)]
}

fn some(value: &str, verified: bool) -> (Option<String>, bool) {
    (Some(value.to_owned()), verified)
}

const NONE: (Option<String>, bool) = (None, false);

#[tokio::test]
async fn a_proved_contact_is_taken_and_verified() {
    for settings in [REQUIRED, &[("CONTACT_VERIFICATION", "off")]] {
        let scene = Scene::with(settings).await;
        let world = &scene.world;
        let phone = async |user: &str, address| scene.proof(user, Contact::Phone, address).await;
        let email = async |user: &str| scene.proof(user, Contact::Email, EMAIL).await;

        // By the common member and alone; it makes the profile.
        let body = json!({"phone": PHONE.0, "verification_token": phone("alice", PHONE.0).await});
        world.wire.calls();
        assert_eq!(world.send(&edit(world, "alice", &body)).await, success());
        assert_eq!(world.wire.calls(), ["GetItem", "TransactWriteItems"]);
        assert_eq!(contacts(world, "alice").await, [some(PHONE.1, true), NONE]);
        // By its own member, with other fields.
        let body = json!({"email": EMAIL, "email_verification_token": email("alice").await,
            "nickname": "Al", "username": "al"});
        world.wire.calls();
        assert_eq!(world.send(&edit(world, "alice", &body)).await, success());
        assert_eq!(world.wire.calls(), ["GetItem", "TransactWriteItems"]);
        assert_eq!(contacts(world, "alice").await, [some(PHONE.1, true), some(EMAIL, true)]);
        assert_eq!(world.profile("alice").await.text(Attribute::Username), Some("al"));
        // Both at once, one of them unchanged, and an unverified number of before let go.
        world.create("bob").await;
        let by_admin = json!({"user_id": "bob", "phone": OTHER_PHONE.0, "email": "bob@example.com"});
        assert_eq!(world.send(&admin(world, &by_admin)).await, success());
        world.clock.forward(60);
        let body = json!({
            "user_id": "bob",
            "phone": OTHER_PHONE.0,
            "phone_verification_token": phone("bob", OTHER_PHONE.0).await,
            "email": "Bob@new.example",
            "email_verification_token": scene.proof("bob", Contact::Email, "Bob@new.example").await,
        });
        world.wire.calls();
        assert_eq!(world.send(&edit(world, "bob", &body)).await, success());
        assert_eq!(world.wire.calls(), ["GetItem", "TransactWriteItems"]);
        assert_eq!(contacts(world, "bob").await, [some(OTHER_PHONE.1, true), some("Bob@new.example", true)]);
        assert_eq!(world.store.owner(Unique::Email, "bob@example.com").await, Ok(None));
        // Every proof was spent: nothing of the challenges is left.
        let items = format!("{:?}", world.items().await);
        assert!(!items.contains("OTP#"), "{items}");
        assert_eq!(world.refused(&edit(world, "bob", &body)).await, bad_code());
    }
}

#[tokio::test]
async fn an_unchanged_contact_is_verified_by_a_proof() {
    let scene = Scene::with(REQUIRED).await;
    let world = &scene.world;
    world.create("alice").await;
    let by_admin = json!({"user_id": "alice", "phone": PHONE.0, "email": EMAIL});
    assert_eq!(world.send(&admin(world, &by_admin)).await, success());
    assert_eq!(contacts(world, "alice").await, [some(PHONE.1, false), some(EMAIL, false)]);
    let body = json!({"phone": PHONE.0, "verification_token": scene.phone_proof("alice").await});
    world.wire.calls();
    assert_eq!(world.send(&edit(world, "alice", &body)).await, success());
    assert_eq!(world.wire.calls(), ["GetItem", "TransactWriteItems"]);
    assert_eq!(contacts(world, "alice").await, [some(PHONE.1, true), some(EMAIL, false)]);
    assert_eq!(world.profile("alice").await.version, 3);
}

#[tokio::test]
async fn an_unproved_change_is_not_verified() {
    let wts = |world: &World, phone: &str| {
        let body =
            json!({"who": "1", "block": "1", "room": "1", "phone": phone, "isp": "mobile", "account": "1"});
        Request::change_profile().bearer(&world.wts_token("1", "user")).json(&body)
    };
    let scene = Scene::new().await;
    let world = &scene.world;
    let key = world.api_key(Role::Admin).await;
    let system = |phone: &str| Request::update_user("1").bearer(&key).json(&json!({"phone": phone}));
    let by_admin = |phone: &str| admin(world, &json!({"user_id": "1", "phone": phone}));
    let own = |phone: &str| edit(world, "1", &json!({"phone": phone}));
    let (same, other) = ("13900139000", "13900139001");
    for (unchanged, changed) in [
        (own(PHONE.0), own(OTHER_PHONE.0)),
        (by_admin(PHONE.0), by_admin(OTHER_PHONE.0)),
        (wts(world, same), wts(world, other)),
        (system(same), system(other)),
    ] {
        let body = json!({"phone": PHONE.0, "verification_token": scene.phone_proof("1").await});
        assert_eq!(world.send(&edit(world, "1", &body)).await, success());
        assert_eq!(world.send(&unchanged).await.status, 200);
        assert_eq!(contacts(world, "1").await[0], some(PHONE.1, true), "{unchanged:?}");
        assert_eq!(world.send(&changed).await.status, 200);
        assert_eq!(contacts(world, "1").await[0], some(OTHER_PHONE.1, false), "{changed:?}");
        world.clock.forward(60);
    }
    // Changed back, it is not verified again by what was proved once.
    assert_eq!(world.send(&own(PHONE.0)).await, success());
    assert_eq!(contacts(world, "1").await[0], some(PHONE.1, false));
}

#[tokio::test]
async fn a_proof_proves_one_address_of_one_user() {
    for settings in [REQUIRED, &[("CONTACT_VERIFICATION", "off")]] {
        let scene = Scene::with(settings).await;
        let world = &scene.world;
        world.create("alice").await;
        let phone = scene.phone_proof("alice").await;
        let email = scene.proof("alice", Contact::Email, EMAIL).await;
        let (id, _) = scene.code("alice", Contact::Phone, OTHER_PHONE.0).await;
        let tampered = format!("{}{}", &phone[..64], "0".repeat(64));
        let crossed = format!("{}{}", &phone[..64], &email[64..]);
        for body in [
            // Of another address, of the other kind, of one that is spelt otherwise.
            json!({"phone": OTHER_PHONE.0, "verification_token": phone}),
            json!({"phone": PHONE.0, "verification_token": email}),
            json!({"email": EMAIL, "email_verification_token": phone}),
            json!({"email": EMAIL.to_lowercase(), "verification_token": email}),
            json!({"phone": PHONE.0, "email": EMAIL,
                "phone_verification_token": email, "email_verification_token": phone}),
            // One for both.
            json!({"phone": PHONE.0, "email": EMAIL,
                "phone_verification_token": phone, "email_verification_token": phone}),
            // One is good, the other is not.
            json!({"phone": PHONE.0, "email": EMAIL,
                "phone_verification_token": phone, "email_verification_token": "t"}),
            // What is no proof, or none that was handed out.
            json!({"phone": PHONE.0, "verification_token": "t"}),
            json!({"phone": PHONE.0, "verification_token": "é".repeat(64)}),
            json!({"phone": PHONE.0, "verification_token": "0".repeat(128)}),
            json!({"phone": OTHER_PHONE.0, "verification_token": id}),
            json!({"phone": OTHER_PHONE.0, "verification_token": id.repeat(2)}),
            json!({"phone": PHONE.0, "verification_token": tampered}),
            json!({"phone": PHONE.0, "verification_token": crossed}),
            json!({"phone": PHONE.0, "verification_token": phone.to_uppercase()}),
            // The member of its own goes first.
            json!({"phone": PHONE.0, "verification_token": phone, "phone_verification_token": "t"}),
        ] {
            assert_eq!(world.refused(&edit(world, "alice", &body)).await, bad_code(), "{body}");
        }
        let good = json!({"phone": PHONE.0, "verification_token": phone});
        assert_eq!(world.refused(&edit(world, "bob", &good)).await, bad_code(), "bob knows it");
        // An administrator cannot prove anything of somebody else, neither by a code of theirs nor of the user's.
        let others = json!({"user_id": "alice", "phone": PHONE.0, "verification_token": phone});
        assert_eq!(world.refused(&admin(world, &others)).await, bad_code());
        // Beside two contacts nobody could say which one the common member proves.
        let mut two = json!({"phone": PHONE.0, "email": EMAIL, "verification_token": phone});
        assert_eq!(world.refused(&edit(world, "alice", &two)).await, missing("Phone number"));
        two["phone_verification_token"] = json!(phone);
        assert_eq!(world.refused(&edit(world, "alice", &two)).await, missing("Email"));

        // After all that it is still good. Without its contact it is not even looked at.
        let unused = json!({"nickname": "Al", "verification_token": phone, "phone_verification_token": "t"});
        assert_eq!(world.send(&edit(world, "alice", &unused)).await, success());
        world.clock.forward(599);
        assert_eq!(world.send(&edit(world, "alice", &good)).await, success());
        assert_eq!(contacts(world, "alice").await, [some(PHONE.1, true), NONE]);
        // The other one has been for too long.
        world.clock.forward(1);
        let late = json!({"email": EMAIL, "verification_token": email});
        assert_eq!(world.refused(&edit(world, "alice", &late)).await, bad_code());
    }
}

#[tokio::test]
async fn an_administrator_needs_no_proof_but_may_prove_their_own() {
    let scene = Scene::with(REQUIRED).await;
    let world = &scene.world;
    assert_eq!(world.send(&admin(world, &json!({"phone": PHONE.0, "email": EMAIL}))).await, success());
    assert_eq!(contacts(world, "root").await, [some(PHONE.1, false), some(EMAIL, false)]);
    let own =
        json!({"user_id": "root", "phone": PHONE.0, "verification_token": scene.phone_proof("root").await});
    assert_eq!(world.send(&admin(world, &own)).await, success());
    assert_eq!(contacts(world, "root").await, [some(PHONE.1, true), some(EMAIL, false)]);
    // What is cleared is neither proved nor verified.
    let clear = json!({"phone": "", "email": "", "verification_token": "t"});
    assert_eq!(world.send(&admin(world, &clear)).await, success());
    assert_eq!(contacts(world, "root").await, [NONE, NONE]);
}

#[tokio::test]
async fn a_failed_edit_leaves_its_proof_good() {
    let scene = Scene::with(REQUIRED).await;
    let world = &scene.world;
    world.create("bob").await;
    let taken = json!({"user_id": "bob", "phone": PHONE.0, "username": "bob"});
    assert_eq!(world.send(&admin(world, &taken)).await, success());
    let proof = scene.phone_proof("alice").await;
    let body = |more: Value| {
        let mut body = json!({"phone": PHONE.0, "verification_token": proof});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        edit(world, "alice", &body)
    };
    // Without a good proof nobody learns that the number is taken.
    let unproved = edit(world, "alice", &json!({"phone": PHONE.0}));
    assert_eq!(world.refused(&unproved).await, missing("Phone number"));
    let badly = edit(world, "alice", &json!({"phone": PHONE.0, "verification_token": "t"}));
    assert_eq!(world.refused(&badly).await, bad_code());
    let phone_taken = failure(409, "phone_already_exists", "Phone number already exists");
    assert_eq!(world.refused(&body(json!({}))).await, phone_taken);
    let freed = json!({"user_id": "bob", "phone": OTHER_PHONE.0});
    assert_eq!(world.send(&admin(world, &freed)).await, success());

    for (more, expected) in [
        (json!({"nickname": "x"}), failure(400, "invalid_argument", "Invalid nickname")),
        (json!({"user_id": "bob"}), {
            let denied = "Administrator privileges are required to modify other users";
            failure(403, "permission_denied", denied)
        }),
        (json!({"email": EMAIL}), missing("Phone number")),
        (json!({"username": "BOB"}), failure(409, "username_already_exists", "Username already exists")),
    ] {
        assert_eq!(world.refused(&body(more)).await, expected);
    }
    for _ in 0..3 {
        world.wire.spoil("TransactWriteItems", Fault::Answer(500, "InternalServerError"));
    }
    assert_eq!(world.refused(&body(json!({}))).await, failure(500, "internal", "Internal error"));
    assert_eq!(world.send(&body(json!({}))).await, success());
    assert_eq!(contacts(world, "alice").await, [some(PHONE.1, true), NONE]);
}

#[tokio::test]
async fn a_lost_answer_is_no_second_spending() {
    let scene = Scene::with(REQUIRED).await;
    let world = &scene.world;
    let body = json!({"phone": PHONE.0, "verification_token": scene.phone_proof("alice").await});
    world.wire.spoil("TransactWriteItems", Fault::LostAnswer);
    assert_eq!(world.send(&edit(world, "alice", &body)).await, success());
    assert_eq!(contacts(world, "alice").await, [some(PHONE.1, true), NONE]);

    // The caller, too, may ask again where it gave the request a key.
    let body =
        json!({"email": EMAIL, "verification_token": scene.proof("alice", Contact::Email, EMAIL).await});
    let keyed = edit(world, "alice", &body).header("idempotency-key", "\"a\"");
    assert_eq!(world.send(&keyed).await, success());
    let mut replayed = success();
    replayed.headers.insert("idempotency-replayed".into(), "true".into());
    assert_eq!(world.refused(&keyed).await, replayed);
}

#[tokio::test]
async fn an_erased_user_spends_nothing() {
    let scene = Scene::with(REQUIRED).await;
    let world = &scene.world;
    // From before the erasure.
    let body = json!({"phone": PHONE.0, "verification_token": scene.phone_proof("alice").await});
    world.erase("alice", 3).await;
    let not_found = failure(404, "user_not_found", "User not found");
    assert_eq!(world.refused(&edit(world, "alice", &body)).await, not_found);
}

async fn all(world: &Arc<World>, requests: Vec<Request>) -> Vec<Reply> {
    let mut tasks = JoinSet::new();
    for request in requests {
        let world = Arc::clone(world);
        tasks.spawn(async move { world.send(&request).await });
    }
    tasks.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_16_edits_with_one_proof_one_wins() {
    let scene = Scene::with(REQUIRED).await;
    scene.world.create("alice").await;
    let proof = scene.phone_proof("alice").await;
    let world = Arc::new(scene.world);
    let body =
        |number| json!({"phone": PHONE.0, "verification_token": proof, "nickname": format!("Al {number}")});
    let requests = (0..16).map(|number| edit(&world, "alice", &body(number))).collect();
    let replies = all(&world, requests).await;
    let won = replies.iter().filter(|reply| **reply == success()).count();
    let lost = replies.iter().filter(|reply| **reply == bad_code()).count();
    assert_eq!((won, lost), (1, 15), "{replies:?}");
    assert_eq!(world.profile("alice").await.version, 2);
    assert_eq!(contacts(&world, "alice").await, [some(PHONE.1, true), NONE]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_8_users_who_proved_one_number_one_has_it() {
    let scene = Scene::with(REQUIRED).await;
    let mut bodies = Vec::new();
    for number in 0..8 {
        let user = format!("user{number}");
        scene.world.create(&user).await;
        let proof = scene.phone_proof(&user).await;
        bodies.push((user, json!({"phone": PHONE.0, "verification_token": proof})));
        scene.world.clock.forward(60);
    }
    let world = Arc::new(scene.world);
    let requests = bodies.iter().map(|(user, body)| edit(&world, user, body)).collect();
    let replies = all(&world, requests).await;
    let taken = failure(409, "phone_already_exists", "Phone number already exists");
    let won = replies.iter().filter(|reply| **reply == success()).count();
    let lost = replies.iter().filter(|reply| **reply == taken).count();
    assert_eq!((won, lost), (1, 7), "{replies:?}");
    let mut verified = 0;
    for (user, _) in &bodies {
        verified += usize::from(contacts(&world, user).await == [some(PHONE.1, true), NONE]);
    }
    assert_eq!(verified, 1);
}

#[tokio::test]
async fn what_is_proved_in_one_contract_counts_in_the_other() {
    // Here first.
    let scene = Scene::with(REQUIRED).await;
    let world = &scene.world;
    let body = json!({"phone": PHONE.0, "verification_token": scene.phone_proof("1").await});
    assert_eq!(world.send(&edit(world, "1", &body)).await, success());
    let claims = Request::patch_userinfo().bearer(&world.token("1")).json(&json!({}));
    let shown = json!({"sub": "1", "phone_number": "13900139000", "phone_number_verified": true,
        "updated_at": 1_775_217_600});
    assert_eq!(world.send(&claims).await, Reply::json(200, shown));
    world.create("2").await;
    let wts = json!({"who": "2", "block": "1", "room": "1", "phone": "13900139000", "isp": "mobile", "account": "1"});
    let wts = Request::change_profile().bearer(&world.wts_token("2", "user")).json(&wts);
    let used = json!({"success": false, "msg": "phone number has been used", "errType": "logic"});
    assert_eq!(world.refused(&wts).await, Reply::json(400, used));

    // There first.
    let desk = Desk::with(REQUIRED).await;
    let world = &*desk.world;
    let code = desk.code(ciam_proofs::PHONE).await;
    assert_eq!(world.send(&ciam::patch(world, &proved(ciam_proofs::PHONE, &code))).await.status, 200);
    let me = world.send(&Request::get_user_me().bearer(&world.token("alice"))).await;
    assert_eq!(me.body["phone_number"], PHONE.0);
    assert_eq!(contacts(world, "alice").await, [some(PHONE.1, true), NONE]);
    // Sent back as it is shown, it stays proved; others cannot have it.
    assert_eq!(world.send(&edit(world, "alice", &json!({"phone": PHONE.0}))).await, success());
    assert_eq!(contacts(world, "alice").await, [some(PHONE.1, true), NONE]);
    let taken = failure(409, "phone_already_exists", "Phone number already exists");
    assert_eq!(world.refused(&admin(world, &json!({"phone": PHONE.0}))).await, taken);
    // A code of that contract proves nothing here, nor one of this contract there.
    world.clock.forward(60);
    let (token, code) = desk.code(ciam_proofs::PHONE).await;
    assert_eq!(world.refused(&verifying(world, "alice", &token, &code)).await, bad_code());
    let sending = Request::send_verification().bearer(&world.token("alice"));
    let id =
        world.send(&sending.json(&json!({"phone_number": PHONE.0}))).await.body["verification_id"].take();
    let code = (id.as_str().unwrap().to_owned(), desk.mailbox.code(PHONE.1));
    let patch = ciam::patch(world, &proved(ciam_proofs::PHONE, &code));
    assert_eq!(world.refused(&patch).await, bad("bad_phone_number_otp_token"));
}
