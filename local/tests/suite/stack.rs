use crate::client::send;
use crate::fixture::{act, body, options, stack};
use local::Failure;
use local::record::Record;
use local::stack::{Stack, StackOptions};
use serde_json::{Value as Json, json};

#[tokio::test]
async fn the_environment_is_the_templates_with_local_values() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let record = Record::read(data.path()).unwrap();
    assert_eq!(&record, stack.record());
    let expected = json!({
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_ENDPOINT_URL_DYNAMODB": record.dynamodb_endpoint,
        "AWS_ENDPOINT_URL_EVENTBRIDGE": record.services_endpoint,
        "AWS_ENDPOINT_URL_SQS": record.services_endpoint,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_FUNCTION_NAME": "patient",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_REGION": "us-east-1",
        "AWS_SECRET_ACCESS_KEY": "local",
        "COURIER": "outbox",
        "OUTBOX_URL": format!("{}/outbox", record.services_endpoint),
        "PUBLIC_URL": format!("{}/x", stack.url()),
        "STAGE": "dev",
        "TABLE_NAME": "Table",
    });
    assert_eq!(json!(record.functions["patient"].environment), expected);
    let reader = &record.functions["reader"].environment;
    assert_eq!(
        (reader["EVENT_BUS"].as_str(), reader["QUEUE_URL"].as_str()),
        ("local-bus", "http://localhost/000000000000/SyncDeadLetterQueue",)
    );
    let answer = stack.function("patient").unwrap().invoke(act("environment"), "").await.unwrap();
    let mut seen = body(&answer);
    assert!(seen.as_object_mut().unwrap().remove("AWS_LAMBDA_RUNTIME_API").is_some());
    assert_eq!(seen, expected);
    stack.stop().await;
    let gone =
        Failure::new(format!("no stack runs on {}; start one with `cargo run`", data.path().display()));
    assert_eq!(Record::read(data.path()), Err(gone));
}

#[tokio::test]
async fn a_running_request_is_finished_before_the_stack_ends() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let url = stack.url().to_owned();
    // The request hangs until its time-out, which is the longest that a stack waits for it.
    let running = tokio::spawn(async move { send(&url, "POST /impatient HTTP/1.1\nX-Act: hang", b"").await });
    let function = stack.function("impatient").unwrap().clone();
    while function.idle_processes() > 0 {
        tokio::task::yield_now().await;
    }
    let answered = stack.access_log().feed().clone();
    stack.stop().await;
    assert_eq!(running.await.unwrap().status, 500);
    // It counts as answered at once, though a line of the function might still have come.
    let routes: Vec<Json> = answered.entries(0).0.iter().map(|entry| entry["route"].clone()).collect();
    assert_eq!(routes, ["POST /impatient"]);
}

#[tokio::test]
async fn a_taken_port_or_directory_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let port = stack.url().rsplit_once(':').unwrap().1.parse().unwrap();
    let refused = async |options| Stack::start(options).await.err().map(|failure| failure.to_string());

    let same_directory = refused(options(data.path(), &[])).await;
    let message = "another stack runs on it; stop that one, or choose another directory with --data";
    assert_eq!(same_directory, Some(format!("{}: {message}", stack.data().display())));

    let other = tempfile::tempdir().unwrap();
    let mut same_port = options(other.path(), &[]);
    same_port.port = port;
    let message = format!("port {port} is in use; choose another with --port, or 0 for any free one");
    assert_eq!(refused(same_port).await, Some(message));
    stack.stop().await;
    assert!(Stack::start(options(data.path(), &[])).await.is_ok());
}

#[tokio::test]
async fn a_function_without_a_binary_is_named() {
    let data = tempfile::tempdir().unwrap();
    let mut options = options(data.path(), &[]);
    options.binaries.as_mut().unwrap().remove("impatient");
    let refused = Stack::start(options).await.err().map(|failure| failure.to_string());
    assert_eq!(refused.as_deref(), Some("no binary of the workspace is called impatient"));
}

#[tokio::test]
async fn a_template_with_an_open_parameter_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let template = data.path().join("template.yaml");
    let text = std::fs::read_to_string(options(data.path(), &[]).template).unwrap();
    std::fs::write(&template, text.replace("Parameters:", "Parameters:\n  Open:\n    Type: String")).unwrap();
    let refused = Stack::start(StackOptions { template, ..options(data.path(), &[]) }).await.err();
    assert_eq!(refused, Some(Failure::new("the template's parameter Open has no value")));
}
