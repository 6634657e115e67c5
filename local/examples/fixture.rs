//! A function that misbehaves on demand, for the tests of the local stack. It is not deployed.
//!
//! The request header `x-act` says what it does; by default it answers with the event that it got.

use lambda_http::Error;
use lambda_http::lambda_runtime::{LambdaEvent, run, service_fn};
use serde_json::{Value as Json, json};
use std::path::Path;
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
