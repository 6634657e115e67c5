//! `POST /auth/v1/verification/verify` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::bootstrap::serve::<cloudbase::VerifyCode>().await
}
