//! A function that misbehaves on demand, for the tests of the local stack. It is not deployed.
//!
//! The request header `x-act` says what it does; by default it answers with the event that it got. Of a batch of records each
//! record says itself what becomes of it: its members `label` and `act`.

use lambda_http::Error;
use lambda_http::lambda_runtime::{LambdaEvent, run, service_fn};
use serde_json::{Value as Json, json};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if std::env::var_os("CRASH_ON_START").is_some() {
        process::exit(3);
    }
    run(service_fn(act)).await
}

async fn act(event: LambdaEvent<Json>) -> Result<Json, Error> {
    let (event, context) = event.into_parts();
    if let Some(records) = event["Records"].as_array() {
        return work(records).await;
    }
    let act = event["headers"]["x-act"].as_str().unwrap_or("echo").to_owned();
    let answer = |body: Json| json!({"statusCode": 200, "body": body.to_string()});
    match act.split_once('=').unwrap_or((&act, "")) {
        ("echo", _) => Ok(answer(event)),
        ("context", _) => Ok(answer(json!({"trace": context.xray_trace_id, "deadline": context.deadline}))),
        ("environment", _) => Ok(answer(environment())),
        ("pid", _) => Ok(answer(json!(process::id()))),
        ("raw", text) => Ok(serde_json::from_str(text)?),
        ("fail", _) => Err("as told".into()),
        ("crash", _) => process::exit(1),
        ("hang", _) => std::future::pending().await,
        ("meet", number) => {
            meet(Path::new(&std::env::var("MEETING_PLACE")?), number.parse()?).await?;
            Ok(answer(json!(process::id())))
        }
        (other, _) => Err(format!("cannot {other}").into()),
    }
}

/// Notes down the labels of a batch, then does with it what its records say.
async fn work(records: &[Json]) -> Result<Json, Error> {
    let notes = PathBuf::from(std::env::var("NOTES")?).join(std::env::var("AWS_LAMBDA_FUNCTION_NAME")?);
    let before = std::fs::read_to_string(&notes).unwrap_or_default();
    let records: Vec<(String, String, String)> = records.iter().map(instruction).collect();
    let labels: Vec<&str> = records.iter().map(|(_, label, _)| label.as_str()).collect();
    let mut file = File::options().create(true).append(true).open(&notes)?;
    file.write_all(format!("{}\n", json!(labels)).as_bytes())?;
    let mut failed = Vec::new();
    for (identifier, label, act) in &records {
        let first_time = !before.contains(&format!("\"{label}\""));
        match (act.as_str(), first_time) {
            ("fail", _) | ("fail-once", true) => failed.push(json!({"itemIdentifier": identifier})),
            ("error-once", true) => return Err("as told".into()),
            ("crash-once", true) => process::exit(1),
            ("hang-once", true) => std::future::pending().await,
            _ => {}
        }
    }
    Ok(json!({"batchItemFailures": failed}))
}

/// Identifier, label and act of a record of a stream or a queue.
fn instruction(record: &Json) -> (String, String, String) {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    if let Some(stream) = record.get("dynamodb") {
        let image = &stream["NewImage"];
        return (text(&stream["SequenceNumber"]), text(&image["label"]["S"]), text(&image["act"]["S"]));
    }
    let body: Json = serde_json::from_str(record["body"].as_str().unwrap_or_default()).unwrap_or_default();
    (text(&record["messageId"]), text(&body["detail"]["label"]), text(&body["detail"]["act"]))
}

/// What the process was given; the runtime library itself adds `_X_AMZN_TRACE_ID` for each event.
fn environment() -> Json {
    std::env::vars()
        .filter(|(name, _)| name != "_X_AMZN_TRACE_ID")
        .map(|(name, value)| (name, json!(value)))
        .collect()
}

/// Waits until that many processes are here at the same time.
async fn meet(place: &Path, number: usize) -> Result<(), Error> {
    std::fs::write(place.join(process::id().to_string()), "")?;
    while std::fs::read_dir(place)?.count() < number {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}
