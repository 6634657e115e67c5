//! Telephone numbers and e-mail addresses in every spelling but their own.

use super::{Lines, stored};
use serde_json::{Value, json};
use shared::auth::Role;
use shared::profile::Attribute;
use tests::{Request, World};

/// One number, 13800138000, as none of the contracts wants it; what takes `+86 13800138000` is told apart.
fn phones() -> Vec<String> {
    let listed = [
        "１３８００１３８０００",
        "١٣٨٠٠١٣٨٠٠٠",
        "۱۳۸۰۰۱۳۸۰۰۰",
        "१३८००१३८०००",
        "𝟏𝟑𝟖𝟎𝟎𝟏𝟑𝟖𝟎𝟎𝟎",
        "¹³⁸⁰⁰¹³⁸⁰⁰⁰",
        "1380013800０",
        "+８６ 13800138000",
        "+86 １３８００１３８０００",
        "＋86 13800138000",
        "13800138000 ext. 5",
        "13800138000x5",
        "13800138000,5",
        "13800138000#5",
        "13800138000;ext=5",
        "+86 13800138000;ext=5",
        "+86 13800138000 ext 5",
        "tel:13800138000",
        "tel:+86-138-0013-8000",
        "tel:+86 13800138000",
        "tel:138;phone-context=+86",
        "sip:13800138000@example.com",
        "1380013800O",
        "1380013800l",
        "1-800-FLOWERS",
        "+1 800FLOWERS",
        "0086 13800138000",
        "008613800138000",
        "+0086 13800138000",
        "8613800138000",
        "86 13800138000",
        "013800138000",
        "+86 013800138000",
        "+86  13800138000",
        "+86-13800138000",
        "+86\u{a0}13800138000",
        "+86\t13800138000",
        "+ 86 13800138000",
        "++86 13800138000",
        "(+86) 13800138000",
        "138-0013-8000",
        "138 0013 8000",
        "138.0013.8000",
        "(138)00138000",
        " 13800138000",
        "13800138000 ",
        "13800138000\n",
        "13800138000\r\nBcc: a@example.com",
        "13800138000\0",
        "\u{0}13800138000",
        "138\u{200b}00138000",
        "138\u{ad}00138000",
        "\u{202d}13800138000\u{202c}",
        "\u{feff}13800138000",
        "13800138000,13900139000",
        "-13800138000",
        "+13800138000",
        "1.3800138e10",
        "0x336AC5070",
        "12800138000",
        "23800138000",
        "1380013800",
        "138001380000",
        "' OR '1'='1",
    ];
    listed.into_iter().map(str::to_owned).chain(["1".repeat(1_000), "0".repeat(20_000)]).collect()
}

/// Refused as an e-mail address by each contract.
fn emails() -> Vec<String> {
    let listed = [
        "a@b\u{fc}cher.example",
        "a@例え.jp",
        "用户@example.com",
        "ａ@example.com",
        "a＠example.com",
        "a@ｅxample.com",
        "a@example。com",
        "a@ex\u{430}mple.com",
        "\u{430}@example.com",
        "a@exam\u{ad}ple.com",
        "a@exam\u{200b}ple.com",
        "\u{202e}a@example.com",
        "\u{feff}a@example.com",
        "a@xn--a",
        "a@xn--example-.com",
        "a@xn--b\u{fc}cher.example",
        "\"a\"@example.com",
        "\"a b\"@example.com",
        "\"a@b\"@example.com",
        "\"a\\\"b\"@example.com",
        "a(comment)@example.com",
        "(comment)a@example.com",
        "a@(comment)example.com",
        "a@example.com(comment)",
        "a @example.com",
        "a@ example.com",
        " a@example.com",
        "a@example.com ",
        "a@example.com\n",
        "a@example.com\r\nBcc: b@example.com",
        "a@example.com\nBcc: b@example.com",
        "a@example.com%0d%0aBcc:b@example.com",
        "a\r\nBcc: b@example.com",
        "a\r\n b@example.com",
        "a@exa\r\n mple.com",
        "a@x\r\nBcc: y[127.0.0.1]",
        "Bcc: b@example.com",
        "a@example.com, b@example.com",
        "a@example.com,b@example.com",
        "a@example.com;b@example.com",
        "group: a@example.com;",
        "A <a@example.com>",
        "<a@example.com>",
        "=?utf-8?q?A?= <a@example.com>",
        "a@=?utf-8?q?example.com?=",
        "mailto:a@example.com",
        "a@example.com?bcc=b@example.com",
        "a@b@example.com",
        "@route:a@example.com",
        "a",
        "@",
        "@example.com",
        "a@",
        "a@.",
        "a@example.com.",
        "a@.example.com",
        "a@example..com",
        "a@-example.com",
        "a@example-.com",
        "a@exam_ple.com",
        "a@exam!ple.com",
        "a@exam/ple.com",
        "a@[127.0.0.1]",
        "a@[IPv6:::1]",
        "a@127.0.0.1",
        "a@2130706433",
        "a@0x7f.1",
        "a\0@example.com",
        "a@example.com\0",
        "a\u{7f}@example.com",
        "a\\@example.com",
        "a,b@example.com",
        "a:b@example.com",
        "a@example.com'--",
    ];
    let long =
        [format!("{}@example.com", "a".repeat(65)), format!("a@{}.com", "b".repeat(64)), "a".repeat(20_000)];
    listed.into_iter().map(str::to_owned).chain(long).collect()
}

/// Whether a text is one that WTS cannot bind.
fn is_unbindable(text: &str) -> bool {
    stored(text, usize::MAX, Lines::One).is_none()
}

#[tokio::test]
async fn a_number_in_another_spelling_is_refused_by_each_contract() {
    let world = World::new().await;
    world.create("1").await;
    let (token, key, client) = (world.token("1"), world.api_key(Role::Admin).await, world.client().await);
    let wts_token = world.wts_token("1", "user");
    let before = world.items().await;
    for phone in phones() {
        let companions = json!({"phone_number": phone, "phone_number_otp_token": "0".repeat(64), "phone_number_otp": "123456"});
        let ciam = world.send(&Request::patch_userinfo().bearer(&token).json(&companions)).await;
        assert_eq!(ciam.body, json!({"error": "malformed_phone_number"}), "{phone:?}");
        let wanted = json!({"usage": "update_userinfo", "phone_number": phone});
        let otp = world.send(&Request::send_otp().basic(&client).json(&wanted)).await;
        assert_eq!(otp.body, json!({"error": "malformed_phone_number"}), "{phone:?}");
        let body =
            json!({"who": "1", "block": "1", "room": "1", "phone": phone, "isp": "mobile", "account": "1"});
        let wts = world.send(&Request::change_profile().bearer(&wts_token).json(&body)).await;
        let msg = wts.body["msg"].as_str().unwrap();
        let tag =
            if is_unbindable(&phone) { "without control characters" } else { "on the 'isValidPhone' tag" };
        assert!(msg.ends_with(tag), "{phone:?} {msg}");
        let edit = Request::edit_user_basic().bearer(&token).json(&json!({"phone": phone}));
        assert_eq!(world.send(&edit).await.body["error_description"], "Invalid phone", "{phone:?}");
        let verification = Request::send_verification().bearer(&token).json(&json!({"phone_number": phone}));
        let refused = world.send(&verification).await;
        assert_eq!(refused.body["error_description"], "Invalid phone_number", "{phone:?}");
        let update = Request::update_user("1").bearer(&key).json(&json!({"phone": phone}));
        assert_eq!(world.send(&update).await.body["message"], "Invalid phone format.", "{phone:?}");
    }
    assert_eq!(unlimited(world.items().await), before);
}

#[tokio::test]
async fn an_email_in_another_spelling_is_refused_by_each_contract() {
    let world = World::new().await;
    world.create("1").await;
    let (token, key, client) = (world.token("1"), world.api_key(Role::Admin).await, world.client().await);
    let before = world.items().await;
    for email in emails() {
        let companions = json!({"email": email, "email_otp_token": "0".repeat(64), "email_otp": "123456"});
        let ciam = world.send(&Request::patch_userinfo().bearer(&token).json(&companions)).await;
        assert_eq!(ciam.body, json!({"error": "malformed_email"}), "{email:?}");
        let wanted = json!({"usage": "update_userinfo", "email": email});
        let otp = world.send(&Request::send_otp().basic(&client).json(&wanted)).await;
        assert_eq!(otp.body, json!({"error": "malformed_email"}), "{email:?}");
        let edit = Request::edit_user_basic().bearer(&token).json(&json!({"email": email}));
        assert_eq!(world.send(&edit).await.body["error_description"], "Invalid email", "{email:?}");
        let verification = Request::send_verification().bearer(&token).json(&json!({"email": email}));
        assert_eq!(world.send(&verification).await.body["error_description"], "Invalid email", "{email:?}");
        let update = Request::update_user("1").bearer(&key).json(&json!({"email": email}));
        assert_eq!(world.send(&update).await.body["message"], "Invalid email format.", "{email:?}");
    }
    assert_eq!(unlimited(world.items().await), before);
}

type Items = Vec<std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>>;

/// Without the counters of what is sent.
fn unlimited(mut items: Items) -> Items {
    items.retain(|item| !item["PK"].as_s().unwrap().starts_with("LIMIT#"));
    items
}

/// One address in two spellings is one claim; what only looks alike, or shares a mailbox, is another.
#[tokio::test]
async fn one_address_is_one_claim() {
    let world = World::new().await;
    world.create("2").await;
    let key = world.api_key(Role::Admin).await;
    let mine =
        |email: &str| Request::edit_user_basic().bearer(&world.token("1")).json(&json!({"email": email}));
    let theirs = |email: &str| Request::update_user("2").bearer(&key).json(&json!({"email": email}));
    for (taken, same, other) in [
        ("a.b@example.com", "A.B@EXAMPLE.COM", "a.b+tag@example.com"),
        ("a@xn--bcher-kva.example", "A@XN--BCHER-KVA.Example", "a@bcher.example"),
        ("a@example.com", "a@Example.com", "a@xn--exmple-4nf.com"),
        ("=?utf-8?q?a?=@example.com", "=?UTF-8?Q?A?=@example.com", "a@example.com"),
        ("a+b@example.com", "A+B@example.com", "a@example.com"),
        ("o'neil@example.com", "O'Neil@example.com", "oneil@example.com"),
    ] {
        assert_eq!(world.send(&mine(taken)).await.status, 200, "{taken}");
        assert_eq!(world.profile("1").await.text(Attribute::Email), Some(taken));
        assert_eq!(world.send(&theirs(same)).await.body["message"], "Email is already in use.", "{same}");
        assert_eq!(world.send(&theirs(other)).await.body["code"], "0000", "{other}");
        // A new spelling of one's own.
        assert_eq!(world.send(&mine(same)).await.status, 200, "{same}");
        assert_eq!(claims(&world).await, 2);
        assert_eq!(world.send(&theirs(&format!("free{other}"))).await.body["code"], "0000", "{other}");
    }
}

async fn claims(world: &World) -> usize {
    let items = world.items().await;
    items.iter().filter(|item| item["PK"].as_s().unwrap().starts_with("CLAIM#")).count()
}

/// Whatever a contract calls it, a number is one claim.
#[tokio::test]
async fn one_number_is_one_claim() {
    let world = World::new().await;
    world.create("2").await;
    let (key, token) = (world.api_key(Role::Admin).await, world.token("1"));
    let edit = |phone: &str| Request::edit_user_basic().bearer(&token).json(&json!({"phone": phone}));
    assert_eq!(world.send(&edit("+86 13800138000")).await.status, 200);
    let update = |phone: Value| Request::update_user("2").bearer(&key).json(&json!({"phone": phone}));
    let taken = world.send(&update(json!("13800138000"))).await;
    assert_eq!(taken.body["message"], "Phone number is already in use.");
    // A number of JSON is none.
    assert_eq!(world.send(&update(json!(13_800_138_000_i64))).await.body["message"], "Invalid parameter.");
    assert_eq!(claims(&world).await, 1);
}
