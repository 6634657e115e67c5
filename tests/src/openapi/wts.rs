//! WTS's examples.

use super::Recorder;
use crate::{Fault, Request, World};
use serde_json::{Value, json};

const CHANGE: &str = "changeProfile";
const VIEW: &str = "viewProfile";

/// What the database does, how often, and what comes of it: name and summary of the example.
const FAILURES: [(Fault, usize, &str, &str); 2] = [
    (Fault::Answer(400, "ThrottlingException"), 3, "throttled", "The database throttles"),
    (Fault::Answer(500, "InternalServerError"), 3, "failed", "The database fails"),
];

/// Sends them.
pub async fn record(recorder: &mut Recorder) {
    let world = World::new().await;
    for student in ["1001", "1002"] {
        world.create(student).await;
    }
    changed(recorder, &world).await;
    unbound(recorder, &world).await;
    refused(recorder, &world).await;
    forbidden(recorder, &world).await;
    failed(recorder, &world).await;
    viewed(recorder, &world).await;
}

/// A good body about the student 1001, with these members instead of its own.
fn body(changes: Value) -> Value {
    let mut body = json!({
        "who": "1001", "block": "15", "room": "202", "phone": "13900139000", "isp": "telecom", "account": "987654321",
    });
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    body
}

fn change(world: &World, changes: Value) -> Request {
    Request::change_profile().bearer(&world.wts_token("1001", "user")).json(&body(changes))
}

fn by_admin(world: &World, changes: Value) -> Request {
    Request::change_profile().bearer(&world.wts_token("2001", "group-leader")).json(&body(changes))
}

async fn changed(recorder: &mut Recorder, world: &World) {
    let own = change(world, json!({})).header("idempotency-key", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"");
    let others = json!({"who": "1002", "block": "9", "room": "303", "phone": "13700137000", "isp": "mobile"});
    let reused = change(world, json!({"room": "203"}))
        .header("idempotency-key", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"");
    for (name, summary, request) in [
        ("changed", "A student changes their own profile", own.clone()),
        ("replayed", "The same request once more, under the same Idempotency-Key", own),
        ("key-reused", "Another request under that key", reused),
        ("changed-by-admin", "A group leader changes a student's profile", by_admin(world, others)),
    ] {
        recorder.example(world, CHANGE, name, summary, &request).await;
    }
}

async fn unbound(recorder: &mut Recorder, world: &World) {
    let good = || change(world, json!({}));
    let form = good().header("content-type", "application/x-www-form-urlencoded").body("who=1001&block=15");
    let deep = format!(r#"{{"who":{}{}}}"#, "[".repeat(32), "]".repeat(32));
    let large = format!(r#"{{"who":"{}"}}"#, "1".repeat(64 * 1024));
    for (name, summary, request) in [
        ("not-sent-as-json", "The body is a form's", form),
        ("too-large", "The body has more than 64 KiB", good().body(&large)),
        ("not-json", "The body is no JSON", good().body("who=1001")),
        ("no-object", "The body is JSON, but no object", good().body("[]")),
        ("member-twice", "A name stands twice", good().body(r#"{"who":"1001","who":"1002"}"#)),
        ("too-deep", "The body has more than 32 levels", good().body(&deep)),
        ("no-string", "A room is a text", change(world, json!({"room": 202}))),
        ("malformed-key", "The Idempotency-Key is none", good().header("idempotency-key", "\"\"")),
    ] {
        recorder.example(world, CHANGE, name, summary, &request).await;
    }
}

async fn refused(recorder: &mut Recorder, world: &World) {
    let several =
        json!({"block": "23", "room": "1234567890123456", "phone": "139001390", "isp": "", "account": null});
    for (name, summary, request) in [
        ("required", "A member is missing", change(world, json!({"account": null}))),
        ("several-members", "Several members break their rules", change(world, several)),
        ("unknown-provider", "There is no such provider", change(world, json!({"isp": "Telecom"}))),
        ("phone-taken", "The phone is another student's", change(world, json!({"phone": "13700137000"}))),
        ("no-such-user", "There is no such student", by_admin(world, json!({"who": "1003"}))),
    ] {
        recorder.example(world, CHANGE, name, summary, &request).await;
    }
}

/// What every request here is refused for before it is looked at: name and summary of the example, the request.
fn not_admitted(world: &World, request: &Request) -> [(&'static str, &'static str, Request); 3] {
    [
        ("no-token", "There is no token", request.clone().without("authorization")),
        ("dead-token", "The token is another contract's", request.clone().bearer(&world.token("1001"))),
        (
            "not-active",
            "The access level is that of nobody yet",
            request.clone().bearer(&world.wts_token("1001", "unregistered")),
        ),
    ]
}

async fn forbidden(recorder: &mut Recorder, world: &World) {
    for (name, summary, request) in not_admitted(world, &change(world, json!({}))) {
        recorder.example(world, CHANGE, name, summary, &request).await;
    }
    let others = change(world, json!({"who": "1002"}));
    recorder.example(world, CHANGE, "no-admin", "A student asks to change another one", &others).await;
}

async fn failed(recorder: &mut Recorder, world: &World) {
    let conflict = (
        Fault::Answer(400, "TransactionConflictException"),
        6,
        "contention",
        "Others keep changing the same profile",
    );
    for (fault, times, name, summary) in FAILURES.into_iter().chain([conflict]) {
        for _ in 0..times {
            world.wire.spoil("UpdateItem", fault);
        }
        recorder.example(world, CHANGE, name, summary, &change(world, json!({}))).await;
    }
}

async fn viewed(recorder: &mut Recorder, world: &World) {
    world.create("1004").await;
    let view = |student: &str, access| Request::view_profile().bearer(&world.wts_token(student, access));
    let own = view("1001", "user");
    for (name, summary, request) in [
        ("viewed", "A student's own profile", own.clone()),
        (
            "viewed-by-admin",
            "A student's profile, to a group leader",
            view("2001", "group-leader").query("who", "1002"),
        ),
        ("nothing-set", "A profile that holds nothing of this", view("1004", "user")),
        ("no-such-user", "There is no such student", view("1003", "user")),
        ("no-admin", "A student asks for another one's profile", own.clone().query("who", "1002")),
    ]
    .into_iter()
    .chain(not_admitted(world, &own))
    {
        recorder.example(world, VIEW, name, summary, &request).await;
    }
    for (fault, times, name, summary) in FAILURES {
        for _ in 0..times {
            world.wire.spoil("GetItem", fault);
        }
        recorder.example(world, VIEW, name, summary, &own).await;
    }
}
