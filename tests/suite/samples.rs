//! The sample events: each runs, gets the whole answer written here, and is what the local gateway would hand over.

use local::binaries::workspace;
use local::event;
use local::template::Template;
use serde_json::{Value, json};
use shared::auth::Role;
use std::collections::{BTreeMap, BTreeSet};
use tests::{Mailbox, NOON, Options, Reply, World};

/// Every event file under `events/`, and the answer to it. What is random is masked.
fn expected() -> BTreeMap<&'static str, Reply> {
    let problem_at = |path: &str, status: u16, code: u32, slug: &str, title: &str, detail: &str| {
        json!({
            "type": format!("https://id.example.com/errors/{slug}"), "title": title, "status": status,
            "detail": detail, "instance": format!("https://id.example.com{path}"), "code": code,
            "i18n_key": format!("error.{}", slug.replace('-', "_")), "request_id": "…", "trace_id": "…",
            "span_id": "…", "service": "profile-service", "timestamp": "2026-04-03T12:00:00.000Z",
        })
    };
    let problem = |status: u16, code: u32, slug: &str, title: &str, detail: &str| {
        problem_at("/profiles/demo-authms", status, code, slug, title, detail)
    };
    let in_english = [
        ("content-type", "application/problem+json"),
        ("content-language", "en"),
        ("vary", "Accept-Language"),
    ];
    let mut birthdate = problem(
        400,
        30_101_001,
        "invalid-request",
        "Invalid Request Parameters",
        "One or more members do not keep to their rules. (birthdate)",
    );
    birthdate["i18n_args"] = json!({"fields": ["birthdate"]});
    birthdate["errors"] = json!([{
        "field": "birthdate", "code": "format", "value": "1990-02-30",
        "description": "must be a calendar date, YYYY-MM-DD",
    }]);
    let detail = "The access token is missing or not accepted.";
    let unauthenticated = problem(401, 30_101_004, "unauthenticated", "Unauthenticated", detail);
    let realm = ("www-authenticate", r#"Bearer realm="profiles""#);
    let no_token = |path: &str, more: &[(&str, &str)]| {
        let body = problem_at(path, 401, 30_101_004, "unauthenticated", "Unauthenticated", detail);
        Reply::new(401, &[&in_english[..], &[realm], more].concat(), body)
    };
    let no_store = ("cache-control", "no-store");
    let mut page_size = problem_at(
        "/profiles/demo-wts/history",
        400,
        30_101_001,
        "invalid-request",
        "Invalid Request Parameters",
        "One or more members do not keep to their rules. (limit)",
    );
    page_size["i18n_args"] = json!({"fields": ["limit"]});
    page_size["errors"] = json!([{
        "field": "limit", "code": "range", "value": "101", "description": "must be a whole number from 1 to 100",
    }]);
    let nobody = problem_at(
        "/profiles/demo-nobody",
        404,
        30_101_006,
        "user-not-found",
        "User Not Found",
        "There is no profile of this user.",
    );
    let private = [("content-type", "application/json"), no_store];
    let empty_history = json!({
        "code": 0, "message": "获取变更历史成功", "timestamp": "2026-04-03T12:00:00.000Z", "data": {"entries": []},
    });
    let noon = "2026-04-03T12:00:00.000Z";
    let export = json!({
        "schema_version": 1, "user_id": "demo-wts", "exported_at": noon,
        "profile": {
            "version": 1, "created_at": noon, "updated_at": noon,
            "changed_by": {"contract": "authms", "actor": "subject"},
            "phone_verified": false, "email_verified": false, "attributes": {},
        },
        "claims": [], "history": {"entries": []}, "sync_marks": [], "kept_answers": [], "api_keys": [],
        "left_out": [
            "password: only a salted hash of it is stored, if any, and no reader may see that",
            "answers kept for requests sent again: they repeat what the profile held",
            "digests of API keys, and one-time codes under way: they are credentials",
        ],
    });
    let attachment = ("content-disposition", r#"attachment; filename="profile-export.json""#);
    let envelope = |code: &str, message: &str| {
        let success = code == "0000";
        Reply::json(
            200,
            json!({"code": code, "displayCode": code, "message": message, "data": null, "tid": "…", "success": success}),
        )
    };
    let updated = json!({
        "code": 0, "message": "资料更新成功", "timestamp": "2026-04-03T12:00:00.000Z",
        "data": {"profile": {
            "user_id": "demo-authms", "version": 1, "created_at": "2026-04-03T12:00:00.000Z",
            "updated_at": "2026-04-03T12:00:00.000Z", "nickname": "Nick", "city": "Oslo",
        }},
    });
    let no_bearer = concat!(
        r#"Bearer error="invalid_request", error_description="Bearer token not found in the request", "#,
        r#"error_uri="https://tools.ietf.org/html/rfc6750#section-3.1""#
    );
    let phone = concat!(
        "invalid request body: Key: 'ChangeUserProfileRequest.Phone' ",
        "Error:Field validation for 'Phone' failed on the 'isValidPhone' tag"
    );
    let cloudbase = |status: u16, error: &str, description: &str| {
        let body = json!({"error": error, "error_code": status, "error_description": description});
        Reply::json(status, body)
    };
    let dead_token = cloudbase(401, "unauthenticated", "The access token is missing, invalid or expired");
    BTreeMap::from([
        (
            "put-profile/updated.json",
            Reply::new(200, &[("content-type", "application/json"), ("etag", "\"1\"")], updated),
        ),
        (
            "put-profile/missing-token.json",
            Reply::new(401, &[&in_english[..], &[realm]].concat(), unauthenticated),
        ),
        ("put-profile/invalid-birthdate.json", Reply::new(400, &in_english, birthdate)),
        ("delete-profile/erased.json", Reply::new(204, &[], json!(""))),
        ("delete-profile/missing-token.json", no_token("/profiles/demo-leaving", &[])),
        ("delete-profile/unknown-user.json", Reply::new(404, &in_english, nobody)),
        ("export-profile/exported.json", Reply::new(200, &[&private[..], &[attachment]].concat(), export)),
        ("export-profile/missing-token.json", no_token("/profiles/demo-wts/export", &[no_store])),
        ("get-history/shown.json", Reply::new(200, &private, empty_history)),
        ("get-history/missing-token.json", no_token("/profiles/demo-wts/history", &[no_store])),
        (
            "get-history/invalid-limit.json",
            Reply::new(400, &[&in_english[..], &[no_store]].concat(), page_size),
        ),
        (
            "patch-userinfo/updated.json",
            Reply::json(
                200,
                json!({"sub": "demo-ciam", "nickname": "Nick", "locale": "zh-CN", "updated_at": 1_775_217_600}),
            ),
        ),
        ("patch-userinfo/missing-token.json", Reply::new(400, &[("www-authenticate", no_bearer)], json!(""))),
        (
            "patch-userinfo/illegal-locale.json",
            Reply::new(
                400,
                &[("content-type", "application/json;charset=UTF-8")],
                json!({"error": "illegal_parameter_value"}),
            ),
        ),
        ("send-otp/sent.json", Reply::json(200, json!({"otp_token": "…"}))),
        (
            "send-otp/malformed-email.json",
            Reply::new(
                400,
                &[("content-type", "application/json;charset=UTF-8")],
                json!({"error": "malformed_email"}),
            ),
        ),
        (
            "send-otp/missing-client.json",
            Reply::new(
                401,
                &[
                    ("content-type", "application/json;charset=UTF-8"),
                    ("www-authenticate", r#"Basic realm="profiles""#),
                ],
                json!({"error": "invalid_client"}),
            ),
        ),
        (
            "change-profile/changed.json",
            Reply::json(200, json!({"success": true, "msg": "profile change success~"})),
        ),
        (
            "change-profile/missing-token.json",
            Reply::json(403, json!({"success": false, "msg": "missing or malformed jwt", "errType": 3})),
        ),
        (
            "change-profile/invalid-phone.json",
            Reply::json(400, json!({"success": false, "msg": phone, "errType": 2})),
        ),
        ("edit-user-basic/edited.json", Reply::json(200, json!({}))),
        ("edit-user-basic/edited-by-admin.json", Reply::json(200, json!({}))),
        ("edit-user-basic/missing-token.json", dead_token.clone()),
        ("edit-user-basic/invalid-gender.json", cloudbase(400, "invalid_argument", "Invalid gender")),
        (
            "send-verification/sent.json",
            Reply::json(200, json!({"verification_id": "…", "expires_in": 600, "is_user": false})),
        ),
        ("send-verification/missing-token.json", dead_token.clone()),
        ("send-verification/invalid-phone.json", cloudbase(400, "invalid_argument", "Invalid phone_number")),
        (
            "verify-code/unknown-id.json",
            cloudbase(400, "invalid_verification_code", "Verification is invalid or expired"),
        ),
        ("verify-code/missing-token.json", dead_token),
        ("verify-code/missing-code.json", cloudbase(400, "invalid_argument", "Invalid verification_code")),
        ("update-user/updated.json", envelope("0000", "成功")),
        ("update-user/missing-key.json", envelope("4030", "Missing API Key.")),
        ("update-user/username-all-digits.json", envelope("4000", "Username cannot be all digits.")),
    ])
}

/// The same of the functions that read.
fn expected_reads() -> BTreeMap<&'static str, Reply> {
    let noon = "2026-04-03T12:00:00.000Z";
    let profile = json!({"user_id": "demo-wts", "version": 1, "created_at": noon, "updated_at": noon});
    let profile =
        json!({"code": 0, "message": "获取资料成功", "timestamp": noon, "data": {"profile": profile}});
    let view = json!({
        "who": "demo-wts", "wx": "demo-wts", "block": "", "room": "", "phone": "", "isp": "", "account": "",
    });
    let no_bearer = concat!(
        r#"Bearer error="invalid_request", error_description="Bearer token not found in the request", "#,
        r#"error_uri="https://tools.ietf.org/html/rfc6750#section-3.1""#
    );
    let forbidden = json!({
        "type": "https://id.example.com/errors/forbidden", "title": "Forbidden", "status": 403,
        "detail": "You may neither see nor change this user's profile.",
        "instance": "https://id.example.com/profiles/1001", "code": 30_101_005, "i18n_key": "error.forbidden",
        "request_id": "…", "trace_id": "…", "span_id": "…", "service": "profile-service", "timestamp": noon,
    });
    let in_english = [
        ("content-type", "application/problem+json"),
        ("content-language", "en"),
        ("vary", "Accept-Language"),
    ];
    let not_admin =
        json!({"success": false, "msg": "only admins can view other users' profiles", "errType": 3});
    let me = json!({"sub": "demo-wts", "user_id": "demo-wts", "created_at": noon, "updated_at": noon});
    let dead = json!({"error": "unauthenticated", "error_code": 401,
        "error_description": "The access token is missing, invalid or expired"});
    let tagged = |reply: Reply| with(reply, "etag", "\"1\"");
    let answers = [
        ("get-profile/shown.json", tagged(Reply::json(200, profile))),
        ("get-profile/not-modified.json", tagged(Reply::new(304, &[], json!("")))),
        ("get-profile/forbidden.json", Reply::new(403, &in_english, forbidden)),
        (
            "get-userinfo/shown.json",
            Reply::json(200, json!({"sub": "demo-wts", "updated_at": 1_775_217_600})),
        ),
        ("get-userinfo/missing-token.json", Reply::new(400, &[("www-authenticate", no_bearer)], json!(""))),
        (
            "view-profile/shown.json",
            Reply::json(200, json!({"success": true, "msg": "user profile", "profile": view})),
        ),
        ("view-profile/not-an-admin.json", Reply::json(403, not_admin)),
        ("get-user-me/shown.json", Reply::json(200, me)),
        ("get-user-me/missing-token.json", Reply::json(401, dead)),
    ];
    answers.map(|(name, reply)| (name, with(reply, "cache-control", "no-store"))).into()
}

/// The same of the pages about problem types. The text of the one in HTML is looked at elsewhere.
fn expected_pages() -> BTreeMap<&'static str, Reply> {
    let page = |content_type: &str, tongue: &str, body: Value| {
        let headers = [
            ("content-type", content_type),
            ("content-language", tongue),
            ("vary", "Accept, Accept-Language"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "public, max-age=3600"),
        ];
        Reply::new(200, &headers, body)
    };
    let failed = json!({
        "type": "https://id.example.com/errors/precondition-failed", "title": "前置条件不满足", "status": 412,
        "detail": "当前存储的资料与 If-Match 或 If-None-Match 的要求不符。未写入任何内容。",
        "remedy": "请重新读取资料,再次确认修改内容,并携带新的 ETag 发送。If-None-Match: * 仅用于创建,而资料已存在。", "code": 30_101_008,
        "i18n_key": "error.precondition_failed",
    });
    let unknown = json!({
        "type": "https://id.example.com/errors/page-not-found", "title": "Page Not Found", "status": 404,
        "detail": "No problem type has this name.", "instance": "https://id.example.com/errors/nothing",
        "code": 30_101_016, "i18n_key": "error.page_not_found", "request_id": "…", "trace_id": "…", "span_id": "…",
        "service": "profile-service", "timestamp": "2026-04-03T12:00:00.000Z",
    });
    let headers = [
        ("content-type", "application/problem+json"),
        ("content-language", "en"),
        ("vary", "Accept, Accept-Language"),
        ("cache-control", "no-store"),
    ];
    let html = page("text/html; charset=utf-8", "en", json!("…"));
    let html = with(html, "content-security-policy", "…");
    BTreeMap::from([
        ("describe-error/json.json", page("application/json", "zh", failed)),
        ("describe-error/browser.json", with(html, "referrer-policy", "no-referrer")),
        ("describe-error/unknown.json", Reply::new(404, &headers, unknown)),
    ])
}

fn with(mut reply: Reply, name: &str, value: &str) -> Reply {
    reply.headers.insert(name.into(), value.into());
    reply
}

/// The reply with `…` for a page of HTML and what follows from its letters.
fn without_page(mut reply: Reply) -> Reply {
    if reply.body.as_str().is_some_and(|text| text.starts_with("<!DOCTYPE html>")) {
        reply.body = json!("…");
        reply = with(reply, "content-security-policy", "…");
    }
    reply
}

/// The files under `events/` for functions that a route leads to: function, slash, file name.
fn files() -> BTreeMap<String, String> {
    let template = Template::read(&Template::default_path(), &BTreeMap::new()).unwrap();
    let endpoints: Vec<_> =
        template.functions.iter().filter(|function| !function.routes.is_empty()).collect();
    let mut files = BTreeMap::new();
    for folder in std::fs::read_dir(workspace().join("events")).unwrap().map(Result::unwrap) {
        if !endpoints.iter().any(|function| *function.binary == *folder.file_name()) {
            continue;
        }
        for file in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
            let name = format!("{}/{}", folder.file_name().display(), file.file_name().display());
            files.insert(name, std::fs::read_to_string(file.path()).unwrap());
        }
    }
    files
}

/// The event with this world's credentials in place of the placeholders.
async fn filled_in(world: &World, function: &str, text: &str) -> Value {
    let subject = match function {
        "put-profile" => "demo-authms",
        "delete-profile" => "demo-leaving",
        "patch-userinfo" => "demo-ciam",
        "get-profile" | "get-userinfo" | "get-user-me" => "demo-wts",
        _ => "demo-cloudbase",
    };
    let text = text
        .replace("${DEMO_TOKEN}", &world.token(subject))
        .replace("${DEMO_ADMIN_TOKEN}", &world.admin_token("demo-admin"))
        .replace("${DEMO_WTS_TOKEN}", &world.wts_token("demo-wts", "user"))
        .replace("${DEMO_API_KEY}", &world.api_key(Role::Admin).await)
        .replace("${DEMO_CLIENT}", &world.client().await);
    assert!(!text.contains("${"), "an unknown placeholder in {text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn every_event_gets_its_answer() {
    let (files, mut expected) = (files(), expected());
    expected.extend(expected_reads());
    expected.extend(expected_pages());
    let names = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(
        names(files.keys().map(String::as_str).collect()),
        names(expected.keys().copied().collect()),
        "each file has an answer here, and each answer a file"
    );
    for (name, text) in files {
        let mailbox = Mailbox::start().await;
        let world = World::with(Options { settings: mailbox.settings() }).await;
        // Users whose contract creates none; the local stack makes them when it starts.
        world.create("demo-wts").await;
        world.create("1001").await;
        world.create("demo-leaving").await;
        let function = name.split('/').next().unwrap();
        let event = filled_in(&world, function, &text).await;
        let reply = without_page(Reply::from(world.invoke(event.clone()).await).masked());
        assert_eq!(reply, expected[&*name], "{name}");
        // Whoever tries it by hand may try it again, in a while.
        world.clock.forward(60);
        assert_eq!(world.invoke(event).await.status_code, reply.status, "{name}");
    }
}

#[test]
fn every_event_is_what_the_gateway_makes_of_its_request() {
    for (name, text) in files() {
        let event: Value = serde_json::from_str(&text).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let route_key = text(&event["routeKey"]);
        let (method, route) = route_key.split_once(' ').unwrap();
        let mut request = event::Request::new(method, route, event["rawPath"].as_str().unwrap());
        let parameters = event.get("pathParameters").and_then(Value::as_object).into_iter().flatten();
        request.path_parameters = parameters.map(|(name, value)| (name.clone(), text(value))).collect();
        let headers = event["headers"].as_object().unwrap().iter();
        request.headers = headers.map(|(name, value)| (name.clone(), text(value))).collect();
        request.query = text(&event["rawQueryString"]);
        request.body = event["body"].as_str().unwrap_or_default().to_owned().into();
        request.time = NOON;
        assert_eq!(event, request.event(), "{name}");
    }
}
