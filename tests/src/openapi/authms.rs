//! AuthMS's examples.

use super::Recorder;
use crate::inbox::upsert;
use crate::{Fault, Follower, Inbox, NOON, Options, Request, World};
use local::import::line;
use serde_json::{Value, json};
use shared::auth::{ApiKey, ApiKeyRecord, Role};
use shared::schema::AttributeSchema;
use shared::update::update;
use shared::validation::UserId;

/// The user whom the examples are about.
const USER: &str = "1001";
/// Somebody else.
const OTHER: &str = "1002";
/// A user who was erased.
const ERASED: &str = "1003";
/// A user who came from another table.
const IMPORTED: &str = "1004";
/// Names a request.
const KEY: &str = "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"";

/// Sends them.
pub async fn record(recorder: &mut Recorder) {
    let inbox = Inbox::open().await;
    let world = &inbox.world;
    world.create(ERASED).await;
    world.send(&Request::delete_profile(ERASED).bearer(&world.token(ERASED))).await;
    changing(recorder, world).await;
    refused_changes(recorder, world).await;
    reading(recorder, world).await;
    records(recorder, &inbox).await;
    erasing(recorder, world).await;
    describing(recorder, world).await;
    requiring_preconditions(recorder).await;
}

fn put(world: &World, body: &Value) -> Request {
    Request::put_profile(USER).bearer(&world.token(USER)).json(body)
}

async fn changing(recorder: &mut Recorder, world: &World) {
    let id = "putProfile";
    let whole = json!({
        "nickname": "Johnny", "first_name": "John", "last_name": "Doe", "gender": "male", "birthdate": "1990-01-15",
        "bio": "Software Engineer", "avatar_url": "https://example.com/avatar.jpg", "website": "https://johndoe.com",
        "address": "123 Main St", "city": "San Francisco", "country": "US", "language": "en-us",
        "timezone": "America/Los_Angeles", "custom_fields": {"department": "Sales", "newsletter": true, "favourite_colour": "green"},
        "social_links": {"github": "https://github.com/johnny", "mastodon": "@johnny"},
    });
    let summary = "The user's first change creates the profile";
    recorder.example(world, id, "created", summary, &put(world, &whole)).await;
    world.clock.forward(60);

    let moves = json!({
        "city": "New York", "timezone": "America/New_York", "website": null,
        "custom_fields": {"favourite_colour": null}, "social_links": {"mastodon": "@john"},
    });
    let moves = put(world, &moves).header("if-match", "\"1\"").header("idempotency-key", KEY);
    let summary = "Some attributes change and others go, if nobody changed the profile since it was read";
    recorder.example(world, id, "changed", summary, &moves).await;
    let summary = "The same request under the same key gets the first answer, and changes nothing";
    recorder.example(world, id, "sent-again", summary, &moves).await;
    let summary = "Nothing to change: the version stays";
    recorder.example(world, id, "nothing-to-change", summary, &put(world, &json!({}))).await;

    let admin = world.admin_token("root");
    let fields = json!({
        "website": "https://johndoe.com",
        "custom_fields": {"employee_number": "AB123456", "staff_note": "Moves in May"},
    });
    let summary = "An administrator sets the user's website, a custom field that the user only sees, and one that the user \
                   does not see";
    let request = Request::put_profile(USER).bearer(&admin).json(&fields);
    recorder.example(world, id, "by-an-administrator", summary, &request).await;
    let summary = "An administrator creates somebody's profile";
    let request = Request::put_profile(OTHER).bearer(&admin).header("if-none-match", "*");
    let request = request.json(&json!({"nickname": "Jo"}));
    recorder.example(world, id, "created-by-an-administrator", summary, &request).await;
}

async fn refused_changes(recorder: &mut Recorder, world: &World) {
    let id = "putProfile";
    let body = json!({"city": "Boston"});
    let good = || put(world, &body);
    let broken = json!({
        "bio": 42, "birthdate": "2126-01-01", "country": "USA", "gender": "what-this-user-would-rather-not-say",
        "nickname": "", "phone": "13800138000",
    });
    let foreign = json!({"custom_fields": {"employee_number": "AB123457"}});
    let erased = Request::put_profile(ERASED).bearer(&world.token(ERASED)).json(&body);
    for (name, summary, request) in [
        ("broken-rules", "All broken rules are told at once", put(world, &broken)),
        (
            "in-chinese",
            "The same for somebody who reads Chinese",
            put(world, &broken).header("accept-language", "zh-CN,zh;q=0.9,en;q=0.8"),
        ),
        ("foreign-field", "A custom field that is not the user's to change", put(world, &foreign)),
        ("malformed-body", "The body is no JSON", good().body("{")),
        (
            "malformed-precondition",
            "An entity tag without its quotation marks",
            good().header("if-match", "2"),
        ),
        (
            "malformed-key",
            "A key with a space and no quotation marks",
            good().header("idempotency-key", "a b"),
        ),
        ("erased", "The user was erased, and does not come back by itself", erased),
        ("another-version", "The profile was changed since it was read", good().header("if-match", "\"1\"")),
        ("there-already", "There is a profile already", good().header("if-none-match", "*")),
        ("wrong-media-type", "The body is not sent as JSON", good().header("content-type", "text/plain")),
        ("key-reused", "The key stands for another request", good().header("idempotency-key", KEY)),
    ] {
        recorder.example(world, id, name, summary, &request).await;
    }
    spoil(world, "UpdateItem", 6, Fault::Conflict);
    recorder.example(world, id, CONFLICT.0, CONFLICT.1, &good()).await;
    failures(recorder, world, id, "UpdateItem", &|user| Request::put_profile(user).json(&body)).await;
}

async fn reading(recorder: &mut Recorder, world: &World) {
    let id = "getProfile";
    let get = || Request::get_profile(USER).bearer(&world.token(USER));
    let admin = world.admin_token("root");
    for (name, summary, request) in [
        ("shown", "The profile, as its user sees it", get()),
        ("shown-to-an-administrator", "The same version as an administrator sees it", get().bearer(&admin)),
        ("not-modified", "The caller has this version already", get().header("if-none-match", "\"3\"")),
        (
            "another-version",
            "The version that is asked for is not the stored one",
            get().header("if-match", "\"1\""),
        ),
        (
            "malformed-precondition",
            "An entity tag without its quotation marks",
            get().header("if-match", "3"),
        ),
        ("erased", "The user was erased", Request::get_profile(ERASED).bearer(&admin)),
    ] {
        recorder.example(world, id, name, summary, &request).await;
    }
    failures(recorder, world, id, "GetItem", &Request::get_profile).await;
}

/// History and export of a user of whom something of each kind is stored.
async fn records(recorder: &mut Recorder, inbox: &Inbox) {
    let world = &inbox.world;
    let key = world.api_key(Role::Admin).await;
    let named = Request::patch_userinfo().bearer(&world.token(USER)).json(&json!({"name": "John Doe"}));
    assert_eq!(world.send(&named).await.status, 200);
    let housed = json!({
        "who": USER, "block": "15", "room": "202", "phone": "13900139000", "isp": "telecom", "account": "987654321",
    });
    let housed = Request::change_profile().bearer(&world.wts_token(USER, "user")).json(&housed);
    assert_eq!(world.send(&housed).await.status, 200);
    let contacts =
        json!({"userName": "john.doe", "email": "john@example.com", "phone": "13800138000", "role": "User"});
    world.send(&Request::update_user(USER).bearer(&key).json(&contacts)).await;
    inbox.deliver(&[upsert("crm", USER, 7, json!({"nickname": "John"}))]).await;
    for (label, role, expires) in
        [("nightly import", Role::Admin, Some(NOON.plus_seconds(86_400))), ("tries", Role::User, None)]
    {
        let owner = UserId::parse(USER).unwrap();
        let record =
            ApiKeyRecord { owner, label: label.into(), role, created: NOON, expires, disabled: false };
        // They are shown in the order of their digests.
        let key = ApiKey::generate(&*world.entropy);
        world.store.put_api_key(&key.digest(), &record).await.unwrap();
    }
    let line = json!({"user_id": IMPORTED, "profile": {"attributes": {"nickname": "Jane", "city": "Oslo"}}});
    let line = line::read(line.to_string().as_bytes(), &AttributeSchema::default(), NOON).unwrap();
    update(&world.store, &*world.entropy, NOON, &line).await.unwrap();
    assert!(Follower::of(world).await.follow(world).await);

    let id = "getHistory";
    let token = world.token(USER);
    let page = || Request::get_history(USER).bearer(&token).query("limit", "4");
    let first = recorder
        .example(world, id, "first-page", "The newest changes, and that there are more", &page())
        .await;
    let cursor = first.body["data"]["next_cursor"].as_str().unwrap();
    let admin = world.admin_token("root");
    for (name, summary, request) in [
        ("last-page", "The rest", page().query("cursor", cursor)),
        (
            "broken-query",
            "A limit and a cursor that are none",
            page().query("limit", "0").query("cursor", "3"),
        ),
        ("imported", "A user who came from another table", Request::get_history(IMPORTED).bearer(&admin)),
        ("erased", "The user was erased", Request::get_history(ERASED).bearer(&admin)),
    ] {
        recorder.example(world, id, name, summary, &request).await;
    }
    failures(recorder, world, id, "Query", &Request::get_history).await;

    let id = "exportProfile";
    let request = Request::export_profile(USER).bearer(&token);
    recorder.example(world, id, "exported", "Everything that is stored about the user", &request).await;
    let request = Request::export_profile(IMPORTED).bearer(&admin);
    recorder.example(world, id, "imported", "A user who came from another table", &request).await;
    let request = Request::export_profile(ERASED).bearer(&admin);
    recorder.example(world, id, "erased", "The user was erased", &request).await;
    failures(recorder, world, id, "GetItem", &Request::export_profile).await;
}

async fn erasing(recorder: &mut Recorder, world: &World) {
    let id = "deleteProfile";
    let delete = || Request::delete_profile(USER).bearer(&world.token(USER));
    let used = Request::delete_profile(OTHER).bearer(&world.token(OTHER)).header("idempotency-key", KEY);
    for (name, summary, request) in [
        (
            "another-version",
            "The profile was changed since it was read",
            delete().header("if-match", "\"1\""),
        ),
        (
            "malformed-precondition",
            "An entity tag without its quotation marks",
            delete().header("if-match", "5"),
        ),
        (
            "malformed-key",
            "A key with a space and no quotation marks",
            delete().header("idempotency-key", "a b"),
        ),
        ("erased", "The user is erased", used.clone()),
        ("sent-again", "The same request under the same key gets the first answer", used.clone()),
        ("erased-already", "A user who is erased stays so", used.clone().without("idempotency-key")),
        ("key-reused", "The key stands for another request", used.header("if-match", "*")),
    ] {
        recorder.example(world, id, name, summary, &request).await;
    }
    spoil(world, "TransactWriteItems", 6, Fault::Conflict);
    recorder.example(world, id, CONFLICT.0, CONFLICT.1, &delete()).await;
    failures(recorder, world, id, "TransactWriteItems", &Request::delete_profile).await;
}

async fn describing(recorder: &mut Recorder, world: &World) {
    let id = "describeError";
    let page = |slug: &str| Request::describe_error(slug);
    for (name, summary, request) in [
        ("for-programs", "A problem type, for programs", page("precondition-failed")),
        (
            "in-chinese",
            "A problem type, for programs, in Chinese",
            page("precondition-failed").header("accept-language", "zh"),
        ),
        (
            "for-people",
            "A problem type, for people",
            page("precondition-failed").header("accept", "text/html"),
        ),
        ("unknown", "No problem type has this name", page("nothing")),
        ("unknown-to-people", "No problem type has this name", page("nothing").header("accept", "text/html")),
    ] {
        recorder.example(world, id, name, summary, &request).await;
    }
}

/// What a stack answers that wants a condition on each change, and is no development stage.
async fn requiring_preconditions(recorder: &mut Recorder) {
    let settings = vec![("REQUIRE_PRECONDITIONS", "true".to_owned()), ("STAGE", "prod".to_owned())];
    let world = &World::with(Options { settings }).await;
    let summary = "The stack wants a condition, and there is none";
    let request = put(world, &json!({}));
    recorder.example(world, "putProfile", "no-precondition", summary, &request).await;
    let request = Request::delete_profile(USER).bearer(&world.token(USER));
    recorder.example(world, "deleteProfile", "no-precondition", summary, &request).await;
    let summary = "On a stack in production, values that were refused are not shown";
    let request = put(world, &json!({"country": "USA"})).header("if-none-match", "*");
    recorder.example(world, "putProfile", "in-production", summary, &request).await;
}

const CONFLICT: (&str, &str) = ("conflict", "Others kept changing the profile");

/// What every operation on a profile can come to whatever it asks for, where this is its call of the database.
async fn failures(
    recorder: &mut Recorder,
    world: &World,
    id: &str,
    call: &'static str,
    request: &dyn Fn(&str) -> Request,
) {
    let admin = world.admin_token("root");
    let mut expired = world.claims(USER);
    expired["exp"] = json!(NOON.seconds() - 3600);
    let expired = world.keys().issuer.sign(&expired).unwrap();
    for (name, summary, request) in [
        ("no-token", "No token", request(USER)),
        ("malformed-token", "What was sent is no token", request(USER).bearer("a.b.c")),
        ("refused-token", "The token's signature is wrong", request(USER).bearer(&(world.token(USER) + "x"))),
        ("expired-token", "The token's time is over", request(USER).bearer(&expired)),
        ("somebody-else", "Somebody else's profile", request(USER).bearer(&world.token(OTHER))),
        (
            "impossible-id",
            "An id that nobody can have; an administrator is told",
            request("a@b").bearer(&admin),
        ),
        ("no-such-user", "There is no such user", request("9999").bearer(&admin)),
    ] {
        recorder.example(world, id, name, summary, &request).await;
    }
    let good = request(USER).bearer(&world.token(USER));
    for (name, summary, times, fault) in [
        ("throttled", "The database asks to slow down", 3, Fault::Answer(400, "ThrottlingException")),
        ("defect", "The service has a defect", 1, Fault::Answer(400, "ValidationException")),
        ("unavailable", "The database does not answer", 3, Fault::Answer(500, "InternalServerError")),
    ] {
        spoil(world, call, times, fault);
        recorder.example(world, id, name, summary, &good).await;
    }
}

fn spoil(world: &World, call: &'static str, times: usize, fault: Fault) {
    for _ in 0..times {
        world.wire.spoil(call, fault);
    }
}
