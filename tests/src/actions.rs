//! What functions ask of AWS, in IAM's words, for the check that compares it with their policies (`.ci/policies`).
//!
//! Every stand-in for a service hands each request to [`record`]. With `RECORD_ACTIONS` naming a directory, each new
//! kind of call is one line of JSON in `<directory>/<function>`, such as
//! `{"action":"dynamodb:PutItem","keys":["CLAIM#"],"enclosing":"TransactWriteItems","attributes":["PK","SK","owner","schema"]}`:
//!
//! - `keys`: the partition keys, each up to its first `#`, since that is what a policy can tell apart;
//! - `enclosing`: the transaction that it is part of;
//! - `attributes`: the attributes that it names outright or by a placeholder.
//!
//! Calls that name no function, such as a test's own look at the table, are nobody's.

use crate::wire::describe;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::{File, create_dir_all};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The lines of this process, so that each is written once. Another process may write it again, which does no harm.
static RECORDED: Mutex<BTreeSet<(String, String)>> = Mutex::new(BTreeSet::new());

/// Records what this request needs a permission for.
pub fn record(request: &[u8]) {
    let Some(directory) = std::env::var_os("RECORD_ACTIONS").map(PathBuf::from) else { return };
    let Some(function) = function(request) else { return };
    for action in actions(request) {
        let line = action.to_string();
        let mut recorded = RECORDED.lock().unwrap();
        if recorded.insert((function.clone(), line.clone())) {
            append(&directory, &function, &line);
        }
    }
}

/// One write of a short line to a file opened for appending is not torn by those of other processes.
fn append(directory: &Path, function: &str, line: &str) {
    create_dir_all(directory).unwrap();
    let file = File::options().create(true).append(true).open(directory.join(function));
    file.unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// Who sent it: the name that `shared::sdk::named` gave its client.
pub fn function(request: &[u8]) -> Option<String> {
    let agent = header(request, "x-amz-user-agent").or_else(|| header(request, "user-agent"))?;
    agent.split(' ').find_map(|part| part.strip_prefix("app/")).map(str::to_owned)
}

fn header(request: &[u8], name: &str) -> Option<String> {
    let end = request.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&request[..end]).into_owned();
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.find_map(|(field, value)| field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned()))
}

/// What IAM asks to be allowed. A transaction is no action of its own: its parts are.
fn actions(request: &[u8]) -> Vec<Value> {
    let target = header(request, "x-amz-target").unwrap_or_default();
    let (operation, body) = describe(request);
    let service = match target.split('.').next().unwrap_or_default() {
        service if service.starts_with("DynamoDB") => return on_table(&operation, &body),
        "AWSEvents" => "events",
        "AmazonSQS" => "sqs",
        "secretsmanager" => "secretsmanager",
        _ if request.starts_with(b"POST /v2/email/outbound-emails ") => {
            return vec![json!({"action": "ses:SendEmail"})];
        }
        _ if request.windows(15).any(|part| part == b"Action=Publish&") => {
            return vec![json!({"action": "sns:Publish"})];
        }
        other => panic!("no action is known for {other} {operation}"),
    };
    vec![json!({"action": format!("{service}:{operation}")})]
}

fn on_table(operation: &str, body: &Value) -> Vec<Value> {
    match operation {
        "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem" => vec![on_item(operation, body, None)],
        "Query" => {
            let condition = body["KeyConditionExpression"].as_str().unwrap();
            let placeholder = condition.split(' ').nth(2).unwrap();
            vec![on_partitions("Query", &[&body["ExpressionAttributeValues"][placeholder]])]
        }
        "BatchGetItem" => {
            let tables = body["RequestItems"].as_object().unwrap().values();
            let keys = tables.flat_map(|table| table["Keys"].as_array().unwrap());
            vec![on_partitions(operation, &keys.map(|key| &key["PK"]).collect::<Vec<_>>())]
        }
        "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().unwrap().values();
            let writes = tables.flat_map(|table| table.as_array().unwrap());
            let items = writes.flat_map(|write| write.as_object().unwrap().values()).map(key_or_item);
            vec![on_partitions(operation, &items.map(|item| &item["PK"]).collect::<Vec<_>>())]
        }
        "TransactWriteItems" => {
            let parts = body["TransactItems"].as_array().unwrap().iter();
            let parts = parts.flat_map(|part| part.as_object().unwrap());
            parts.map(|(kind, part)| on_item(&format!("{kind}Item"), part, Some(operation))).collect()
        }
        other => panic!("no action is known for {other}"),
    }
}

fn on_partitions(operation: &str, keys: &[&Value]) -> Value {
    let prefix = |key: &&Value| {
        let key = key["S"].as_str().unwrap();
        key.find('#').map_or(key, |end| &key[..=end]).to_owned()
    };
    let prefixes: BTreeSet<String> = keys.iter().map(prefix).collect();
    json!({"action": format!("dynamodb:{operation}"), "keys": prefixes})
}

fn on_item(operation: &str, request: &Value, enclosing: Option<&str>) -> Value {
    let item = key_or_item(request);
    let mut action = on_partitions(operation, &[&item["PK"]]);
    let named = request["ExpressionAttributeNames"].as_object().into_iter().flat_map(|names| names.values());
    let own = item.as_object().unwrap().keys().map(String::as_str);
    let attributes: BTreeSet<&str> = own.chain(named.filter_map(Value::as_str)).collect();
    action["attributes"] = json!(attributes);
    action["enclosing"] = json!(enclosing);
    action
}

fn key_or_item(request: &Value) -> &Value {
    request.get("Key").unwrap_or(&request["Item"])
}
