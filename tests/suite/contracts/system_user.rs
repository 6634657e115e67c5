//! System user, `POST /api/v1/system/user/{id}/update`: HTTP 200 always, and every `code` and message.

use serde_json::{Value, json};
use shared::auth::Role;
use shared::entropy::Entropy;
use shared::profile::Attribute;
use shared::validation::Password;
use tests::{NOON, Reply, Request, Service, Stage};

/// Makes the user 7, and a key that may change it.
pub async fn key(world: &Service) -> String {
    world.create("7").await;
    world.api_key(Role::Admin).await
}

pub fn update(key: &str, body: &Value) -> Request {
    Request::update_user("7").bearer(key).json(body)
}

pub fn envelope(code: &str, message: &str) -> Reply {
    let success = code == "0000";
    let body = json!({"code": code, "displayCode": code, "message": message, "data": null, "tid": "…", "success": success});
    Reply::json(200, body)
}

pub fn success() -> Reply {
    envelope("0000", "成功")
}

pub fn invalid(message: &str) -> Reply {
    envelope("4000", message)
}

pub async fn sent(world: &Service, request: &Request) -> Reply {
    world.send(request).await.masked()
}

pub async fn refused(world: &Service, request: &Request) -> Reply {
    world.refused(request).await.masked()
}

#[tokio::test]
async fn each_field_is_stored_as_its_attribute() {
    let world = Stage::open().await;
    let key = key(&world).await;
    for (member, value, attribute, stored) in [
        ("userName", "更新后的用户名", Attribute::Username, "更新后的用户名"),
        ("userName", &*"名".repeat(48), Attribute::Username, &*"名".repeat(48)),
        ("nickName", "更新后的昵称", Attribute::Nickname, "更新后的昵称"),
        ("nickName", "x", Attribute::Nickname, "x"),
        ("nickName", &*"😀".repeat(64), Attribute::Nickname, &*"😀".repeat(64)),
        ("avatar", "https://example.com/avatar.png", Attribute::AvatarUrl, "https://example.com/avatar.png"),
        ("role", "User", Attribute::Role, "User"),
        ("role", "Admin", Attribute::Role, "Admin"),
        ("email", "Updated@Example.com", Attribute::Email, "Updated@example.com"),
        ("phone", "13800000099", Attribute::Phone, "+8613800000099"),
    ] {
        assert_eq!(sent(&world, &update(&key, &json!({member: value}))).await, success(), "{member}");
        assert_eq!(world.profile("7").await.text(attribute), Some(stored), "{member}");
    }
    assert_eq!(world.profile("7").await.attributes.len(), 6);
    let item = world.items().await.into_iter().find(|item| item["SK"].as_s().unwrap() == "PROFILE").unwrap();
    let changed_by = item["changed_by"].as_m().unwrap();
    assert_eq!(changed_by["contract"].as_s().unwrap(), "system-user");
    assert_eq!(changed_by["actor"].as_s().unwrap(), "api_key");
}

#[tokio::test]
async fn each_field_keeps_to_its_rule() {
    let world = Stage::open().await;
    let key = key(&world).await;
    let (long, url) = ("x".repeat(49), format!("https://example.com/{}", "x".repeat(2048)));
    let (nick, email) = ("x".repeat(65), format!("{}@example.com", "a".repeat(65)));
    let (short, password) = ("x".repeat(7), "x".repeat(129));
    let cases: [(&str, &str, &[&str]); 9] = [
        ("userName", "Username cannot be all digits.", &["1", "12345", "１２３", &"1".repeat(60)]),
        ("userName", "Invalid parameter.", &["x", &long, "a b", "a@b", "+ab", " ab", "a\nb"]),
        (
            "email",
            "Invalid email format.",
            &["x", "a@", "a b@c", " a@b.c", "a@x\r\nBcc: y", "a@[::1]", &email],
        ),
        ("nickName", "Nickname cannot be all digits.", &["1", "12345", "１２３"]),
        ("nickName", "Invalid parameter.", &[&nick, "a\nb", "a\0"]),
        (
            "phone",
            "Invalid phone format.",
            &[
                "1380000009",
                "138000000990",
                "12800000099",
                "+8613800000099",
                "+86 13800000099",
                " 13800000099",
                "x",
            ],
        ),
        ("avatar", "Invalid parameter.", &["http://example.com/a", "a.png", "https://u@example.com", &url]),
        ("role", "Invalid role.", &["admin", "USER", "Root", "Admin "]),
        (
            "password",
            "Invalid password.",
            &[&short, &password, "password", "12345678", "PassWord", "a\nbcdefgh"],
        ),
    ];
    for (member, message, values) in cases {
        for value in values {
            let reply = refused(&world, &update(&key, &json!({member: value}))).await;
            assert_eq!(reply, invalid(message), "{value:?}");
        }
    }
}

#[tokio::test]
async fn only_the_first_broken_rule_is_told() {
    let world = Stage::open().await;
    let key = key(&world).await;
    let rules = [
        ("userName", "1", "Username cannot be all digits."),
        ("email", "x", "Invalid email format."),
        ("nickName", "1", "Nickname cannot be all digits."),
        ("phone", "1", "Invalid phone format."),
        ("role", "x", "Invalid role."),
        ("password", "x", "Invalid password."),
    ];
    for first in 0..rules.len() {
        let body: Value =
            rules[first..].iter().map(|(member, value, _)| ((*member).to_owned(), json!(value))).collect();
        assert_eq!(refused(&world, &update(&key, &body)).await, invalid(rules[first].2));
        // For a user who is not there too.
        let unknown = update(&key, &body).parameter("id", "8");
        assert_eq!(refused(&world, &unknown).await, invalid(rules[first].2));
    }
}

#[tokio::test]
async fn blank_counts_as_absent_and_all_blank_is_an_error() {
    let world = Stage::open().await;
    let key = key(&world).await;
    let nothing =
        invalid("nickName, userName, email, phone, avatar, role, password cannot be null at the same time");
    let members = ["nickName", "userName", "email", "phone", "avatar", "role", "password"];
    assert_eq!(refused(&world, &update(&key, &json!({}))).await, nothing);
    assert_eq!(refused(&world, &update(&key, &json!({"name": "x", "id": 7}))).await, nothing);
    assert_eq!(refused(&world, &update(&key, &json!({})).parameter("id", "8")).await, nothing);
    for blank in [json!(null), json!(""), json!(" "), json!("\t\n"), json!("\u{3000}")] {
        let body: Value = members.iter().map(|member| ((*member).to_owned(), blank.clone())).collect();
        assert_eq!(refused(&world, &update(&key, &body)).await, nothing, "{blank:?}");
    }
    // One that is there is enough, and the blank ones change nothing.
    let full = json!({"nickName": "Al", "userName": "al", "email": "a@example.com", "phone": "13800000099",
        "avatar": "https://example.com/a", "role": "User"});
    assert_eq!(sent(&world, &update(&key, &full)).await, success());
    let mut stored = world.profile("7").await.attributes;
    let one = json!({"nickName": "Bo", "userName": "", "email": " ", "phone": null, "avatar": "", "role": "", "password": ""});
    assert_eq!(sent(&world, &update(&key, &one)).await, success());
    stored.insert(Attribute::Nickname, json!("Bo"));
    assert_eq!(world.profile("7").await.attributes, stored);
}

#[tokio::test]
async fn a_malformed_request_is_an_invalid_parameter() {
    let world = Stage::open().await;
    let key = key(&world).await;
    let (malformed, good) = (invalid("Invalid parameter."), json!({"nickName": "Al"}));
    for member in ["userName", "nickName", "avatar", "role", "email", "phone", "password"] {
        for value in [json!(1), json!(true), json!(["x"]), json!({"a": "x"})] {
            assert_eq!(refused(&world, &update(&key, &json!({member: value}))).await, malformed, "{member}");
        }
    }
    let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(32), "]".repeat(32));
    let padded = |size: usize| format!(r#"{{"nickName":"Al","x":"{}"}}"#, "x".repeat(size - 24));
    for body in ["", "{", "nickName=Al", "[]", "null", r#"{"x":1,"x":1}"#, &deep, &padded(65_537)] {
        assert_eq!(refused(&world, &update(&key, &good).body(body)).await, malformed, "{body:.40}");
    }
    assert_eq!(refused(&world, &update(&key, &good).without("content-type")).await, malformed);
    assert_eq!(refused(&world, &update(&key, &good).header("content-type", "text/plain")).await, malformed);
    assert_eq!(sent(&world, &update(&key, &good).body(&padded(65_536))).await, success());
    assert_eq!(sent(&world, &update(&key, &json!({"nickName": "Al", "x": {"y": 1}}))).await, success());
}

#[tokio::test]
async fn the_id_is_a_positive_int64_in_its_one_spelling() {
    let world = Stage::open().await;
    let key = key(&world).await;
    let body = json!({"nickName": "Al"});
    for id in [
        "0",
        "-1",
        "+7",
        "07",
        "7.0",
        "7 ",
        " 7",
        "7e0",
        "0x7",
        "７",
        "alice",
        "7\0",
        "-0",
        "9223372036854775808",
        "18446744073709551616",
        "99999999999999999999999999",
    ] {
        let request = Request::update_user(id).bearer(&key).json(&body);
        assert_eq!(refused(&world, &request).await, invalid("Invalid parameter."), "{id:?}");
    }
    let greatest = Request::update_user("9223372036854775807").bearer(&key).json(&body);
    assert_eq!(refused(&world, &greatest).await, success());
    world.create("9223372036854775807").await;
    assert_eq!(sent(&world, &greatest).await, success());
    assert_eq!(world.profile("9223372036854775807").await.text(Attribute::Nickname), Some("Al"));
}

#[tokio::test]
async fn an_unknown_or_erased_user_is_updated_with_success_and_without_effect() {
    let world = Stage::open().await;
    let key = key(&world).await;
    world.erase("9", 4).await;
    for id in ["8", "9"] {
        for body in [
            json!({"userName": "al"}),
            json!({"nickName": "Al"}),
            json!({"password": "correct horse"}),
            json!({"password": "correct horse", "phone": "13800000099"}),
        ] {
            let request = Request::update_user(id).bearer(&key).json(&body);
            assert_eq!(refused(&world, &request).await, success(), "{id} {body}");
        }
    }
}

#[tokio::test]
async fn a_password_is_kept_as_its_argon2id_hash_and_nowhere_else() {
    let world = Stage::open().await;
    let key = key(&world).await;
    let before = world.profile("7").await.attributes;
    let mut hashes = Vec::new();
    for password in ["correct horse battery", "Zoë 密码 123", "correct horse battery"] {
        assert_eq!(sent(&world, &update(&key, &json!({"password": password}))).await, success());
        let items = world.items().await;
        let credential = items.iter().find(|item| item["SK"].as_s().unwrap() == "CREDENTIAL").unwrap();
        let mut members: Vec<&str> = credential.keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["PK", "SK", "password_hash", "schema"]);
        assert_eq!(credential["PK"].as_s().unwrap(), "CREDENTIAL#7");
        let hash = credential["password_hash"].as_s().unwrap();
        let again = Password::parse(password).unwrap().hash(&Salt::of(hash));
        assert_eq!(hash, again.as_str());
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(!format!("{items:?}").contains(password));
        hashes.push(hash.clone());
    }
    assert_ne!(hashes[0], hashes[2], "each hash has a salt of its own");
    assert_eq!(world.profile("7").await.attributes, before);
    assert_eq!(world.profile("7").await.version, 4);
    // The longest and the shortest; what surrounds a password belongs to it.
    for password in ["x".repeat(8), "密".repeat(128), "  spaced  ".into()] {
        assert_eq!(sent(&world, &update(&key, &json!({"password": password}))).await, success());
    }
}

/// The salt of a PHC string, as a source of randomness.
struct Salt(Vec<u8>);

impl Salt {
    fn of(phc: &str) -> Self {
        const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let salt = phc.split('$').nth(4).unwrap();
        let bits: String = salt.chars().map(|digit| format!("{:06b}", DIGITS.find(digit).unwrap())).collect();
        let bytes = bits.as_bytes().chunks_exact(8).map(|bits| std::str::from_utf8(bits).unwrap());
        Self(bytes.map(|bits| u8::from_str_radix(bits, 2).unwrap()).collect())
    }
}

impl Entropy for Salt {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.0);
    }
}

#[tokio::test]
async fn a_tid_is_a_random_number_and_the_time() {
    let world = Stage::open().await;
    let key = key(&world).await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..32 {
        let reply = world.send(&update(&key, &json!({}))).await;
        let tid = reply.body["tid"].as_str().unwrap().to_owned();
        let random = tid.strip_suffix(&NOON.millis().to_string()).unwrap();
        assert!(
            (100..=999_998).contains(&random.parse::<u32>().unwrap()) && !random.starts_with('0'),
            "{tid}"
        );
        seen.insert(tid);
    }
    assert_eq!(seen.len(), 32);
}
