//! What may not come out: that the ledger finds it wherever it does, that it knows what is personal, and what functions say
//! when they are handed what they cannot read or asked to say more.

use crate::binaries::{Real, USER, WTS};
use crate::lines::LINE;
use aws_sdk_dynamodb::types::AttributeValue;
use local::runtime::InvocationError;
use serde_json::{Map, Value, json};
use shared::clock::Clock;
use shared::profile::Attribute;
use shared::store::Usage;
use shared::telemetry::{Metric, Metrics, RequestLine};
use std::sync::Arc;
use tests::inbox::{SOURCES, upsert};
use tests::wire::call;
use tests::{Bus, Canaries, Follower, Inbox, Place, Reply, Request, World};

/// What somebody said of themselves.
const SAID: &str = "+8613955550123";
/// The same as this service writes it elsewhere.
const WRITTEN: &str = "13955550123";

/// The places of the leaks since the last time this was asked.
fn found(canaries: &Canaries) -> Vec<String> {
    canaries.leaks().iter().map(|leak| leak.split(':').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_planted_anywhere_is_found_there() {
    let (world, bus, canaries) = (World::new().await, Bus::start().await, Canaries::of_this_test());
    canaries.add(SAID);
    canaries.add_user("wilhelmina");

    // A line, as text and as a metric's dimension; a user's id is too much there.
    let metrics = Metrics::default().with(Metric::Requests, 1).with_usage(Usage::default());
    let telemetry = world.journal.telemetry(Arc::clone(&world.clock) as Arc<dyn Clock>);
    for line in [
        RequestLine { gateway_request_id: SAID, ..LINE },
        RequestLine { gateway_request_id: "wilhelmina", ..LINE },
    ] {
        telemetry.end(&telemetry.begin(None), &line, metrics);
    }
    assert_eq!(found(&canaries), ["Line", "Line"]);
    canaries.hold_json(Place::Line, &json!({"_aws": {"Dimensions": [["Stack", SAID]]}}));
    assert_eq!(found(&canaries), ["Line"]);

    // Encoded.
    let hexadecimal = shared::entropy::hex(SAID.as_bytes());
    for encoded in ["Kzg2MTM5NTU1NTAxMjM", "%2B8613955550123", &hexadecimal, WRITTEN, "\\u002b8613955550123"]
    {
        canaries.hold(Place::Line, encoded);
        assert_eq!(found(&canaries), ["Line"], "{encoded}");
    }
    canaries
        .hold_json(Place::Line, &serde_json::from_str(r#"{"a":"\u002b861395555\u00301\u00323"}"#).unwrap());
    assert_eq!(found(&canaries), ["Line"]);

    // On the bus and in a queue: whom it is about belongs there, what they said does not.
    for (detail, leaks) in [
        (json!({"user_id": "wilhelmina", "set": ["phone"]}), 0),
        (json!({"user_id": "wilhelmina", "set": [SAID]}), 1),
        (json!({"values": {"phone": SAID}}), 0),
    ] {
        let entries =
            json!({"Entries": [{"Source": "profiles", "DetailType": "x", "Detail": detail.to_string()}]});
        call(bus.endpoint(), "AWSEvents.PutEvents", &entries).await;
        assert_eq!(found(&canaries), vec!["Event"; leaks], "{detail}");
    }
    let reason = |text: &str| json!({"reason": {"DataType": "String", "StringValue": text}});
    for (body, attributes, leaks) in
        [(SAID, reason("{}"), 0), ("{}", reason(SAID), 1), (SAID, json!({}), 1), ("{}", json!({}), 0)]
    {
        let letter = json!({"QueueUrl": "https://sqs.test/dead", "MessageBody": body, "MessageAttributes": attributes});
        call(bus.endpoint(), "AmazonSQS.SendMessage", &letter).await;
        assert_eq!(found(&canaries), vec!["DeadLetter"; leaks], "{letter}");
    }

    // In what refuses, and its headers; an answer that serves is for who asked.
    for (status, body, header, leaks) in [
        (400, json!({"error_description": format!("{SAID} is no phone")}), "x", 1),
        (400, json!({"error": "invalid"}), SAID, 1),
        (400, json!({"errors": [{"field": "phone", "description": WRITTEN}]}), "x", 1),
        (400, json!({"errors": [{"field": "phone", "value": WRITTEN}]}), "x", 0),
        (200, json!({"success": false, "msg": SAID}), "x", 1),
        (200, json!({"phone": SAID}), "x", 0),
    ] {
        canaries.hold_answer(&Reply::new(status, &[("www-authenticate", header)], body));
        assert_eq!(found(&canaries), vec!["Refusal"; leaks], "{status} {header}");
    }

    // In a key of the table, at the head of a range too.
    let through_wire = bus.sdk().await.to_builder().endpoint_url(world.wire.endpoint()).build();
    let database = aws_sdk_dynamodb::Client::new(&through_wire);
    let text = |text: &str| AttributeValue::S(text.to_owned());
    for (key, leaks) in [("USER#wilhelmina", 0), ("CLAIM#phone#+8613955550123", 1)] {
        let get = database.get_item().table_name(&world.table);
        get.key("PK", text(key)).key("SK", text("PROFILE")).send().await.unwrap();
        let query = database.query().table_name(&world.table).key_condition_expression("PK = :key");
        query.expression_attribute_values(":key", text(key)).send().await.unwrap();
        assert_eq!(found(&canaries), vec!["Key"; leaks * 2], "{key}");
    }

    // In a letter; in what a process writes besides, such as a panic's message.
    canaries.hold_letter(&json!({"to": "old@example.com", "subject": "x", "body": format!("now {WRITTEN}")}));
    let panic = std::panic::catch_unwind(|| panic!("no char boundary in {SAID}")).unwrap_err();
    canaries.hold(Place::Output, panic.downcast_ref::<String>().unwrap());
    assert_eq!(found(&canaries), ["Letter", "Output"]);
}

/// A value of every attribute; none where all its values are short or usual words.
fn value(attribute: Attribute) -> Option<Value> {
    Some(match attribute {
        Attribute::Username => json!("Sigrid_Thorne"),
        Attribute::Name => json!("Sigrid Thornquist"),
        Attribute::Nickname => json!("Siggi the Quill"),
        Attribute::FirstName => json!("Sigrid-Ann"),
        Attribute::LastName => json!("Thornquist-Vale"),
        Attribute::Birthdate => json!("1987-06-05"),
        Attribute::Bio => json!("collects \"odd\" quills\nand says so"),
        Attribute::AvatarUrl => json!("https://pictures.example/thornquist.png"),
        Attribute::Website => json!("https://thornquist.example/home"),
        Attribute::Address => json!("77 Quillmakers Row"),
        Attribute::City => json!("Thornbury"),
        Attribute::Language => json!("de-CH-1996"),
        Attribute::Timezone => json!("Antarctica/Troll"),
        Attribute::Phone => json!(SAID),
        Attribute::Email => json!("sigrid+quills@thornquist.example"),
        Attribute::Block => json!("Quillblock"),
        Attribute::Room => json!("Room 7714"),
        Attribute::Account => json!("broadband-7714"),
        Attribute::CustomFields => json!({"shelf": "quills by the dozen"}),
        Attribute::SocialLinks => json!({"fediverse": "https://social.example/@thornquist"}),
        // Two letters, or one of a few words.
        Attribute::Gender | Attribute::Country | Attribute::Isp | Attribute::Role => return None,
    })
}

#[tokio::test]
async fn a_canary_of_every_attribute_is_told_from_chance_and_comes_out_nowhere() {
    let mut sources: Value = serde_json::from_str(SOURCES).unwrap();
    let writable = Attribute::ALL.iter().filter(|attribute| **attribute != Attribute::Role);
    sources[1]["attributes"] = writable.map(|attribute| attribute.name()).collect();
    let inbox = Inbox::with_sources(&sources.to_string()).await;
    let values = Attribute::ALL.iter().filter_map(|name| Some((name.name().to_owned(), value(*name)?)));
    let values: Map<String, Value> = values.collect();
    let request = upsert("idp", "wilhelmina", 1, Value::Object(values.clone()));
    assert_eq!((inbox.deliver(&[request]).await, inbox.dead_letters()), (vec![], vec![]));

    let canaries = Canaries::of_this_test();
    let texts = |value: &Value| match value {
        Value::Object(members) => members.values().cloned().collect(),
        text => vec![text.clone()],
    };
    let unknown = values.values().flat_map(texts).filter(|text| !canaries.knows(text.as_str().unwrap()));
    assert_eq!(unknown.collect::<Vec<_>>(), [json!(null); 0]);
    assert_eq!(values.len(), Attribute::ALL.len() - 4);

    // All of it is there; it is read, changed, refused, told of and erased.
    let world = &inbox.world;
    let profile = world.profile("wilhelmina").await;
    assert_eq!(profile.attributes.len(), values.len());
    let token = world.token("wilhelmina");
    canaries.add_request(&Request::get_userinfo().bearer(&token).event_json());
    assert!(canaries.knows(&token) && canaries.knows("wilhelmina"));
    for request in [
        Request::get_profile("wilhelmina").bearer(&token),
        Request::export_profile("wilhelmina").bearer(&token),
        Request::get_user_me().bearer(&token),
        Request::put_profile("wilhelmina").bearer(&token).json(&json!({"bio": "no more quills"})),
        Request::patch_userinfo().bearer(&token).json(&json!({"locale": "nothing of this kind"})),
        Request::patch_userinfo().bearer(&token).body("{\"nickname\": \"cut off here"),
        Request::edit_user_basic().bearer(&format!("{token}x")).json(&json!({"nickname": "not for long"})),
        Request::delete_profile("wilhelmina").bearer(&token),
    ] {
        world.send(&request).await;
    }
    let mut follower = Follower::of(world).await;
    assert!(follower.follow(world).await);
    assert!(follower.bus.calls().concat().len() >= 3);
    assert_eq!(canaries.leaks(), [""; 0]);
}

/// None of these events comes from the service that invokes the function.
#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_read_an_event_does_not_say_what_is_in_it() {
    let real = Real::start(&[]).await;
    Canaries::of_this_test().add(SAID);
    for (function, event) in [
        ("put-profile", json!({"headers": SAID})),
        ("put-profile", json!({"headers": {"authorization": SAID}, "isBase64Encoded": SAID})),
        ("update-user", json!({"requestContext": {"http": SAID}})),
        ("publish-changes", json!({"Records": SAID})),
        ("send-notices", json!({"Records": SAID})),
        ("sync-profiles", json!({"Records": [{"messageId": "1", "body": 13_955_550_123_i64}]})),
        ("sync-profiles", json!({"Records": SAID})),
    ] {
        let error = real.functions[function].invoke(event.to_string(), "").await.unwrap_err();
        let InvocationError::Failed(error) = error else { panic!("{function}: {error}") };
        let log = real.log(function);
        assert!(log.lines().count() == 1 && log.contains("ERROR"), "{log}");
        Canaries::of_this_test().hold(Place::Output, &format!("{error:?}"));
        assert_eq!(Canaries::of_this_test().leaks(), [""; 0], "{function}: {event}");
    }
    real.stack.stop().await;
}

/// Names that libraries know, or others of the same kind.
#[tokio::test(flavor = "multi_thread")]
async fn no_setting_has_a_function_say_more() {
    let real = Real::start(&[
        ("RUST_LOG", "trace"),
        ("RUST_BACKTRACE", "full"),
        ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("CONTACT_VERIFICATION", "off"),
    ])
    .await;
    let (token, wts_token) = (real.token(USER), real.wts_token(USER));
    for (function, request) in [
        ("put-profile", Request::put_profile(USER).bearer(&token).json(&json!({"city": "Thornbury"}))),
        (
            "patch-userinfo",
            Request::patch_userinfo().bearer(&token).json(&json!({"nickname": "Siggi the Quill"})),
        ),
        ("change-profile", Request::change_profile().bearer(&wts_token).body(WTS)),
        (
            "edit-user-basic",
            Request::edit_user_basic().bearer(&token).json(&json!({"username": "Sigrid_Thorne"})),
        ),
        (
            "send-verification",
            Request::send_verification().bearer(&token).json(&json!({"email": "s@thornquist.example"})),
        ),
        ("delete-profile", Request::delete_profile(USER).bearer(&token)),
    ] {
        let reply = real.invoke(function, &request).await;
        assert!((200..300).contains(&reply.status), "{function}: {reply:?}");
        assert_eq!(real.log(function).lines().count(), 1, "{function}");
    }
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/send-notices/changed.json");
    let changed = std::fs::read_to_string(sample).unwrap();
    Canaries::of_this_test().add("ada@example.com");
    for function in ["send-notices", "publish-changes"] {
        real.functions[function].invoke(changed.clone(), "").await.unwrap();
        assert!(real.log(function).lines().all(|line| line.contains("\"INFO\"")), "{function}");
    }
    real.stack.stop().await;
}
