//! `POST /api/v3/change_profile` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::bootstrap::serve::<wts::ChangeProfile>().await
}
