//! `GET /api/v3/view_profile` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::bootstrap::serve::<wts::ViewProfile>().await
}
