//! The store on a database that loses answers and refuses.

use serde_json::{Value, json};
use shared::auth::Role;
use shared::profile::Attribute;
use tests::{Fault, Reply, Request, World};

fn put(world: &World, body: &Value) -> Request {
    Request::put_profile("alice").bearer(&world.token("alice")).json(body)
}

fn edit(world: &World, body: &Value) -> Request {
    Request::edit_user_basic().bearer(&world.token("alice")).json(body)
}

#[tokio::test]
async fn an_update_whose_acknowledgement_is_lost_happens_once() {
    let world = World::new().await;
    world.wire.spoil("UpdateItem", Fault::LostAnswer);
    let reply = world.send(&put(&world, &json!({"city": "Paris"}))).await;
    assert_eq!((reply.status, reply.headers["etag"].as_str()), (200, "\"1\""));
    assert_eq!(reply.body["data"]["profile"]["city"], "Paris");
    assert_eq!(world.wire.calls(), ["UpdateItem", "UpdateItem"]);
    assert_eq!(world.profile("alice").await.version, 1);
}

#[tokio::test]
async fn an_update_whose_acknowledgement_is_lost_is_not_made_over_somebody_else_s() {
    let world = World::new().await;
    world.create("alice").await;
    let put = |city: &str| put(&world, &json!({"city": city}));
    for (condition, version) in [(("if-none-match", "\"0\""), 3), (("if-match", "\"3\""), 5)] {
        let mine = put("Paris").header(condition.0, condition.1);
        let [mine, others] = overtaken(&world, mine, put("Rome")).await;
        assert_eq!((mine.status, others.status), (200, 200), "{mine:?}");
        let profile = world.profile("alice").await;
        assert_eq!((profile.version, profile.text(Attribute::City)), (version, Some("Rome")));
    }
    // Of what was erased there is nothing to show.
    let erasure = Request::delete_profile("alice").bearer(&world.token("alice"));
    let [mine, others] = overtaken(&world, put("Paris"), erasure).await;
    assert_eq!((mine.status, others.status), (404, 204), "{mine:?}");
    assert_eq!(world.record("alice").await.unwrap().version, 7);
}

/// The first changes a profile and never hears of it; the second is carried out before the first is sent again.
async fn overtaken(world: &World, first: Request, second: Request) -> [Reply; 2] {
    world.wire.spoil("UpdateItem", Fault::Withheld);
    let second = async {
        world.wire.withheld().await;
        world.send(&second).await
    };
    tokio::join!(world.send(&first), second).into()
}

#[tokio::test]
async fn a_transaction_whose_acknowledgement_is_lost_happens_once() {
    let world = World::new().await;
    world.create("alice").await;
    world.wire.spoil("TransactWriteItems", Fault::LostAnswer);
    let reply = world.send(&edit(&world, &json!({"phone": "+86 13900139000"}))).await;
    assert_eq!(reply, Reply::json(200, json!({})));
    assert_eq!(world.wire.calls(), ["UpdateItem", "TransactWriteItems", "TransactWriteItems"]);
    let profile = world.profile("alice").await;
    assert_eq!((profile.version, profile.text(Attribute::Phone)), (2, Some("+8613900139000")));
}

#[tokio::test]
async fn a_transaction_on_the_same_item_is_waited_for() {
    let world = World::new().await;
    world.create("alice").await;
    world.wire.spoil("UpdateItem", Fault::Answer(400, "TransactionConflictException"));
    assert_eq!(world.send(&put(&world, &json!({"city": "Paris"}))).await.status, 200);
    assert_eq!(world.wire.calls(), ["UpdateItem", "UpdateItem"]);

    for _ in 0..6 {
        world.wire.spoil("UpdateItem", Fault::Answer(400, "TransactionConflictException"));
    }
    let reply = world.send(&put(&world, &json!({"city": "Rome"}))).await;
    assert_eq!((reply.status, reply.headers["retry-after"].as_str()), (409, "1"));
    assert_eq!(world.wire.calls().len(), 6);
    assert_eq!(world.profile("alice").await.text(Attribute::City), Some("Paris"));
}

#[tokio::test]
async fn each_contract_tells_of_a_failing_database_in_its_own_words() {
    let world = World::new().await;
    let key = world.api_key(Role::Admin).await;
    let token = world.token("alice");
    let wts = json!({"who": "alice", "block": "1", "room": "1", "phone": "13900139000", "isp": "mobile", "account": "1"});
    let requests = [
        Request::put_profile("alice").bearer(&token).json(&json!({"city": "Paris"})),
        Request::patch_userinfo().bearer(&token).json(&json!({"nickname": "Al"})),
        Request::change_profile().bearer(&world.wts_token("alice", "user")).json(&wts),
        Request::edit_user_basic().bearer(&token).json(&json!({"gender": "MALE"})),
        Request::update_user("7").bearer(&key).json(&json!({"role": "User"})),
    ];
    let mut said = Vec::new();
    for (status, error) in
        [(400, "ThrottlingException"), (500, "InternalServerError"), (400, "ValidationException")]
    {
        for request in &requests {
            // Through all three attempts of the SDK.
            for _ in 0..3 {
                world.wire.spoil("UpdateItem", Fault::Answer(status, error));
            }
            let reply = world.send(request).await;
            let body = &reply.body;
            let word = ["code", "error", "msg"].into_iter().find_map(|name| body.get(name)).cloned();
            said.push((reply.status, word.unwrap_or_default()));
            // What was not used up belongs to no later request.
            while world.wire.forget() {}
        }
    }
    let internal = "system met a uncaught error,please view logs.";
    let expected = [
        (429, json!(30_101_010)),
        (503, json!("temporarily_unavailable")),
        (503, json!("too many requests, please try again later")),
        (429, json!("resource_exhausted")),
        (200, json!("4290")),
        (503, json!(30_101_012)),
        (503, json!("temporarily_unavailable")),
        (500, json!(internal)),
        (500, json!("internal")),
        (200, json!("5000")),
        (500, json!(30_101_011)),
        (500, json!("server_error")),
        (500, json!(internal)),
        (500, json!("internal")),
        (200, json!("5000")),
    ];
    assert_eq!(said, expected);
}

#[tokio::test]
async fn every_item_says_who_wrote_it_and_in_which_layout() {
    let world = World::new().await;
    let edit = json!({"phone": "+86 13900139000", "nickname": "Al"});
    assert_eq!(world.send(&self::edit(&world, &edit)).await.status, 200);
    let items = world.items().await;
    let profile = items.iter().find(|item| item["SK"].as_s().unwrap() == "PROFILE").unwrap();
    assert_eq!(profile["PK"].as_s().unwrap(), "USER#alice");
    assert_eq!(profile["schema"].as_n().unwrap(), "1");
    assert_eq!(profile["change_id"].as_s().unwrap().len(), 36);
    let changed_by = profile["changed_by"].as_m().unwrap();
    assert_eq!(changed_by["contract"].as_s().unwrap(), "cloudbase");
    assert_eq!(changed_by["actor"].as_s().unwrap(), "subject");
    let claim = items.iter().find(|item| item["SK"].as_s().unwrap() == "CLAIM").unwrap();
    assert!(claim["PK"].as_s().unwrap().starts_with("CLAIM#phone#"));
    assert_eq!(claim["owner"].as_s().unwrap(), "alice");
    assert!(items.iter().all(|item| !format!("{:?}{:?}", item["PK"], item["SK"]).contains("139")));
}

#[tokio::test]
async fn a_profile_at_all_its_limits_stays_far_below_what_an_item_may_hold() {
    let world = World::new().await;
    let key = world.api_key(Role::Admin).await;
    let wide = |characters: usize| "𝄞".repeat(characters);
    let url = |number: usize| format!("https://e.example/{number}/{}", wide(2_048 - 21));
    let texts = json!({
        "address": wide(256), "city": wide(128), "first_name": wide(64), "last_name": wide(64), "bio": wide(1_000),
        "gender": "g".repeat(32), "birthdate": "1990-01-15", "country": "US", "language": "en-US",
        "timezone": "America/Los_Angeles", "avatar_url": url(10), "website": url(11),
    });
    let custom = json!({"custom_fields": {"list": vec![1; 8_100]}});
    let system = json!({"userName": "名".repeat(48), "nickName": wide(64), "email": "a@example.com",
        "phone": "13900139000", "role": "Admin"});
    let wts = json!({"who": "7", "block": "other", "room": wide(15), "phone": "13900139000", "isp": "broadnet",
        "account": wide(32)});
    let (token, ciam) = (world.token("7"), json!({"name": wide(128)}));
    let put = |body: &Value| Request::put_profile("7").bearer(&token).json(body);
    let mut requests = vec![
        put(&texts),
        put(&custom),
        Request::patch_userinfo().bearer(&token).json(&ciam),
        Request::update_user("7").bearer(&key).json(&system),
        Request::change_profile().bearer(&world.wts_token("7", "user")).json(&wts),
    ];
    for first in (0..20).step_by(5) {
        let links: Value = (first..first + 5)
            .map(|link| (format!("{link:02}{}", wide(62)), json!(url(10 + link))))
            .collect();
        requests.push(put(&json!({"social_links": links})));
    }
    for request in &requests {
        let reply = world.send(request).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_ne!(reply.body.get("success"), Some(&json!(false)), "{reply:?}");
    }
    let items = world.items().await;
    let profile = items.iter().find(|item| item["SK"].as_s().unwrap() == "PROFILE").unwrap();
    let size: usize = profile.iter().map(|(name, value)| name.len() + size(value)).sum();
    assert!((200_000..400 * 1024 / 4 * 3).contains(&size), "{size}");
}

/// Bytes that DynamoDB counts for a value, rounded up: "Item sizes and formats" in its developer guide.
fn size(value: &aws_sdk_dynamodb::types::AttributeValue) -> usize {
    use aws_sdk_dynamodb::types::AttributeValue::{Bool, L, M, N, Null, S};
    match value {
        S(text) => text.len(),
        N(digits) => digits.len() / 2 + 2,
        Bool(_) | Null(_) => 1,
        L(values) => 3 + values.iter().map(|value| 1 + size(value)).sum::<usize>(),
        M(members) => 3 + members.iter().map(|(name, value)| 1 + name.len() + size(value)).sum::<usize>(),
        other => panic!("no profile holds {other:?}"),
    }
}
