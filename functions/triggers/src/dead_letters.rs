//! The queue of requests that were not carried out, where a person finds each with its reason.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageAttributeValue;
use serde_json::Value;
use shared::config::Settings;
use shared::ground::Ground;

/// The queue that the setting `SYNC_DLQ_URL` names.
pub struct DeadLetters {
    client: Client,
    url: String,
}

impl DeadLetters {
    /// Reads the setting.
    pub fn configure(settings: &mut Settings, ground: &Ground) -> Self {
        Self { client: Client::new(&ground.sdk), url: settings.required("SYNC_DLQ_URL") }
    }

    /// Puts a request there, word for word, its reason beside it as the message attribute `reason`. `false` when it
    /// may not be there.
    pub async fn put(&self, request: &str, reason: &Value) -> bool {
        let reason = MessageAttributeValue::builder().data_type("String").string_value(reason.to_string());
        let Ok(reason) = reason.build() else { return false };
        let letter = self.client.send_message().queue_url(&self.url).message_body(request);
        letter.message_attributes("reason", reason).send().await.is_ok()
    }
}
