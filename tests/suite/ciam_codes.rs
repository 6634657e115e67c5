//! CIAM: codes that are sent. Who may ask, for which addresses, and what everybody is told.

use crate::contracts::ciam::error;
use crate::contracts::ciam_proofs::{E164, EMAIL, PHONE, member, sent};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::auth::basic;
use std::sync::Arc;
use tests::{Fault, Mailbox, Options, Reply, Request, World};

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

pub fn described(description: &str) -> Reply {
    error(400, json!({"error": "invalid_request", "error_description": description}))
}

pub fn named(status: u16, name: &str) -> Reply {
    error(status, json!({"error": name}))
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
        // No transaction counts an application's minute. If one did, it would not be a defect of the request.
        ("UpdateItem", Fault::Conflict, 1, named(503, "temporarily_unavailable")),
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
