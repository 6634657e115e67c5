//! Many at once, round after round: one winner, no orphan, no duplicate, no gap. Each round is in a world of its own.

use crate::ciam_codes::Desk;
use crate::contracts::ciam_proofs::{E164, PHONE, proved};
use crate::faults::sound;
use crate::restore::back_up;
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use shared::auth::Role;
use shared::clock::Clock;
use shared::profile::{Attribute, Unique};
use shared::validation::UserId;
use std::sync::Arc;
use tests::inbox::{DEAD_LETTERS, SOURCES, upsert};
use tests::{Bus, Follower, Reply, Request, World, alone};
use triggers::SyncProfiles;

/// Rounds of each race in `cargo test`; 100 in `.ci/full races`.
const ROUNDS: u32 = 3;

/// All that may race on one table.
struct Arena {
    desk: Desk,
    key: String,
    sync: Arc<SyncProfiles>,
    dead_letters: Bus,
    follower: Follower,
}

impl Arena {
    async fn open() -> Self {
        let (desk, dead_letters) = (Desk::open().await, Bus::start().await);
        let settings = [("SYNC_SOURCES", SOURCES), ("SYNC_DLQ_URL", DEAD_LETTERS)];
        let sync = Arc::new(desk.world.trigger(dead_letters.sdk().await, &settings));
        let (key, follower) = (desk.world.api_key(Role::Admin).await, Follower::of(&desk.world).await);
        Self { desk, key, sync, dead_letters, follower }
    }

    fn world(&self) -> &World {
        &self.desk.world
    }

    /// A start together; which of them say that they changed something.
    async fn start(&self, racers: Vec<Racer>) -> Vec<bool> {
        let race = |racer| {
            let (world, sync) = (Arc::clone(&self.desk.world), Arc::clone(&self.sync));
            tokio::spawn(async move {
                match racer {
                    Racer::Caller(request) => is_done(&world.send(&request).await),
                    Racer::Source(event) => {
                        let message = json!({"Records": [{"messageId": "0", "body": event.to_string()}]});
                        // Whoever lost every race is delivered again.
                        while !applied(&sync, &message).await {}
                        true
                    }
                }
            })
        };
        let racing: Vec<_> = racers.into_iter().map(race).collect();
        try_join_all(racing).await.unwrap()
    }

    async fn finish(mut self, case: &str) {
        while !self.follower.follow(&self.desk.world).await {}
        sound(&self.desk.world, &self.follower, case).await;
    }

    async fn owner(&self, phone: &str) -> Option<UserId> {
        self.world().store.owner(Unique::Phone, phone).await.unwrap()
    }

    /// Those of these users who have this phone.
    async fn holders(&self, users: impl IntoIterator<Item = u32>, phone: &str) -> Vec<UserId> {
        let mut holders = Vec::new();
        for user in users {
            let record = self.world().record(&user.to_string()).await;
            let profile = record.and_then(|record| record.profile);
            if let Some(profile) = profile.filter(|profile| profile.text(Attribute::Phone) == Some(phone)) {
                holders.push(profile.user_id);
            }
        }
        holders
    }

    async fn version(&self, user: u32) -> u64 {
        self.world().record(&user.to_string()).await.map_or(0, |record| record.version)
    }

    fn put(&self, user: u32, body: &Value) -> Request {
        Request::put_profile(&user.to_string()).bearer(&self.world().token(&user.to_string())).json(body)
    }

    fn patch(&self, user: u32, body: &Value) -> Request {
        Request::patch_userinfo().bearer(&self.world().token(&user.to_string())).json(body)
    }

    fn change(&self, user: u32, phone: &str) -> Request {
        let who = user.to_string();
        let body =
            json!({"who": who, "block": "1", "room": "1", "phone": phone, "isp": "mobile", "account": "1"});
        Request::change_profile().bearer(&self.world().wts_token(&who, "user")).json(&body)
    }

    fn edit(&self, user: u32, phone: &str) -> Request {
        let body = json!({"phone": format!("+86 {phone}")});
        Request::edit_user_basic().bearer(&self.world().token(&user.to_string())).json(&body)
    }

    fn update(&self, user: u32, phone: &str) -> Request {
        Request::update_user(&user.to_string()).bearer(&self.key).json(&json!({"phone": phone}))
    }

    fn erase(&self, user: u32) -> Request {
        let user = user.to_string();
        Request::delete_profile(&user).bearer(&self.world().token(&user))
    }
}

enum Racer {
    Caller(Request),
    Source(Value),
}

impl From<Request> for Racer {
    fn from(request: Request) -> Self {
        Self::Caller(request)
    }
}

fn source(user: u32, attributes: Value) -> Racer {
    Racer::Source(upsert("crm", &user.to_string(), 1, attributes))
}

/// Whether a reply says so; System user answers everything with 200.
fn is_done(reply: &Reply) -> bool {
    let refused = reply.body.get("success") == Some(&json!(false));
    assert!(reply.status < 500, "{reply:?}");
    matches!(reply.status, 200 | 204) && !refused
}

async fn applied(sync: &SyncProfiles, message: &Value) -> bool {
    use shared::trigger::Trigger;
    let answer = sync.handle(serde_json::from_value(message.clone()).unwrap(), None).await;
    answer.batch_item_failures.is_empty()
}

fn count(done: &[bool]) -> u64 {
    done.iter().filter(|done| **done).count() as u64
}

/// 27 want one phone, each for a user of its own, through the four contracts that have phones and as sync requests; AuthMS,
/// which has none, changes some of these users meanwhile.
async fn one_phone() {
    let arena = Arena::open().await;
    for user in 1..=32 {
        arena.world().create(&user.to_string()).await;
    }
    let code = arena.desk.code(PHONE).await;
    let racers = (1..=32).map(|user| match user % 6 {
        0 => arena.patch(user, &proved(PHONE, &code)).into(),
        1 => arena.change(user, PHONE).into(),
        2 => arena.edit(user, PHONE).into(),
        3 => arena.update(user, PHONE).into(),
        4 => source(user, json!({"phone": E164})),
        _ => arena.put(user - 1, &json!({"city": "Rome"})).into(),
    });
    let racers = racers.collect();
    let done = arena.start(racers).await;
    let refused = arena.dead_letters.letters().len();
    let claiming = done.iter().zip(1..=32).filter(|(done, user)| **done && user % 6 != 5).count();
    assert_eq!(claiming - refused, 1, "{done:?}, {refused} dead letters");
    let holders = arena.holders(1..=32, E164).await;
    assert_eq!(holders, [arena.owner(E164).await.unwrap()]);
    arena.finish("one phone").await;
}

/// Each of two users wants the other's phone, through all that have phones: nobody gets one that is somebody's.
async fn swap() {
    let arena = Arena::open().await;
    let phones = [(1, "13900139001"), (2, "13900139002")];
    for (user, phone) in phones {
        assert!(is_done(&arena.world().send(&arena.edit(user, phone)).await));
    }
    let mut racers = Vec::new();
    for (user, phone) in [(1, phones[1].1), (2, phones[0].1)] {
        racers.push(arena.change(user, phone).into());
        racers.push(arena.edit(user, phone).into());
        racers.push(arena.update(user, phone).into());
        racers.push(source(user, json!({"phone": format!("+86{phone}")})));
    }
    let done = arena.start(racers).await;
    assert_eq!(
        (count(&done), arena.dead_letters.letters().len()),
        (2, 2),
        "the sources' are refused: {done:?}"
    );
    for (user, phone) in phones {
        let (phone, owner) = (format!("+86{phone}"), UserId::parse(&user.to_string()).unwrap());
        assert_eq!(arena.holders([1, 2], &phone).await, std::slice::from_ref(&owner));
        assert_eq!((arena.owner(&phone).await, arena.version(user).await), (Some(owner), 1));
    }
    arena.finish("swap").await;
}

/// Two swap with a third phone's help, and with each other's: whatever comes of it, each phone is one user's.
async fn hand_over() {
    let arena = Arena::open().await;
    let [own, other, free] = ["13900139001", "13900139002", "13900139003"];
    for (user, phone) in [(1, own), (2, other)] {
        assert!(is_done(&arena.world().send(&arena.edit(user, phone)).await));
    }
    let racers = vec![
        arena.change(1, free).into(),
        arena.edit(2, own).into(),
        arena.update(1, other).into(),
        arena.change(2, free).into(),
        arena.edit(1, own).into(),
        source(2, json!({"phone": format!("+86{free}")})),
        source(3, json!({"phone": format!("+86{own}")})),
    ];
    arena.start(racers).await;
    for phone in [own, other, free] {
        let phone = format!("+86{phone}");
        let holders = arena.holders(1..=3, &phone).await;
        assert!(holders.len() <= 1, "{holders:?}");
        assert_eq!(arena.owner(&phone).await.as_ref(), holders.first());
    }
    arena.finish("hand over").await;
}

/// A user is erased while contracts and sources change them.
async fn change_and_erase() {
    let arena = Arena::open().await;
    assert!(is_done(&arena.world().send(&arena.edit(1, "13900139001")).await));
    let mut racers: Vec<Racer> = vec![arena.erase(1).into()];
    // So many that some come after the erasure.
    for turn in 0..4 {
        racers.extend([
            arena.change(1, "13900139002").into(),
            arena.put(1, &json!({"city": format!("City {turn}")})).into(),
            arena.edit(1, "13900139003").into(),
            arena.update(1, "13900139004").into(),
            arena.patch(1, &json!({"nickname": "Al"})).into(),
            Request::update_user("1").bearer(&arena.key).json(&json!({"nickName": "Al"})).into(),
            arena.put(1, &json!({"custom_fields": {"a": turn}})).into(),
        ]);
    }
    arena.start(racers).await;
    // Who lost every race may ask again.
    while !is_done(&arena.world().send(&arena.erase(1)).await) {}
    assert!(arena.world().record("1").await.unwrap().profile.is_none());
    for phone in 1..=4 {
        assert_eq!(arena.owner(&format!("+861390013900{phone}")).await, None);
    }
    arena.finish("change and erase").await;
}

/// First writers of one user, each with a phone of its own.
async fn create_and_create() {
    let arena = Arena::open().await;
    let mut racers = vec![
        arena.put(1, &json!({"city": "Rome"})).into(),
        arena.put(1, &json!({"bio": "b"})).header("if-none-match", "*").into(),
        arena.patch(1, &json!({"nickname": "Al"})).into(),
        source(1, json!({"city": "Oslo", "phone": "+8613900139009"})),
    ];
    racers.extend((0..8).map(|phone| Racer::from(arena.edit(1, &format!("1390013900{phone}")))));
    let done = arena.start(racers).await;
    assert_eq!(arena.version(1).await, count(&done), "{done:?}");
    let phone = arena.world().profile("1").await.text(Attribute::Phone).map(str::to_owned);
    assert_eq!(arena.owner(&phone.unwrap()).await, UserId::parse("1").ok());
    arena.finish("create and create").await;
}

/// A user is erased and created anew, again and again.
async fn erase_and_create() {
    let arena = Arena::open().await;
    assert!(is_done(&arena.world().send(&arena.edit(1, "13900139001")).await));
    let admin = arena.world().admin_token("root");
    let anew = |city: &str| {
        Request::put_profile("1").bearer(&admin).header("if-none-match", "*").json(&json!({"city": city}))
    };
    let racers = vec![
        arena.erase(1).into(),
        anew("Rome").into(),
        arena.erase(1).into(),
        anew("Oslo").into(),
        source(1, json!({"phone": "+8613900139002"})),
        arena.erase(1).into(),
        anew("Bern").into(),
        arena.edit(1, "13900139003").into(),
    ];
    arena.start(racers).await;
    let profile = arena.world().record("1").await.unwrap().profile;
    let held = profile.and_then(|profile| profile.text(Attribute::Phone).map(str::to_owned));
    for phone in 1..=3 {
        let phone = format!("+861390013900{phone}");
        assert_eq!(arena.owner(&phone).await.is_some(), held.as_ref() == Some(&phone));
    }
    arena.finish("erase and create").await;
}

/// One code, as often as it may be guessed, while the same profile changes.
async fn change_and_spend() {
    let arena = Arena::open().await;
    arena.world().create("1").await;
    let code = arena.desk.code(PHONE).await;
    let mut racers: Vec<Racer> = Vec::new();
    racers.extend((0..5).map(|_| arena.patch(1, &proved(PHONE, &code)).into()));
    racers.extend((0..5).map(|city| arena.put(1, &json!({"city": format!("City {city}")})).into()));
    racers.push(arena.change(1, "13900139001").into());
    let done = arena.start(racers).await;
    assert_eq!(arena.version(1).await, 1 + count(&done), "{done:?}");
    assert_eq!(count(&done[..5]), 1, "{done:?}");
    let challenges = arena.world().items().await;
    let challenges = challenges.iter().filter(|item| item["SK"].as_s().unwrap() == "CHALLENGE").count();
    assert_eq!(challenges, 0, "one has spent it");
    // Once more it is no good.
    assert!(!is_done(&arena.world().send(&arena.patch(1, &proved(PHONE, &code))).await));
    arena.finish("change and spend").await;
}

/// A backup comes back while others take what was lost with the table.
async fn restore_and_change() {
    let arena = Arena::open().await;
    for user in 1..=4 {
        let edit = arena.edit(user, &format!("1390013900{user}"));
        assert!(is_done(&arena.world().send(&edit).await));
    }
    let backup = back_up(arena.world()).await;
    let items = arena.world().items().await;
    for item in &items {
        let key = shared::store::Key::of(item).unwrap();
        if key.pk.starts_with("USER#") || key.pk.starts_with("CLAIM#") {
            let delete = arena.world().database.delete_item().table_name(&arena.world().table);
            delete.set_key(Some(key.attributes())).send().await.unwrap();
        }
    }
    let racers = vec![
        arena.edit(1, "13900139002").into(),
        arena.edit(3, "13900139001").into(),
        arena.edit(5, "13900139004").into(),
        arena.put(2, &json!({"city": "Rome"})).into(),
    ];
    let restore = async {
        // Somebody else was writing the same: as an operator would, once more.
        while arena.world().store.restore_profiles(&backup, &items).await.is_err() {}
    };
    tokio::join!(arena.start(racers), restore);
    for phone in 1..=4 {
        let phone = format!("+861390013900{phone}");
        let holders = arena.holders(1..=5, &phone).await;
        assert!(holders.len() <= 1, "{phone}: {holders:?}");
        assert_eq!(arena.owner(&phone).await.as_ref(), holders.first(), "{phone}");
    }
    // Its versions came back with it, and were told of before it was lost.
    let world = arena.world();
    let findings = world.store.check(&world.items().await, world.clock.now()).await.unwrap();
    assert!(findings.is_empty(), "{findings:?}");
}

macro_rules! races {
    ($($race:ident, $test:ident;)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            for _ in 0..ROUNDS {
                $race().await;
            }
        })*

        #[test]
        #[ignore = "takes minutes: .ci/full races"]
        fn a_hundred_rounds_of_each() {
            let mut rounds = serde_json::Map::new();
            $(for _ in 0..100 {
                alone($race);
            }
            rounds.insert(stringify!($race).to_owned(), json!(100));)*
            println!("{}", json!({"rounds": rounds}));
        }
    };
}

races! {
    one_phone, one_phone_has_one_winner;
    swap, nobody_gets_the_other_s_phone;
    hand_over, each_phone_is_one_user_s;
    change_and_erase, whoever_is_erased_stays_so;
    create_and_create, first_writers_share_one_profile;
    erase_and_create, who_is_created_anew_has_one_life;
    change_and_spend, a_code_is_spent_once;
    restore_and_change, a_backup_takes_nobody_s_place;
}
