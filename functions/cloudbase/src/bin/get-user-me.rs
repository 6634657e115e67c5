//! `GET /auth/v1/user/me` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::bootstrap::serve::<cloudbase::GetUserMe>().await
}
