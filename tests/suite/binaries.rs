//! The function binaries themselves, behind the Lambda Runtime API, as the local stack runs them.

use local::binaries;
use local::keys::Claims;
use local::runtime::{Function, FunctionSpec, Runtime};
use local::stack::{Stack, StackOptions};
use serde_json::{Value, json};
use shared::auth::{ApiKey, ApiKeyRecord, Role};
use shared::clock::{Clock, SystemClock};
use shared::entropy::SystemEntropy;
use shared::validation::UserId;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;
use tempfile::TempDir;
use tests::journal::assert_described;
use tests::{Canaries, Place, Reply, Request, World};

/// What every answer to a read says to caches.
const NOT_KEPT: (&str, &str) = ("cache-control", "no-store");

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// What Lambda sends with an invocation that it traces: another trace than the caller's.
const X_RAY: &str =
    "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a87bd80c:0";
const X_RAY_TRACE: &str = "1-5759e988-bd862e3fe1be46a994272793";

pub(crate) fn built() -> &'static BTreeMap<String, PathBuf> {
    static BUILT: OnceLock<BTreeMap<String, PathBuf>> = OnceLock::new();
    BUILT.get_or_init(|| binaries::build(false).unwrap())
}

/// A stack, and beside it each of its functions once more with its output in a file.
pub(crate) struct Real {
    pub(crate) stack: Stack,
    pub(crate) functions: BTreeMap<String, Function>,
    directory: TempDir,
}

impl Real {
    /// With these environment values instead of the stack's.
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        let stack = Stack::start(StackOptions::ephemeral(data, Some(built().clone()))).await.unwrap();
        let runtime = Runtime::start().await.unwrap();
        let mut functions = BTreeMap::new();
        for (name, recorded) in &stack.record().functions {
            let mut environment = recorded.environment.clone();
            let log = log_file(directory.path(), name);
            let own = [("BINARY", recorded.binary.to_str().unwrap()), ("LOG", log.to_str().unwrap())];
            let values = own.iter().chain(settings);
            environment.extend(values.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            let function = runtime.function(FunctionSpec {
                name: name.clone(),
                binary: binaries::workspace().join("tests/suite/logged.sh"),
                environment,
                timeout: Duration::from_secs(10),
            });
            function.warm().await.unwrap();
            functions.insert(name.clone(), function);
        }
        Self { stack, functions, directory }
    }

    pub(crate) fn token(&self, subject: &str) -> String {
        let issued = SystemClock.now();
        let claims = Claims { subject, scope: "openid", admin: false, issued, expires_in: 600 };
        self.stack.keys().token(&claims).unwrap()
    }

    pub(crate) fn wts_token(&self, openid: &str) -> String {
        self.stack.keys().wts_token(openid, "user", SystemClock.now(), 600).unwrap()
    }

    pub(crate) async fn api_key(&self) -> String {
        let key = ApiKey::generate(&SystemEntropy::new());
        let record = ApiKeyRecord {
            owner: UserId::parse("operator").unwrap(),
            label: "test".into(),
            role: Role::Admin,
            created: SystemClock.now(),
            expires: None,
            disabled: false,
        };
        self.stack.record().store().await.put_api_key(&key.digest(), &record).await.unwrap();
        key.expose().to_owned()
    }

    pub(crate) async fn invoke(&self, function: &str, request: &Request) -> Reply {
        let request = request.clone().header("traceparent", &format!("00-{TRACE}-b7ad6b7169203331-01"));
        let event = request.event_json();
        Canaries::of_this_test().add_request(&event);
        let answer = self.functions[function].invoke(event.to_string(), X_RAY).await.unwrap();
        let mut answer: Value = serde_json::from_slice(&answer).unwrap();
        let text = answer["body"].as_str().unwrap().to_owned();
        let mut body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        settle(&mut body, self.stack.url());
        assert_eq!(answer["isBase64Encoded"].take(), json!(false));
        let headers = serde_json::from_value(answer["headers"].take()).unwrap();
        let reply =
            Reply { status: answer["statusCode"].as_u64().unwrap().try_into().unwrap(), headers, body };
        Canaries::of_this_test().hold_answer(&reply);
        reply
    }

    /// What the function has written since it was last asked, in which nothing is that went in.
    pub(crate) fn log(&self, function: &str) -> String {
        let file = log_file(self.directory.path(), function);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::File::options().write(true).open(&file).unwrap().set_len(0).unwrap();
        Canaries::of_this_test().hold(Place::Output, &text);
        Canaries::of_this_test().assert_kept();
        text
    }
}

fn log_file(directory: &Path, function: &str) -> PathBuf {
    directory.join(format!("{function}.log"))
}

/// Puts `…` in place of times and of random ids, and `URL` in place of the stack's address.
fn settle(value: &mut Value, url: &str) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match name.as_str() {
                    "timestamp" | "created_at" | "updated_at" | "request_id" | "span_id" | "trace_id"
                    | "tid" => {
                        *member = json!("…");
                    }
                    _ => settle(member, url),
                }
            }
        }
        Value::String(text) => *text = text.replace(url, "URL"),
        _ => {}
    }
}

pub(crate) fn envelope(code: &str, message: &str) -> Reply {
    let success = code == "0000";
    Reply::json(
        200,
        json!({"code": code, "displayCode": code, "message": message, "data": null, "tid": "…", "success": success}),
    )
}

pub(crate) fn problem(status: u16, code: u32, slug: &str, title: &str, detail: &str) -> Reply {
    let headers = [
        ("content-type", "application/problem+json"),
        ("content-language", "en"),
        ("vary", "Accept-Language"),
    ];
    let body = json!({
        "type": format!("URL/errors/{slug}"), "title": title, "status": status, "detail": detail,
        "instance": format!("URL/profiles/{USER}"), "code": code, "i18n_key": format!("error.{}", slug.replace('-', "_")),
        "request_id": "…", "trace_id": "…", "span_id": "…", "service": "profile-service", "timestamp": "…",
    });
    Reply::new(status, &headers, body)
}

/// A user whose id is in no time and in no random id but by a miracle: it is looked for in lines that have both.
pub(crate) const USER: &str = "73501946827350194";

pub(crate) const WTS: &str = r#"{"who":"73501946827350194","block":"ZH","room":"Room77","phone":"13900139000","isp":"telecom","account":"acct4711"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_function_answers_and_leaves_one_line_without_anything_personal() {
    let real = Real::start(&[("CONTACT_VERIFICATION", "off"), ("METRICS", "emf")]).await;
    let (token, wts_token, key) = (real.token(USER), real.wts_token(USER), real.api_key().await);
    let put = Request::put_profile(USER).bearer(&token).json(&json!({"city": "Atlantis"}));
    let patch = Request::patch_userinfo().bearer(&token).json(&json!({"nickname": "Nickleby"}));
    let change = Request::change_profile().bearer(&wts_token).body(WTS);
    let edit = json!({"email": "zhangsan@example.com", "username": "zhangsan"});
    let edit = Request::edit_user_basic().bearer(&token).header("x-device-id", "device_123456").json(&edit);
    let update = json!({"password": "correct horse", "phone": "13800000099"});
    let update = Request::update_user(USER).bearer(&key).json(&update);
    let etag = ("etag", "\"1\"");
    let profile =
        json!({"user_id": USER, "version": 1, "created_at": "…", "updated_at": "…", "city": "Atlantis"});
    let put_answer =
        json!({"code": 0, "message": "资料更新成功", "timestamp": "…", "data": {"profile": profile}});
    let shown = json!({
        "code": 0, "message": "获取资料成功", "timestamp": "…", "data": put_answer["data"].clone(),
    });
    let claims = json!({"sub": USER, "nickname": "Nickleby", "updated_at": "…"});
    let forbidden = problem(
        403,
        30_101_005,
        "forbidden",
        "Forbidden",
        "You may neither see nor change this user's profile.",
    );
    let unknown = json!({"error": "invalid_request", "error_description": "Unknown attribute(s) found."});
    let inactive = json!({"success": false, "msg": "missing or malformed jwt", "errType": 3});
    let denied = json!({"error": "permission_denied", "error_code": 403,
        "error_description": "Administrator privileges are required to modify other users"});
    let send = Request::send_verification().bearer(&token).json(&json!({"email": "zhangsan@example.com"}));
    let verify = json!({"verification_id": "0".repeat(64), "verification_code": "zhangsan"});
    let verify = Request::verify_code().bearer(&token).json(&verify);
    let sent = Reply::json(200, json!({"verification_id": "…", "expires_in": 600, "is_user": false}));
    let invalid =
        json!({"error": "invalid_argument", "error_code": 400, "error_description": "Invalid email"});
    let invalid = Reply::json(400, invalid);
    let bad_code = json!({"error": "invalid_verification_code", "error_code": 400,
        "error_description": "Verification is invalid or expired"});
    let bad_code = Reply::json(400, bad_code);
    let json_utf8 = [("content-type", "application/json;charset=UTF-8")];
    let read = Reply::new(200, &[("content-type", "application/json"), etag, NOT_KEPT], shown);
    let claims_now = json!({"sub": USER, "updated_at": "…"});
    let view =
        json!({"who": USER, "wx": USER, "block": "", "room": "", "phone": "", "isp": "", "account": ""});
    let me = json!({"sub": USER, "user_id": USER, "created_at": "…", "updated_at": "…"});
    let unkept = |body: Value| Reply::new(200, &[("content-type", "application/json"), NOT_KEPT], body);
    let cases = [
        (
            "put-profile",
            put.clone(),
            Reply::new(200, &[("content-type", "application/json"), etag], put_answer),
            "updated",
            1,
        ),
        ("put-profile", put.bearer(&real.token("zhangsan")), forbidden, "forbidden", 0),
        ("get-profile", Request::get_profile(USER).bearer(&token), read, "read", 1),
        (
            "get-profile",
            Request::get_profile(USER).bearer(&token).header("if-none-match", "\"1\""),
            Reply::new(304, &[etag, NOT_KEPT], json!("")),
            "not_modified",
            1,
        ),
        ("get-userinfo", Request::get_userinfo().bearer(&token), unkept(claims_now), "read", 1),
        (
            "view-profile",
            Request::view_profile().bearer(&wts_token).query("who", USER),
            unkept(json!({"success": true, "msg": "user profile", "profile": view})),
            "read",
            1,
        ),
        ("get-user-me", Request::get_user_me().bearer(&token), unkept(me), "read", 1),
        ("patch-userinfo", patch.clone(), Reply::json(200, claims), "updated", 1),
        (
            "patch-userinfo",
            patch.json(&json!({"zhangsan": 1})),
            Reply::new(400, &json_utf8, unknown),
            "invalid",
            0,
        ),
        (
            "change-profile",
            change.clone(),
            Reply::json(200, json!({"success": true, "msg": "profile change success~"})),
            "updated",
            2,
        ),
        ("change-profile", change.bearer("zhangsan"), Reply::json(403, inactive), "credential_refused", 0),
        ("edit-user-basic", edit.clone(), Reply::json(200, json!({})), "updated", 2),
        (
            "edit-user-basic",
            edit.json(&json!({"user_id": "zhangsan"})),
            Reply::json(403, denied),
            "forbidden",
            0,
        ),
        ("send-verification", send.clone(), sent, "sent", 1),
        ("send-verification", send.json(&json!({"email": "zhangsan"})), invalid, "invalid", 0),
        ("verify-code", verify, bad_code, "proof_refused", 1),
        ("update-user", update.clone(), envelope("0000", "成功"), "updated", 3),
        (
            "update-user",
            update.json(&json!({"phone": "zhangsan"})),
            envelope("4000", "Invalid phone format."),
            "invalid",
            1,
        ),
    ];
    let contracts: BTreeMap<&str, &str> = [
        ("put-profile", "authms"),
        ("get-profile", "authms"),
        ("get-userinfo", "ciam"),
        ("view-profile", "wts"),
        ("get-user-me", "cloudbase"),
        ("patch-userinfo", "ciam"),
        ("change-profile", "wts"),
        ("edit-user-basic", "cloudbase"),
        ("send-verification", "cloudbase"),
        ("verify-code", "cloudbase"),
        ("update-user", "system-user"),
    ]
    .into();
    let mut cold: BTreeSet<&str> = contracts.keys().copied().collect();
    for (function, request, expected, outcome, calls) in cases {
        let reply = real.invoke(function, &request).await.masked();
        assert_eq!(reply, expected, "{function}");
        let log = real.log(function);
        for personal in [
            "Atlantis",
            "Nickleby",
            "13900139000",
            "Room77",
            "acct4711",
            "zhangsan",
            "device_123456",
            "horse",
            "13800000099",
            USER,
            &token,
            &wts_token,
            &key,
            "argon2",
        ] {
            assert!(!log.contains(personal), "{personal} in {log}");
        }
        let mut lines = log.lines();
        let mut line: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
        assert_eq!(lines.next(), None, "{log}");
        assert_described(&line);
        let request_id = line["request_id"].take();
        assert!(
            request_id.as_str().is_some_and(|id| id.len() == 40 && id.starts_with("req_")),
            "{request_id}"
        );
        assert!(line["Latency"].take().is_u64() && line["timestamp"].take().is_string());
        assert!(line["ReadUnits"].take().is_number() && line["WriteUnits"].take().is_number());
        line.as_object_mut().unwrap().remove("_aws").unwrap();
        assert_eq!(
            line.as_object_mut().unwrap().remove("change_id").is_some(),
            outcome == "updated",
            "{log}"
        );
        let mut expected = json!({
            "timestamp": null, "level": "INFO", "message": "request", "request_id": null, "trace_id": TRACE,
            "gateway_request_id": "JKJaXmPLvHcESHA=", "xray_trace_id": X_RAY_TRACE,
            "endpoint": function, "status": reply.status, "outcome": outcome,
            "Stack": "local", "Contract": contracts[function],
            "Requests": 1, "Latency": null, "DynamoDBCalls": calls, "ReadUnits": null, "WriteUnits": null,
        });
        if cold.remove(function) {
            expected["ColdStarts"] = json!(1);
        }
        if ["forbidden", "invalid", "credential_refused", "proof_refused"].contains(&outcome) {
            expected["Refusals"] = json!(1);
        }
        assert_eq!(line, expected);
    }
    real.stack.stop().await;
}

#[tokio::test]
async fn a_panic_still_gets_the_contracts_own_answer() {
    let world = World::new().await;
    let key = world.api_key(Role::Admin).await;
    world.create(USER).await;
    let (token, wts_token) = (world.token(USER), world.wts_token(USER, "user"));
    let text = "Something went wrong on our side.";
    let mut internal = problem(500, 30_101_011, "internal-error", "Internal Server Error", text);
    internal.body["timestamp"] = json!("2026-04-03T12:00:00.000Z");
    for member in ["type", "instance"] {
        internal.body[member] =
            json!(internal.body[member].as_str().unwrap().replace("URL", "https://id.example.com"));
    }
    let broken =
        json!({"success": false, "msg": "system met a uncaught error,please view logs.", "errType": 1});
    let cloudbase = json!({"error": "internal", "error_code": 500, "error_description": "Internal error"});
    let json_utf8 = [("content-type", "application/json;charset=UTF-8")];
    for (request, expected) in [
        (Request::put_profile(USER).bearer(&token).json(&json!({"city": "Paris"})), internal),
        (
            Request::patch_userinfo().bearer(&token).json(&json!({"nickname": "Al"})),
            Reply::new(500, &json_utf8, json!({"error": "server_error"})),
        ),
        (Request::change_profile().bearer(&wts_token).body(WTS), Reply::json(500, broken)),
        (
            Request::edit_user_basic().bearer(&token).json(&json!({"gender": "MALE"})),
            Reply::json(500, cloudbase),
        ),
        (
            Request::update_user(USER).bearer(&key).json(&json!({"role": "User"})),
            envelope("5000", "System error."),
        ),
    ] {
        // Three draws make the request's ids; the next one is in the midst of the work.
        world.entropy.panic_after(3);
        assert_eq!(world.refused(&request).await.masked(), expected);
        // The function goes on serving.
        assert_eq!(world.send(&request).await.status, 200);
    }
}
