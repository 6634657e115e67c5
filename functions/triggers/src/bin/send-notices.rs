//! The Lambda function `send-notices`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::bootstrap::serve_trigger::<triggers::SendNotices>().await
}
