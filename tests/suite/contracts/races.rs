//! Many callers at once: one winner, nothing lost, nothing half-done.

use serde_json::{Value, json};
use shared::profile::{Attribute, Unique};
use shared::validation::UserId;
use std::collections::BTreeSet;
use std::sync::Arc;
use tests::{Reply, Request, Service, Stage};
use tokio::task::JoinSet;

async fn all(world: &Arc<Stage>, requests: impl IntoIterator<Item = Request>) -> Vec<Reply> {
    let mut tasks = JoinSet::new();
    for request in requests {
        let world = Arc::clone(world);
        tasks.spawn(async move { world.send(&request).await });
    }
    tasks.join_all().await
}

fn wts(world: &Service, who: &str, phone: &str) -> Request {
    let body =
        json!({"who": who, "block": "1", "room": "1", "phone": phone, "isp": "mobile", "account": "1"});
    Request::change_profile().bearer(&world.wts_token(who, "user")).json(&body)
}

async fn owner(world: &Service, phone: &str) -> Option<UserId> {
    world.store.owner(Unique::Phone, phone).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_32_callers_for_one_phone_one_wins() {
    let world = Arc::new(Stage::open().await);
    let users: Vec<String> = (1..=32).map(|number| format!("user{number}")).collect();
    for user in &users {
        world.create(user).await;
    }
    let replies = all(&world, users.iter().map(|user| wts(&world, user, "13900139000"))).await;

    let winners = replies.iter().filter(|reply| reply.status == 200).count();
    let used = json!({"success": false, "msg": "phone number has been used", "errType": "logic"});
    let losers = replies.iter().filter(|reply| **reply == Reply::json(400, used.clone())).count();
    assert_eq!((winners, losers), (1, 31));
    let mut holders = Vec::new();
    for user in &users {
        if world.profile(user).await.text(Attribute::Phone).is_some() {
            holders.push(UserId::parse(user).unwrap());
        }
    }
    assert_eq!(holders, [owner(&world, "+8613900139000").await.unwrap()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_of_different_attributes_are_all_kept() {
    let world = Arc::new(Stage::open().await);
    let token = world.token("alice");
    let put = |body: Value| Request::put_profile("alice").bearer(&token).json(&body);
    let patch = |body: Value| Request::patch_userinfo().bearer(&token).json(&body);
    let requests = [
        put(json!({"city": "Paris"})),
        put(json!({"country": "FR"})),
        patch(json!({"nickname": "Al"})),
        patch(json!({"zoneinfo": "Europe/Paris"})),
        put(json!({"custom_fields": {"a": 1}})),
        put(json!({"custom_fields": {"b": 2}})),
    ];
    let replies = all(&world, requests).await;
    assert!(replies.iter().all(|reply| reply.status == 200), "{replies:?}");
    let profile = world.profile("alice").await;
    assert_eq!(profile.version, 6);
    assert_eq!(profile.attributes[&Attribute::CustomFields], json!({"a": 1, "b": 2}));
    let texts = [Attribute::City, Attribute::Country, Attribute::Nickname, Attribute::Timezone];
    assert_eq!(
        texts.map(|attribute| profile.text(attribute)),
        [Some("Paris"), Some("FR"), Some("Al"), Some("Europe/Paris")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_users_who_swap_phones_at_once_are_both_refused() {
    let world = Arc::new(Stage::open().await);
    for (user, phone) in [("a", "13900139001"), ("b", "13900139002")] {
        world.create(user).await;
        assert_eq!(world.send(&wts(&world, user, phone)).await.status, 200);
    }
    for _ in 0..20 {
        let swap = [wts(&world, "a", "13900139002"), wts(&world, "b", "13900139001")];
        let replies = all(&world, swap).await;
        assert!(replies.iter().all(|reply| reply.status == 400), "{replies:?}");
    }
    for (user, phone) in [("a", "+8613900139001"), ("b", "+8613900139002")] {
        let profile = world.profile(user).await;
        assert_eq!((profile.text(Attribute::Phone), profile.version), (Some(phone), 2));
        assert_eq!(owner(&world, phone).await.unwrap().as_str(), user);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_16_writers_with_one_etag_one_wins() {
    let world = Arc::new(Stage::open().await);
    world.create("alice").await;
    let token = world.token("alice");
    let cities: Vec<String> = (0..16).map(|number| format!("City {number}")).collect();
    let put = |city: &String| {
        Request::put_profile("alice").bearer(&token).header("if-match", "\"1\"").json(&json!({"city": city}))
    };
    let replies = all(&world, cities.iter().map(put)).await;
    let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 15, "{statuses:?}");
    assert_eq!(world.profile("alice").await.version, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn first_writers_create_one_profile_together() {
    let world = Arc::new(Stage::open().await);
    let token = world.token("alice");
    let edit = |phone: usize| {
        let body = json!({"phone": format!("+86 1390013900{phone}")});
        Request::edit_user_basic().bearer(&token).json(&body)
    };
    let replies = all(&world, (0..8).map(edit)).await;
    // Whoever lost every round is told so; nobody gets anything else.
    assert!(replies.iter().all(|reply| [200, 409].contains(&reply.status)), "{replies:?}");
    let profile = world.profile("alice").await;
    let committed = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(profile.version, committed as u64);
    // One phone, one claim: the others were let go.
    let claims = world.items().await;
    let claims: BTreeSet<&String> = claims.iter().filter_map(|item| item["PK"].as_s().ok()).collect();
    let claims: Vec<_> = claims.iter().filter(|key| key.starts_with("CLAIM#")).collect();
    assert_eq!(claims.len(), 1, "{claims:?}");
    assert_eq!(owner(&world, profile.text(Attribute::Phone).unwrap()).await.unwrap().as_str(), "alice");
}
