use crate::fixture::{act, body, function};
use local::runtime::{InvocationError, MAX_PAYLOAD, MAX_PROCESSES};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::task::JoinSet;

const LONG: Duration = Duration::from_secs(60);

async fn pid(function: &local::runtime::Function) -> u64 {
    body(&function.invoke(act("pid"), "").await.unwrap()).as_u64().unwrap()
}

#[tokio::test]
async fn a_process_serves_one_request_after_another() {
    let function = function(&[], LONG).await;
    let first = pid(&function).await;
    assert_eq!(pid(&function).await, first);
    assert_eq!(function.idle_processes(), 1);
    assert_eq!(function.processes(), [u32::try_from(first).unwrap()]);
    function.stop().await;
    assert_eq!(function.idle_processes(), 0);
    assert_eq!(function.processes(), Vec::<u32>::new());
}

#[tokio::test]
async fn only_the_given_environment_is_seen() {
    let function = function(&[("TABLE_NAME", "t")], LONG).await;
    let mut seen = body(&function.invoke(act("environment"), "").await.unwrap());
    let address = seen.as_object_mut().unwrap().remove("AWS_LAMBDA_RUNTIME_API").unwrap();
    assert!(address.as_str().unwrap().starts_with("http://127.0.0.1:"), "{address}");
    let expected = serde_json::json!({
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_FUNCTION_NAME": "fixture",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "TABLE_NAME": "t",
    });
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn the_context_carries_trace_and_deadline() {
    use local::runtime::INIT_TIMEOUT;
    use shared::clock::{Clock, SystemClock};
    let function = function(&[], LONG).await;
    let before = SystemClock.now();
    let context = body(&function.invoke(act("context"), "Root=1-a-b").await.unwrap());
    let after = SystemClock.now().plus_seconds(i64::try_from(LONG.as_secs()).unwrap());
    assert_eq!(context["trace"], "Root=1-a-b");
    let earliest = before.plus_seconds(i64::try_from((LONG - INIT_TIMEOUT).as_secs()).unwrap());
    let deadline = context["deadline"].as_i64().unwrap();
    assert!((earliest.millis()..=after.millis()).contains(&deadline), "{deadline}");
}

#[tokio::test]
async fn overlapping_requests_get_processes_of_their_own() {
    let place = tempfile::tempdir().unwrap();
    let function = function(&[("MEETING_PLACE", place.path().to_str().unwrap())], LONG).await;
    let mut running = JoinSet::new();
    // Twice as many requests as there may be processes: the second half waits for the first.
    for _ in 0..2 * MAX_PROCESSES {
        let function = function.clone();
        running.spawn(async move { function.invoke(act(&format!("meet={MAX_PROCESSES}")), "").await });
    }
    let answers = running.join_all().await;
    let pids: BTreeSet<u64> =
        answers.into_iter().map(|answer| body(&answer.unwrap()).as_u64().unwrap()).collect();
    assert_eq!(pids.len(), MAX_PROCESSES as usize);
    assert_eq!(function.idle_processes(), MAX_PROCESSES as usize);
}

#[tokio::test]
async fn a_crash_ends_the_invocation_and_the_next_one_gets_a_new_process() {
    let function = function(&[], LONG).await;
    let first = pid(&function).await;
    assert_eq!(function.invoke(act("crash"), "").await, Err(InvocationError::Crashed));
    assert_eq!(function.idle_processes(), 0);
    assert_ne!(pid(&function).await, first);
}

#[tokio::test]
async fn a_process_that_dies_while_idle_is_replaced() {
    let function = function(&[], LONG).await;
    let first = pid(&function).await;
    let killed = std::process::Command::new("kill").args(["-KILL", &first.to_string()]).status().unwrap();
    assert!(killed.success());
    // The signal takes effect a moment later. A dead process that nobody has waited for yet is a zombie.
    let state = || std::process::Command::new("ps").args(["-o", "stat=", "-p", &first.to_string()]).output();
    while !state().unwrap().stdout.starts_with(b"Z") {}
    assert_ne!(pid(&function).await, first);
    assert_eq!(function.idle_processes(), 1);
}

#[tokio::test]
async fn a_hanging_process_is_killed_when_its_time_is_up() {
    let limit = Duration::from_millis(300);
    let function = function(&[], limit).await;
    let first = pid(&function).await;
    assert_eq!(function.invoke(act("hang"), "").await, Err(InvocationError::TimedOut(limit)));
    let alive = std::process::Command::new("kill").args(["-0", &first.to_string()]).status().unwrap();
    assert!(!alive.success());
    assert_ne!(pid(&function).await, first);
}

#[tokio::test]
async fn an_error_of_the_function_leaves_its_process_alive() {
    let function = function(&[], LONG).await;
    let first = pid(&function).await;
    let Err(InvocationError::Failed(error)) = function.invoke(act("fail"), "").await else {
        panic!("it should have failed")
    };
    let error: Json = serde_json::from_slice(&error).unwrap();
    assert_eq!(error["errorMessage"], "as told");
    assert_eq!(pid(&function).await, first);
}

#[tokio::test]
async fn a_process_that_ends_before_it_asks_for_work_never_started() {
    let function = function(&[("CRASH_ON_START", "1")], LONG).await;
    let failure = function.warm().await.unwrap_err();
    assert_eq!(failure.to_string(), "fixture: exit status: 3");
    let error = InvocationError::NotStarted("exit status: 3".to_owned());
    assert_eq!(function.invoke(act("echo"), "").await, Err(error));
}

#[tokio::test]
async fn an_event_over_the_limit_reaches_no_process() {
    let function = function(&[], LONG).await;
    assert_eq!(function.invoke(vec![b' '; MAX_PAYLOAD + 1], "").await, Err(InvocationError::TooLarge));
    assert_eq!(function.idle_processes(), 0);
}

#[tokio::test]
async fn an_invocation_goes_on_when_nobody_waits_for_it() {
    let place = tempfile::tempdir().unwrap();
    let function = function(&[("MEETING_PLACE", place.path().to_str().unwrap())], LONG).await;
    let mut waiting = Box::pin(function.invoke(act("meet=2"), ""));
    // Polled once, it is under way; then its caller goes away.
    std::future::poll_fn(|context| {
        assert!(waiting.as_mut().poll(context).is_pending());
        std::task::Poll::Ready(())
    })
    .await;
    drop(waiting);
    // Only if the first is really there does the second one meet anybody.
    function.invoke(act("meet=2"), "").await.unwrap();
    function.stop().await;
}
