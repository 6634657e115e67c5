//! CIAM: contacts that change with a code. What counts as a proof, for how long, and what is told of one that does not.

use crate::contracts::ciam::{claims, error, patch};
use serde_json::{Value, json};
use shared::auth::Role;
use shared::profile::{Attribute, Contact, Unique};
use shared::store::GUESSES;
use shared::validation::UserId;
use tests::{Reply, Request, Service, Stage};

/// A phone as this contract writes it, and as it is stored.
pub const PHONE: &str = "13900139000";
pub const E164: &str = "+8613900139000";
pub const EMAIL: &str = "al@example.com";

/// An application that asks for codes.
struct Desk {
    world: Stage,
    client: String,
}

impl Desk {
    async fn open() -> Self {
        let world = Stage::open().await;
        let client = world.client().await;
        Self { world, client }
    }

    /// Has a code sent: its token and the code.
    async fn code(&self, address: &str) -> (String, String) {
        let body = json!({"usage": "update_userinfo", member(address): address});
        let reply = self.world.send(&Request::send_otp().basic(&self.client).json(&body)).await;
        assert_eq!(reply.clone().masked(), sent(), "{address}");
        let to = if address.contains('@') { address.to_owned() } else { format!("+86{address}") };
        (reply.body["otp_token"].as_str().unwrap().to_owned(), self.world.code(&to).await)
    }
}

/// The member that holds such an address.
pub fn member(address: &str) -> &'static str {
    if address.contains('@') { "email" } else { "phone_number" }
}

/// The answer to who had a code sent.
pub fn sent() -> Reply {
    Reply::json(200, json!({"otp_token": "…"}))
}

/// The three members of a contact that is proved.
pub fn proved(address: &str, (token, code): &(String, String)) -> Value {
    let name = member(address);
    json!({name: address, format!("{name}_otp_token"): token, format!("{name}_otp"): code})
}

pub fn bad(name: &str) -> Reply {
    error(400, json!({"error": name}))
}

/// A code that is not this one.
pub fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

pub fn both(one: Value, other: Value) -> Value {
    let mut all = one;
    all.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    all
}

async fn owner(world: &Service, unique: Unique, canonical: &str) -> Option<UserId> {
    world.store.owner(unique, canonical).await.unwrap()
}

#[tokio::test]
async fn contacts_change_with_a_code_alone_together_and_beside_other_members() {
    let desk = Desk::open().await;
    let world = &desk.world;
    // The first PATCH creates.
    let phone = desk.code(PHONE).await;
    let shown = json!({"phone_number": PHONE, "phone_number_verified": true});
    assert_eq!(world.send(&patch(world, &proved(PHONE, &phone))).await, claims(&shown));

    let email = desk.code(EMAIL).await;
    let body = both(proved(EMAIL, &email), json!({"nickname": "Al", "newsletter": true}));
    let shown = both(shown, json!({"email": EMAIL, "email_verified": true, "nickname": "Al"}));
    assert_eq!(world.send(&patch(world, &body)).await, claims(&shown));

    let (phone, email) = (desk.code("13900139001").await, desk.code("Bo@example.com").await);
    let body = both(proved("13900139001", &phone), proved("Bo@example.com", &email));
    let body = both(body, json!({"locale": "zh-CN", "nickname": null}));
    let shown = json!({"phone_number": "13900139001", "phone_number_verified": true,
        "email": "Bo@example.com", "email_verified": true, "locale": "zh-CN"});
    assert_eq!(world.send(&patch(world, &body)).await, claims(&shown));
    let profile = world.profile("alice").await;
    assert_eq!(profile.version, 3);
    assert!(Contact::ALL.iter().all(|contact| profile.is_verified(*contact)));
    assert_eq!(profile.attributes[&Attribute::CustomFields], json!({"newsletter": true}));

    // The new addresses are taken, the old ones free, and the codes are gone.
    let alice = Some(UserId::parse("alice").unwrap());
    assert_eq!(owner(world, Unique::Phone, "+8613900139001").await, alice);
    assert_eq!(owner(world, Unique::Email, "bo@example.com").await, alice);
    assert_eq!(owner(world, Unique::Phone, E164).await, None);
    assert_eq!(owner(world, Unique::Email, EMAIL).await, None);
    let kept = world.items().await;
    assert_eq!(kept.iter().filter(|item| item["PK"].as_s().unwrap().starts_with("OTP#")).count(), 0);
    assert_eq!(world.send(&patch(world, &body)).await, bad("bad_phone_number_otp_token"));
}

#[tokio::test]
async fn five_guesses_end_a_code() {
    for (wrong_guesses, expected) in [(4, None), (5, Some("bad_phone_number_otp_token"))] {
        let desk = Desk::open().await;
        let (token, code) = desk.code(PHONE).await;
        for guess in [&*wrong(&code), "", "12345", &format!("{code}0"), "codes"]
            .into_iter()
            .cycle()
            .take(wrong_guesses)
        {
            // An empty one is no guess.
            let guess = if guess.is_empty() { " " } else { guess };
            let body = proved(PHONE, &(token.clone(), guess.to_owned()));
            let reply = desk.world.send(&patch(&desk.world, &body)).await;
            assert_eq!(reply, bad("bad_phone_number_otp"), "{guess}");
        }
        let reply = desk.world.send(&patch(&desk.world, &proved(PHONE, &(token, code)))).await;
        match expected {
            None => assert_eq!(reply.status, 200),
            Some(name) => {
                assert_eq!(reply, bad(name));
                assert_eq!(desk.world.record("alice").await, None);
            }
        }
    }
}

#[tokio::test]
async fn a_token_proves_the_very_address_it_was_issued_for() {
    let desk = Desk::open().await;
    let world = &desk.world;
    let (phone, email) = (desk.code(PHONE).await, desk.code(EMAIL).await);
    let unknown = ("0".repeat(64), phone.1.clone());
    let shouted = (phone.0.to_uppercase(), phone.1.clone());
    let before = world.items().await;
    for (address, code, expected) in [
        (PHONE, &unknown, "bad_phone_number_otp_token"),
        (PHONE, &shouted, "bad_phone_number_otp_token"),
        ("13900139001", &phone, "bad_phone_number_otp_token"),
        (PHONE, &email, "bad_phone_number_otp_token"),
        (EMAIL, &phone, "bad_email_otp_token"),
        ("bo@example.com", &email, "bad_email_otp_token"),
        // The very spelling that was asked for.
        ("AL@example.com", &email, "bad_email_otp_token"),
    ] {
        let reply = world.send(&patch(world, &proved(address, code))).await;
        assert_eq!(reply, bad(expected), "{address}");
    }
    // None of these was a guess.
    assert_eq!(world.items().await, before);
    let body = both(proved(PHONE, &phone), proved(EMAIL, &email));
    let shown =
        json!({"phone_number": PHONE, "phone_number_verified": true, "email": EMAIL, "email_verified": true});
    assert_eq!(world.send(&patch(world, &body)).await, claims(&shown));
}

#[tokio::test]
async fn of_several_faults_the_first_is_told_and_nothing_is_written() {
    let desk = Desk::open().await;
    let world = &desk.world;
    let taken = json!({"phone": format!("+86 {PHONE}"), "email": EMAIL});
    let edit = Request::edit_user_basic().bearer(&world.token("bob")).json(&taken);
    assert_eq!(world.send(&edit).await.status, 200);
    world.create("alice").await;
    let (phone, email) = (desk.code(PHONE).await, desk.code(EMAIL).await);
    let good = (phone.clone(), email.clone());
    let miss = |(token, code): &(String, String)| (token.clone(), wrong(code));
    let stray = |(_, code): &(String, String)| ("f".repeat(64), code.clone());
    // From the first of the contract's order to the last. Each costs every code that is looked at a guess.
    for ((phone, email), expected) in [
        ((stray(&phone), stray(&email)), "bad_phone_number_otp_token"),
        ((miss(&phone), stray(&email)), "bad_email_otp_token"),
        ((miss(&phone), miss(&email)), "bad_phone_number_otp"),
        ((good.0.clone(), miss(&email)), "bad_email_otp"),
        ((good.0.clone(), good.1.clone()), "duplicate_phone_number"),
    ] {
        let body = both(proved(PHONE, &phone), both(proved(EMAIL, &email), json!({"nickname": "Al"})));
        assert_eq!(world.send(&patch(world, &body)).await, bad(expected));
        assert_eq!(world.profile("alice").await.version, 1, "{expected}");
    }
    // What cannot be read is told before any of it, and costs no guess.
    let body = both(proved(PHONE, &good.0), both(proved(EMAIL, &good.1), json!({"locale": "?"})));
    assert_eq!(world.send(&patch(world, &body)).await, bad("illegal_parameter_value"));
    assert_eq!(world.send(&patch(world, &proved(EMAIL, &good.1))).await, bad("duplicate_email"));
    let bob = Some(UserId::parse("bob").unwrap());
    assert_eq!(owner(world, Unique::Phone, E164).await, bob);
    assert_eq!(owner(world, Unique::Email, EMAIL).await, bob);
}

#[tokio::test]
async fn a_refused_change_leaves_the_code_for_another_attempt() {
    let desk = Desk::open().await;
    let world = &desk.world;
    let edit = |body: &Value| Request::edit_user_basic().bearer(&world.token("bob")).json(body);
    assert_eq!(world.send(&edit(&json!({"phone": format!("+86 {PHONE}")}))).await.status, 200);
    let code = desk.code(PHONE).await;
    let request = patch(world, &proved(PHONE, &code));
    for _ in 0..4 {
        assert_eq!(world.send(&request).await, bad("duplicate_phone_number"));
        assert_eq!(world.record("alice").await, None);
    }
    // Bob lets it go, and the fifth guess is right.
    assert_eq!(world.send(&edit(&json!({"phone": "+86 13900139009"}))).await.status, 200);
    let shown = json!({"phone_number": PHONE, "phone_number_verified": true});
    assert_eq!(world.send(&request).await, claims(&shown));
}

#[tokio::test]
async fn an_erased_user_costs_no_guess() {
    let desk = Desk::open().await;
    let world = &desk.world;
    world.erase("alice", 3).await;
    let code = desk.code(PHONE).await;
    let request = patch(world, &proved(PHONE, &code));
    let not_found = error(404, json!({"error": "user_not_found"}));
    assert_eq!(world.refused(&request).await, not_found);
}

/// What another contract makes of alice's phone, without a proof.
pub async fn changed_by_others(world: &Service, number: u32) -> Vec<Request> {
    let phone = |offset: u32| format!("139001391{:02}", number * 10 + offset);
    let wts = |who: &str, access: &str, offset| {
        let body = json!({"who": "1001", "block": "1", "room": "1", "phone": phone(offset), "isp": "mobile",
            "account": "1"});
        Request::change_profile().bearer(&world.wts_token(who, access)).json(&body)
    };
    let edit = |token: &str, offset| {
        let body = json!({"user_id": "1001", "phone": format!("+86 {}", phone(offset)), "email": format!("{offset}@example.org")});
        Request::edit_user_basic().bearer(token).json(&body)
    };
    let update = json!({"phone": phone(4), "email": "4@example.org"});
    vec![
        wts("1001", "user", 0),
        wts("root", "admin", 1),
        edit(&world.token("1001"), 2),
        edit(&world.admin_token("root"), 3),
        Request::update_user("1001").bearer(&world.api_key(Role::Admin).await).json(&update),
    ]
}

#[tokio::test]
async fn a_proved_change_is_seen_and_kept_by_all_contracts() {
    let desk = Desk::open().await;
    let world = &desk.world;
    let code = desk.code(PHONE).await;
    assert_eq!(world.send(&patch(world, &proved(PHONE, &code))).await.status, 200);
    let edit = json!({"phone": format!("+86 {PHONE}")});
    let edit = Request::edit_user_basic().bearer(&world.token("bob")).json(&edit);
    let refused = json!({"error": "phone_already_exists", "error_code": 409,
        "error_description": "Phone number already exists"});
    assert_eq!(world.send(&edit).await, Reply::json(409, refused));
    world.create("bob").await;
    let body =
        json!({"who": "bob", "block": "1", "room": "1", "phone": PHONE, "isp": "mobile", "account": "1"});
    let change = Request::change_profile().bearer(&world.wts_token("bob", "user")).json(&body);
    let refused = json!({"success": false, "msg": "phone number has been used", "errType": "logic"});
    assert_eq!(world.send(&change).await, Reply::json(400, refused));
}

#[tokio::test]
async fn a_retry_after_a_lost_answer_needs_no_second_code() {
    let desk = Desk::open().await;
    let world = &desk.world;
    let code = desk.code(PHONE).await;
    let request = patch(world, &proved(PHONE, &code)).header("idempotency-key", "\"one\"");
    let first = world.send(&request).await;
    assert_eq!(first, claims(&json!({"phone_number": PHONE, "phone_number_verified": true})));
    let again = world.refused(&request).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(again.headers.get("idempotency-replayed").map(String::as_str), Some("true"));
}

#[tokio::test]
async fn a_key_buys_no_guess() {
    let desk = Desk::open().await;
    let (token, code) = desk.code(PHONE).await;
    let guess = |guess: String| {
        patch(&desk.world, &proved(PHONE, &(token.clone(), guess))).header("idempotency-key", "\"one\"")
    };
    for number in 0..GUESSES {
        let reply = desk.world.send(&guess(format!("{code}{number}"))).await;
        assert_eq!(reply, bad("bad_phone_number_otp"), "{number}");
    }
    // The last one again learns what it knows; any other one learns nothing.
    let last = guess(format!("{code}{}", GUESSES - 1));
    assert_eq!(desk.world.send(&last).await, bad("bad_phone_number_otp"));
    for other in [format!("{code}0"), code.clone()] {
        assert_eq!(desk.world.send(&guess(other)).await, bad("bad_phone_number_otp_token"));
    }
    let unkeyed = patch(&desk.world, &proved(PHONE, &(token.clone(), code)));
    assert_eq!(desk.world.send(&unkeyed).await, bad("bad_phone_number_otp_token"));
}
