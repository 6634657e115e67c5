//! `POST /auth/v1/user/basic/edit` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::bootstrap::serve::<cloudbase::EditUserBasic>().await
}
