//! The function binaries when they start: without a database, without need of one, with wrong settings.

use crate::binaries::{Real, USER, WTS, built, envelope, problem};
use local::runtime::{FunctionSpec, Runtime};
use local::stack::{Stack, StackOptions};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tests::journal::assert_described;
use tests::{Reply, Request};
use tokio::net::TcpListener;

#[tokio::test(flavor = "multi_thread")]
async fn a_function_starts_without_its_database_and_says_so_in_its_contracts_words() {
    // A port that was free a moment ago: whoever connects is refused.
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let real = Real::start(&[("AWS_ENDPOINT_URL_DYNAMODB", &format!("http://127.0.0.1:{port}"))]).await;
    let (token, wts_token, key) = (real.token(USER), real.wts_token(USER), real.api_key().await);
    let broken =
        json!({"success": false, "msg": "system met a uncaught error,please view logs.", "errType": 1});
    let internal = json!({"error": "internal", "error_code": 500, "error_description": "Internal error"});
    let code = json!({"verification_id": "0".repeat(64), "verification_code": "123456"});
    let unavailable = "The profile store did not answer in time; try again.";
    for (function, request, expected) in [
        (
            "put-profile",
            Request::put_profile(USER).bearer(&token).json(&json!({"city": "Paris"})),
            problem(503, 30_101_012, "service-unavailable", "Service Unavailable", unavailable),
        ),
        (
            "patch-userinfo",
            Request::patch_userinfo().bearer(&token).json(&json!({"nickname": "Al"})),
            Reply::new(
                503,
                &[("content-type", "application/json;charset=UTF-8")],
                json!({"error": "temporarily_unavailable"}),
            ),
        ),
        ("change-profile", Request::change_profile().bearer(&wts_token).body(WTS), Reply::json(500, broken)),
        (
            "edit-user-basic",
            Request::edit_user_basic().bearer(&token).json(&json!({"gender": "MALE"})),
            Reply::json(500, internal.clone()),
        ),
        (
            "send-verification",
            Request::send_verification().bearer(&token).json(&json!({"email": "a@example.com"})),
            Reply::json(500, internal.clone()),
        ),
        ("verify-code", Request::verify_code().bearer(&token).json(&code), Reply::json(500, internal)),
        (
            "update-user",
            Request::update_user(USER).bearer(&key).json(&json!({"role": "User"})),
            envelope("5000", "System error."),
        ),
    ] {
        assert_eq!(real.invoke(function, &request).await, expected, "{function}");
        let log = real.log(function);
        let line: Value = serde_json::from_str(&log).unwrap();
        assert_described(&line);
        assert_eq!(
            (line["outcome"].as_str(), line["status"].as_u64(), line["DynamoDBCalls"].as_u64()),
            (Some("unavailable"), Some(expected.status.into()), Some(1)),
            "{log}"
        );
    }
    real.stack.stop().await;
}

/// A database that hangs up on whoever comes, and counts them: its address, and the count.
async fn hanging_up() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let visits = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&visits);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    (endpoint, visits)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_about_errors_never_go_to_the_database() {
    let (endpoint, visits) = hanging_up().await;
    let runtime = Runtime::start().await.unwrap();
    for (name, goes) in [("describe-error", false), ("get-user-me", true)] {
        let data = tempfile::tempdir().unwrap();
        let stack = Stack::start(StackOptions::ephemeral(data.path(), Some(built().clone()))).await.unwrap();
        let recorded = stack.record().functions[name].clone();
        let mut environment = recorded.environment;
        environment.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), endpoint.clone());
        let binary = recorded.binary;
        let spec =
            FunctionSpec { name: name.to_owned(), binary, environment, timeout: Duration::from_secs(10) };
        let function = runtime.function(spec);
        // Warm means that INIT is over, the warm-up call included.
        function.warm().await.unwrap();
        if name == "describe-error" {
            let event = Request::describe_error("forbidden").event_json().to_string();
            let answer: Value = serde_json::from_slice(&function.invoke(event, "").await.unwrap()).unwrap();
            assert_eq!(answer["statusCode"], 200);
        }
        assert_eq!(visits.load(Ordering::SeqCst) > 0, goes, "{name}");
        function.stop().await;
        stack.stop().await;
    }
}

#[test]
fn a_function_that_cannot_start_names_every_wrong_setting() {
    let all = [
        // Lambda always says it.
        ("AWS_REGION", "us-east-1"),
        ("STAGE", "production"),
        ("PUBLIC_URL", "example.com"),
        ("ISSUERS", "secret-of-mine"),
        ("CLAIMS", "shoe_size"),
        ("CONTACT_VERIFICATION", "maybe"),
        ("REVEAL_CONTACT_USE", "maybe"),
        ("METRICS", "emf"),
    ];
    let common = "STAGE must be one of prod, staging, dev; TABLE_NAME is not set; PUBLIC_URL must be an absolute http \
                  or https URL without query and fragment; STACK_NAME is not set";
    let issuers = "ISSUERS must be a JSON array of objects without repeated members (line 1, column 1)";
    let verification = "CONTACT_VERIFICATION must be one of required, off";
    for (function, expected) in [
        ("put-profile", format!("{common}; {issuers}")),
        ("patch-userinfo", format!("{common}; CLAIMS lists \"shoe_size\", which is no claim; {issuers}")),
        ("change-profile", format!("{common}; {issuers}")),
        ("edit-user-basic", format!("{common}; {verification}; {issuers}")),
        ("send-verification", format!("{common}; REVEAL_CONTACT_USE must be one of false, true; {issuers}")),
        ("verify-code", format!("{common}; {issuers}")),
        ("update-user", common.to_owned()),
    ] {
        let output = Command::new(&built()[function]).env_clear().envs(all).output().unwrap();
        let log = String::from_utf8(output.stdout).unwrap();
        let mut lines = log.lines();
        let line: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
        assert_eq!(
            (line["error"].as_str(), lines.next()),
            (Some(&*format!("wrong settings: {expected}")), None)
        );
        assert_eq!((line["level"].as_str(), line["message"].as_str()), (Some("ERROR"), Some("not started")));
        assert_described(&line);
        assert!(!output.status.success());
        assert!(!String::from_utf8(output.stderr).unwrap().contains("secret-of-mine"));
    }
}
