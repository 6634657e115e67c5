//! What the SDK and the runtime take by themselves: a function that makes one `UpdateItem` and does nothing else. No token, no
//! validation, no condition, no log line, no answer worth the name.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, ReturnValue};
use lambda_http::lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let client = Client::new(&shared::sdk::sdk_config());
    let table = std::env::var("TABLE_NAME")?;
    // As the functions do in INIT: the connection is there when the first event comes.
    let key = |name: &str| AttributeValue::S(name.to_owned());
    client
        .get_item()
        .table_name(&table)
        .key("PK", key("BENCH#one-call"))
        .key("SK", key("BENCH"))
        .send()
        .await?;
    run(service_fn(|_: LambdaEvent<Value>| async {
        let updated = client
            .update_item()
            .table_name(&table)
            .key("PK", key("BENCH#one-call"))
            .key("SK", key("BENCH"))
            .update_expression("SET nickname = :v0, locale = :v1")
            .expression_attribute_values(":v0", AttributeValue::S("Nick".to_owned()))
            .expression_attribute_values(":v1", AttributeValue::S("zh-CN".to_owned()))
            .return_values(ReturnValue::AllNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        Ok::<Value, Error>(
            json!({"statusCode": 200, "attributes": updated.attributes().map(|item| item.len())}),
        )
    }))
    .await
}
