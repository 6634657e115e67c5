//! What DynamoDB would read as a part of an expression, a name or a typed value.

use super::faulty;
use serde_json::{Value, json};
use shared::auth::Role;
use tests::{Canaries, Request, World};

const PAYLOADS: [&str; 24] = [
    "#",
    "#n0",
    "#role",
    ":",
    ":v0",
    ":v0, role = :v1",
    "x = y",
    "SET role = :v0",
    "SET x = y",
    "REMOVE phone_verified",
    "ADD version :v0",
    "nickname, #role",
    "nickname) OR (attribute_exists(PK)",
    "attribute_not_exists(PK)",
    "if_not_exists(role, :v0)",
    "list_append(a, :v0)",
    "begins_with(PK, :v0)",
    "a.b[0]",
    "[0]",
    "a AND b BETWEEN :v0 AND :v1",
    "USER#2",
    "' OR '1'='1",
    "*",
    "\"; --",
];

/// Words that DynamoDB keeps for itself, and all of them good names.
const RESERVED: &str = "ABSOLUTE ADD ALL AND ANY BETWEEN BINARY BOOLEAN BY COLUMN CONDITION CONTAINS DATE DELETE EXISTS FILTER \
                        FROM FUNCTION HASH IN INDEX ITEM KEY KEYS LIST MAP NAME NOT NULL NUMBER OR PARTITION PRIMARY PUT \
                        RANGE ROLE SELECT SET SIZE STATUS STRING TABLE TIMESTAMP TTL UPDATE USER VALUE VALUES VIEW WHERE \
                        attribute_exists attribute_type begins_with size v0 n0";

/// The texts of all expressions in a request to the database, wherever they stand.
fn expressions(request: &Value, found: &mut Vec<String>) {
    match request {
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_str() {
                    Some(text) if name.ends_with("Expression") => found.push(text.to_owned()),
                    _ => expressions(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        _ => {}
    }
}

/// Each contract's change with this text wherever it takes one, and what DynamoDB was asked then.
async fn changes(world: &World, key: &str, text: &str) -> Vec<Vec<String>> {
    let token = world.token("1");
    let short: String = text.chars().take(15).collect();
    let own = json!({
        "nickname": text, "bio": text, "address": text, "social_links": {text: "x"},
        "custom_fields": {"a": text, "b": [text], "c": {"d": text}},
    });
    let dormitory = json!({"who": "1", "block": "1", "room": short, "phone": "13800138000", "isp": "mobile", "account": short});
    let requests = [
        Request::put_profile("1").bearer(&token).json(&own),
        Request::patch_userinfo()
            .bearer(&token)
            .json(&json!({"name": text, "nickname": text, "department": text})),
        Request::change_profile().bearer(&world.wts_token("1", "user")).json(&dormitory),
        Request::edit_user_basic()
            .bearer(&token)
            .json(&json!({"description": text, "nickname": format!("{text}.")})),
        Request::update_user("1").bearer(key).json(&json!({"nickName": text})),
    ];
    let mut asked = Vec::new();
    for request in requests {
        world.wire.requests();
        let reply = world.send(&request).await;
        assert_eq!(reply.status, 200, "{text:?} {:?}", reply.body);
        let mut found = Vec::new();
        for (_, call) in world.wire.requests() {
            expressions(&call, &mut found);
        }
        assert!(!found.is_empty());
        asked.push(found);
    }
    let clear = json!({"social_links": null});
    assert_eq!(world.send(&Request::put_profile("1").bearer(&token).json(&clear)).await.status, 200);
    asked
}

/// DynamoDB is asked the same, letter for letter, whatever the values are.
#[tokio::test]
async fn no_value_becomes_a_part_of_an_expression() {
    let world = World::new().await;
    world.create("1").await;
    world.create("2").await;
    let key = world.api_key(Role::Admin).await;
    changes(&world, &key, "harmless").await;
    let harmless = changes(&world, &key, "harmless").await;
    let other = world.record("2").await;
    for payload in PAYLOADS {
        assert_eq!(changes(&world, &key, payload).await, harmless, "{payload}");
        let shown = world.send(&Request::get_profile("1").bearer(&world.token("1"))).await;
        assert_eq!(shown.body["data"]["profile"]["nickname"], payload);
    }
    assert_eq!(world.record("2").await, other);
}

#[tokio::test]
async fn words_that_dynamodb_keeps_for_itself_are_names_of_custom_fields() {
    Canaries::of_this_test().words_up_to(20);
    let world = World::new().await;
    let put = |body: &Value| Request::put_profile("1").bearer(&world.token("1")).json(body);
    let words: Vec<&str> = RESERVED.split_whitespace().collect();
    for some in words.chunks(50) {
        let fields: Value = some
            .iter()
            .map(|word| ((*word).to_owned(), json!(word)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let reply = world.send(&put(&json!({"custom_fields": fields}))).await;
        assert_eq!(reply.body["data"]["profile"]["custom_fields"], fields);
        assert_eq!(world.send(&put(&json!({"custom_fields": null}))).await.status, 200);
    }
    for payload in PAYLOADS {
        let refused = world.send(&put(&json!({"custom_fields": {payload: 1}}))).await;
        assert_eq!(faulty(&refused), ["custom_fields"], "{payload}");
    }
}

/// An object is an object, also where it looks as DynamoDB's API writes a value.
#[tokio::test]
async fn objects_are_kept_that_look_like_typed_values() {
    let world = World::new().await;
    let fields = json!({
        "a": {"S": "x"}, "b": {"N": "1"}, "c": {"BOOL": true}, "d": {"NULL": true}, "e": {"M": {"x": {"S": "y"}}},
        "f": {"L": [{"S": "x"}]}, "g": {"SS": ["x"]}, "h": {"NS": ["1"]}, "i": {"B": "AA=="}, "j": {"S": null, "N": 1},
    });
    let merged = json!({
        "a": {"S": "x"}, "b": {"N": "1"}, "c": {"BOOL": true}, "d": {"NULL": true}, "e": {"M": {"x": {"S": "y"}}},
        "f": {"L": [{"S": "x"}]}, "g": {"SS": ["x"]}, "h": {"NS": ["1"]}, "i": {"B": "AA=="}, "j": {"N": 1},
    });
    let put = Request::put_profile("1").bearer(&world.token("1")).json(&json!({"custom_fields": fields}));
    assert_eq!(world.send(&put).await.body["data"]["profile"]["custom_fields"], merged);
    let shown = world.send(&Request::get_profile("1").bearer(&world.token("1"))).await;
    assert_eq!(shown.body["data"]["profile"]["custom_fields"], merged);
}

/// An id that nobody can have is looked for nowhere: in a path, a body, a query or a token.
#[tokio::test]
async fn no_id_but_a_user_s_reaches_the_database() {
    let world = World::new().await;
    world.create("1").await;
    let admin = world.admin_token("1");
    let (wts_user, wts_admin) = (world.wts_token("1", "user"), world.wts_token("1", "admin"));
    let dormitory = |who: &str| json!({"who": who, "block": "1", "room": "1", "phone": "13800138000", "isp": "mobile", "account": "1"});
    let long = ["1".repeat(129), "a".repeat(20_000)];
    let odd = [
        "USER#1",
        "1#",
        "#1",
        "1/../2",
        "../1",
        "%31",
        "1\0",
        "\u{31}\u{301}",
        "１",
        " 1",
        "1 ",
        "1\n",
        "@1",
        "-1",
        ".",
    ];
    for id in PAYLOADS.into_iter().chain(odd).chain(long.iter().map(String::as_str)) {
        world.wire.calls();
        for (token, status) in [(&world.token("1"), 403), (&admin, 400)] {
            for request in [
                Request::put_profile(id).json(&json!({"city": "Rome"})),
                Request::get_profile(id),
                Request::delete_profile(id),
                Request::get_history(id),
                Request::export_profile(id),
            ] {
                assert_eq!(world.send(&request.bearer(token)).await.status, status, "{id:?}");
            }
        }
        for (token, status) in [(&wts_user, 403), (&wts_admin, 400)] {
            let change = Request::change_profile().bearer(token).json(&dormitory(id));
            assert_eq!(world.send(&change).await.status, status, "{id:?}");
            let view = Request::view_profile().query("who", id).bearer(token);
            assert_eq!(world.send(&view).await.status, status, "{id:?}");
        }
        for (token, status) in [(&world.token("1"), 403), (&admin, 404)] {
            let edit =
                Request::edit_user_basic().bearer(token).json(&json!({"user_id": id, "gender": "MALE"}));
            assert_eq!(world.send(&edit).await.status, status, "{id:?}");
        }
        for request in [
            Request::put_profile(id).json(&json!({})),
            Request::get_userinfo(),
            Request::get_user_me(),
            Request::edit_user_basic().json(&json!({})),
        ] {
            let status = world.send(&request.bearer(&world.token(id))).await.status;
            assert!([401, 403].contains(&status), "{id:?} {status}");
        }
        let view = Request::view_profile().bearer(&world.wts_token(id, "user"));
        assert_eq!(world.send(&view).await.status, 403, "{id:?}");
        assert_eq!(world.wire.calls(), [""; 0], "{id:?}");
    }
    // This contract asks for the key first.
    let key = world.api_key(Role::Admin).await;
    for id in
        PAYLOADS.into_iter().chain(odd).chain(["+1", "01", "1.0", "1e3", "0", "9223372036854775808", "0x1"])
    {
        world.wire.calls();
        let reply = world.send(&Request::update_user(id).bearer(&key).json(&json!({"role": "User"}))).await;
        assert_eq!(reply.body["message"], "Invalid parameter.", "{id:?}");
        assert_eq!(world.wire.calls(), ["GetItem"], "{id:?}");
    }
}

#[tokio::test]
async fn conditions_and_keys_of_requests_are_compared_and_nothing_else() {
    let world = World::new().await;
    world.create("1").await;
    let token = world.token("1");
    let put = || Request::put_profile("1").bearer(&token).json(&json!({"city": "Rome"}));
    let before = world.items().await;
    for payload in PAYLOADS {
        let tag = format!("\"{}\"", payload.replace([' ', '"'], "_"));
        for name in ["if-match", "if-none-match"] {
            // A star is a condition of its own.
            if payload != "*" {
                assert_eq!(world.send(&put().header(name, payload)).await.status, 400, "{payload}");
            }
        }
        assert_eq!(world.send(&put().header("if-match", &tag)).await.status, 412, "{tag}");
        let read = Request::get_profile("1").bearer(&token).header("if-none-match", &tag);
        assert_eq!(world.send(&read).await.status, 200, "{tag}");
        for (name, value) in [("limit", payload), ("cursor", payload)] {
            let page = Request::get_history("1").bearer(&token).query(name, value);
            assert_eq!(faulty(&world.send(&page).await), [name], "{payload}");
        }
    }
    assert_eq!(world.items().await, before);
    for (count, payload) in PAYLOADS.into_iter().enumerate() {
        let key = format!("\"{}\"", payload.replace('\\', "\\\\").replace('"', "\\\""));
        let request = put().header("idempotency-key", &key);
        let first = world.send(&request).await;
        assert_eq!((first.status, first.headers.get("idempotency-replayed")), (200, None), "{payload}");
        let again = world.send(&request).await;
        assert_eq!((again.status, &again.body), (200, &first.body), "{payload}");
        assert_eq!(again.headers["idempotency-replayed"], "true", "{payload}");
        let items = world.items().await;
        assert_eq!(items.len(), before.len() + count + 1);
        // A key holds hashes, and names that this service gave.
        for item in items {
            for name in ["PK", "SK"] {
                let key = item[name].as_s().unwrap();
                let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"#-".contains(&byte));
                assert!(plain, "{key}");
            }
        }
    }
}
