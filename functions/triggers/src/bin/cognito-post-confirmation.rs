//! Amazon Cognito's post-confirmation trigger as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::bootstrap::serve_trigger::<triggers::CognitoPostConfirmation>().await
}
