//! What the cost model takes as measured still is: sizes of items, answers and log lines. And its page shows its figures.

use crate::binaries::built;
use crate::ciam_codes::Desk;
use crate::contracts::ciam_proofs::PHONE;
use aws_sdk_dynamodb::types::AttributeValue;
use local::cost::Measured;
use local::cost::measured::{Items, Log};
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

/// Bytes of a log line.
fn length(line: &Value) -> u32 {
    line.to_string().len().try_into().unwrap()
}

/// The same line with the setting `METRICS=off`.
fn without_metrics(mut line: Value) -> Value {
    line.as_object_mut().unwrap().remove("_aws");
    line
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
async fn items_lines_and_answers_are_as_large_as_the_cost_model_takes_them_to_be() {
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
    // The first line of a process tells of its start.
    world.journal.lines();
    assert_eq!(world.send(&put(&attributes())).await.status, 200);
    let line = world.journal.line();
    let mut follower = Follower::of(&world).await;
    assert!(follower.follow(&world).await);
    world.journal.lines();
    assert_eq!(world.send(&put(&attributes())).await.status, 200);
    world.journal.lines();
    assert!(follower.follow(&world).await);
    let batch = world.journal.line();
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
    let log = Log {
        request: length(&line),
        request_without_metrics: length(&without_metrics(line)),
        batch: length(&batch),
        ..measured.log.clone()
    };
    assert_eq!((items, log, answer), (measured.items, measured.log, measured.answer));
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

/// A block of the page begins with the command that prints it. `REWRITE=1` puts the page right, to be looked through.
#[test]
fn the_page_shows_what_the_command_prints() {
    let path = local::binaries::workspace().join("docs/cost.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let begin = "```\n$ cargo run -q -- ";
    let mut blocks = page.split(begin);
    let mut right = blocks.next().unwrap().to_owned();
    for block in blocks {
        let (command, rest) = block.split_once('\n').unwrap();
        let (_, after) = rest.split_once("```").unwrap();
        let output = Command::new(&built()["local"]).args(command.split(' ')).output().unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
        let printed = String::from_utf8(output.stdout).unwrap();
        right += &format!("{begin}{command}\n{printed}```{after}");
    }
    assert!(right.matches(begin).count() >= 3, "docs/cost.md has too few examples");
    if std::env::var_os("REWRITE").is_some() {
        return std::fs::write(&path, &right).unwrap();
    }
    assert!(page == right, "docs/cost.md is out of date: run this test once with REWRITE=1");
}
