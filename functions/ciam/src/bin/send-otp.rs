//! `POST /otp/send` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::bootstrap::serve::<ciam::SendOtp>().await
}
