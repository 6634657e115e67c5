//! The Lambda function `publish-changes`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::bootstrap::serve_trigger::<triggers::PublishChanges>().await
}
