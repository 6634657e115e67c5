use crate::client::send;
use local::engine::{Engine, EngineOptions};
use local::template::{TableResource, Template};
use rusqlite::Connection;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The table of the deployed template.
fn table() -> TableResource {
    Template::read(&Template::default_path(), &BTreeMap::new()).unwrap().table
}

async fn call(engine: &Engine, action: &str, request: Json) -> Json {
    dynamodb(engine.endpoint(), action, request).await
}

/// A call of DynamoDB that succeeds.
pub async fn dynamodb(endpoint: &str, action: &str, request: Json) -> Json {
    let head = format!(
        "POST / HTTP/1.1\nX-Amz-Target: DynamoDB_20120810.{action}\nContent-Type: application/x-amz-json-1.0\n\
         X-Amz-Date: 20260101T000000Z\n\
         Authorization: AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
         SignedHeaders=host, Signature=0"
    );
    let response = send(endpoint, &head, request.to_string().as_bytes()).await;
    assert_eq!(response.status, 200, "{action}: {}", response.body);
    serde_json::from_str(&response.body).unwrap()
}

async fn start(data: Option<&Path>) -> Engine {
    let engine = Engine::start(EngineOptions { data: data.map(Path::to_owned) }).await.unwrap();
    engine.create_table(&table()).await.unwrap();
    engine
}

#[tokio::test]
async fn the_table_is_the_templates() {
    let engine = start(None).await;
    let described = call(&engine, "DescribeTable", json!({"TableName": "ProfileTable"})).await;
    let described = &described["Table"];
    let expected = json!([
        {"AttributeName": "PK", "KeyType": "HASH"},
        {"AttributeName": "SK", "KeyType": "RANGE"},
    ]);
    assert_eq!(described["KeySchema"], expected);
    let stream = json!({"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"});
    assert_eq!(described["StreamSpecification"], stream);
    assert_eq!(described["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST");
    let ttl = call(&engine, "DescribeTimeToLive", json!({"TableName": "ProfileTable"})).await;
    let expected =
        json!({"TimeToLiveDescription": {"AttributeName": "expires_at", "TimeToLiveStatus": "ENABLED"}});
    assert_eq!(ttl, expected);
    engine.stop().await;
}

#[tokio::test]
async fn a_file_keeps_the_items() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("dynamodb.sqlite");
    let item = json!({"PK": {"S": "a"}, "SK": {"S": "b"}, "n": {"N": "1"}});
    let engine = start(Some(&file)).await;
    call(&engine, "PutItem", json!({"TableName": "ProfileTable", "Item": item})).await;
    engine.stop().await;

    let engine = start(Some(&file)).await;
    let key = json!({"PK": {"S": "a"}, "SK": {"S": "b"}});
    let read = call(&engine, "GetItem", json!({"TableName": "ProfileTable", "Key": key})).await;
    assert_eq!(read["Item"], item);
    engine.stop().await;
}

#[tokio::test]
async fn a_long_stream_in_a_file_is_not_searched_through() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("dynamodb.sqlite");
    start(Some(&file)).await.stop().await;
    // It may be there already.
    let engine = start(Some(&file)).await;
    let number = "CAST(sequence_number AS INTEGER)";
    let last = format!("SELECT MAX({number}) FROM _stream_records WHERE table_name = 't'");
    let next = format!(
        "SELECT new_image FROM _stream_records WHERE table_name = 't' AND shard_id = 's' AND {number} > 1 ORDER BY {number}"
    );
    let file = Connection::open(&file).unwrap();
    for query in [last, next] {
        let plan = format!("EXPLAIN QUERY PLAN {query}");
        let plan: String = file.query_row(&plan, [], |row| row.get("detail")).unwrap();
        assert!(plan.starts_with("SEARCH ") && plan.contains("INDEX stream_order (table_name=?"), "{plan}");
    }
    engine.stop().await;
}

#[tokio::test]
async fn a_table_with_other_keys_is_not_taken_for_the_templates() {
    let engine = start(None).await;
    let mut other = table();
    other.create["KeySchema"] = json!([{"AttributeName": "PK", "KeyType": "HASH"}]);
    let refused = engine.create_table(&other).await.unwrap_err();
    let message = "the table ProfileTable was made with another KeySchema; start with a new data directory";
    assert_eq!(refused.to_string(), message);
}
