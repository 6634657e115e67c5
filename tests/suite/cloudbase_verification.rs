//! CloudBase's codes, `POST /auth/v1/verification` and `POST /auth/v1/verification/verify`: what may be sent, by whom,
//! how long it is good, and every way of saying no but the limits.

use serde_json::{Value, json};
use shared::profile::Contact;
use tests::world::Options;
use tests::{Fault, Mailbox, Reply, Request, World, wrong_settings};

/// A world whose codes arrive in a mailbox.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) mailbox: Mailbox,
}

/// A phone in CloudBase's form and as it is stored.
pub(crate) const PHONE: (&str, &str) = ("+86 13900139000", "+8613900139000");
pub(crate) const OTHER_PHONE: (&str, &str) = ("+86 13900139001", "+8613900139001");
pub(crate) const EMAIL: &str = "Zhang.San@example.com";

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(settings: &[(&'static str, &str)]) -> Self {
        let mailbox = Mailbox::start().await;
        let settings = settings.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let settings = mailbox.settings().into_iter().chain(settings).collect();
        Self { world: World::with(Options { settings }).await, mailbox }
    }

    pub(crate) fn sending(&self, user: &str, body: &Value) -> Request {
        Request::send_verification().bearer(&self.world.token(user)).json(body)
    }

    pub(crate) fn verifying(&self, user: &str, id: &str, code: &str) -> Request {
        verifying(&self.world, user, id, code)
    }

    /// Has a code sent to a contact: its id, and the code that arrived.
    pub(crate) async fn code(&self, user: &str, contact: Contact, address: &str) -> (String, String) {
        self.mailbox.letters();
        let (member, stored) = match contact {
            Contact::Phone => ("phone_number", address.replace(' ', "")),
            Contact::Email => ("email", address.to_owned()),
        };
        let reply = self.world.send(&self.sending(user, &json!({member: address}))).await;
        assert_eq!(reply.clone().masked(), sent(false));
        (reply.body["verification_id"].as_str().unwrap().to_owned(), self.mailbox.code(&stored))
    }

    /// A proof that a contact is the user's.
    pub(crate) async fn proof(&self, user: &str, contact: Contact, address: &str) -> String {
        let (id, code) = self.code(user, contact, address).await;
        let reply = self.world.send(&self.verifying(user, &id, &code)).await;
        assert_eq!(reply.clone().masked(), verified());
        reply.body["verification_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn phone_proof(&self, user: &str) -> String {
        self.proof(user, Contact::Phone, PHONE.0).await
    }
}

pub(crate) fn verifying(world: &World, user: &str, id: &str, code: &str) -> Request {
    let body = json!({"verification_id": id, "verification_code": code});
    Request::verify_code().bearer(&world.token(user)).json(&body)
}

pub(crate) fn failure(status: u16, error: &str, description: &str) -> Reply {
    Reply::json(status, json!({"error": error, "error_code": status, "error_description": description}))
}

pub(crate) fn sent(is_user: bool) -> Reply {
    Reply::json(200, json!({"verification_id": "…", "expires_in": 600, "is_user": is_user}))
}

pub(crate) fn verified() -> Reply {
    Reply::json(200, json!({"verification_token": "…", "expires_in": 600}))
}

pub(crate) fn bad_code() -> Reply {
    failure(400, "invalid_verification_code", "Verification is invalid or expired")
}

fn invalid(fields: &str) -> Reply {
    failure(400, "invalid_argument", &format!("Invalid {fields}"))
}

fn malformed() -> Reply {
    failure(400, "invalid_argument", "Malformed request")
}

/// One that the code is not.
pub(crate) fn wrong(code: &str) -> String {
    let (first, rest) = code.split_at(1);
    format!("{}{rest}", if first == "0" { "1" } else { "0" })
}

#[tokio::test]
async fn a_code_goes_to_the_address_and_becomes_a_proof() {
    let scene = Scene::new().await;
    let world = &scene.world;
    let english = "Your verification code";
    let text = |code: &str| {
        format!(
            "{code} is your verification code. It is valid for 10 minutes. Never give it to anybody. \
             Ignore this message if you did not ask for it."
        )
    };
    let chinese =
        |code: &str| format!("您的验证码是 {code},10 分钟内有效。切勿告知他人。如非本人操作,请忽略本消息。");
    for (body, language, to, channel, subject, text) in [
        (
            json!({"phone_number": PHONE.0}),
            "en",
            PHONE.1,
            "sms",
            json!(null),
            &text as &dyn Fn(&str) -> String,
        ),
        (json!({"phone_number": "+1 4155552671"}), "zh", "+14155552671", "sms", json!(null), &chinese),
        (json!({"email": EMAIL, "target": "ANY"}), "fr", EMAIL, "email", json!(english), &text),
        (
            json!({"email": "a@b.example"}),
            "zh-CN,en;q=0.5",
            "a@b.example",
            "email",
            json!("您的验证码"),
            &chinese,
        ),
    ] {
        world.wire.calls();
        let request = scene.sending("alice", &body).header("accept-language", language);
        let reply = world.send(&request).await;
        assert_eq!(reply.clone().masked(), sent(false), "{body}");
        assert_eq!(world.wire.calls(), ["TransactWriteItems"]);
        let letters = scene.mailbox.letters();
        let code = letters[0]["code"].as_str().unwrap();
        assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
        let letter =
            json!({"to": to, "channel": channel, "code": code, "subject": subject, "body": text(code)});
        assert_eq!(letters, [letter]);

        let id = reply.body["verification_id"].as_str().unwrap();
        assert_eq!(world.send(&scene.verifying("alice", id, code)).await.masked(), verified());
        assert_eq!(world.wire.calls(), ["UpdateItem", "UpdateItem"]);
    }
    // Nobody's profile had to be there, and none was made.
    assert_eq!(world.record("alice").await, None);
}

#[tokio::test]
async fn a_request_names_one_address() {
    let scene = Scene::new().await;
    let phone = json!(PHONE.0);
    for (body, expected) in [
        (json!({}), invalid("phone_number, email")),
        (json!({"phone_number": null, "email": null, "target": null}), invalid("phone_number, email")),
        (json!({"phone_number": phone, "email": EMAIL}), invalid("phone_number, email")),
        (json!({"phone_number": phone, "email": ""}), invalid("phone_number, email")),
        (json!({"phone_number": ""}), invalid("phone_number")),
        (json!({"phone_number": "13900139000"}), invalid("phone_number")),
        (json!({"phone_number": PHONE.1}), invalid("phone_number")),
        (json!({"phone_number": "+86 12900139000", "target": "x"}), invalid("phone_number, target")),
        (json!({"email": "zhangsan"}), invalid("email")),
        (json!({"email": ""}), invalid("email")),
        (json!({"email": "a@x\r\nBcc: y"}), invalid("email")),
        (json!({"target": "ANY"}), invalid("phone_number, email")),
        (json!({"email": EMAIL, "target": ""}), invalid("target")),
        (json!({"email": EMAIL, "target": "any"}), invalid("target")),
        (json!({"email": 1}), malformed()),
        (json!({"phone_number": phone, "target": ["ANY"]}), malformed()),
        (json!([phone]), malformed()),
    ] {
        assert_eq!(scene.world.refused(&scene.sending("alice", &body)).await, expected, "{body}");
    }
    let (id, code) = ("0".repeat(64), json!("123456"));
    for (body, expected) in [
        (json!({}), invalid("verification_id, verification_code")),
        (json!({"verification_id": id}), invalid("verification_code")),
        (json!({"verification_id": id, "verification_code": null}), invalid("verification_code")),
        (json!({"verification_id": "", "verification_code": code}), invalid("verification_id")),
        (json!({"verification_id": id, "verification_code": 123_456}), malformed()),
        (json!({"verification_id": "x", "verification_code": code}), bad_code()),
        (json!({"verification_id": id.replace('0', "A"), "verification_code": code}), bad_code()),
        (json!({"verification_id": id + "0", "verification_code": code}), bad_code()),
    ] {
        let request = Request::verify_code().bearer(&scene.world.token("alice")).json(&body);
        assert_eq!(scene.world.refused(&request).await, expected, "{body}");
    }
    assert_eq!(scene.world.wire.calls(), [""; 0]);
    // Members that this contract does not know are ignored, whatever they hold.
    let unknown = json!({"phone_number": phone, "usage": 1, "client_id": {}});
    assert_eq!(scene.world.send(&scene.sending("alice", &unknown)).await.masked(), sent(false));
    assert_eq!(scene.mailbox.letters().len(), 1);
}

#[tokio::test]
async fn codes_are_for_users_with_a_token() {
    let scene = Scene::new().await;
    let world = &scene.world;
    let requests = [
        scene.sending("alice", &json!({"phone_number": PHONE.0})),
        scene.verifying("alice", &"0".repeat(64), "123456"),
    ];
    let too_long = "x".repeat(129);
    let mut machine = world.claims("service");
    machine["client_id"] = json!("service");
    let machine = world.keys().issuer.sign(&machine).unwrap();
    let mut expired = world.claims("alice");
    expired["exp"] = json!(expired["iat"].as_i64().unwrap() - 61);
    let expired = world.keys().issuer.sign(&expired).unwrap();
    let dead = failure(401, "unauthenticated", "The access token is missing, invalid or expired");
    let media_type = failure(400, "invalid_argument", "Content-Type must be application/json");
    for request in requests {
        for (refused, expected) in [
            (request.clone().without("authorization"), dead.clone()),
            (request.clone().bearer(&expired), dead.clone()),
            (request.clone().bearer(&world.wts_token("alice", "user")), dead.clone()),
            (
                request.clone().bearer(&machine),
                failure(403, "permission_denied", "A user's access token is required"),
            ),
            (request.clone().without("content-type"), media_type.clone()),
            (request.clone().body("{"), malformed()),
            (request.clone().query("client_id", &too_long), malformed()),
            (request.clone().header("x-device-id", &too_long), malformed()),
        ] {
            assert_eq!(world.refused(&refused).await, expected, "{refused:?}");
        }
    }
    assert_eq!(world.wire.calls(), [""; 0]);
    let wrong = [
        ("ENVIRONMENT_ID", too_long.as_str()),
        ("REVEAL_CONTACT_USE", "yes"),
        ("SENDS_PER_SOURCE_A_DAY", "0"),
    ];
    let environment = "ENVIRONMENT_ID must have at most 128 characters";
    assert_eq!(
        wrong_settings::<cloudbase::SendVerification>(&[&wrong[..], &[("STAGE", "dev")]].concat()).await,
        [
            environment,
            "SENDS_PER_SOURCE_A_DAY must be a whole number from 1 to 1000000",
            "REVEAL_CONTACT_USE must be one of false, true"
        ]
    );
    assert_eq!(wrong_settings::<cloudbase::VerifyCode>(&wrong).await, [environment]);
}

#[tokio::test]
async fn five_guesses_end_a_code() {
    let scene = Scene::new().await;
    let world = &scene.world;
    for (wrong_guesses, expected) in [(4, verified()), (5, bad_code())] {
        let (id, code) = scene.code("alice", Contact::Phone, PHONE.0).await;
        for guess in std::iter::repeat_n(wrong(&code), wrong_guesses) {
            assert_eq!(world.send(&scene.verifying("alice", &id, &guess)).await, bad_code());
        }
        // Guesses of others, who may not use it, are none.
        for _ in 0..5 {
            assert_eq!(world.refused(&scene.verifying("bob", &id, &code)).await, bad_code());
        }
        assert_eq!(world.send(&scene.verifying("alice", &id, &code)).await.masked(), expected);
        // It became a proof, or it ended: not good any more in either case.
        assert_eq!(world.refused(&scene.verifying("alice", &id, &code)).await, bad_code());
        world.clock.forward(60);
    }
    // What is no code is a guess too.
    let (id, code) = scene.code("alice", Contact::Phone, PHONE.0).await;
    for guess in [" ", "abc", "1234567", &code[..5], &format!("{code}0")] {
        assert_eq!(world.send(&scene.verifying("alice", &id, guess)).await, bad_code(), "{guess}");
    }
    assert_eq!(world.refused(&scene.verifying("alice", &id, &code)).await, bad_code());
}

#[tokio::test]
async fn a_code_is_good_for_ten_minutes() {
    let scene = Scene::new().await;
    for (seconds, expected) in [(599, verified()), (600, bad_code())] {
        let (id, code) = scene.code("alice", Contact::Email, EMAIL).await;
        scene.world.clock.forward(seconds);
        let reply = scene.world.send(&scene.verifying("alice", &id, &code)).await;
        assert_eq!(reply.masked(), expected, "after {seconds} s");
    }
}

#[tokio::test]
async fn what_the_table_keeps_shows_neither_code_nor_address_nor_token() {
    let scene = Scene::new().await;
    let (id, code) = scene.code("alice", Contact::Phone, PHONE.0).await;
    let before = format!("{:?}", scene.world.items().await);
    let proof = scene.world.send(&scene.verifying("alice", &id, &code)).await.body;
    let proof = proof["verification_token"].as_str().unwrap();
    let after = format!("{:?}", scene.world.items().await);
    assert_ne!(before, after);
    for table in [before, after] {
        for secret in [&code, &id, &proof[..64], &proof[64..], &PHONE.1[3..], "alice"] {
            assert!(!table.contains(secret), "{secret} in {table}");
        }
    }
}

#[tokio::test]
async fn a_failing_database_is_told_in_this_contracts_words() {
    let scene = Scene::new().await;
    let world = &scene.world;
    let (id, code) = scene.code("alice", Contact::Phone, PHONE.0).await;
    let internal = failure(500, "internal", "Internal error");
    let exhausted = failure(429, "resource_exhausted", "Too many requests, please try again later");
    for (times, status, error, expected) in [
        (3, 400, "ThrottlingException", exhausted),
        (3, 500, "InternalServerError", internal.clone()),
        (1, 400, "ValidationException", internal),
    ] {
        for (operation, request) in [
            ("TransactWriteItems", scene.sending("alice", &json!({"phone_number": OTHER_PHONE.0}))),
            ("UpdateItem", scene.verifying("alice", &id, &code)),
        ] {
            for _ in 0..times {
                world.wire.spoil(operation, Fault::Answer(status, error));
            }
            assert_eq!(world.refused(&request).await, expected, "{operation} {error}");
            assert!(!world.wire.forget(), "{operation} {error}: fewer attempts than expected");
        }
    }
    assert_eq!(scene.mailbox.letters(), [json!(null); 0]);
    assert_eq!(world.send(&scene.verifying("alice", &id, &code)).await.masked(), verified());
}

#[tokio::test]
async fn an_erased_user_is_sent_nothing() {
    let scene = Scene::new().await;
    scene.world.erase("alice", 7).await;
    let request = scene.sending("alice", &json!({"phone_number": PHONE.0}));
    assert_eq!(scene.world.refused(&request).await, failure(404, "user_not_found", "User not found"));
    assert_eq!(scene.mailbox.letters(), Vec::<Value>::new());
    // Nothing was counted against the number: somebody else may ask at once.
    scene.code("bob", Contact::Phone, PHONE.0).await;
}
