//! Sync requests from a queue as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::bootstrap::serve_trigger::<triggers::SyncProfiles>().await
}
