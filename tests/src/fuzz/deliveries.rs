//! What AWS hands over: an HTTP API event, records of the table's stream, messages of the queue of sync requests.

use super::items;
use super::planned::{assert_canonical, assert_settles};
use crate::inbox::SOURCES;
use crate::{Mailbox, NOON, Options, World};
use serde_json::{Value, json};
use shared::auth::Role;
use shared::events::request::{Envelope, Operation, Refusal, SyncRequest};
use shared::events::source::Sources;
use shared::events::{Change, Values};
use shared::http::Event;
use shared::profile::ProfilePatch;
use shared::store::{Image, StreamRecord};
use shared::trigger::Trigger;
use std::sync::LazyLock;
use tokio::runtime::Runtime;

/// A whole stack on the embedded DynamoDB, and credentials by their placeholders.
struct Stack {
    world: World,
    credentials: Vec<(&'static str, String)>,
    /// Where codes go.
    _mailbox: Mailbox,
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
});

static STACK: LazyLock<Stack> = LazyLock::new(|| {
    RUNTIME.block_on(async {
        let mailbox = Mailbox::start().await;
        let world = World::with(Options { settings: mailbox.settings() }).await;
        let credentials = vec![
            ("${DEMO_TOKEN}", world.token("demo-authms")),
            ("${DEMO_ADMIN_TOKEN}", world.admin_token("demo-admin")),
            ("${DEMO_WTS_TOKEN}", world.wts_token("demo-wts", "user")),
            ("${DEMO_API_KEY}", world.api_key(Role::Admin).await),
            ("${DEMO_CLIENT}", world.client().await),
        ];
        Stack { world, credentials, _mailbox: mailbox }
    })
});

/// Any event is answered as its contract's document says, with headers that are headers, and never as a defect of ours.
///
/// Placeholders stand for good credentials, so that mutations come further than to the door.
pub fn gateway(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if serde_json::from_str::<Value>(text).is_err() {
        return;
    }
    let Stack { world, credentials, .. } = &*STACK;
    let filled = credentials
        .iter()
        .fold(text.to_owned(), |text, (placeholder, credential)| text.replace(placeholder, credential));
    let event: Value = serde_json::from_str(&filled).unwrap();
    // The gateway calls a function for a request at the function's route, with an event of this shape.
    let method = event["requestContext"]["http"]["method"].as_str();
    let routed = event["routeKey"]
        .as_str()
        .is_some_and(|route| world.serves(route) && route.split(' ').next() == method);
    if !routed || serde_json::from_value::<Event>(event.clone()).is_err() {
        return;
    }
    let answer = RUNTIME.block_on(world.invoke(event));
    assert!((200..500).contains(&answer.status_code), "{} {}", answer.status_code, answer.body);
    for (name, value) in &answer.headers {
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'));
        assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{name}: {value:?}");
    }
}

/// A record that is read tells of one change; one that is not read names nobody but whose it is.
pub fn stream(input: &[u8]) {
    let Ok(record) = serde_json::from_slice::<Value>(input) else { return };
    let images = |name: &str| items::read(&record["dynamodb"][name]).and_then(|item| Image::read(&item));
    match StreamRecord::decode(&record) {
        Ok(None) => {}
        Ok(Some(StreamRecord { old, new })) => {
            assert_eq!((&old, Some(&new)), (&images("OldImage"), images("NewImage").as_ref()));
            let Some(change) = Change::between(old.as_ref(), &new, &Values::default()) else { return };
            assert_eq!((&change.user_id, change.version), (&new.user_id, new.record.version));
            assert!(change.values.is_empty());
            for names in [&change.set, &change.changed, &change.removed] {
                assert!(names.is_sorted());
            }
            let detail: Value = serde_json::from_str(&change.detail(0)).unwrap();
            assert_eq!(detail["user_id"], json!(change.user_id));
            // The history keeps an entry until its time is over, whenever that is.
            assert!(change.written.plus_seconds(90 * 24 * 3600) >= change.written);
        }
        Err(undecodable) => {
            let id = record["eventID"].as_str();
            assert_eq!(undecodable.event_id.as_deref(), id);
            if let Some(user) = undecodable.user_id {
                let key = record["dynamodb"]["Keys"]["PK"]["S"].as_str().unwrap();
                assert!(key.ends_with(user.as_str()));
            }
        }
    }
}

/// A message is a request that keeps all rules of its source, or is refused for a reason that holds no value.
pub fn sync(input: &[u8]) {
    static ALLOWED: LazyLock<Sources> = LazyLock::new(|| Sources::parse(SOURCES).unwrap());
    // A batch of the queue, or one message's body.
    type Batch = <triggers::SyncProfiles as Trigger>::Event;
    let batch: Value = serde_json::from_slice(input).unwrap_or_default();
    let bodies: Vec<String> = match batch["Records"].as_array() {
        Some(records) => {
            let complete = |record: &Value| {
                record["messageId"].is_string() && record.get("body").is_none_or(Value::is_string)
            };
            if records.iter().all(complete) {
                // Lambda hands such a batch to nobody twice: it must be read.
                assert!(serde_json::from_value::<Batch>(batch.clone()).is_ok(), "{batch}");
            }
            records.iter().filter_map(|record| record["body"].as_str()).map(str::to_owned).collect()
        }
        None => vec![String::from_utf8_lossy(input).into_owned()],
    };
    for body in bodies {
        let Ok(Envelope { source, detail }) = Envelope::read(&body) else { continue };
        let Some(source) = ALLOWED.get(&source) else { continue };
        match SyncRequest::read(source, detail.clone(), NOON) {
            Ok(request) => {
                assert_eq!(detail["user_id"], json!(request.user_id));
                assert_eq!(detail["sequence"].as_u64(), Some(request.sequence));
                let Operation::Upsert(changes) = request.operation else { continue };
                let mut patch = ProfilePatch::new();
                for (attribute, change) in changes {
                    assert!(source.attributes.contains(&attribute));
                    patch.change(attribute, change);
                }
                assert_canonical(&patch);
                assert_settles(&patch, None);
            }
            Err(refusal) => {
                let reason = refusal.reason();
                for violation in reason["violations"].as_array().into_iter().flatten() {
                    assert_eq!(violation.as_object().unwrap().keys().collect::<Vec<_>>(), ["code", "field"]);
                }
                assert!(!matches!(&refusal, Refusal::Invalid(violations) if violations.is_empty()));
                assert!(reason["reason"].is_string());
            }
        }
    }
}
