//! What one source says of a user comes to the same in whatever order and however often it arrives.

use serde_json::{Map, Value, json};
use shared::profile::Unique;
use std::collections::BTreeMap;
use std::sync::Arc;
use tests::inbox::{erase, upsert};
use tests::{Inbox, Request};
use tokio::task::JoinSet;

/// Attributes of `crm` in these tests.
const ATTRIBUTES: [&str; 3] = ["nickname", "city", "social_links"];

/// A request of `crm`: its sequence, and what it sets; `None`: an erasure.
type Said = (u64, Option<Value>);

fn request(user: &str, (sequence, said): &Said) -> Value {
    match said {
        Some(attributes) => upsert("crm", user, *sequence, attributes.clone()),
        None => erase("crm", user, *sequence),
    }
}

/// What is left of a user: attributes (`None`: no live profile), each source's marks and newest erase.
#[derive(Debug, PartialEq)]
struct Left {
    attributes: Option<Map<String, Value>>,
    marks: BTreeMap<String, (Value, Value)>,
}

fn left(table: &BTreeMap<String, Value>, user: &str) -> Left {
    let own = ["user_id", "version", "schema", "created_at", "updated_at", "changed_by"];
    let profile = table.get(&format!("USER#{user} PROFILE")).and_then(Value::as_object).cloned();
    let live = profile.filter(|profile| !profile.contains_key("erased_at"));
    let attributes = live.map(|profile| {
        profile.into_iter().filter(|(name, _)| !own.contains(&name.as_str())).collect::<Map<_, _>>()
    });
    let prefix = format!("USER#{user} SYNC#");
    let marks = table.iter().filter_map(|(key, item)| Some((key.strip_prefix(&prefix)?, item)));
    let marks = marks
        .map(|(source, item)| (source.to_owned(), (item["attributes"].clone(), item["erased"].clone())))
        .collect();
    Left { attributes, marks }
}

/// What a set of requests comes to, said without any order: of each attribute the newest word, if it is newer than
/// the newest erasure.
fn meaning(requests: &[Said]) -> Left {
    let erased =
        requests.iter().filter(|(_, said)| said.is_none()).map(|(sequence, _)| *sequence).max().unwrap_or(0);
    let (mut attributes, mut marks) = (Map::new(), Map::new());
    for name in ATTRIBUTES {
        let words =
            requests.iter().filter_map(|(sequence, said)| Some((*sequence, said.as_ref()?.get(name)?)));
        let Some((sequence, value)) =
            words.filter(|(sequence, _)| *sequence > erased).max_by_key(|word| word.0)
        else {
            continue;
        };
        marks.insert(name.to_owned(), json!(sequence));
        if !value.is_null() {
            attributes.insert(name.to_owned(), value.clone());
        }
    }
    let live = !marks.is_empty();
    let marks = BTreeMap::from([("crm".to_owned(), (Value::Object(marks), json!(erased)))]);
    Left { attributes: live.then_some(attributes), marks }
}

fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for index in 0..items.len() {
        let mut rest = items.to_vec();
        let first = rest.remove(index);
        all.extend(permutations(&rest).into_iter().map(|mut order| {
            order.insert(0, first.clone());
            order
        }));
    }
    all
}

/// Numbers that look random and are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn said(&mut self, sequence: u64) -> Said {
        if self.below(4) == 0 {
            return (sequence, None);
        }
        let mut attributes = Map::new();
        for name in ATTRIBUTES {
            match self.below(4) {
                0 => drop(attributes.insert(name.into(), Value::Null)),
                1 if name == "social_links" => {
                    drop(attributes.insert(name.into(), json!({format!("k{sequence}"): "v"})))
                }
                1 => drop(attributes.insert(name.into(), json!(format!("v{sequence}")))),
                _ => {}
            }
        }
        if attributes.is_empty() {
            attributes.insert("city".into(), json!(format!("v{sequence}")));
        }
        (sequence, Some(Value::Object(attributes)))
    }
}

#[tokio::test]
async fn every_order_of_five_requests_delivered_twice_comes_to_the_same() {
    let inbox = Inbox::open().await;
    let requests: Vec<Said> = vec![
        (1, Some(json!({"nickname": "a", "city": "A"}))),
        (2, Some(json!({"nickname": null, "social_links": {"x": "1"}}))),
        (3, None),
        (4, Some(json!({"city": "B", "social_links": {"y": "2"}}))),
        (5, Some(json!({"city": null, "nickname": "c"}))),
    ];
    let expected = Left {
        attributes: json!({"nickname": "c", "social_links": {"y": "2"}}).as_object().cloned(),
        marks: [("crm".into(), (json!({"city": 5, "nickname": 5, "social_links": 4}), json!(3)))].into(),
    };
    assert_eq!(meaning(&requests), expected);
    let orders = permutations(&requests);
    for (number, order) in orders.iter().enumerate() {
        let user = number.to_string();
        let once = order.iter().map(|said| request(&user, said));
        let twice: Vec<Value> = once.clone().chain(once.rev()).collect();
        assert_eq!(inbox.deliver(&twice).await, [0; 0]);
    }
    let table = inbox.table().await;
    for (number, order) in orders.iter().enumerate() {
        assert_eq!(left(&table, &number.to_string()), expected, "{order:?}");
    }
}

#[tokio::test]
async fn any_set_of_requests_in_any_order_comes_to_what_it_means() {
    let inbox = Inbox::open().await;
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for round in 0..60 {
        let requests: Vec<Said> =
            (1..=2 + dice.below(5) as u64).map(|sequence| dice.said(sequence)).collect();
        let user = format!("r{round}");
        // Each at least once, a few more often, in an order of the dice.
        let mut order = requests.clone();
        for _ in 0..dice.below(4) {
            order.push(requests[dice.below(requests.len())].clone());
        }
        for index in (1..order.len()).rev() {
            order.swap(index, dice.below(index + 1));
        }
        let bodies: Vec<Value> = order.iter().map(|said| request(&user, said)).collect();
        assert_eq!(inbox.deliver(&bodies).await, [0; 0]);
        assert_eq!(left(&inbox.table().await, &user), meaning(&requests), "{order:?}");
    }
}

#[tokio::test]
async fn two_sources_do_not_mix_up_their_sequences() {
    let inbox = Inbox::open().await;
    let crm: [Said; 3] = [
        (7, Some(json!({"city": "A"}))),
        (8, Some(json!({"nickname": "n"}))),
        (9, Some(json!({"city": "B"}))),
    ];
    let idp = [(1, json!({"bio": "old", "name": "N"})), (2, json!({"bio": "new", "name": null}))];
    // Nothing is erased: any order of both comes to the same.
    for (number, order) in permutations(&[0, 1, 2, 3, 4]).into_iter().enumerate().step_by(4) {
        let user = format!("a{number}");
        let body = |index: usize| match crm.get(index) {
            Some(said) => request(&user, said),
            None => upsert("idp", &user, idp[index - 3].0, idp[index - 3].1.clone()),
        };
        let bodies: Vec<Value> = order.iter().map(|index| body(*index)).collect();
        assert_eq!(inbox.deliver(&bodies).await, [0; 0]);
        let expected = Left {
            attributes: json!({"city": "B", "nickname": "n", "bio": "new"}).as_object().cloned(),
            marks: [
                ("crm".into(), (json!({"city": 9, "nickname": 8}), json!(0))),
                ("idp".into(), (json!({"bio": 2, "name": 2}), json!(0))),
            ]
            .into(),
        };
        assert_eq!(left(&inbox.table().await, &user), expected, "{order:?}");
    }
}

#[tokio::test]
async fn an_erasure_takes_what_others_wrote_before_it_arrived_and_nothing_after() {
    let inbox = Inbox::open().await;
    let requests: [(&str, u64, Option<Value>); 5] = [
        ("crm", 1, Some(json!({"city": "A"}))),
        ("crm", 2, None),
        ("crm", 3, Some(json!({"nickname": "n"}))),
        ("idp", 1, Some(json!({"bio": "b"}))),
        ("idp", 2, Some(json!({"name": "N"}))),
    ];
    for (number, order) in permutations(&[0, 1, 2, 3, 4]).into_iter().enumerate().step_by(3) {
        let user = format!("e{number}");
        let body = |index: usize| match &requests[index] {
            (source, sequence, Some(attributes)) => upsert(source, &user, *sequence, attributes.clone()),
            (source, sequence, None) => erase(source, &user, *sequence),
        };
        let bodies: Vec<Value> = order.iter().map(|index| body(*index)).collect();
        // Twice: what was erased does not come back with a duplicate.
        assert_eq!(inbox.deliver(&bodies).await, [0; 0]);
        assert_eq!(inbox.deliver(&bodies).await, [0; 0]);
        let place = |wanted: usize| order.iter().position(|index| *index == wanted).unwrap();
        let mut attributes = json!({"nickname": "n"});
        for (index, name, value) in [(3, "bio", "b"), (4, "name", "N")] {
            if place(index) > place(1) {
                attributes[name] = json!(value);
            }
        }
        let expected = Left {
            attributes: attributes.as_object().cloned(),
            marks: [
                ("crm".into(), (json!({"nickname": 3}), json!(2))),
                ("idp".into(), (json!({"bio": 1, "name": 2}), json!(0))),
            ]
            .into(),
        };
        assert_eq!(left(&inbox.table().await, &user), expected, "{order:?}");
    }
}

/// Delivers all at once, each in a batch of its own, and again until nothing fails.
async fn at_once(inbox: &Arc<Inbox>, requests: Vec<Value>) {
    let mut tasks = JoinSet::new();
    for request in requests {
        let inbox = Arc::clone(inbox);
        tasks.spawn(async move { while !inbox.deliver(std::slice::from_ref(&request)).await.is_empty() {} });
    }
    tasks.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_requests_at_once_come_to_the_newest() {
    let inbox = Arc::new(Inbox::open().await);
    let phone = |sequence: u64| format!("+86139001390{sequence:02}");
    let requests = (1..=16).map(|sequence| {
        upsert("crm", "7", sequence, json!({"city": format!("c{sequence}"), "phone": phone(sequence)}))
    });
    at_once(&inbox, requests.collect()).await;
    let expected = Left {
        attributes: json!({"city": "c16", "phone": phone(16)}).as_object().cloned(),
        marks: [("crm".into(), (json!({"city": 16, "phone": 16}), json!(0)))].into(),
    };
    assert_eq!(left(&inbox.table().await, "7"), expected);
    let claims = inbox.table().await.into_keys().filter(|key| key.starts_with("CLAIM#")).count();
    let owner = inbox.world.store.owner(Unique::Phone, &phone(16)).await.unwrap();
    assert_eq!((claims, owner.unwrap().as_str()), (1, "7"));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_no_claim_keeps_apart_are_kept_apart_by_the_mark() {
    let inbox = Arc::new(Inbox::open().await);
    for user in ["1", "2", "3", "4"] {
        let requests =
            (1..=8).map(|sequence| upsert("crm", user, sequence, json!({"city": format!("c{sequence}")})));
        at_once(&inbox, requests.collect()).await;
        let expected = Left {
            attributes: json!({"city": "c8"}).as_object().cloned(),
            marks: [("crm".into(), (json!({"city": 8}), json!(0)))].into(),
        };
        assert_eq!(left(&inbox.table().await, user), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn erasures_and_updates_at_once_leave_no_claim_behind() {
    let inbox = Arc::new(Inbox::open().await);
    for round in 10..34 {
        let user = format!("u{round}");
        assert_eq!(inbox.deliver(&[upsert("idp", &user, 1, json!({"bio": "b"}))]).await, [0; 0]);
        let requests = vec![
            upsert("crm", &user, 3, json!({"email": format!("{user}@example.com")})),
            upsert("idp", &user, 2, json!({"phone": format!("+861390013{round}02")})),
            erase("crm", &user, 2),
        ];
        let edit = Request::edit_user_basic().bearer(&inbox.world.token(&user));
        let edit =
            edit.json(&json!({"phone": format!("+86 1390013{round}03"), "username": format!("name{round}")}));
        let ((), reply) = tokio::join!(at_once(&inbox, requests), inbox.world.send(&edit));
        assert!([200, 404, 409].contains(&reply.status), "{reply:?}");
    }
    // Every claim is a live profile's own value, and every unique value of a profile is claimed.
    let (mut held, mut claimed) = (Vec::new(), Vec::new());
    for (key, item) in inbox.table().await {
        if key.starts_with("CLAIM#") {
            claimed.push((key.split(' ').next().unwrap().to_owned(), item["owner"].clone()));
        } else if key.ends_with(" PROFILE") {
            assert_eq!(item["email"], json!(format!("{}@example.com", item["user_id"].as_str().unwrap())));
            for unique in Unique::ALL {
                if let Some(value) = item.get(unique.attribute().name()).and_then(Value::as_str) {
                    let key = shared::store::claim_key(unique, &unique.canonical(value));
                    held.push((key.pk, item["user_id"].clone()));
                }
            }
        }
    }
    held.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(held, claimed);
}
