//! CloudBase, `POST /auth/v1/user/basic/edit`: what may be sent, who may send it, and every way of saying no.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::profile::{Attribute, Unique};
use tests::{Reply, Request, Service, Stage};

pub fn edit(world: &Service, body: &Value) -> Request {
    Request::edit_user_basic().bearer(&world.token("alice")).json(body)
}

pub fn admin(world: &Service, body: &Value) -> Request {
    Request::edit_user_basic().bearer(&world.admin_token("root")).json(body)
}

pub fn success() -> Reply {
    Reply::json(200, json!({}))
}

pub fn failure(status: u16, error: &str, description: &str) -> Reply {
    Reply::json(status, json!({"error": error, "error_code": status, "error_description": description}))
}

pub fn invalid(fields: &str) -> Reply {
    failure(400, "invalid_argument", &format!("Invalid {fields}"))
}

pub fn malformed() -> Reply {
    failure(400, "invalid_argument", "Malformed request")
}

fn not_found() -> Reply {
    failure(404, "user_not_found", "User not found")
}

fn denied() -> Reply {
    failure(403, "permission_denied", "Administrator privileges are required to modify other users")
}

pub async fn text(world: &Service, user: &str, attribute: Attribute) -> Option<String> {
    world.profile(user).await.text(attribute).map(str::to_owned)
}

#[tokio::test]
async fn each_field_is_stored_as_its_attribute() {
    let world = Stage::open().await;
    let long = |text: &str, times: usize| text.repeat(times);
    for (member, sent, attribute, stored) in [
        ("nickname", "Al".to_owned(), Attribute::Nickname, "Al".to_owned()),
        ("nickname", long("名", 48), Attribute::Nickname, long("名", 48)),
        ("nickname", long("😀", 48), Attribute::Nickname, long("😀", 48)),
        ("nickname", "12".into(), Attribute::Nickname, "12".into()),
        ("username", "zs".into(), Attribute::Username, "zs".into()),
        ("username", "Zhang.San-1_~!#$%&*+=".into(), Attribute::Username, "Zhang.San-1_~!#$%&*+=".into()),
        ("username", long("x", 48), Attribute::Username, long("x", 48)),
        ("phone", "+86 13000000000".into(), Attribute::Phone, "+8613000000000".into()),
        ("phone", "+1 4155552671".into(), Attribute::Phone, "+14155552671".into()),
        ("phone", "+44 7911123456".into(), Attribute::Phone, "+447911123456".into()),
        ("phone", "+852 51234567".into(), Attribute::Phone, "+85251234567".into()),
        ("description", "one\ntwo".into(), Attribute::Bio, "one\ntwo".into()),
        ("description", long("字", 1000), Attribute::Bio, long("字", 1000)),
        ("avatar_url", "https://example/a.jpg".into(), Attribute::AvatarUrl, "https://example/a.jpg".into()),
        ("gender", "MALE".into(), Attribute::Gender, "male".into()),
        ("gender", "FEMALE".into(), Attribute::Gender, "female".into()),
        ("email", "Zhang.San@EXAMPLE".into(), Attribute::Email, "Zhang.San@example".into()),
    ] {
        assert_eq!(world.send(&edit(&world, &json!({member: sent}))).await, success(), "{member} {sent}");
        assert_eq!(text(&world, "alice", attribute).await.as_ref(), Some(&stored), "{member}");
    }
    // Each once, and none of them touched another one.
    assert_eq!(world.profile("alice").await.attributes.len(), 7);
}

#[tokio::test]
async fn null_is_as_absent_and_empty_clears_two_texts() {
    let world = Stage::open().await;
    let full = json!({"nickname": "Al", "username": "al", "phone": "+86 13000000000", "description": "d",
        "avatar_url": "https://example.com/a", "gender": "MALE", "email": "a@example.com"});
    assert_eq!(world.send(&edit(&world, &full)).await, success());
    let before = world.profile("alice").await.attributes;
    let nulls: Value = full.as_object().unwrap().keys().map(|name| (name.clone(), Value::Null)).collect();
    for body in [&nulls, &json!({}), &json!({"user_id": null, "verification_token": null})] {
        assert_eq!(world.send(&edit(&world, body)).await, success());
        assert_eq!(world.profile("alice").await.attributes, before);
    }
    assert_eq!(world.send(&edit(&world, &json!({"description": "", "avatar_url": ""}))).await, success());
    let mut cleared = before;
    cleared.remove(&Attribute::Bio);
    cleared.remove(&Attribute::AvatarUrl);
    assert_eq!(world.profile("alice").await.attributes, cleared);
}

#[tokio::test]
async fn a_malformed_request_is_refused() {
    let world = Stage::open().await;
    world.create("alice").await;
    let good = json!({"nickname": "Al"});
    let members =
        ["user_id", "nickname", "username", "phone", "description", "avatar_url", "gender", "email"];
    let proofs = ["verification_token", "phone_verification_token", "email_verification_token"];
    for member in members.into_iter().chain(proofs) {
        for value in [json!(1), json!(false), json!(["x"]), json!({"a": "x"})] {
            let reply = world.refused(&edit(&world, &json!({member: value}))).await;
            assert_eq!(reply, malformed(), "{member}");
        }
    }
    let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(32), "]".repeat(32));
    let padded = |size: usize| format!(r#"{{"x":"{}"}}"#, "x".repeat(size - 8));
    for body in ["", "{", "nickname=Al", "[]", "null", r#"{"x":1,"x":1}"#, &deep, &padded(65_537)] {
        assert_eq!(world.refused(&edit(&world, &good).body(body)).await, malformed(), "{body:.40}");
    }
    let media_type = failure(400, "invalid_argument", "Content-Type must be application/json");
    assert_eq!(world.refused(&edit(&world, &good).without("content-type")).await, media_type);
    let form = edit(&world, &good).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(world.refused(&form).await, media_type);
    // Members that this contract does not know are ignored, whatever they hold.
    let unknown = json!({"nickname": "Al", "name": 1, "x": {"y": [null]}, "role": "Admin"});
    assert_eq!(world.send(&edit(&world, &unknown)).await, success());
    assert_eq!(world.send(&edit(&world, &good).body(&padded(65_536))).await, success());
    assert_eq!(world.profile("alice").await.attributes, [(Attribute::Nickname, json!("Al"))].into());
}

#[tokio::test]
async fn users_edit_themselves_and_administrators_anybody() {
    let world = Stage::open().await;
    world.create("bob").await;
    world.erase("erin", 4).await;
    let named = |user_id: &str| json!({"user_id": user_id, "nickname": "Al"});

    // The first edit creates, whether or not it names its subject.
    assert_eq!(world.send(&edit(&world, &json!({}))).await, success());
    assert_eq!(world.send(&edit(&world, &named("alice"))).await, success());
    assert_eq!(world.profile("alice").await.version, 2);
    // Somebody else is denied, known or not, and before the fields are looked at.
    for other in ["bob", "nobody", "erin", "a@b", " "] {
        assert_eq!(world.refused(&edit(&world, &named(other))).await, denied(), "{other}");
    }
    assert_eq!(world.refused(&edit(&world, &json!({"user_id": "bob", "phone": "1"}))).await, denied());
    assert_eq!(world.refused(&edit(&world, &json!({"user_id": "", "phone": "1"}))).await, invalid("user_id"));

    assert_eq!(world.send(&admin(&world, &named("bob"))).await, success());
    assert_eq!(text(&world, "bob", Attribute::Nickname).await.as_deref(), Some("Al"));
    for nobody in ["nobody", "erin", "a@b", " ", "\u{212a}"] {
        assert_eq!(world.refused(&admin(&world, &named(nobody))).await, not_found(), "{nobody}");
    }
    let empty = json!({"user_id": "nobody"});
    assert_eq!(world.refused(&admin(&world, &empty)).await, not_found());
    let erased = Request::edit_user_basic().bearer(&world.token("erin")).json(&named("erin"));
    assert_eq!(world.refused(&erased).await, not_found());
    // An administrator's own first edit creates too; the issuer has to grant admin.
    assert_eq!(world.send(&admin(&world, &named("root"))).await, success());
    let mut claims = world.claims("mallory");
    claims["iss"] = json!(tests::keys::PLAIN_ISSUER);
    claims["roles"] = json!(["admin"]);
    let plain = world.keys().plain.sign(&claims).unwrap();
    assert_eq!(world.refused(&edit(&world, &named("bob")).bearer(&plain)).await, denied());
}

#[tokio::test]
async fn taken_values_are_told_one_at_a_time() {
    let world = Stage::open().await;
    let mine = json!({"username": "ZhangSan", "phone": "+86 13000000000", "email": "z@example.com"});
    assert_eq!(world.send(&edit(&world, &mine)).await, success());
    world.create("bob").await;
    let bob = |body: &Value| Request::edit_user_basic().bearer(&world.token("bob")).json(body);
    let taken = |error: &str, what: &str| failure(409, error, &format!("{what} already exists"));
    for (body, expected) in [
        (mine.clone(), taken("username_already_exists", "Username")),
        (json!({"username": "ｚｈａｎｇｓａｎ"}), taken("username_already_exists", "Username")),
        (
            json!({"phone": "+86 13000000000", "email": "z@example.com"}),
            taken("phone_already_exists", "Phone number"),
        ),
        (json!({"email": "Z@EXAMPLE.com", "nickname": "Bob"}), taken("email_already_exists", "Email")),
    ] {
        assert_eq!(world.refused(&bob(&body)).await, expected);
    }
    assert_eq!(world.send(&edit(&world, &mine)).await, success());
}

#[tokio::test]
async fn a_contact_that_an_administrator_sets_is_not_verified() {
    let world = Stage::open().await;
    world.create("alice").await;
    let set = |phone: &str| admin(&world, &json!({"user_id": "alice", "phone": phone}));
    assert_eq!(world.send(&set("+86 13000000000")).await, success());
    let key = [("PK", "USER#alice"), ("SK", "PROFILE")]
        .map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())));
    let update = world.database.update_item().table_name(&world.table).set_key(Some(key.into()));
    let update = update.update_expression("SET phone_verified = :yes");
    update.expression_attribute_values(":yes", AttributeValue::Bool(true)).send().await.unwrap();

    assert_eq!(world.send(&set("+86 13000000000")).await, success());
    assert!(world.profile("alice").await.phone_verified, "unchanged, so still proved");
    assert_eq!(world.send(&set("+86 13000000001")).await, success());
    assert!(!world.profile("alice").await.phone_verified);
}

#[tokio::test]
async fn an_administrator_clears_a_contact_and_it_is_free() {
    let world = Stage::open().await;
    let contacts = json!({"phone": "+86 13000000000", "email": "z@example.com", "nickname": "Al"});
    assert_eq!(world.send(&edit(&world, &contacts)).await, success());
    assert_eq!(
        world.refused(&edit(&world, &json!({"phone": "", "email": ""}))).await,
        invalid("phone, email")
    );
    let clear = json!({"user_id": "alice", "phone": "", "email": ""});
    assert_eq!(world.send(&admin(&world, &clear)).await, success());
    assert_eq!(world.profile("alice").await.attributes, [(Attribute::Nickname, json!("Al"))].into());
    for (unique, value) in [(Unique::Phone, "+8613000000000"), (Unique::Email, "z@example.com")] {
        assert_eq!(world.store.owner(unique, value).await, Ok(None));
    }
    let bob = Request::edit_user_basic().bearer(&world.token("bob")).json(&contacts);
    assert_eq!(world.send(&bob).await, success());
    let others = json!({"user_id": "alice", "nickname": "", "username": "", "gender": ""});
    assert_eq!(world.refused(&admin(&world, &others)).await, invalid("nickname, username, gender"));
    // Clearing what is not there is no error.
    assert_eq!(world.send(&admin(&world, &clear)).await, success());
}

#[tokio::test]
async fn a_gender_word_of_another_contract_is_left_alone() {
    let world = Stage::open().await;
    let put = Request::put_profile("alice").bearer(&world.token("alice"));
    assert_eq!(world.send(&put.clone().json(&json!({"gender": "non-binary"}))).await.status, 200);
    assert_eq!(world.send(&edit(&world, &json!({"nickname": "Al"}))).await, success());
    assert_eq!(text(&world, "alice", Attribute::Gender).await.as_deref(), Some("non-binary"));
    assert_eq!(world.send(&edit(&world, &json!({"gender": "FEMALE"}))).await, success());
    let shown = world.send(&put.json(&json!({}))).await.body["data"]["profile"]["gender"].clone();
    assert_eq!(shown, "female");
}

#[tokio::test]
async fn each_field_keeps_to_its_rule() {
    let world = Stage::open().await;
    world.create("alice").await;
    let (long, url) = ("x".repeat(49), format!("https://example.com/{}", "x".repeat(2048)));
    let cases: [(&str, &[&str]); 7] = [
        ("nickname", &["", "a", "e\u{301}", &long, "a\nb", "a\0"]),
        ("username", &["", "a", &long, "12", "１２", "+ab", "a b", "a@b", "a/b", "a\n"]),
        (
            "phone",
            &[
                "",
                "13000000000",
                "+8613000000000",
                "+86  13000000000",
                "+86 12000000000",
                "+86 1300000000",
                "+86 130 0000 0000",
                "86 13000000000",
                "+1 0155552671",
                "+1 415555267",
                "+1 (415) 5552671",
                "+999 12345678",
                "+086 13000000000",
                "+86 13000000000 ",
                "+８６ 13000000000",
            ],
        ),
        ("description", &[&"x".repeat(1001), "a\0b", "a\tb"]),
        (
            "avatar_url",
            &["http://example.com/a", "example.com", "https://u@example.com", "javascript:a", &url],
        ),
        ("gender", &["", "male", "Male", "FEMALE ", "OTHER"]),
        (
            "email",
            &["", "zhangsan", "a@b@c", "Name <a@b.co>", "a@[127.0.0.1]", "a@x\r\nBcc: y", "用户@example.com"],
        ),
    ];
    let requests = async {
        for (member, values) in cases {
            for value in values {
                let reply = world.refused(&edit(&world, &json!({member: value}))).await;
                assert_eq!(reply, invalid(member), "{value:?}");
            }
        }
        let all = json!({"email": "x", "gender": "x", "avatar_url": "x", "description": "\0", "phone": "x",
            "username": "1", "nickname": "x"});
        assert_eq!(
            world.refused(&edit(&world, &all)).await,
            invalid("nickname, username, phone, description, avatar_url, gender, email")
        );
    };
    world.unasked(requests).await;
}

#[tokio::test]
async fn a_credential_that_is_missing_or_dead_is_unauthenticated() {
    let world = Stage::open().await;
    let good = edit(&world, &json!({"nickname": "Al"}));
    let dead = failure(401, "unauthenticated", "The access token is missing, invalid or expired");
    let requests = async {
        assert_eq!(world.refused(&good.clone().without("authorization")).await, dead);
        for header in ["", "Bearer", "Basic YTpi", "Bearer abc", "Bearer a b"] {
            assert_eq!(world.refused(&good.clone().header("authorization", header)).await, dead, "{header}");
        }
        let mut expired = world.claims("alice");
        expired["exp"] = json!(expired["iat"].as_i64().unwrap() - 61);
        let expired = world.keys().issuer.sign(&expired).unwrap();
        for token in [expired, world.wts_token("alice", "dev")] {
            assert_eq!(world.refused(&good.clone().bearer(&token).body("{")).await, dead);
        }
    };
    world.unasked(requests).await;
}
