//! A function that dies between its write and its answer: whoever sends the request again gets the answer all the same.

use local::binaries;
use local::keys::Claims;
use local::runtime::{FunctionSpec, Runtime};
use local::stack::{Stack, StackOptions};
use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};
use shared::validation::UserId;
use std::time::Duration;
use tests::{Fault, Request, Wire};

const CRASHES: u64 = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_killed_before_its_answer_is_made_up_for() {
    let directory = tempfile::tempdir().unwrap();
    let built = binaries::build(false).unwrap();
    let options = StackOptions::ephemeral(directory.path().join("data"), Some(built));
    let stack = Stack::start(options).await.unwrap();
    let recorded = &stack.record().functions["put-profile"];
    let mut environment = recorded.environment.clone();
    let wire = Wire::before(&environment["AWS_ENDPOINT_URL_DYNAMODB"]).await;
    environment.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), wire.endpoint().to_owned());
    let runtime = Runtime::start().await.unwrap();
    let function = runtime.function(FunctionSpec {
        name: "put-profile".to_owned(),
        binary: recorded.binary.clone(),
        environment,
        timeout: Duration::from_secs(10),
    });
    let issued = SystemClock.now();
    let claims = Claims { subject: "alice", scope: "openid", admin: false, issued, expires_in: 600 };
    let token = stack.keys().token(&claims).unwrap();
    let store = stack.record().store().await;
    for crash in 1..=CRASHES {
        let body = json!({"nickname": format!("after {crash}")});
        let request = Request::put_profile("alice").bearer(&token).json(&body);
        let event = request.header("idempotency-key", &format!("\"crash {crash}\"")).event_json().to_string();

        wire.requests();
        wire.spoil("TransactWriteItems", Fault::Withheld);
        let killed = async {
            wire.withheld().await;
            function.processes().into_iter().for_each(|pid| assert!(tests::kills::end(pid)));
        };
        let (answer, ()) = tokio::join!(function.invoke(event.clone(), ""), killed);
        answer.unwrap_err();

        // What it had written down to answer.
        let (_, write) = wire.requests().pop().unwrap();
        let kept = write["TransactItems"][1]["Put"]["Item"]["answer"]["S"].as_str().unwrap().to_owned();
        let mut kept: Value = serde_json::from_str(&kept).unwrap();
        kept["headers"]["idempotency-replayed"] = json!("true");
        for _ in 0..2 {
            let again = function.invoke(event.clone(), "").await.unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&again).unwrap(), kept, "{crash}");
        }
        let profile = store.read(&UserId::parse("alice").unwrap()).await.unwrap().unwrap();
        assert_eq!(profile.version, crash);
    }
    function.stop().await;
}
