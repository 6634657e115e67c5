//! The functions that are no endpoints: what they could not do is delivered again, or waits where a person finds it.

use super::scene::BadDay;
use super::shape::{Shape, shape};
use super::verdict::{Row, Verdict};
use super::{
    Count, FIRST_USER, GATE, PATIENCE, Share, Target, by_patience, cells, played, sound, targets, version,
};
use serde_json::{Value, json};
use shared::trigger::Trigger;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;
use tests::inbox::{DEAD_LETTERS, SOURCES, erase, upsert};
use tests::{Bus, Follower, Request};
use triggers::{CognitoPostConfirmation, PublishChanges, SendNotices, SyncProfiles};

/// What a function is invoked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cue {
    /// Another system's change, of a phone too.
    Sync,
    /// Another system says what is so already.
    SyncKnown,
    SyncErasure,
    /// A change of a profile on the stream.
    Publish,
    PublishErasure,
    /// The old phone is told.
    Notice,
    /// A user signs up.
    SignUp,
}

const CUES: [Cue; 7] = [
    Cue::Sync,
    Cue::SyncKnown,
    Cue::SyncErasure,
    Cue::Publish,
    Cue::PublishErasure,
    Cue::Notice,
    Cue::SignUp,
];

/// The functions of one world.
struct Backstage {
    day: BadDay,
    bus: Bus,
    sync: SyncProfiles,
    publish: PublishChanges,
    notices: SendNotices,
    sign_up: CognitoPostConfirmation,
}

impl Backstage {
    async fn open(attempt: Option<Duration>) -> Self {
        let (day, bus) = (BadDay::dawn(attempt).await, Bus::start().await);
        let (world, sdk) = (&day.world, bus.sdk().await);
        let failed = ("FAILED_CHANGES_QUEUE_URL", "https://sqs.test/failed");
        let outbox = day.mailbox.url();
        Self {
            sync: world.trigger(sdk.clone(), &[("SYNC_SOURCES", SOURCES), ("SYNC_DLQ_URL", DEAD_LETTERS)]),
            publish: world.trigger(sdk.clone(), &[("EVENT_BUS", "changes"), failed]),
            notices: world.trigger(
                sdk.clone(),
                &[("STAGE", "dev"), ("COURIER", "outbox"), ("OUTBOX_URL", &outbox), failed],
            ),
            sign_up: world.trigger(sdk, &[("SYNC_DLQ_URL", DEAD_LETTERS)]),
            day,
            bus,
        }
    }

    /// The event that the function gets, once all is there that it is about.
    async fn set(&self, cue: Cue, user: &str) -> Value {
        let world = &self.day.world;
        let message = |body: Value| json!({"Records": [{"messageId": "0", "body": body.to_string()}]});
        let own = |body: Value| Request::edit_user_basic().bearer(&world.token(user)).json(&body);
        if cue != Cue::SignUp {
            let phone = json!({"phone": format!("+86 138{user:0>8}"), "nickname": "Nick"});
            assert_eq!(world.send(&own(phone)).await.status, 200);
        }
        match cue {
            Cue::Sync => {
                let changes = json!({"phone": format!("+86139{user:0>8}"), "city": "Rome"});
                message(upsert("crm", user, 1, changes))
            }
            Cue::SyncKnown => message(upsert("crm", user, 1, json!({"nickname": "Nick"}))),
            Cue::SyncErasure => message(erase("crm", user, 1)),
            Cue::Publish => self.records(user).await,
            Cue::PublishErasure => {
                // So that there is something to tidy up.
                self.publish.handle(batch(&self.records(user).await), None).await;
                self.sync
                    .handle(batch(&message(upsert("crm", user, 1, json!({"city": "Oslo"})))), None)
                    .await;
                let erasure = Request::delete_profile(user).bearer(&world.token(user));
                let erasure = erasure.header("idempotency-key", "\"erased\"");
                assert_eq!(world.send(&erasure).await.status, 204);
                self.bus.calls();
                self.records(user).await
            }
            Cue::Notice => {
                let phone = json!({"phone": format!("+86 139{user:0>8}")});
                assert_eq!(world.send(&own(phone)).await.status, 200);
                self.records(user).await
            }
            Cue::SignUp => json!({
                "version": "1", "triggerSource": "PostConfirmation_ConfirmSignUp", "userPoolId": "us-east-1_a",
                "userName": "new", "region": "us-east-1", "callerContext": {},
                "request": {"userAttributes": {
                    "sub": user, "phone_number": format!("+86139{user:0>8}"), "phone_number_verified": "true",
                }},
                "response": {},
            }),
        }
    }

    async fn records(&self, user: &str) -> Value {
        let key = json!({"S": format!("USER#{user}")});
        let mut records = self.day.world.stream().await;
        records.retain(|record| record["dynamodb"]["Keys"]["PK"] == key);
        json!({"Records": records})
    }

    /// Invokes the function; whether nothing is left to do.
    async fn invoke(&self, cue: Cue, event: &Value) -> bool {
        let failures = match cue {
            Cue::Sync | Cue::SyncKnown | Cue::SyncErasure => {
                serde_json::to_value(self.sync.handle(batch(event), None).await)
            }
            Cue::Publish | Cue::PublishErasure => {
                serde_json::to_value(self.publish.handle(batch(event), None).await)
            }
            Cue::Notice => serde_json::to_value(self.notices.handle(batch(event), None).await),
            Cue::SignUp => {
                assert_eq!(self.sign_up.handle(event.clone(), None).await, *event);
                return self.bus.messages().is_empty();
            }
        };
        failures.unwrap()["batchItemFailures"] == json!([])
    }

    async fn play(&self, cue: Cue, after: &Shape, (target, row, forever): (&Target, Row, bool), user: &str) {
        let case = format!("{cue:?}, {target:?}, {row:?}, forever: {forever}");
        let world = &self.day.world;
        let event = self.set(cue, user).await;
        let (before, start) = (shape(world, user).await, version(world, user).await);
        self.day.mailbox.attempts();
        world.wire.calls();
        let times = if forever { usize::MAX } else { 1 };
        world.wire.spoil_after(&target.operation, target.number, times, row.fault);
        let done = self.invoke(cue, &event).await;
        world.wire.heal().await;
        // Cognito does not wait as long as one attempt is given; a mark that may have changed is read again when the stream
        // delivers the erasure again.
        let later = match cue {
            Cue::SignUp => row.fault.is_silent(),
            Cue::PublishErasure => target.operation == "PutItem",
            _ => false,
        };
        assert!(done || forever || later || !row.is_made_up_for(), "{case}: nobody tried again");
        let now = version(world, user).await;
        assert!(now - start <= 1, "{case}: {} versions", now - start);
        if cue == Cue::Sync && now == start && target.operation != "PutItem" {
            assert_eq!(shape(world, user).await, before, "{case}");
        }
        assert!(self.day.mailbox.attempts() <= 1, "{case}");
        if row.verdict == Verdict::Harmless {
            assert!(done, "{case}");
        }
        // Cognito tells of a sign-up once; what is left of it waits for a person.
        if cue != Cue::SignUp {
            assert!(self.invoke(cue, &event).await, "{case}: again");
        }
        if cue != Cue::SignUp || done {
            assert_eq!(shape(world, user).await, *after, "{case}: in the end");
        }
        let letters = self.day.mailbox.attempts();
        assert!(letters <= 1, "{case}: {letters} letters more");
    }
}

fn batch<T: serde::de::DeserializeOwned>(event: &Value) -> T {
    serde_json::from_value(event.clone()).unwrap()
}

async fn rows(cue: Cue, after: &Shape, target: &Target, cells: Vec<(Row, bool)>) -> Count {
    let mut count = Count::default();
    for (attempt, cells) in by_patience(cells).into_iter().filter(|(_, cells)| !cells.is_empty()) {
        let _turn = GATE.acquire().await.unwrap();
        count = count.plus(rows_within(attempt, cue, after, target, cells).await);
    }
    count
}

async fn rows_within(
    attempt: Option<Duration>,
    cue: Cue,
    after: &Shape,
    target: &Target,
    cells: Vec<(Row, bool)>,
) -> Count {
    let backstage = Backstage::open(attempt).await;
    for (index, (row, forever)) in cells.iter().enumerate() {
        let user = (FIRST_USER + index).to_string();
        backstage.play(cue, after, (target, *row, *forever), &user).await;
    }
    let world = &backstage.day.world;
    let mut follower = Follower::of(world).await;
    assert!(follower.follow(world).await);
    sound(world, &follower, &format!("{cue:?}, {target:?}")).await;
    Count { cells: cells.len(), faults: world.wire.injected() }
}

/// All cells of a cue.
async fn cue(cue: Cue, share: Share) -> Count {
    let turn = GATE.acquire().await.unwrap();
    let (good, user) = (Backstage::open(Some(PATIENCE)).await, FIRST_USER.to_string());
    let event = good.set(cue, &user).await;
    good.day.world.wire.calls();
    assert!(good.invoke(cue, &event).await, "{cue:?}");
    let calls = good.day.world.wire.calls();
    let after = shape(&good.day.world, &user).await;
    assert!(!calls.is_empty(), "{cue:?}");
    drop(turn);
    let (mut count, cell) = (Count::default(), AtomicUsize::new(cue as usize));
    for target in targets(&calls) {
        let cells = cells(&target.operation, share, &cell);
        count = count.plus(rows(cue, &after, &target, cells).await);
    }
    count
}

pub fn table(share: Share) -> Count {
    played(&CUES, |each| cue(each, share))
}

#[test]
fn what_a_trigger_could_not_do_is_not_forgotten() {
    let count = table(Share { each: 32, from: 5 });
    assert!(count.faults > 3, "{} faults in {} cells", count.faults, count.cells);
}
