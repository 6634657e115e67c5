//! The requests that the gateway has answered, `/_local/requests`: what it knows of each, joined with the line that the
//! function wrote about it ([logs](../../docs/logs.md)).

use crate::feed::Feed;
use crate::process::Output;
use axum::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Number, json};
use shared::clock::Timestamp;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Where they are read, on the gateway, as [`Feed::answer`] says.
pub const PATH: &str = "/_local/requests";

/// Most requests that are kept; of more, the newest.
pub const MOST: usize = 1_000;

/// How long the line of a function is awaited that has answered, or should have. It is written before the answer, and has
/// only to come through a pipe.
pub const LINE_WAIT: Duration = Duration::from_millis(500);

/// An answered request. Nothing of it names a user: the route and not the path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// The gateway's id of the request, which the caller is told in the header `apigw-requestid`.
    pub id: String,
    /// When it came, in RFC 3339.
    pub time: String,
    /// Method and path of the template's route, or the method and `-` where there is none.
    pub route: String,
    /// The contract that the function speaks; `None` where it wrote no line.
    pub contract: Option<String>,
    /// The function that was invoked; `None` where the gateway answered by itself.
    pub function: Option<String>,
    /// HTTP status of the answer.
    pub status: u16,
    /// What became of it, as the function's line says.
    pub outcome: Option<String>,
    /// Milliseconds from the request's head to the answer.
    pub ms: u64,
    /// Calls to DynamoDB.
    pub dynamodb_calls: Option<u64>,
    /// Read capacity units that they consumed.
    pub read_units: Option<Number>,
    /// Write capacity units that they consumed.
    pub write_units: Option<Number>,
}

impl Answered {
    /// A request that has just come, and of which nothing else is known.
    pub fn new(id: String, time: Timestamp, method: &Method) -> Self {
        Self {
            id,
            time: time.rfc3339(),
            route: format!("{method} -"),
            contract: None,
            function: None,
            status: 0,
            outcome: None,
            ms: 0,
            dynamodb_calls: None,
            read_units: None,
            write_units: None,
        }
    }

    fn join(&mut self, line: RequestLine) {
        self.contract = Some(line.contract);
        self.outcome = Some(line.outcome);
        self.dynamodb_calls = Some(line.calls);
        self.read_units = Some(line.read_units);
        self.write_units = Some(line.write_units);
    }
}

/// What is read of a function's line about a request.
#[derive(Deserialize)]
struct RequestLine {
    gateway_request_id: String,
    #[serde(rename = "Contract")]
    contract: String,
    outcome: String,
    #[serde(rename = "DynamoDBCalls")]
    calls: u64,
    #[serde(rename = "ReadUnits")]
    read_units: Number,
    #[serde(rename = "WriteUnits")]
    write_units: Number,
}

/// Answered requests, in the order in which all became known of them.
#[derive(Clone)]
pub struct AccessLog(Arc<Shared>);

struct Shared {
    feed: Feed,
    wait: Duration,
    halves: Mutex<Halves>,
}

/// What waits for its other half, by the gateway's id.
#[derive(Default)]
struct Halves {
    answered: HashMap<String, Answered>,
    lines: HashMap<String, RequestLine>,
    /// The ids of `lines`, oldest first: a line whose caller has hung up is asked for by nobody.
    order: VecDeque<String>,
}

impl AccessLog {
    /// An empty one, which awaits the line of a function this long; [`LINE_WAIT`] is what a stack does.
    pub fn new(wait: Duration) -> Self {
        Self(Arc::new(Shared { feed: Feed::new(MOST), wait, halves: Mutex::default() }))
    }

    /// An output that reads what functions say of requests, and hands every line on.
    pub fn listening(&self, output: Output) -> Output {
        let log = self.clone();
        Output::new(move |name, line| {
            log.read(line);
            output.write(name, line);
        })
    }

    /// Takes an answered request. Where a function was invoked, it counts once its line is there, or does not come.
    pub fn answered(&self, mut answered: Answered) {
        if answered.function.is_some() {
            let mut halves = self.lock();
            if let Some(line) = halves.lines.remove(&answered.id) {
                halves.order.retain(|id| *id != answered.id);
                answered.join(line);
            } else {
                let (log, id) = (self.clone(), answered.id.clone());
                halves.answered.insert(id.clone(), answered);
                tokio::spawn(async move {
                    tokio::time::sleep(log.0.wait).await;
                    let given_up = log.lock().answered.remove(&id);
                    given_up.into_iter().for_each(|answered| log.push(&answered));
                });
                return;
            }
        }
        self.push(&answered);
    }

    /// The answered requests.
    pub fn feed(&self) -> &Feed {
        &self.0.feed
    }

    /// Takes what waits for its line as it is: there will be none any more.
    pub fn finish(&self) {
        let mut left: Vec<Answered> = self.lock().answered.drain().map(|(_, answered)| answered).collect();
        left.sort_by(|one, other| one.time.cmp(&other.time));
        left.iter().for_each(|answered| self.push(answered));
    }

    fn read(&self, line: &str) {
        // Of a line that is none about a request, a member is missing.
        let Ok(line) = serde_json::from_str::<RequestLine>(line) else { return };
        let mut halves = self.lock();
        if let Some(mut answered) = halves.answered.remove(&line.gateway_request_id) {
            drop(halves);
            answered.join(line);
            self.push(&answered);
            return;
        }
        halves.order.push_back(line.gateway_request_id.clone());
        halves.lines.insert(line.gateway_request_id.clone(), line);
        if halves.order.len() > MOST {
            let oldest = halves.order.pop_front();
            oldest.and_then(|id| halves.lines.remove(&id));
        }
    }

    fn push(&self, answered: &Answered) {
        self.0.feed.push(json!(answered));
    }

    fn lock(&self) -> MutexGuard<'_, Halves> {
        self.0.halves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value as Json;

    const HOUR: Duration = Duration::from_secs(3600);

    fn answered(id: &str, function: Option<&str>) -> Answered {
        let new = Answered::new(id.to_owned(), Timestamp::from_millis(0), &Method::PUT);
        Answered { function: function.map(str::to_owned), ..new }
    }

    fn line(id: &str) -> String {
        json!({"message": "request", "gateway_request_id": id, "Contract": "contract", "outcome": "updated",
            "DynamoDBCalls": 2, "ReadUnits": 0.5, "WriteUnits": 3})
        .to_string()
    }

    /// A log, and what functions write.
    fn log(wait: Duration) -> (AccessLog, Output) {
        let log = AccessLog::new(wait);
        let output = log.listening(Output::new(|_, _| {}));
        (log, output)
    }

    fn said(log: &AccessLog) -> Vec<Json> {
        let name = |entry: &Json| {
            json!([entry["id"], entry["outcome"], entry["dynamodb_calls"], entry["write_units"]])
        };
        log.feed().entries(0).0.iter().map(name).collect()
    }

    #[tokio::test]
    async fn a_request_and_its_line_find_each_other_in_either_order() {
        let (log, output) = log(HOUR);
        output.write("put-profile", &line("a"));
        log.answered(answered("b", Some("put-profile")));
        assert_eq!(said(&log), Vec::<Json>::new());
        log.answered(answered("a", Some("put-profile")));
        output.write("put-profile", "{\"message\":\"batch\",\"DynamoDBCalls\":9}");
        output.write("put-profile", "no JSON");
        output.write("put-profile", &line("b"));
        log.answered(answered("c", None));
        let expected =
            [json!(["a", "updated", 2, 3]), json!(["b", "updated", 2, 3]), json!(["c", null, null, null])];
        assert_eq!(said(&log), expected);
    }

    #[tokio::test]
    async fn a_line_that_does_not_come_is_not_awaited_forever() {
        let (log, output) = log(Duration::ZERO);
        log.answered(answered("a", Some("put-profile")));
        log.feed().beyond(0).await;
        assert_eq!(said(&log), [json!(["a", null, null, null])]);
        // Too late.
        output.write("put-profile", &line("a"));
        assert_eq!(said(&log).len(), 1);
    }

    #[tokio::test]
    async fn what_waits_at_the_end_is_not_lost() {
        let (log, _output) = log(HOUR);
        let [early, late] = [1, 2].map(|time| {
            let new = Answered::new(time.to_string(), Timestamp::from_millis(time), &Method::PUT);
            Answered { function: Some("put-profile".to_owned()), ..new }
        });
        log.answered(late);
        log.answered(early);
        log.finish();
        log.finish();
        assert_eq!(said(&log), [json!(["1", null, null, null]), json!(["2", null, null, null])]);
    }

    #[tokio::test]
    async fn lines_that_nobody_asks_for_are_forgotten() {
        let (log, output) = log(HOUR);
        for n in 0..=MOST {
            output.write("put-profile", &line(&n.to_string()));
        }
        let halves = log.lock();
        assert_eq!((halves.lines.len(), halves.order.len()), (MOST, MOST));
        assert!(!halves.lines.contains_key("0") && halves.lines.contains_key("1"));
    }
}
