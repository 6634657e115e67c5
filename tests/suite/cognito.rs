//! Cognito's post-confirmation trigger: the event always comes back, and the user has a profile or a letter waiting.

use serde_json::{Value, json};
use shared::config::Settings;
use shared::events::request::SyncRequest;
use shared::events::source::Sources;
use shared::ground::Ground;
use shared::profile::{Attribute, Profile, Unique};
use shared::sdk::named;
use shared::store::ProfileStore;
use shared::trigger::Trigger;
use std::collections::HashMap;
use std::sync::Arc;
use tests::bus::Message;
use tests::rigged::Sequence;
use tests::{Bus, Canaries, NOON, World};
use tokio::net::TcpListener;
use triggers::CognitoPostConfirmation;

const USER: &str = "7b6e2c1a-5f0d-4f5e-9a53-0c1d2e3f4a5b";
const DEAD_LETTERS: &str = "https://sqs.example.com/sync-dead-letters";

struct Pool {
    world: World,
    bus: Bus,
    trigger: CognitoPostConfirmation,
}

impl Pool {
    async fn new() -> Self {
        let world = World::new().await;
        let database = world.wire.endpoint().to_owned();
        Self::over(world, &database).await
    }

    /// A trigger that believes the database to be here.
    async fn over(world: World, database: &str) -> Self {
        let bus = Bus::start().await;
        let sdk = named(&bus.sdk().await, CognitoPostConfirmation::NAME);
        let database = aws_sdk_dynamodb::Client::new(&sdk.to_builder().endpoint_url(database).build());
        let ground = Ground {
            sdk,
            store: ProfileStore::new(database, world.table.clone()),
            clock: Arc::clone(&world.clock) as _,
            entropy: Arc::new(Sequence::default()),
            telemetry: world.journal.telemetry(Arc::clone(&world.clock) as _),
        };
        let mut settings =
            Settings::new(HashMap::from([("SYNC_DLQ_URL".to_owned(), DEAD_LETTERS.to_owned())]));
        let trigger = CognitoPostConfirmation::configure(&mut settings, ground);
        settings.finish().unwrap();
        Self { world, bus, trigger }
    }

    /// Sends an event, which must come back as it was.
    async fn confirm(&self, event: &Value) {
        Canaries::of_this_test().add_said(&event["request"]["userAttributes"]);
        assert_eq!(self.trigger.handle(event.clone(), None).await, *event);
    }

    async fn profile(&self) -> Profile {
        self.world.profile(USER).await
    }

    async fn texts(&self) -> Vec<(&'static str, String)> {
        let attributes = self.profile().await.attributes.into_iter();
        attributes.map(|(attribute, value)| (attribute.name(), value.as_str().unwrap().to_owned())).collect()
    }
}

fn sample(name: &str) -> Value {
    let path = local::binaries::workspace().join("events/cognito-post-confirmation").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// An event with these attributes of the pool and no others.
fn confirmed(attributes: Value) -> Value {
    let mut event = sample("good.json");
    event["request"]["userAttributes"] = attributes;
    event
}

fn letter(attributes: &Value, id: &str, reason: Value) -> Message {
    let detail =
        json!({"user_id": USER, "operation": "upsert", "sequence": NOON.millis(), "attributes": attributes});
    let body = json!({"id": id, "source": "cognito", "detail-type": "Profile Sync Requested",
        "time": "2026-04-03T12:00:00.000Z", "detail": detail});
    Message { queue: DEAD_LETTERS.to_owned(), body, reason: Some(reason) }
}

#[tokio::test]
async fn a_confirmed_user_has_a_profile() {
    let pool = Pool::new().await;
    pool.confirm(&sample("good.json")).await;
    let profile = pool.profile().await;
    let expected = [
        ("username", "zoe_m"),
        ("name", "Zoë Martin"),
        ("nickname", "zoe"),
        ("first_name", "Zoë"),
        ("last_name", "Martin"),
        ("gender", "female"),
        ("birthdate", "1990-02-28"),
        ("avatar_url", "https://zoe.example.com/zoe.png"),
        ("website", "https://zoe.example.com/"),
        ("language", "fr-FR"),
        ("timezone", "Europe/Paris"),
        ("phone", "+8613900139000"),
        ("email", "Zoe@example.com"),
    ];
    assert_eq!(pool.texts().await, expected.map(|(name, value)| (name, value.to_owned())));
    // Proved is what the pool says is proved.
    assert_eq!((profile.email_verified, profile.phone_verified), (true, false));
    let changed_by = pool.world.record(USER).await.unwrap().changed_by;
    assert_eq!(
        serde_json::to_value(changed_by).unwrap(),
        json!({"contract": "sync", "actor": "sync", "origin": "cognito"})
    );
    assert_eq!(pool.bus.letters(), []);
}

#[tokio::test]
async fn nothing_else_is_acted_on() {
    let pool = Pool::new().await;
    let good = json!({"sub": USER, "email": "zoe@example.com"});
    let mut nameless = confirmed(good.clone());
    nameless.as_object_mut().unwrap().remove("triggerSource");
    let without_sub = confirmed(json!({"email": "zoe@example.com"}));
    let odd_sub = confirmed(json!({"sub": "a b", "email": "zoe@example.com"}));
    let only_sub = confirmed(json!({"sub": USER, "email_verified": "true", "custom:shoe": "43"}));
    let others = [sample("other-trigger.json"), nameless, without_sub, odd_sub, only_sub];
    for event in others.into_iter().chain([confirmed(Value::Null), json!({}), Value::Null]) {
        pool.confirm(&event).await;
        assert_eq!(pool.world.wire.calls(), [""; 0], "{event}");
    }
    assert_eq!(pool.bus.letters(), []);
}

#[tokio::test]
async fn values_that_break_a_rule_are_left_out() {
    let pool = Pool::new().await;
    pool.confirm(&sample("poisoned.json")).await;
    let expected = [
        ("username", "zoe_m"),
        ("name", "Zoë Martin"),
        ("first_name", "Zoë"),
        ("last_name", "Martin"),
        ("gender", "female"),
        ("email", "Zoe@example.com"),
    ];
    assert_eq!(pool.texts().await, expected.map(|(name, value)| (name, value.to_owned())));
    assert_eq!(pool.bus.letters(), []);
    // Where none is left there is no profile to make.
    pool.confirm(&confirmed(json!({"sub": "nobody", "phone_number": "1", "name": 1}))).await;
    assert_eq!(pool.world.record("nobody").await, None);
    assert_eq!(pool.bus.letters(), []);
}

#[tokio::test]
async fn a_later_confirmation_refreshes_and_one_told_twice_does_not() {
    let pool = Pool::new().await;
    let event = |nickname: &str| confirmed(json!({"sub": USER, "nickname": nickname}));
    pool.confirm(&event("first")).await;
    pool.confirm(&event("double")).await;
    assert_eq!(
        (pool.profile().await.version, pool.profile().await.text(Attribute::Nickname)),
        (1, Some("first"))
    );
    pool.world.clock.forward(1);
    pool.confirm(&event("later")).await;
    assert_eq!(
        (pool.profile().await.version, pool.profile().await.text(Attribute::Nickname)),
        (2, Some("later"))
    );
}

#[tokio::test]
async fn a_later_confirmation_frees_the_contact_that_it_replaces() {
    let pool = Pool::new().await;
    let event = |email: &str| confirmed(json!({"sub": USER, "email": email, "email_verified": "true"}));
    pool.confirm(&event("old@example.com")).await;
    pool.world.clock.forward(1);
    pool.confirm(&event("new@example.com")).await;
    assert_eq!(pool.texts().await, [("email", "new@example.com".to_owned())]);
    let owner = async |email: &str| pool.world.store.owner(Unique::Email, email).await.unwrap();
    assert_eq!(owner("old@example.com").await, None);
    assert_eq!(owner("new@example.com").await.map(|owner| owner.to_string()), Some(USER.to_owned()));
}

#[tokio::test]
async fn a_contact_of_somebody_else_waits_in_the_queue() {
    let pool = Pool::new().await;
    let mut first =
        confirmed(json!({"sub": "first", "phone_number": "+8613900139000", "email": "a@example.com"}));
    pool.confirm(&first).await;
    first["request"]["userAttributes"] = json!({"sub": USER, "nickname": "n", "email": "A@example.com",
        "email_verified": "true", "phone_number": "+8613900139000"});
    pool.confirm(&first).await;
    let ids = ["cd04a475-4498-406d-b5a1-3c5f371f1f04", "8005f02d-43fa-46e7-9058-5fb64c961d57"];
    let letters = pool.bus.letters();
    let taken = |attribute: &str| json!({"reason": "taken", "attributes": [attribute]});
    assert_eq!(
        letters,
        [
            letter(&json!({"nickname": "n", "email": "A@example.com"}), ids[0], taken("email")),
            letter(&json!({"phone": "+8613900139000"}), ids[1], taken("phone")),
        ]
    );
    assert_eq!(pool.world.record(USER).await, None);

    // An unproved contact that somebody else holds keeps nothing else out.
    let rest = json!({"sub": USER, "nickname": "n", "phone_number": "+8613900139000"});
    pool.confirm(&confirmed(rest)).await;
    assert_eq!(pool.texts().await, [("nickname", "n".to_owned())]);
    assert_eq!(pool.bus.letters().len(), 1);

    // What waits is a sync request that sync-profiles reads, once the source is configured there.
    let sources =
        r#"[{"source":"cognito","attributes":["nickname","phone","email"],"asserts_verified":true}]"#;
    let sources = Sources::parse(sources).unwrap();
    for letter in letters {
        let detail = letter.body["detail"].as_object().unwrap().clone();
        let request = SyncRequest::read(sources.get("cognito").unwrap(), detail, NOON);
        assert_eq!(request.map(|request| request.user_id.to_string()), Ok(USER.to_owned()));
    }
}

#[tokio::test]
async fn a_database_that_does_not_answer_keeps_nobody_out() {
    // Connections are made, and nobody ever reads from them.
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    let pool = Pool::over(World::new().await, &silent_url).await;
    let event = confirmed(json!({"sub": USER, "nickname": "n"}));
    pool.confirm(&event).await;
    let expected = letter(
        &json!({"nickname": "n"}),
        "cd266215-4e6d-46b2-b2b9-2e70c0cac3cc",
        json!({"reason": "timeout"}),
    );
    assert_eq!(pool.bus.letters(), [expected]);

    // When the queue fails as well that is logged, and the sign-up goes on.
    pool.bus.spoil("SendMessage", 3);
    pool.confirm(&event).await;
    assert_eq!(pool.bus.letters(), []);
}
