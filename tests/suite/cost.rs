//! What the cost model takes as measured still is: sizes of items, answers and log lines. And its page shows its figures.

use crate::binaries::Real;
use crate::ciam_codes::{Desk, PHONE};
use aws_sdk_dynamodb::types::AttributeValue;
use local::cost::Measured;
use local::cost::measured::Items;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::process::Command;
use tests::inbox::upsert;
use tests::{Follower, Inbox, Request, World};

const USER: &str = "0b2f7a52-6c0e-4d4e-9a53-3c9c1f3f7a10";

type Item = HashMap<String, AttributeValue>;

/// Bytes of an item as DynamoDB counts them: Developer Guide, "DynamoDB item sizes and formats".
fn size(item: &Item) -> u32 {
    let bytes: usize = item.iter().map(|(name, value)| name.len() + value_size(value)).sum();
    bytes.try_into().unwrap()
}

fn value_size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => {
            let digits = number.trim_matches(|char| char == '0' || char == '-').len();
            digits.div_ceil(2) + 1
        }
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Bool(_) | AttributeValue::Null(_) => 1,
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + value_size(value)).sum::<usize>(),
        AttributeValue::M(members) => {
            let member = |(name, value): (&String, &AttributeValue)| 1 + name.len() + value_size(value);
            3 + members.iter().map(member).sum::<usize>()
        }
        other => panic!("no item of ours holds {other:?}"),
    }
}

/// The largest item whose keys begin so.
async fn largest(world: &World, partition: &str, sort: &str) -> u32 {
    let is_one = |item: &Item| {
        item["PK"].as_s().unwrap().starts_with(partition) && item["SK"].as_s().unwrap().starts_with(sort)
    };
    let items = world.items().await;
    items
        .iter()
        .filter(|item| is_one(item))
        .map(size)
        .max()
        .unwrap_or_else(|| panic!("no {partition} {sort}"))
}

/// The attributes of the AuthMS contract's example.
fn attributes() -> Value {
    json!({
        "address": "123 Main St", "avatar_url": "https://example.com/avatar.jpg", "bio": "Software Engineer",
        "birthdate": "1990-01-15", "city": "San Francisco", "country": "US", "first_name": "John", "gender": "male",
        "language": "en-US", "last_name": "Doe", "nickname": "Johnny", "timezone": "America/Los_Angeles",
        "website": "https://johndoe.com",
    })
}

#[test]
fn sizes_are_counted_as_dynamodb_does() {
    let item = Item::from([
        ("PK".to_owned(), AttributeValue::S("é".to_owned())),
        ("n".to_owned(), AttributeValue::N("1775217600000".to_owned())),
        ("b".to_owned(), AttributeValue::Bool(true)),
        ("m".to_owned(), AttributeValue::M([("k".to_owned(), AttributeValue::S("v".to_owned()))].into())),
        ("l".to_owned(), AttributeValue::L(vec![AttributeValue::S("ab".to_owned())])),
    ]);
    // Names 6, two bytes, eight digits in four bytes and one, one, 3 + 1 + 2, 3 + 1 + 2.
    assert_eq!(size(&item), 6 + 2 + 5 + 1 + 6 + 6);
}

#[tokio::test]
async fn items_are_as_large_as_the_cost_model_takes_them_to_be() {
    let measured = Measured::embedded();
    let world = World::new().await;
    let (token, admin) = (world.token(USER), world.admin_token("root"));
    let put = |body: &Value| Request::put_profile(USER).bearer(&token).json(body);
    let answer = world.invoke(put(&attributes()).event_json()).await;
    assert_eq!(answer.status_code, 200);
    // API Gateway adds about 150 bytes of its own.
    let headers: usize = answer.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    let answer = u32::try_from(answer.body.len() + headers + 150).unwrap();
    let contacts = json!({"user_id": USER, "username": "john.doe", "phone": "+1 2025550123", "email": "john@example.com"});
    let edit = Request::edit_user_basic().bearer(&admin).json(&contacts);
    assert_eq!(world.send(&edit).await.status, 200);
    assert!(Follower::of(&world).await.follow(&world).await);
    let keyed = put(&json!({"city": "Oakland"}))
        .header("idempotency-key", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"");
    assert_eq!(world.send(&keyed).await.status, 200);

    let desk = Desk::open().await;
    desk.code(PHONE).await;

    let inbox = Inbox::open().await;
    let request =
        upsert("crm", USER, 1, json!({"nickname": "Johnny", "city": "Oakland", "phone": "+12025550123"}));
    assert_eq!(inbox.deliver(&[request]).await, [0; 0]);

    let items = Items {
        profile: largest(&world, "USER#", "PROFILE").await,
        claim: largest(&world, "CLAIM#", "CLAIM").await,
        history: largest(&world, "USER#", "HIST#").await,
        mark: largest(&inbox.world, "USER#", "SYNC#").await,
        answer: largest(&world, "USER#", "IDEM#").await,
        challenge: largest(&desk.world, "OTP#", "").await,
        limit: largest(&desk.world, "LIMIT#", "").await,
    };
    assert_eq!((items, answer), (measured.items, measured.answer));
}

/// How many items one code is sent with: the cost model counts their write units.
#[tokio::test]
async fn a_code_is_sent_with_as_many_items_as_the_cost_model_counts() {
    let desk = Desk::open().await;
    desk.world.wire.calls();
    desk.code(PHONE).await;
    let requests = desk.world.wire.requests();
    let (_, transaction) = requests.iter().find(|(operation, _)| operation == "TransactWriteItems").unwrap();
    assert_eq!(transaction["TransactItems"].as_array().unwrap().len(), 4, "{transaction}");
}

#[tokio::test(flavor = "multi_thread")]
async fn log_lines_are_as_long_as_the_cost_model_takes_them_to_be() {
    let measured = Measured::embedded();
    let real = Real::start(&[]).await;
    let request = Request::put_profile(USER).bearer(&real.token(USER)).json(&attributes());
    let reply = real.invoke("put-profile", &request).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    // Times and counts have a digit more or less.
    let (is, should_be) = (real.log("put-profile").trim_end().len(), measured.log.request as usize);
    assert!(is.abs_diff(should_be) <= 5, "a request's line has {is} bytes, measured.json {should_be}");
}

/// A block of the page begins with the command that prints it.
#[test]
fn the_page_shows_what_the_command_prints() {
    let page = std::fs::read_to_string(local::binaries::workspace().join("docs/cost.md")).unwrap();
    let blocks: Vec<&str> = page.split("```\n$ cargo run -q -- ").skip(1).collect();
    assert!(blocks.len() >= 3, "docs/cost.md has {} examples", blocks.len());
    for block in blocks {
        let (command, rest) = block.split_once('\n').unwrap();
        let (shown, _) = rest.split_once("```").unwrap();
        let output = Command::new(local_binary()).args(command.split(' ')).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(shown, printed, "docs/cost.md is not what `cargo run -q -- {command}` prints now");
    }
}

fn local_binary() -> &'static std::path::Path {
    &crate::binaries::built()["local"]
}
