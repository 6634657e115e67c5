//! The engine's stream of the table, read over the wire as Lambda's poller reads DynamoDB's.

use crate::World;
use crate::wire::read_message;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

impl World {
    /// Every record of the table's stream that lets only profiles through, from the first on, as Lambda hands them
    /// over.
    pub async fn stream(&self) -> Vec<Value> {
        let streams = self.read_stream("ListStreams", &json!({"TableName": self.table})).await;
        let arn = &streams["Streams"][0]["StreamArn"];
        let stream = self.read_stream("DescribeStream", &json!({"StreamArn": arn})).await;
        let shard = &stream["StreamDescription"]["Shards"][0]["ShardId"];
        let from_first = json!({"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"});
        let iterator = self.read_stream("GetShardIterator", &from_first).await;
        let from = json!({"ShardIterator": iterator["ShardIterator"]});
        let records = self.read_stream("GetRecords", &from).await;
        let records = records["Records"].as_array().unwrap().iter();
        records
            .filter(|record| record["dynamodb"]["Keys"]["SK"] == json!({"S": "PROFILE"}))
            .cloned()
            .collect()
    }

    async fn read_stream(&self, operation: &str, request: &Value) -> Value {
        let address = self.wire.endpoint().trim_start_matches("http://").to_owned();
        let body = request.to_string();
        let head = format!(
            "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/x-amz-json-1.0\r\n\
             x-amz-target: DynamoDBStreams_20120810.{operation}\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=local/20260403/us-east-1/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=00\r\nx-amz-date: 20260403T120000Z\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut connection = TcpStream::connect(&address).await.unwrap();
        connection.write_all((head + &body).as_bytes()).await.unwrap();
        let answer = read_message(&mut connection).await.unwrap();
        let begin = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let answer: Value = serde_json::from_slice(&answer[begin..]).unwrap();
        assert!(answer.get("__type").is_none(), "{operation}: {answer}");
        answer
    }
}
