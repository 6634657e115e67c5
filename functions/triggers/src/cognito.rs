//! Amazon Cognito's post-confirmation trigger: whoever has just signed up gets a profile.
//!
//! Cognito waits for the answer and fails the sign-up without one. So the event always comes back as it came, within
//! three seconds; what could not be written waits in the dead-letter queue as the sync request
//! that would do the same.

use crate::dead_letters::DeadLetters;
use futures_util::FutureExt;
use serde_json::{Map, Value, json};
use shared::clock::Timestamp;
use shared::config::Settings;
use shared::entropy::uuid;
use shared::events::request::{Refusal, SyncRequest};
use shared::events::source::Source;
use shared::events::sync::{SyncError, apply};
use shared::ground::Ground;
use shared::profile::Attribute;
use shared::store::{ProfileStore, StoreError};
use shared::telemetry::{ConfirmationLine, Metric, Metrics, XRay};
use shared::trigger::Trigger;
use shared::validation::UserId;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The source of these changes, and their `origin` in the events that go out.
pub const SOURCE: &str = "cognito";

/// The one event that this trigger acts on; a pool sends others here too, such as a confirmed new password.
const CONFIRMED: &str = "PostConfirmation_ConfirmSignUp";

/// Time for the table. With [`QUEUE_WITHIN`] two seconds below Cognito's own five, which count a cold start too.
const APPLY_WITHIN: Duration = Duration::from_secs(2);

/// Time for the queue after that.
const QUEUE_WITHIN: Duration = Duration::from_secs(1);

/// A user pool's attributes that a profile has a place for.
const ATTRIBUTES: &[(&str, Attribute)] = &[
    ("birthdate", Attribute::Birthdate),
    ("email", Attribute::Email),
    ("family_name", Attribute::LastName),
    ("gender", Attribute::Gender),
    ("given_name", Attribute::FirstName),
    ("locale", Attribute::Language),
    ("name", Attribute::Name),
    ("nickname", Attribute::Nickname),
    ("phone_number", Attribute::Phone),
    ("picture", Attribute::AvatarUrl),
    ("preferred_username", Attribute::Username),
    ("website", Attribute::Website),
    ("zoneinfo", Attribute::Timezone),
];

/// The trigger.
pub struct CognitoPostConfirmation {
    ground: Ground,
    dead_letters: DeadLetters,
}

impl Trigger for CognitoPostConfirmation {
    const NAME: &'static str = "cognito-post-confirmation";
    type Event = Value;
    type Answer = Value;

    fn configure(settings: &mut Settings, ground: Ground) -> Self {
        Self { dead_letters: DeadLetters::configure(settings, &ground), ground }
    }

    async fn handle(&self, event: Value, x_ray: Option<&str>) -> Value {
        let invocation = self.ground.telemetry.begin(x_ray.and_then(XRay::parse));
        let store = self.ground.store.metered_anew();
        // A defect of ours is no reason to turn a user away either.
        let done =
            AssertUnwindSafe(self.confirm(&store, &event, invocation.started).boxed()).catch_unwind().await;
        let done = done.unwrap_or(Done { outcome: "panic", given_up: 1, ..Done::default() });
        let line = ConfirmationLine {
            function: Self::NAME,
            outcome: done.outcome,
            applied: done.applied,
            queued: done.queued,
            left_out: &done.left_out.join(" "),
        };
        let metrics = Metrics::of_records(1).with(Metric::GivenUp, done.given_up).with_usage(store.usage());
        self.ground.telemetry.end(&invocation, &line, metrics);
        event
    }
}

/// What an invocation came to, for its log line.
#[derive(Default)]
struct Done {
    outcome: &'static str,
    applied: usize,
    queued: usize,
    /// Those that are queued, and those that nobody has kept.
    given_up: usize,
    /// Canonical names of attributes whose values broke a rule.
    left_out: Vec<String>,
}

impl CognitoPostConfirmation {
    async fn confirm(&self, store: &ProfileStore, event: &Value, now: Timestamp) -> Done {
        if event["triggerSource"] != CONFIRMED {
            return Done { outcome: "ignored", ..Done::default() };
        }
        let given = &event["request"]["userAttributes"];
        let user_id = given["sub"].as_str().and_then(|sub| UserId::parse(sub).ok());
        let (Some(user_id), Ok(sequence)) = (user_id, u64::try_from(now.millis())) else {
            return Done { outcome: "no_user_id", ..Done::default() };
        };
        let mut done = Done { outcome: "applied", ..Done::default() };
        let apply_until = Instant::now() + APPLY_WITHIN;
        let queue_until = apply_until + QUEUE_WITHIN;
        for (source, attributes) in shares(given) {
            let Some(request) = keep_valid(&source, &user_id, sequence, attributes, now, &mut done.left_out)
            else {
                continue;
            };
            let (kept, request) = request;
            let applying = apply(store, &*self.ground.entropy, now, &source, &request);
            let reason = match timeout_at(apply_until, applying).await {
                Ok(Ok(_)) => {
                    done.applied += 1;
                    continue;
                }
                Ok(Err(error)) => reason(&error),
                Err(_) => json!({"reason": "timeout"}),
            };
            done.given_up += 1;
            let detail =
                json!({"user_id": user_id, "operation": "upsert", "sequence": sequence, "attributes": kept});
            match timeout_at(queue_until, self.queue_up(detail, now, &reason)).await {
                Ok(true) => {
                    done.queued += 1;
                    done.outcome = "queued";
                }
                _ => done.outcome = "lost",
            }
        }
        done
    }

    /// Puts the request where a person finds it. Whether that worked.
    async fn queue_up(&self, detail: Value, now: Timestamp, reason: &Value) -> bool {
        let envelope = json!({
            "id": uuid(&*self.ground.entropy),
            "source": SOURCE,
            "detail-type": "Profile Sync Requested",
            "time": now.rfc3339(),
            "detail": detail,
        });
        self.dead_letters.put(&envelope.to_string(), reason).await
    }
}

/// The pool's attributes by their canonical names: those that it vouches for or that need no proof, then contacts that
/// it has not proved. Each share with a source that says the same of it, so that a contact which somebody else
/// holds does not keep the rest out.
fn shares(given: &Value) -> impl Iterator<Item = (Source, Map<String, Value>)> {
    let mut vouched = Map::new();
    let mut unproved = Map::new();
    for &(name, attribute) in ATTRIBUTES {
        let Some(value) = given.get(name) else { continue };
        let is_contact = matches!(attribute, Attribute::Phone | Attribute::Email);
        let proved = given[format!("{name}_verified")] == "true";
        let share = if is_contact && !proved { &mut unproved } else { &mut vouched };
        share.insert(attribute.name().to_owned(), value.clone());
    }
    [(true, vouched), (false, unproved)].into_iter().filter(|(_, share)| !share.is_empty()).map(
        |(asserts_verified, share)| {
            let attributes = ATTRIBUTES.iter().map(|(_, attribute)| *attribute).collect();
            (Source { name: SOURCE.to_owned(), attributes, asserts_verified }, share)
        },
    )
}

/// The request without the attributes whose values break a rule, if any attribute is left.
fn keep_valid(
    source: &Source,
    user_id: &UserId,
    sequence: u64,
    mut attributes: Map<String, Value>,
    now: Timestamp,
    left_out: &mut Vec<String>,
) -> Option<(Map<String, Value>, SyncRequest)> {
    loop {
        if attributes.is_empty() {
            return None;
        }
        match SyncRequest::upsert(source, user_id.clone(), sequence, attributes.clone(), now) {
            Ok(request) => return Some((attributes, request)),
            Err(Refusal::Invalid(violations)) => {
                let before = attributes.len();
                for violation in violations {
                    if attributes.remove(&violation.field).is_some() {
                        left_out.push(violation.field);
                    }
                }
                if attributes.len() == before {
                    return None;
                }
            }
            Err(_) => return None,
        }
    }
}

/// Why it waits in the queue: for machines, and without any value.
fn reason(error: &SyncError) -> Value {
    let transient = match error {
        SyncError::Refused(refusal) => return refusal.reason(),
        SyncError::Contention => "contention",
        SyncError::Store(StoreError::Throttled) => "throttled",
        SyncError::Store(StoreError::Unavailable) => "unavailable",
        SyncError::Store(StoreError::Internal) => "internal",
    };
    json!({"reason": transient})
}
