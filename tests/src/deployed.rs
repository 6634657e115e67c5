//! A stack at a URL.

use crate::bus::sdk;
use crate::keys::Keys;
use crate::rigged::NOON;
use crate::service::{Entrance, Service};
use crate::{Canaries, Reply, Request};
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use chrono::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock, Timestamp};
use shared::store::ProfileStore;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// Names the deployed stack's record: a JSON file, see [`Record`].
const PROFILE_STACK: &str = "PROFILE_STACK";

/// What stands for the stack's `PUBLIC_URL` in what it answers: the one that a world has.
pub(crate) const PUBLIC_URL: &str = "https://id.example.com";

/// Headers of HTTP itself and of the gateway: no function sets them.
const OUTER_HEADERS: [&str; 8] = [
    "apigw-requestid",
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "server",
    "transfer-encoding",
    "x-amzn-requestid",
];

/// Where a deployed stack is.
#[derive(Deserialize)]
struct Record {
    /// Base URL of the API, without a slash at its end.
    api_url: String,
    /// Headers by which a request finds it.
    #[serde(default)]
    api_headers: BTreeMap<String, String>,
    /// The functions' `PUBLIC_URL`.
    public_url: String,
    /// Of all AWS services: an emulator, whose inboxes show the codes.
    endpoint: String,
    region: String,
    table: String,
    /// Directory of the issuers' keys, see [`Keys::open`].
    keys: PathBuf,
}

/// The entrance of a deployed stack.
///
/// Its answers come in a world's words, so that the same cases hold: a time between the beginning of the case and the
/// answer reads as [`NOON`], where a world's clock stands still, and the stack's own URL as a world's.
pub struct Deployed {
    record: Record,
    http: SharedHttpConnector,
    since: Timestamp,
    pub(crate) canaries: Canaries,
}

impl Drop for Deployed {
    fn drop(&mut self) {
        self.canaries.assert_kept();
    }
}

impl Deployed {
    /// The service that the environment names, if any, with an empty table.
    pub(crate) async fn from_env() -> Option<Service> {
        let path = std::env::var_os(PROFILE_STACK)?;
        let record: Record = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let database = aws_sdk_dynamodb::Client::new(&sdk(&record.endpoint, &record.region).await);
        let table = record.table.clone();
        let keys = Keys::open(&record.keys);
        let http = SharedHttpConnector::new(Connector::builder().build_http());
        let service = Service {
            store: ProfileStore::new(database.clone(), table.clone()),
            database,
            table,
            keys,
            clock: Arc::new(SystemClock),
            entrance: Entrance::Deployed(Self {
                record,
                http,
                since: SystemClock.now(),
                canaries: Canaries::of_this_test(),
            }),
        };
        for item in service.scan().await {
            let delete = service.database.delete_item().table_name(&service.table);
            let key = ["PK", "SK"].map(|name| (name.to_owned(), item[name].clone()));
            delete.set_key(Some(key.into())).send().await.unwrap();
        }
        Some(service)
    }

    /// Sends a request.
    pub(crate) async fn send(&self, request: &Request) -> Reply {
        let (method, path) = request.over_http();
        let url = format!("{}{path}", self.record.api_url);
        let headers = request.headers().iter().chain(&self.record.api_headers);
        let (status, headers, body) = self.exchange(method, &url, headers, request.text()).await;
        let body = String::from_utf8(body).unwrap().replace(&self.record.public_url, PUBLIC_URL);
        // The emulator's gateway gives every answer a type. Of an empty body it says nothing.
        let untyped = if body.is_empty() { "content-type" } else { "" };
        let mut body = serde_json::from_str(&body).unwrap_or(Value::String(body));
        self.stop_clock(&mut body);
        let is_ours = |name: &str| !OUTER_HEADERS.contains(&name) && name != untyped;
        let headers = headers.into_iter().filter(|(name, _)| is_ours(name));
        let headers = headers.map(|(name, value)| (name, value.replace(&self.record.public_url, PUBLIC_URL)));
        Reply { status, headers: headers.collect(), body }
    }

    async fn exchange(
        &self,
        method: &str,
        url: &str,
        headers: impl Iterator<Item = (&String, &String)>,
        body: Option<&str>,
    ) -> (u16, BTreeMap<String, String>, Vec<u8>) {
        let mut request = HttpRequest::new(body.map_or_else(SdkBody::empty, SdkBody::from));
        request.set_method(method).unwrap();
        request.set_uri(url).unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        let answer = self.http.call(request).await.unwrap();
        let status = answer.status().as_u16();
        let headers =
            answer.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let body = ByteStream::new(answer.into_body()).collect().await.unwrap();
        (status, headers, body.to_vec())
    }

    /// What the emulator shows of the messages that its services took.
    async fn inbox(&self, path: &str) -> Value {
        let url = format!("{}/_ministack/{path}", self.record.endpoint);
        let (status, _, body) = self.exchange("GET", &url, std::iter::empty(), None).await;
        assert_eq!(status, 200, "{url}");
        serde_json::from_slice(&body).unwrap()
    }

    /// Has times of this case read as they would where the clock stands still.
    fn stop_clock(&self, value: &mut Value) {
        let (from, to) = (self.since, SystemClock.now());
        stop_clock(value, &(from.millis()..=to.millis()));
    }
}

fn stop_clock(value: &mut Value, case: &RangeInclusive<i64>) {
    let seconds = case.start() / 1000..=case.end() / 1000;
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(time) if case.contains(&time) => *value = json!(NOON.millis()),
            Some(time) if seconds.contains(&time) => *value = json!(NOON.seconds()),
            _ => {}
        },
        Value::String(text) => {
            if DateTime::parse_from_rfc3339(text).is_ok_and(|time| case.contains(&time.timestamp_millis())) {
                *text = NOON.rfc3339();
            } else if let Some((front, time)) = text.split_at_checked(text.len().saturating_sub(13))
                && time.parse().is_ok_and(|time| case.contains(&time))
            {
                // Transaction ids end in the time.
                *text = format!("{front}{}", NOON.millis());
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| stop_clock(value, case)),
        Value::Object(members) => members.values_mut().for_each(|value| stop_clock(value, case)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// The codes that a deployed stack sends. Notices come when they come, and are none of a contract's cases.
pub(crate) struct Letters {
    seen: Mutex<BTreeSet<String>>,
}

impl Letters {
    /// All but those that are there already.
    pub(crate) async fn from_now_on(service: &Service) -> Self {
        let letters = Self { seen: Mutex::default() };
        letters.take(service).await;
        letters
    }

    /// The letters with a code that arrived since the last time this was asked, as the local outbox shows them: those
    /// by SMS first.
    pub(crate) async fn take(&self, service: &Service) -> Vec<Value> {
        let Entrance::Deployed(deployed) = &service.entrance else { unreachable!("it was deployed") };
        let sms = deployed.inbox("sns/sms-messages").await;
        let sms = sms["sms_messages"].as_object().unwrap().iter().flat_map(|(phone, messages)| {
            let letter = move |message: &Value| {
                let body = message["Message"].clone();
                (message["MessageId"].to_string(), letter(json!(phone), "sms", Value::Null, body))
            };
            messages.as_array().unwrap().iter().map(letter)
        });
        let emails = deployed.inbox("ses/messages").await;
        let emails = emails["messages"].as_object().unwrap().values().flat_map(|messages| {
            messages.as_array().unwrap().iter().map(|message| {
                let (to, subject) = (message["To"][0].clone(), message["Subject"].clone());
                (message["MessageId"].to_string(), letter(to, "email", subject, message["BodyText"].clone()))
            })
        });
        let mut seen = self.seen.lock().unwrap();
        let new = sms.chain(emails).filter(|(id, _)| seen.insert(id.clone())).map(|(_, letter)| letter);
        new.filter(|letter| letter["code"].is_string()).collect()
    }
}

fn letter(to: Value, channel: &str, subject: Value, body: Value) -> Value {
    let text = body.as_str().unwrap();
    let mut numbers = text.split(|character: char| !character.is_ascii_digit());
    let code = numbers.find(|number| number.len() == 6).map(str::to_owned);
    json!({"to": to, "channel": channel, "code": code, "subject": subject, "body": body})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_the_case_read_as_noon_and_no_others() {
        let mut value = json!({
            "in": ["2026-11-21T11:00:00.500Z", 1_795_258_800_500_i64, 1_795_258_800, "1231795258800500"],
            "out": ["2026-11-21T11:00:01.001Z", 1_795_258_799_999_i64, 1_795_258_802, "1231795258801001", "x", true],
        });
        let out = value["out"].clone();
        stop_clock(&mut value, &(1_795_258_800_000..=1_795_258_801_000));
        let noon = NOON.millis();
        let shown = json!(["2026-04-03T12:00:00.000Z", noon, noon / 1000, format!("123{noon}")]);
        assert_eq!(value, json!({"in": shown, "out": out}));
    }
}
