//! `POST /api/v1/system/user/{id}/update` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::bootstrap::serve::<system_user::UpdateUser>().await
}
