//! The queue of changes that somebody should look at, because no further attempt will help them.

use aws_sdk_sqs::Client;
use serde::Serialize;
use shared::validation::UserId;

/// Why a change is on the queue.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// The stream record is none that this system's writes make. Nobody was told of it.
    Undecodable,
    /// An effect went on failing for hours.
    GivenUp {
        /// The effect's name.
        effect: &'static str,
    },
}

/// A message of the queue. It says where to look and holds nothing of what was changed.
#[derive(Clone, Debug, Serialize)]
pub struct FailedChange<'a> {
    /// Why.
    #[serde(flatten)]
    pub reason: Reason,
    /// The stream record's sequence number; `None` where it has none.
    pub sequence_number: Option<&'a str>,
    /// The change's id; for an undecodable record the stream's own id of it.
    pub event_id: Option<&'a str>,
    /// Whose profile.
    pub user: Option<&'a UserId>,
}

/// The queue.
pub struct FailedChanges {
    client: Client,
    url: String,
}

impl FailedChanges {
    /// The queue of this URL.
    pub const fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Puts a message on it; `false` when it may not be there.
    pub async fn tell(&self, change: &FailedChange<'_>) -> bool {
        let Ok(body) = serde_json::to_string(change) else { return false };
        self.client.send_message().queue_url(&self.url).message_body(body).send().await.is_ok()
    }
}
