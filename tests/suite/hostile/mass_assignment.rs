//! Members that a caller may not write: every one that any contract, the model or the table knows, sent to each contract.

use crate::contracts::caller::{Caller, EVERYBODY, LEVELS};
use crate::contracts::faces::Face;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value, json};
use shared::profile::Attribute;
use std::collections::{BTreeSet, HashMap};
use tests::openapi::agreement::was_served;
use tests::openapi::{CONTRACTS, DefinedAttributes, Document};
use tests::{Mailbox, Options, Request, World};

/// The members that each contract's update takes.
const TAKEN: [(Face, &str, &[&str]); 5] = [
    (
        Face::AuthMs,
        "authms",
        &[
            "address",
            "avatar_url",
            "bio",
            "birthdate",
            "city",
            "country",
            "custom_fields",
            "first_name",
            "gender",
            "language",
            "last_name",
            "nickname",
            "social_links",
            "timezone",
            "website",
        ],
    ),
    (
        Face::Ciam,
        "ciam",
        &[
            "department",
            "email",
            "email_otp",
            "email_otp_token",
            "locale",
            "name",
            "newsletter",
            "nickname",
            "phone_number",
            "phone_number_otp",
            "phone_number_otp_token",
            "zoneinfo",
        ],
    ),
    (Face::Wts, "wts", &["account", "block", "isp", "phone", "room", "who"]),
    (
        Face::CloudBase,
        "cloudbase",
        &[
            "avatar_url",
            "description",
            "email",
            "email_verification_token",
            "gender",
            "nickname",
            "phone",
            "phone_verification_token",
            "user_id",
            "username",
            "verification_token",
        ],
    ),
    (
        Face::SystemUser,
        "system-user",
        &["avatar", "email", "nickName", "password", "phone", "role", "userName"],
    ),
];

/// Members that no update takes: what the contracts only show, or only take elsewhere, and what the table keeps.
const NOBODYS: &str = "PK SK answer api_keys attempts attributes code_expires holder token_expires change_id changed changed_by code count created created_at data detail \
    displayCode email_verified employee_number entries erased erased_at errType error error_code \
    error_description errors expires expires_at expires_in exported_at field fields fingerprint history \
    i18n_args i18n_key instance is_user kept_answers kept_until label last left_out message msg next_cursor \
    otp_token owner previous_change_id phone_number_verified phone_verified picture profile remedy removed request_id \
    retry_after schema schema_version secret_digest service set source span_id staff_note sub success \
    sync_marks target tid time timestamp title trace_id type until updated_at usage value verification_code \
    verification_id version wx";

/// What programs elsewhere have been told to believe.
const ELSEWHERE: &str = "__proto__ constructor prototype admin is_admin isAdmin access admin_level group groups permission \
                         permissions roles scope scopes claims layout id _id uid owner_id tenant user password_hash \
                         passwordHash verified emailVerified phoneVerified email_verified_at disabled enabled status \
                         balance credits createdAt updatedAt deleted_at $set $where custom_fields.role actor contract origin";

/// A value that would do what its name says.
fn plausible(name: &str) -> Value {
    match name {
        "phone" | "phone_number" => json!("13900139009"),
        "email" => json!("evil@example.com"),
        "username" | "userName" => json!("evil"),
        "birthdate" => json!("1990-01-01"),
        "country" => json!("FR"),
        "language" | "locale" => json!("fr"),
        "timezone" | "zoneinfo" => json!("Europe/Paris"),
        "avatar_url" | "avatar" | "picture" | "website" => json!("https://evil.example/"),
        "role" => json!("Admin"),
        "gender" => json!("female"),
        "password" => json!("a quite uncommon one"),
        "user_id" | "sub" | "who" | "id" | "uid" | "owner" => json!("2"),
        "custom_fields" | "social_links" => json!({"evil": "x"}),
        "version" | "schema" | "created_at" | "updated_at" | "erased_at" | "expires_at" => json!(99),
        "phone_verified" | "email_verified" | "phone_number_verified" | "admin" | "is_admin" => json!(true),
        _ => json!("evil"),
    }
}

/// All names that mean something to somebody: canonical attributes, members of all contracts' requests and answers, the
/// stack's own attributes, and what stands in the items of a table where everything was done once.
async fn everything(world: &World) -> BTreeSet<String> {
    fn properties(schema: &Value, names: &mut BTreeSet<String>) {
        let members = schema["properties"].as_object().into_iter().flatten();
        names.extend(members.map(|(name, _)| name.clone()));
        match schema {
            Value::Object(members) => members.values().for_each(|value| properties(value, names)),
            Value::Array(items) => items.iter().for_each(|item| properties(item, names)),
            _ => {}
        }
    }
    let mut names: BTreeSet<String> =
        Attribute::ALL.iter().map(|attribute| attribute.name().to_owned()).collect();
    for contract in CONTRACTS {
        properties(&Document::read(contract, &DefinedAttributes::of_the_repository()).value(), &mut names);
    }
    names.extend(world.items().await.into_iter().flat_map(HashMap::into_keys));
    names.extend(ELSEWHERE.split_whitespace().map(str::to_owned));
    names
}

/// A table with an item of every kind, and two users of whom everything is known.
async fn table() -> (World, Mailbox) {
    let mailbox = Mailbox::start().await;
    let world = World::with(Options { settings: mailbox.settings() }).await;
    let key = world.api_key(shared::auth::Role::Admin).await;
    for user in ["1", "2", "erased"] {
        let own = json!({
            "address": "a", "avatar_url": "https://example.com/a", "bio": "b", "birthdate": "1980-02-03", "city": "Rome",
            "country": "IT", "first_name": "f", "gender": "male", "language": "it", "last_name": "l", "nickname": "Al",
            "timezone": "Europe/Rome", "website": "https://example.com/", "social_links": {"a": "b"},
            "custom_fields": {"a": "b", "employee_number": "AB123456", "staff_note": "n", "department": "d"},
        });
        let put = Request::put_profile(user).bearer(&world.admin_token("root")).header("if-none-match", "*");
        assert_eq!(world.send(&put.json(&own)).await.status, 200);
        let name = Request::patch_userinfo().bearer(&world.token(user)).header("idempotency-key", "a");
        assert_eq!(world.send(&name.json(&json!({"name": "n"}))).await.status, 200);
    }
    for user in ["1", "2"] {
        let update = Request::update_user(user).bearer(&key).json(&json!({
            "userName": format!("user{user}"), "email": format!("{user}@example.com"), "role": "User", "password": "a good password",
        }));
        assert_eq!(world.send(&update).await.body["code"], "0000");
        let wts = Face::Wts.request(user).bearer(&world.wts_token(user, "user"));
        assert_eq!(world.send(&wts).await.status, 200);
        let verified = |name: &str| {
            let put = world.database.update_item().table_name(&world.table);
            let put = put
                .key("PK", AttributeValue::S(format!("USER#{user}")))
                .key("SK", AttributeValue::S("PROFILE".into()));
            put.update_expression(format!("SET {name} = :t"))
                .expression_attribute_values(":t", AttributeValue::Bool(true))
        };
        verified("phone_verified").send().await.unwrap();
    }
    assert_eq!(
        world.send(&Request::delete_profile("erased").bearer(&world.token("erased"))).await.status,
        204
    );
    let code = Face::CiamSend.request("1").basic(&world.client().await);
    assert_eq!(world.send(&code).await.status, 200);
    (world, mailbox)
}

fn foreign(names: &BTreeSet<String>, taken: &[&str]) -> Vec<String> {
    names.iter().filter(|name| !taken.contains(&name.as_str())).cloned().collect()
}

fn body(request: &Request) -> Map<String, Value> {
    serde_json::from_str(request.event_json()["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn every_name_has_a_verdict() {
    let (world, _mailbox) = table().await;
    let names = everything(&world).await;
    let nobodys = NOBODYS.split_whitespace().chain(ELSEWHERE.split_whitespace());
    let judged: BTreeSet<String> =
        TAKEN.iter().flat_map(|(_, _, taken)| *taken).copied().chain(nobodys).map(str::to_owned).collect();
    let missing: Vec<_> = names.difference(&judged).collect();
    let gone: Vec<_> = judged.difference(&names).collect();
    assert!(missing.is_empty() && gone.is_empty(), "without a verdict: {missing:?}; of nothing: {gone:?}");
    // A verdict that lets a member in is the document's as well.
    for (_, contract, taken) in TAKEN {
        let document = Document::read(contract, &DefinedAttributes::of_the_repository()).value();
        let update = tests::openapi::document::operations(&document);
        let update = update
            .iter()
            .find(|operation| TAKEN.iter().any(|(face, ..)| face.request("1").route() == operation.route));
        let schema = tests::openapi::document::resolved(update.unwrap().body.unwrap(), &document);
        let members: BTreeSet<&str> =
            schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, taken.iter().copied().collect(), "{contract}");
    }
}

/// AuthMS and CIAM refuse each by its name, whatever its value.
#[tokio::test]
async fn what_is_refused_by_name_changes_nothing() {
    let (world, _mailbox) = table().await;
    let names = everything(&world).await;
    let before = world.items().await;
    for name in foreign(&names, TAKEN[0].2) {
        let (own, admin) = (world.token("1"), world.admin_token("root"));
        for (token, value) in [(&own, plausible(&name)), (&own, Value::Null), (&admin, plausible(&name))] {
            let sent = json!({"city": "Paris", &name: value});
            let reply = world.send(&Request::put_profile("1").bearer(token).json(&sent)).await;
            let error = (&reply.body["errors"][0]["field"], &reply.body["errors"][0]["code"]);
            assert_eq!((reply.status, error), (400, (&json!(name), &json!("unknown"))), "{name}");
        }
    }
    for name in foreign(&names, TAKEN[1].2) {
        for (token, value) in [(world.token("1"), plausible(&name)), (world.admin_token("1"), Value::Null)] {
            let sent = json!({"nickname": "Evil", &name: value});
            let reply = world.send(&Request::patch_userinfo().bearer(&token).json(&sent)).await;
            let description = reply.body["error_description"].as_str().unwrap_or_default();
            let refused = ["Unknown attribute(s) found.", "Unsupported user attribute(s) found."];
            assert!(reply.status == 400 && refused.contains(&description), "{name} {:?}", reply.body);
        }
    }
    // What the stack's schema keeps from a user is kept inside custom_fields as well.
    for fields in [
        json!({"employee_number": "XY654321"}),
        json!({"employee_number": null}),
        json!({"staff_note": "x"}),
        json!({"staff_note": null}),
        json!({"staff_note": {"staff_note": "x"}}),
    ] {
        let put = Request::put_profile("1").bearer(&world.token("1")).json(&json!({"custom_fields": fields}));
        assert_eq!(world.send(&put).await.body["errors"][0]["code"], "unknown", "{fields}");
    }
    assert_eq!(world.items().await, before);
}

type Item = HashMap<String, AttributeValue>;

/// The items without those members of the target's profile that every change moves, and these members.
fn settled(mut items: Vec<Item>, target: &str) -> (Vec<Item>, u64, String) {
    let is_target = |item: &&mut Item| {
        item["PK"].as_s().unwrap() == &format!("USER#{target}") && item["SK"].as_s().unwrap() == "PROFILE"
    };
    let profile = items.iter_mut().find(is_target).unwrap();
    let version = profile.remove("version").unwrap().as_n().unwrap().parse().unwrap();
    let by = profile.remove("changed_by").unwrap();
    let mut by: Vec<String> =
        by.as_m().unwrap().iter().map(|(name, value)| format!("{name}={}", value.as_s().unwrap())).collect();
    by.sort();
    profile.remove("change_id").unwrap();
    profile.remove("previous_change_id").unwrap();
    (items, version, by.join(" "))
}

/// The others ignore them: beside a change that changes nothing, the stored item stays what it was.
#[tokio::test]
async fn what_is_ignored_changes_nothing() {
    let (world, _mailbox) = table().await;
    let names = everything(&world).await;
    let values: [fn(&str) -> Value; 6] = [
        plausible,
        |_| Value::Null,
        |_| json!(""),
        |_| json!(true),
        |_| json!({"S": "Admin"}),
        |_| json!(["admin", 1]),
    ];
    for (face, contract, taken) in TAKEN {
        let target = "1";
        // So that what is sent is what is stored.
        let rightful = match face {
            Face::Wts => Caller::OwnLevel("user"),
            Face::SystemUser => Caller::AdminKey,
            _ => Caller::Own,
        };
        let first = rightful.sign(&world, target, face.request(target)).await;
        assert!(was_served(&world.send(&first).await));
        let mut served = 0;
        let levels = if face == Face::Wts { LEVELS } else { &[] };
        for caller in EVERYBODY.iter().chain(levels) {
            let request = caller.sign(&world, target, face.request(target)).await;
            let may = was_served(&world.send(&request).await);
            for (kind, value) in values.iter().enumerate() {
                // Of those who are refused anyway, once will do.
                if kind > 0 && !may {
                    continue;
                }
                let before = world.items().await;
                let mut sent = body(&request);
                let extra = foreign(&names, taken).into_iter().map(|name| (name.clone(), value(&name)));
                sent.extend(extra.collect::<Vec<_>>());
                let asked = names.iter().fold(request.clone().json(&sent.into()), |request, name| {
                    if name == "client_id" { request } else { request.query(name, "Admin") }
                });
                let reply = world.send(&asked).await;
                let after = world.items().await;
                if was_served(&reply) {
                    served += 1;
                    let ((before, old, _), (after, new, by)) =
                        (settled(before, target), settled(after, target));
                    assert_eq!((after, new), (before, old + 1), "{contract} {caller:?} {kind}");
                    assert!(by.ends_with(&format!("contract={contract}")) && !by.contains("origin"), "{by}");
                } else {
                    assert_eq!(after, before, "{contract} {caller:?} {kind}");
                }
            }
        }
        let refuses = matches!(face, Face::AuthMs | Face::Ciam);
        assert_eq!(served == 0, refuses, "{contract} {served}");
    }
}

/// Beside nothing of their own they are no change at all, and codes are no way in either.
#[tokio::test]
async fn what_is_ignored_is_no_change() {
    let (world, _mailbox) = table().await;
    let names = everything(&world).await;
    let profiles = async || {
        let mut items = world.items().await;
        items.retain(|item| item["PK"].as_s().unwrap().starts_with("USER#"));
        items
    };
    let before = profiles().await;
    for (face, caller, taken) in [
        (Face::CloudBase, Caller::Own, TAKEN[3].2),
        (Face::Wts, Caller::OwnLevel("user"), TAKEN[2].2),
        (Face::SystemUser, Caller::AdminKey, TAKEN[4].2),
        (Face::CiamSend, Caller::Application, &["usage", "phone_number", "email"]),
        (Face::CloudBaseSend, Caller::Own, &["phone_number", "email", "target"]),
        (Face::CloudBaseVerify, Caller::Own, &["verification_id", "verification_code"]),
    ] {
        let request = caller.sign(&world, "1", face.request("1")).await;
        let alone: Map<String, Value> =
            foreign(&names, taken).into_iter().map(|name| (name.clone(), plausible(&name))).collect();
        let mut beside = body(&request);
        beside.extend(alone.clone());
        let bodies =
            if taken.contains(&"target") || taken.contains(&"usage") || taken.contains(&"verification_id") {
                vec![alone, beside]
            } else {
                vec![alone]
            };
        for sent in bodies {
            let reply = world.send(&request.clone().json(&sent.into())).await;
            assert!(reply.status < 500, "{face:?} {:?}", reply.body);
            assert_eq!(profiles().await, before, "{face:?} {caller:?}");
        }
    }
}
