//! WTS, `POST /api/v3/change_profile`: what may be sent, who may send it, and every way of saying no.

use serde_json::{Value, json};
use shared::profile::{Attribute, Profile};
use tests::{Reply, Request, Service, Stage};

/// A good body for the user `alice`, with these members instead of its own.
fn body(changes: Value) -> Value {
    let mut body = json!({
        "who": "alice", "block": "15", "room": "202", "phone": "13900139000", "isp": "telecom", "account": "987654321",
    });
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    body
}

pub fn change(world: &Service, changes: Value) -> Request {
    Request::change_profile().bearer(&world.wts_token("alice", "user")).json(&body(changes))
}

fn success() -> Reply {
    Reply::json(200, json!({"success": true, "msg": "profile change success~"}))
}

pub fn failure(status: u16, err_type: impl Into<Value>, msg: &str) -> Reply {
    Reply::json(status, json!({"success": false, "msg": msg, "errType": err_type.into()}))
}

fn unbound(why: &str) -> Reply {
    failure(400, 2, &format!("cannot bind your request body: {why}"))
}

pub fn invalid(failures: &[(&str, &str)]) -> Reply {
    let line = |(field, tag): &(&str, &str)| {
        format!(
            "Key: 'ChangeUserProfileRequest.{field}' Error:Field validation for '{field}' failed on the '{tag}' tag"
        )
    };
    let lines: Vec<String> = failures.iter().map(line).collect();
    failure(400, 2, &format!("invalid request body: {}", lines.join("\n")))
}

fn kept(profile: &Profile) -> Value {
    let attributes =
        [Attribute::Block, Attribute::Room, Attribute::Phone, Attribute::Isp, Attribute::Account];
    json!(attributes.map(|attribute| profile.text(attribute).unwrap()))
}

#[tokio::test]
async fn all_six_fields_are_stored_and_nothing_else() {
    let world = Stage::open().await;
    world.create("alice").await;
    assert_eq!(world.send(&change(&world, json!({"name": "Alice", "access": "dev"}))).await, success());
    let profile = world.profile("alice").await;
    assert_eq!(kept(&profile), json!(["15", "202", "+8613900139000", "telecom", "987654321"]));
    assert_eq!((profile.attributes.len(), profile.phone_verified), (5, false));
}

#[tokio::test]
async fn each_field_keeps_to_its_rule() {
    let world = Stage::open().await;
    world.create("alice").await;
    let mut good: Vec<Value> = (1..=22).map(|block| json!({"block": block.to_string()})).collect();
    good.extend(["XHA", "XHB", "XHC", "XHD", "ZH", "other"].map(|block| json!({"block": block})));
    good.extend(["telecom", "unicom", "mobile", "broadnet", "others"].map(|isp| json!({"isp": isp})));
    good.extend(["13000000000", "19999999999"].map(|phone| json!({"phone": phone})));
    // Lengths count code points: of any plane, and after composition.
    let rooms = ["1".repeat(15), "室".repeat(15), "𝟙".repeat(15), "e\u{301}".repeat(15), " ".to_owned()];
    good.extend(rooms.map(|room| json!({"room": room})));
    good.extend(
        ["1".repeat(32), "😀".repeat(32), "\u{3000}".to_owned()].map(|text| json!({"account": text})),
    );
    for changes in good {
        assert_eq!(world.send(&change(&world, changes.clone())).await, success(), "{changes}");
    }

    let bad = |member: &'static str, field: &'static str, tag: &'static str, values: &[&str]| {
        values.iter().map(|value| (json!({member: value}), field, tag)).collect::<Vec<_>>()
    };
    let cases = [
        bad("block", "Block", "isWtsBlock", &["0", "23", "01", "+1", "1 ", " ", "xha", "XHE", "Other", "１"]),
        bad("room", "Room", "max", &["1234567890123456", &"室".repeat(16), &"𝟙".repeat(16)]),
        bad(
            "phone",
            "Phone",
            "isValidPhone",
            &["1390013900", "139001390000", "12900139000", "+8613900139000"],
        ),
        bad(
            "phone",
            "Phone",
            "isValidPhone",
            &["139 0013 9000", " 13900139000", "１３９００１３９０００", " ", "phone"],
        ),
        bad("isp", "ISP", "isValidISP", &["Telecom", "telecom ", "other", " "]),
        bad("account", "Account", "max", &[&"1".repeat(33), &"😀".repeat(33)]),
    ];
    for (changes, field, tag) in cases.into_iter().flatten() {
        assert_eq!(
            world.refused(&change(&world, changes.clone())).await,
            invalid(&[(field, tag)]),
            "{changes}"
        );
    }
}

#[tokio::test]
async fn every_field_is_required() {
    let world = Stage::open().await;
    world.create("alice").await;
    let members = ["who", "block", "room", "phone", "isp", "account"];
    let fields = ["Who", "Block", "Room", "Phone", "ISP", "Account"];
    for (member, field) in members.into_iter().zip(fields) {
        let mut absent = body(json!({}));
        absent.as_object_mut().unwrap().remove(member);
        for body in [absent, body(json!({member: null})), body(json!({member: ""}))] {
            let request = change(&world, json!({})).json(&body);
            assert_eq!(world.refused(&request).await, invalid(&[(field, "required")]), "{body}");
        }
    }
    let nothing = change(&world, json!({})).body("{}");
    assert_eq!(world.refused(&nothing).await, invalid(&fields.map(|field| (field, "required"))));
}

#[tokio::test]
async fn several_failures_are_told_in_field_order() {
    let world = Stage::open().await;
    world.create("alice").await;
    let changes =
        json!({"account": "1".repeat(33), "isp": "", "phone": "1", "room": "1".repeat(16), "block": "99"});
    let expected = [
        ("Block", "isWtsBlock"),
        ("Room", "max"),
        ("Phone", "isValidPhone"),
        ("ISP", "required"),
        ("Account", "max"),
    ];
    assert_eq!(world.refused(&change(&world, changes)).await, invalid(&expected));
    let nobody = json!({"who": "", "block": "99"});
    assert_eq!(
        world.refused(&change(&world, nobody)).await,
        invalid(&[("Who", "required"), ("Block", "isWtsBlock")])
    );
}

#[tokio::test]
async fn a_body_that_cannot_be_bound_is_refused() {
    let world = Stage::open().await;
    world.create("alice").await;
    let request = || change(&world, json!({}));
    let text = "fields must be strings without control characters";
    for member in ["who", "block", "room", "phone", "isp", "account"] {
        for value in [json!(1), json!(true), json!(["1"]), json!({"a": "1"})] {
            let reply = world.refused(&change(&world, json!({member: value}))).await;
            assert_eq!(reply, unbound(text), "{member}");
        }
    }
    for room in ["1\n", "\t1", "1\0", "1\u{85}"] {
        assert_eq!(world.refused(&change(&world, json!({"room": room}))).await, unbound(text), "{room:?}");
    }
    let good = body(json!({})).to_string();
    let twice = good.replacen('{', r#"{"room":"1","#, 1);
    let unknown_twice = good.replacen('{', r#"{"x":1,"x":1,"#, 1);
    let deep = good.replacen('{', &format!(r#"{{"x":{}{},"#, "[".repeat(32), "]".repeat(32)), 1);
    let padded =
        |size: usize| good.replacen('{', &format!(r#"{{"x":"{}","#, "x".repeat(size - good.len() - 7)), 1);
    for (body, why) in [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("who=alice", "not JSON"),
        ("[]", "not a JSON object"),
        ("null", "not a JSON object"),
        (&twice, "a member occurs twice"),
        (&unknown_twice, "a member occurs twice"),
        (&deep, "nested too deeply"),
        (&padded(65_537), "larger than 64 KiB"),
    ] {
        assert_eq!(world.refused(&request().body(body)).await, unbound(why), "{:.40}", body);
    }
    let media_type = unbound("Content-Type must be application/json");
    assert_eq!(world.refused(&request().without("content-type")).await, media_type);
    for other in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk"] {
        assert_eq!(world.refused(&request().header("content-type", other)).await, media_type, "{other}");
    }
    assert_eq!(world.send(&request().body(&padded(65_536))).await, success());
    let charset = request().header("content-type", "Application/JSON; charset=UTF-8");
    assert_eq!(world.send(&charset).await, success());
}

#[tokio::test]
async fn the_access_level_decides() {
    let world = Stage::open().await;
    world.create("alice").await;
    world.create("bob").await;
    let only_admins = failure(403, 3, "only admins can change other users' profiles");
    let only_active = failure(403, 3, "only active users can access this API");
    let of_level = |access: &str, who: &str, phone: &str| {
        let token = world.wts_token("alice", access);
        Request::change_profile().bearer(&token).json(&body(json!({"who": who, "phone": phone})))
    };
    for access in ["admin", "dev", "chief", "api", "group-leader"] {
        assert_eq!(world.send(&of_level(access, "alice", "13900139000")).await, success(), "{access}");
        assert_eq!(world.send(&of_level(access, "bob", "13700137000")).await, success(), "{access}");
    }
    for access in ["formal-member", "informal-member", "pre-member", "user"] {
        assert_eq!(world.send(&of_level(access, "alice", "13900139000")).await, success(), "{access}");
        assert_eq!(world.refused(&of_level(access, "bob", "13700137001")).await, only_admins, "{access}");
    }
    for access in ["unregistered", "", "User", "root"] {
        for who in ["alice", "bob"] {
            assert_eq!(world.refused(&of_level(access, who, "13700137001")).await, only_active, "{access}");
        }
    }
    let exp = world.claims("alice")["exp"].clone();
    let no_level = world.keys().wts.sign(&json!({"openid": "alice", "exp": exp})).unwrap();
    assert_eq!(world.refused(&change(&world, json!({})).bearer(&no_level)).await, only_active);
    // The level is looked at before the body, the target before the fields.
    let inactive = Request::change_profile().bearer(&world.wts_token("alice", "unregistered")).body("{");
    assert_eq!(world.refused(&inactive).await, only_active);
    let others_fields = change(&world, json!({"who": "bob", "phone": "1"}));
    assert_eq!(world.refused(&others_fields).await, only_admins);
}

#[tokio::test]
async fn nobody_is_ever_created() {
    let world = Stage::open().await;
    world.erase("erin", 4).await;
    let nobody = failure(400, "logic", "no such user");
    assert_eq!(world.refused(&change(&world, json!({}))).await, nobody);
    let admin = Request::change_profile().bearer(&world.wts_token("alice", "dev"));
    for who in ["bob", "erin", "a@b", " ", "名", "\u{212a}", "a\nb"] {
        let request = admin.clone().json(&body(json!({"who": who})));
        assert_eq!(world.refused(&request).await, nobody, "{who}");
    }
    // A phone that is taken says nothing of a user who is not there.
    world.create("carol").await;
    let carol = admin.clone().json(&body(json!({"who": "carol"})));
    assert_eq!(world.send(&carol).await, success());
    assert_eq!(world.refused(&admin.json(&body(json!({"who": "bob"})))).await, nobody);
}

#[tokio::test]
async fn an_openid_is_compared_as_it_is_sent() {
    let world = Stage::open().await;
    world.create("K").await;
    let as_k = Request::change_profile().bearer(&world.wts_token("K", "user"));
    let forbidden = failure(403, 3, "only admins can change other users' profiles");
    // The Kelvin sign, whose NFC is the letter K.
    for who in ["\u{212a}", "k", "K ", "a\nb"] {
        assert_eq!(world.refused(&as_k.clone().json(&body(json!({"who": who})))).await, forbidden, "{who:?}");
    }
    assert_eq!(world.send(&as_k.json(&body(json!({"who": "K"})))).await, success());
}

#[tokio::test]
async fn a_phone_belongs_to_one_user() {
    let world = Stage::open().await;
    world.create("alice").await;
    world.create("bob").await;
    assert_eq!(world.send(&change(&world, json!({}))).await, success());
    // One's own phone is no duplicate, however often it comes.
    assert_eq!(world.send(&change(&world, json!({"room": "203"}))).await, success());
    let bob = Request::change_profile().bearer(&world.wts_token("bob", "user"));
    let used = failure(400, "logic", "phone number has been used");
    assert_eq!(world.refused(&bob.clone().json(&body(json!({"who": "bob"})))).await, used);
    assert_eq!(world.send(&change(&world, json!({"phone": "13700137000"}))).await, success());
    assert_eq!(world.send(&bob.json(&body(json!({"who": "bob"})))).await, success());
    let alice = world.profile("alice").await;
    assert_eq!(kept(&alice), json!(["15", "202", "+8613700137000", "telecom", "987654321"]));
    assert_eq!(alice.version, 4);
}

#[tokio::test]
async fn a_credential_that_is_missing_or_dead_is_403() {
    let world = Stage::open().await;
    world.create("alice").await;
    let good = change(&world, json!({}));
    let missing = failure(403, 3, "missing or malformed jwt");
    let dead = failure(403, 3, "invalid or expired jwt");
    let requests = async {
        assert_eq!(world.refused(&good.clone().without("authorization")).await, missing);
        for header in ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer abc", "Bearer a b"] {
            assert_eq!(
                world.refused(&good.clone().header("authorization", header)).await,
                missing,
                "{header}"
            );
        }
        let now = world.claims("alice")["iat"].as_i64().unwrap();
        let signed = |claims: Value| world.keys().wts.sign(&claims).unwrap();
        for claims in [
            json!({"openid": "alice", "access": "user", "exp": now - 61}),
            json!({"openid": "alice", "access": "user"}),
            json!({"openid": "alice", "access": "user", "exp": now + 60, "nbf": now + 61}),
            json!({"openid": "alice", "access": "user", "exp": now + 60, "iss": "https://issuer.test"}),
            json!({"openid": "alice", "access": "user", "exp": now + 60, "aud": "profiles"}),
            json!({"openid": "", "access": "user", "exp": now + 60}),
            json!({"openid": "a@b", "access": "user", "exp": now + 60}),
            json!({"access": "user", "exp": now + 60}),
        ] {
            let request = good.clone().bearer(&signed(claims.clone()));
            assert_eq!(world.refused(&request).await, dead, "{claims}");
        }
        // Another contract's token, and a key of somebody else's.
        assert_eq!(world.refused(&good.clone().bearer(&world.admin_token("alice"))).await, dead);
        let forged = shared::auth::SigningKey::hs256(&[b'x'; 32]);
        let forged = forged.sign(&json!({"openid": "alice", "access": "dev", "exp": now + 60})).unwrap();
        assert_eq!(world.refused(&good.bearer(&forged)).await, dead);
    };
    world.unasked(requests).await;
}
