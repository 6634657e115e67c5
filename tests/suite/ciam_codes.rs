//! CIAM: codes that are sent. Who may ask, for which addresses, how often, and what everybody is told.

use crate::ciam::error;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::auth::basic;
use shared::clock::Clock;
use std::sync::Arc;
use tests::{Fault, Mailbox, Options, Reply, Request, World};

/// A phone as this contract writes it, and as it is stored.
pub const PHONE: &str = "13900139000";
pub const E164: &str = "+8613900139000";
pub const EMAIL: &str = "al@example.com";

/// A world with a mailbox, and an application that asks for codes.
pub struct Desk {
    pub world: Arc<World>,
    pub mailbox: Mailbox,
    pub client: String,
}

impl Desk {
    pub async fn open() -> Self {
        Self::with(&[]).await
    }

    pub async fn with(settings: &[(&'static str, &str)]) -> Self {
        let mailbox = Mailbox::start().await;
        let own = settings.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let settings = mailbox.settings().into_iter().chain(own).collect();
        let world = Arc::new(World::with(Options { settings }).await);
        let client = world.client().await;
        Self { world, mailbox, client }
    }

    /// The application's request for a code to this address.
    pub fn request(&self, address: &str) -> Request {
        self.asking(&json!({"usage": "update_userinfo", member(address): address}))
    }

    fn asking(&self, body: &Value) -> Request {
        Request::send_otp().basic(&self.client).json(body)
    }

    pub async fn ask(&self, address: &str) -> Reply {
        self.world.send(&self.request(address)).await
    }

    /// Has a code sent: its token and the code.
    pub async fn code(&self, address: &str) -> (String, String) {
        let reply = self.ask(address).await;
        assert_eq!(reply.clone().masked(), sent(), "{address}");
        let to = if address.contains('@') { address.to_owned() } else { format!("+86{address}") };
        (reply.body["otp_token"].as_str().unwrap().to_owned(), self.mailbox.code(&to))
    }
}

/// The member that holds such an address.
pub fn member(address: &str) -> &'static str {
    if address.contains('@') { "email" } else { "phone_number" }
}

/// The answer to who had a code sent.
fn sent() -> Reply {
    Reply::json(200, json!({"otp_token": "…"}))
}

fn described(description: &str) -> Reply {
    error(400, json!({"error": "invalid_request", "error_description": description}))
}

fn named(status: u16, name: &str) -> Reply {
    error(status, json!({"error": name}))
}

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
async fn a_code_goes_out_in_the_callers_language() {
    let desk = Desk::open().await;
    let english = |code: &str| {
        format!(
            "{code} is your verification code. It is valid for 1 minute. Never give it to anybody. \
             Ignore this message if you did not ask for it."
        )
    };
    let chinese =
        |code: &str| format!("您的验证码是 {code},1 分钟内有效。切勿告知他人。如非本人操作,请忽略本消息。");
    let mut tokens = Vec::new();
    for (address, to, language, channel, subject, body) in [
        (PHONE, E164, "", "sms", None, &english as &dyn Fn(&str) -> String),
        ("13900139001", "+8613900139001", "zh-CN,en;q=0.5", "sms", None, &chinese),
        (EMAIL, EMAIL, "en", "email", Some("Your verification code"), &english),
        ("Li@EXAMPLE.com", "Li@example.com", "zh", "email", Some("您的验证码"), &chinese),
    ] {
        let reply = desk.world.send(&desk.request(address).header("accept-language", language)).await;
        assert_eq!(reply.clone().masked(), sent());
        tokens.push(reply.body["otp_token"].clone());
        let letters = desk.mailbox.letters();
        let code = letters[0]["code"].as_str().unwrap();
        assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
        let letter =
            json!({"to": to, "channel": channel, "code": code, "subject": subject, "body": body(code)});
        assert_eq!(letters, [letter]);
    }
    tokens.sort_by_key(Value::to_string);
    tokens.dedup();
    assert_eq!(tokens.len(), 4);
}

#[tokio::test]
async fn what_is_no_request_for_a_code() {
    let desk = Desk::open().await;
    let (usage, either) = ("Unsupported usage.", "Either a phone_number or an email must be sent.");
    let phone = |value: Value| json!({"usage": "update_userinfo", "phone_number": value});
    let email = |value: Value| json!({"usage": "update_userinfo", "email": value});
    let mut cases = vec![
        (json!({}), described(usage)),
        (json!({"phone_number": PHONE}), described(usage)),
        (json!({"usage": null, "phone_number": PHONE}), described(usage)),
        (json!({"usage": "", "phone_number": PHONE}), described(usage)),
        (json!({"usage": "login", "phone_number": PHONE}), described(usage)),
        (json!({"usage": ["update_userinfo"], "phone_number": PHONE}), described(usage)),
        (json!({"usage": "login", "phone_number": "x"}), described(usage)),
        (json!({"usage": "update_userinfo"}), described(either)),
        (json!({"usage": "update_userinfo", "phone_number": null, "email": null}), described(either)),
        (json!({"usage": "update_userinfo", "phone_number": PHONE, "email": EMAIL}), described(either)),
        (json!({"usage": "update_userinfo", "phone_number": "x", "email": "x"}), described(either)),
    ];
    for bad in
        [json!(""), json!("1390013900"), json!("+8613900139000"), json!("12900139000"), json!(1), json!({})]
    {
        cases.push((phone(bad), named(400, "malformed_phone_number")));
    }
    let long = format!("a@{}.com", "b".repeat(250));
    for bad in [
        json!(""),
        json!("al"),
        json!("al@[127.0.0.1]"),
        json!("al@example.com\r\nBcc: x"),
        json!(long),
        json!([]),
    ] {
        cases.push((email(bad), named(400, "malformed_email")));
    }
    for (body, expected) in cases {
        assert_eq!(desk.world.refused(&desk.asking(&body)).await, expected, "{body}");
        // The application's record, and nothing else.
        assert_eq!(desk.world.wire.calls(), ["GetItem"], "{body}");
    }
    let malformed = described("Malformed request body.");
    for request in [
        desk.request(PHONE).body("{"),
        desk.request(PHONE).body("[]"),
        desk.request(PHONE).body(r#"{"usage":"update_userinfo","usage":"update_userinfo"}"#),
        desk.request(PHONE).header("content-type", "application/x-www-form-urlencoded"),
    ] {
        assert_eq!(desk.world.refused(&request).await, malformed);
    }
    assert_eq!(desk.mailbox.attempts(), 0);
    // What means nothing here is not looked at, as OAuth wants it.
    let more = json!({"usage": "update_userinfo", "phone_number": PHONE, "email": null, "client_id": 1});
    assert_eq!(desk.world.send(&desk.asking(&more)).await.masked(), sent());
}

#[tokio::test]
async fn only_applications_are_sent_codes_for() {
    let desk = Desk::open().await;
    let world = &desk.world;
    let (id, secret) = basic(Some(&format!("Basic {}", desk.client))).unwrap();
    let (other, other_secret) = basic(Some(&format!("Basic {}", world.client().await))).unwrap();
    let revoked = world.client().await;
    let (revoked_id, _) = basic(Some(&format!("Basic {revoked}"))).unwrap();
    assert!(world.store.disable_client(&revoked_id).await.unwrap());
    let unknown = format!("app-{}", "0".repeat(32));
    let pair = |id: &str, secret: &str| STANDARD.encode(format!("{id}:{secret}"));
    world.wire.calls();
    let mut refused = named(401, "invalid_client");
    refused.headers.insert("www-authenticate".to_owned(), r#"Basic realm="profiles""#.to_owned());
    // Those that look like an application's are looked up, all in the same way.
    for (credential, calls) in [
        (pair(&unknown, secret.expose()), 1),
        (pair(id.as_str(), other_secret.expose()), 1),
        (pair(other.as_str(), secret.expose()), 1),
        (revoked, 1),
        (pair(id.as_str(), ""), 0),
        (pair("", secret.expose()), 0),
        (pair("admin", "admin"), 0),
        ("!".to_owned(), 0),
    ] {
        let request = desk.request(PHONE).basic(&credential);
        assert_eq!(world.refused(&request).await, refused, "{credential}");
        assert_eq!(world.wire.calls(), vec!["GetItem"; calls], "{credential}");
        // Before anything is said of the body.
        assert_eq!(world.refused(&request.body("{")).await, refused, "{credential}");
        world.wire.calls();
    }
    let bearer = desk.request(PHONE).bearer(&world.token("alice"));
    let as_member = desk.asking(&json!({"usage": "update_userinfo", "phone_number": PHONE,
        "client_id": id.as_str(), "client_secret": secret.expose()}));
    for request in [bearer, as_member.without("authorization"), desk.request(PHONE).without("authorization")]
    {
        assert_eq!(world.refused(&request).await, refused);
    }
    assert_eq!(desk.mailbox.attempts(), 0);
    // Id and secret as a form writes them (RFC 6749, section 2.3.1).
    let encoded = pair(&id.as_str().replace('-', "%2D"), &secret.expose().replace('-', "%2d"));
    assert_eq!(world.send(&desk.request(PHONE).basic(&encoded)).await.masked(), sent());
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

#[tokio::test]
async fn without_a_sender_no_email_is_sent() {
    // No courier is named: Amazon SES, without an identity to send from.
    let world = World::new().await;
    let client = world.client().await;
    world.wire.calls();
    let request = Request::send_otp().basic(&client);
    let request = request.json(&json!({"usage": "update_userinfo", "email": EMAIL}));
    assert_eq!(world.send(&request).await, named(503, "temporarily_unavailable"));
    assert_eq!(world.wire.calls(), ["GetItem", "UpdateItem"]);
}

#[tokio::test]
async fn nobody_learns_whether_an_address_is_taken_unless_the_stack_tells() {
    for (reveals, calls) in [
        ("false", &["GetItem", "UpdateItem", "TransactWriteItems"][..]),
        ("true", &["GetItem", "UpdateItem", "GetItem", "TransactWriteItems"]),
    ] {
        let desk = Desk::with(&[("REVEAL_CONTACT_USE", reveals)]).await;
        let taken = json!({"phone": format!("+86 {PHONE}"), "email": "AL@example.com"});
        let edit = Request::edit_user_basic().bearer(&desk.world.token("bob")).json(&taken);
        assert_eq!(desk.world.send(&edit).await.status, 200);
        let asked = async |address: &str| {
            desk.world.wire.calls();
            let reply = desk.ask(address).await.masked();
            (reply, desk.world.wire.calls())
        };
        let free = [asked("13900139001").await, asked("bo@example.com").await];
        assert!(free.iter().all(|(reply, made)| *reply == sent() && made == calls), "{free:?}");
        let of_bob = [asked(PHONE).await, asked(EMAIL).await];
        if reveals == "false" {
            assert_eq!(of_bob, free);
            assert_eq!(desk.mailbox.letters().len(), 4);
        } else {
            let told = |name| (named(400, name), calls[..3].iter().map(|&call| call.to_owned()).collect());
            assert_eq!(of_bob, [told("phone_number_is_used"), told("email_is_used")]);
            assert_eq!(desk.mailbox.letters().len(), 2);
        }
    }
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

#[tokio::test]
async fn a_database_that_fails_is_told_and_one_that_hesitates_is_not() {
    let desk = Desk::open().await;
    let wire = &desk.world.wire;
    // Its acknowledgement is lost, or it is at work on the same items: asked again, it sends one message.
    for fault in [Fault::LostAnswer, Fault::Conflict] {
        wire.spoil("TransactWriteItems", fault);
        desk.code(PHONE).await;
        assert!(!wire.forget());
        desk.world.clock.forward(30);
    }
    for (operation, fault, times, expected) in [
        ("GetItem", Fault::Answer(500, "InternalServerError"), 3, named(503, "temporarily_unavailable")),
        ("UpdateItem", Fault::Answer(400, "ThrottlingException"), 3, named(503, "temporarily_unavailable")),
        (
            "TransactWriteItems",
            Fault::Answer(400, "ThrottlingException"),
            3,
            named(503, "temporarily_unavailable"),
        ),
        ("TransactWriteItems", Fault::Conflict, 6, named(409, "temporarily_unavailable")),
        ("GetItem", Fault::Answer(400, "ResourceNotFoundException"), 1, named(500, "server_error")),
    ] {
        for _ in 0..times {
            wire.spoil(operation, fault);
        }
        assert_eq!(desk.ask(PHONE).await, expected, "{operation} {fault:?}");
        assert!(!wire.forget(), "{operation} {fault:?}");
    }
    assert_eq!(desk.mailbox.letters(), Vec::<Value>::new());
    desk.code(PHONE).await;
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
