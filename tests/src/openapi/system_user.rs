//! System user's examples.

use super::Recorder;
use crate::{Fault, Request, World};
use serde_json::{Value, json};
use shared::auth::Role;

/// The user whom the examples are about.
const USER: &str = "1001";
/// Names a request.
const KEY: &str = "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"";

/// A world, and a key that may change its users.
struct Desk {
    world: World,
    key: String,
}

impl Desk {
    fn update(&self, body: &Value) -> Request {
        Request::update_user(USER).bearer(&self.key).json(body)
    }
}

/// Sends them.
pub async fn record(recorder: &mut Recorder) {
    let world = World::new().await;
    world.create(USER).await;
    world.create("1002").await;
    let key = world.api_key(Role::Admin).await;
    let desk = Desk { world, key };
    changes(recorder, &desk).await;
    broken_rules(recorder, &desk).await;
    taken_values(recorder, &desk).await;
    keys(recorder, &desk).await;
    failures(recorder, &desk).await;
}

const ID: &str = "updateUser";

async fn changes(recorder: &mut Recorder, desk: &Desk) {
    let whole = json!({
        "userName": "更新后的用户名", "nickName": "更新后的昵称", "avatar": "https://example.com/avatar.png", "role": "User",
        "email": "updated@example.com", "phone": "13800000099",
    });
    let named = desk.update(&json!({"nickName": "Al"})).header("idempotency-key", KEY);
    let unknown = Request::update_user("9999").bearer(&desk.key).json(&json!({"userName": "al"}));
    for (name, summary, request) in [
        ("changed", "All that can be changed but the password", desk.update(&whole)),
        ("role", "One member is enough", desk.update(&json!({"role": "Admin"}))),
        (
            "password",
            "A password, of which only a hash is kept",
            desk.update(&json!({"password": "correct horse battery"})),
        ),
        ("unknown-user", "Nobody has this id: nothing is written", unknown),
        ("named", "A request with a name of its own", named.clone()),
        (
            "sent-again",
            "The same request under the same key gets the first answer, and changes nothing",
            named.clone(),
        ),
        ("key-reused", "The key stands for another request", named.json(&json!({"nickName": "Bo"}))),
        (
            "malformed-key",
            "A key with a space and no quotation marks",
            desk.update(&whole).header("idempotency-key", "a b"),
        ),
    ] {
        recorder.example(&desk.world, ID, name, summary, &request).await;
    }
}

async fn broken_rules(recorder: &mut Recorder, desk: &Desk) {
    for (name, summary, body) in [
        ("nothing", "Nothing to change", json!({})),
        ("digits-as-username", "A username of digits", json!({"userName": "12345"})),
        (
            "malformed-username",
            "A username with a space; its rule has no sentence of its own",
            json!({"userName": "a b"}),
        ),
        ("malformed-email", "No e-mail address", json!({"email": "updated.example.com"})),
        ("digits-as-nickname", "A nickname of digits", json!({"nickName": "12345"})),
        (
            "malformed-phone",
            "No mobile number of mainland China in 11 digits",
            json!({"phone": "+8613800000099"}),
        ),
        ("unknown-role", "A role that there is not", json!({"role": "admin"})),
        ("common-password", "One of the most common passwords", json!({"password": "password"})),
        ("no-string", "A member that is no string", json!({"nickName": 42})),
        (
            "several-broken-rules",
            "Of several broken rules the first is told",
            json!({"phone": "1", "email": "x", "userName": "1"}),
        ),
    ] {
        recorder.example(&desk.world, ID, name, summary, &desk.update(&body)).await;
    }
    let good = || desk.update(&json!({"nickName": "Al"}));
    for (name, summary, request) in [
        ("malformed-body", "The body is no JSON", good().body("{")),
        ("wrong-media-type", "The body is not sent as JSON", good().header("content-type", "text/plain")),
        (
            "impossible-id",
            "An id that is no positive int64 in its one spelling",
            good().parameter("id", "007"),
        ),
    ] {
        recorder.example(&desk.world, ID, name, summary, &request).await;
    }
}

async fn taken_values(recorder: &mut Recorder, desk: &Desk) {
    for (name, summary, body) in [
        ("taken-username", "The username is somebody else's", json!({"userName": "更新后的用户名"})),
        (
            "taken-email",
            "The e-mail address is somebody else's, ignoring case",
            json!({"email": "Updated@example.com"}),
        ),
        ("taken-phone", "The phone number is somebody else's", json!({"phone": "13800000099"})),
    ] {
        let request = Request::update_user("1002").bearer(&desk.key).json(&body);
        recorder.example(&desk.world, ID, name, summary, &request).await;
    }
}

async fn keys(recorder: &mut Recorder, desk: &Desk) {
    let good = || desk.update(&json!({"nickName": "Al"}));
    let user = desk.world.api_key(Role::User).await;
    let expired = desk.world.api_key_expiring(Role::Admin, Some(0)).await;
    for (name, summary, request) in [
        ("no-api-key", "No API key", good().without("authorization")),
        ("unknown-api-key", "An API key that is not known", good().bearer(&format!("ak-{}", "0".repeat(32)))),
        ("expired-api-key", "The API key's time is over", good().bearer(&expired)),
        ("not-permitted", "A key of role `User` may do nothing here", good().bearer(&user)),
    ] {
        recorder.example(&desk.world, ID, name, summary, &request).await;
    }
}

async fn failures(recorder: &mut Recorder, desk: &Desk) {
    let request = desk.update(&json!({"nickName": "Al"}));
    for (name, summary, times, fault) in [
        ("conflict", "Others kept changing the profile", 6, Fault::Conflict),
        ("throttled", "The database asks to slow down", 3, Fault::Answer(400, "ThrottlingException")),
        ("unavailable", "The database does not answer", 3, Fault::Answer(500, "InternalServerError")),
    ] {
        for _ in 0..times {
            desk.world.wire.spoil("UpdateItem", fault);
        }
        recorder.example(&desk.world, ID, name, summary, &request).await;
    }
}
