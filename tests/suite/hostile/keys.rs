//! Names inside the objects of a body: those that mean something to a program, and far too many of them.

use super::faulty;
use serde_json::{Map, Value, json};
use shared::auth::Role;
use tests::{Request, World};

fn put(world: &World, body: &Value) -> Request {
    Request::put_profile("1").bearer(&world.token("1")).json(body)
}

/// Names that are well-formed, whatever a language makes of them.
const KEPT: [&str; 12] = [
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "valueOf",
    "__class__",
    "_",
    "PK",
    "phone_verified",
    "NULL",
    "S",
];

#[tokio::test]
async fn a_name_that_means_something_elsewhere_is_a_name() {
    let world = World::new().await;
    let own: Map<String, Value> = KEPT.iter().map(|name| ((*name).to_owned(), json!({"S": name}))).collect();
    let linked: Map<String, Value> = KEPT.iter().map(|name| ((*name).to_owned(), json!("x"))).collect();
    let all = json!({"custom_fields": own, "social_links": linked});
    let changed = world.send(&put(&world, &all)).await;
    assert_eq!(changed.status, 200, "{:?}", changed.body);
    let token = world.token("1");
    let shown = world.send(&Request::get_profile("1").bearer(&token)).await.body["data"]["profile"].clone();
    assert_eq!((&shown["custom_fields"], &shown["social_links"]), (&json!(own), &json!(linked)));
    let export = world.send(&Request::export_profile("1").bearer(&token)).await;
    assert_eq!(export.body["profile"]["attributes"]["custom_fields"], json!(own));
    // They say nothing of the profile they stand in.
    let profile = world.profile("1").await;
    assert_eq!((profile.phone_verified, profile.version), (false, 1));
    assert_eq!(world.send(&Request::get_userinfo().bearer(&token)).await.body["sub"], "1");
    for name in KEPT {
        let gone = world.send(&put(&world, &json!({"custom_fields": {name: null}}))).await;
        assert!(gone.body["data"]["profile"]["custom_fields"].get(name).is_none(), "{name}");
    }
    assert_eq!(world.profile("1").await.attributes.len(), 1);
}

/// Names that no custom field has; `true` where a social link may be called so.
fn odd_names() -> Vec<(String, bool)> {
    let listed = [
        ("", false),
        (" ", true),
        ("a b", true),
        ("a.b", true),
        (".", true),
        ("a[0]", true),
        ("a-b", true),
        ("1", true),
        ("$where", true),
        ("@type", true),
        ("#a", true),
        (":a", true),
        ("a\0", false),
        ("\0", false),
        ("a\n", false),
        ("a\u{2028}", false),
        ("\u{430}dmin", true),
        ("ａ", true),
        ("e\u{301}", true),
        ("a\u{200b}", true),
        ("\u{202e}a", true),
        ("\u{feff}a", true),
        ("😀", true),
    ];
    let long = [65, 1_024, 20_000].map(|length| ("x".repeat(length), false));
    listed.into_iter().map(|(name, linked)| (name.to_owned(), linked)).chain(long).collect()
}

#[tokio::test]
async fn a_name_that_is_none_is_refused_at_every_level() {
    let world = World::new().await;
    for (name, linked) in odd_names() {
        for (field, fields) in [
            ("custom_fields", json!({&name: 1})),
            ("custom_fields.a", json!({"a": {&name: 1}})),
            ("custom_fields.a[0].b", json!({"a": [{"b": {&name: null}}]})),
        ] {
            let reply = world.send(&put(&world, &json!({"custom_fields": fields}))).await;
            assert_eq!(faulty(&reply), [field], "{name:?}");
        }
        let reply = world.send(&put(&world, &json!({"social_links": {&name: "x"}}))).await;
        if linked {
            let nfc = if name == "e\u{301}" { "\u{e9}" } else { &name };
            assert_eq!(reply.body["data"]["profile"]["social_links"], json!({nfc: "x"}), "{name:?}");
            let gone = world.send(&put(&world, &json!({"social_links": {&name: null}}))).await;
            assert!(gone.body["data"]["profile"].get("social_links").is_none(), "{name:?}");
        } else {
            assert_eq!(faulty(&reply), ["social_links"], "{name:?}");
        }
        // CIAM knows the names of the stack's schema alone, AuthMS its own members.
        let patch = Request::patch_userinfo().bearer(&world.token("1")).json(&json!({&name: "x"}));
        assert_eq!(
            world.send(&patch).await.body["error_description"],
            "Unknown attribute(s) found.",
            "{name:?}"
        );
        let unknown = world.send(&put(&world, &json!({&name: "x"}))).await;
        assert_eq!(unknown.body["errors"][0]["code"], "unknown", "{name:?}");
        assert!(faulty(&unknown)[0].chars().count() <= 64, "{name:?}");
    }
    // A name of the size of a whole body is a body that is too large.
    let whole = json!({"custom_fields": {"x".repeat(64 * 1_024): 1}});
    assert_eq!(world.send(&put(&world, &whole)).await.body["code"], 30_101_002);
}

/// As many names as a body has room for, in each object that takes names: refused, and told of shortly.
#[tokio::test]
async fn ten_thousand_names_are_refused() {
    let world = World::new().await;
    let names = |count: usize| -> Map<String, Value> {
        (0..count).map(|number| (format!("k{number}"), json!(1))).collect()
    };
    // 10,000 do not fit into 64 KiB.
    let all = json!({"custom_fields": names(10_000)});
    assert_eq!(world.send(&put(&world, &all)).await.body["code"], 30_101_002);
    let many = names(6_500);
    assert!(json!({"custom_fields": many}).to_string().len() > 60_000);
    for (body, fields) in [
        (json!({"custom_fields": many}), 1),
        (json!({"custom_fields": {"a": many}}), 1),
        (json!({"social_links": many}), 50),
        (json!(many), 50),
    ] {
        let reply = world.send(&put(&world, &body)).await;
        assert_eq!((reply.status, faulty(&reply).len()), (400, fields));
        assert!(reply.body.to_string().len() < 40_000, "{}", reply.body.to_string().len());
    }
    let patch = Request::patch_userinfo().bearer(&world.token("1")).json(&json!(many));
    assert_eq!(world.send(&patch).await.body["error_description"], "Unknown attribute(s) found.");
    assert!(world.record("1").await.is_none());
    // Contracts that ignore what they do not know ignore this as well.
    let edit = Request::edit_user_basic().bearer(&world.token("1")).json(&json!(many));
    assert_eq!(world.send(&edit).await.status, 200);
    assert!(world.profile("1").await.attributes.is_empty());
}

/// A name twice in one object, however it is written, is refused by all: parsers do not agree on which of the two counts.
#[tokio::test]
async fn a_name_stands_once_in_an_object() {
    let world = World::new().await;
    world.create("1").await;
    let (token, key) = (world.token("1"), world.api_key(Role::Admin).await);
    let (wts_token, client) = (world.wts_token("1", "user"), world.client().await);
    let before = world.items().await;
    let send = async |request: Request, body: &str| world.send(&request.body(body)).await.body;
    for (first, second) in
        [("nickname", "nickname"), ("nickname", "nick\\u006eame"), ("__proto__", "__proto__")]
    {
        let twice = format!(r#"{{"{first}":"a","{second}":"b"}}"#);
        let deep = format!(r#"{{"custom_fields":{{"a":[{{"b":{twice}}}]}}}}"#);
        for body in [&twice, &deep] {
            let problem = send(Request::put_profile("1").bearer(&token), body).await;
            assert_eq!(problem["code"], 30_101_002, "{body}");
            let error = send(Request::patch_userinfo().bearer(&token), body).await;
            assert_eq!(error["error_description"], "Malformed request body.", "{body}");
            let refused = send(Request::send_otp().basic(&client), body).await;
            assert_eq!(refused["error_description"], "Malformed request body.", "{body}");
            let refused = send(Request::change_profile().bearer(&wts_token), body).await;
            assert_eq!(refused["msg"], "cannot bind your request body: a member occurs twice", "{body}");
            for request in [Request::edit_user_basic(), Request::send_verification(), Request::verify_code()]
            {
                let refused = send(request.bearer(&token), body).await;
                assert_eq!(refused["error_description"], "Malformed request", "{body}");
            }
            let refused = send(Request::update_user("1").bearer(&key), body).await;
            assert_eq!(refused["message"], "Invalid parameter.", "{body}");
        }
    }
    // Two names that NFC makes one.
    let twins = json!({"social_links": {"e\u{301}": "a", "\u{e9}": "b"}});
    assert_eq!(faulty(&world.send(&put(&world, &twins)).await), ["social_links"]);
    assert_eq!(world.items().await, before);
}
