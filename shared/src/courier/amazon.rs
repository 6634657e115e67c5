//! Amazon SES for e-mail, Amazon SNS for SMS.

use super::{CourierError, Letter};
use crate::config::Settings;
use crate::profile::Contact;
use aws_config::SdkConfig;
use aws_sdk_sesv2::config::http::HttpResponse;
use aws_sdk_sesv2::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use aws_sdk_sns::types::MessageAttributeValue;

/// The two services.
#[derive(Clone)]
pub(super) struct Amazon {
    ses: aws_sdk_sesv2::Client,
    sns: aws_sdk_sns::Client,
    email_sender: Option<String>,
    sms_sender_id: Option<String>,
}

impl Amazon {
    /// Reads `EMAIL_SENDER` and `SMS_SENDER_ID`.
    pub(super) fn configure(settings: &mut Settings, sdk: &SdkConfig) -> Self {
        let email_sender = settings.optional("EMAIL_SENDER");
        // What SES makes of it is its own affair; this keeps a slip from being found with the first e-mail.
        let is_address =
            |sender: &str| sender.contains('@') && !sender.contains(|c: char| !(' '..='~').contains(&c));
        if email_sender.as_deref().is_some_and(|sender| !is_address(sender)) {
            settings.fault("EMAIL_SENDER", "must be an e-mail address, or Name <address>, in ASCII");
        }
        let sms_sender_id = settings.optional("SMS_SENDER_ID");
        if sms_sender_id.as_deref().is_some_and(|id| !is_sender_id(id)) {
            settings
                .fault("SMS_SENDER_ID", "must be 1 to 11 letters, digits and hyphens, one of them a letter");
        }
        Self {
            ses: aws_sdk_sesv2::Client::new(sdk),
            sns: aws_sdk_sns::Client::new(sdk),
            email_sender,
            sms_sender_id,
        }
    }

    pub(super) const fn reaches(&self, contact: Contact) -> bool {
        match contact {
            Contact::Phone => true,
            Contact::Email => self.email_sender.is_some(),
        }
    }

    pub(super) async fn send(&self, letter: &Letter, subject: &str) -> Result<(), CourierError> {
        match letter.contact() {
            Contact::Phone => self.sms(letter).await,
            Contact::Email => self.email(letter, subject).await,
        }
    }

    async fn sms(&self, letter: &Letter) -> Result<(), CourierError> {
        let text = |value: &str| {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value);
            value.build().expect("the data type is given")
        };
        let mut publish = self
            .sns
            .publish()
            .phone_number(letter.to())
            .message(letter.body())
            .message_attributes("AWS.SNS.SMS.SMSType", text("Transactional"));
        if let Some(id) = &self.sms_sender_id {
            publish = publish.message_attributes("AWS.SNS.SMS.SenderID", text(id));
        }
        publish.send().await.map(drop).map_err(|error| courier_error(&error))
    }

    async fn email(&self, letter: &Letter, subject: &str) -> Result<(), CourierError> {
        let sender = self.email_sender.as_ref().ok_or(CourierError::Unavailable)?;
        let content = content(subject, letter.body()).expect("subject and body are given");
        let email = self
            .ses
            .send_email()
            .from_email_address(sender)
            .destination(Destination::builder().to_addresses(letter.to()).build())
            .content(content);
        email.send().await.map(drop).map_err(|error| courier_error(&error))
    }
}

/// The custom of carriers (AWS End User Messaging SMS User Guide, "Sender IDs").
fn is_sender_id(id: &str) -> bool {
    (1..=11).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && id.bytes().any(|byte| byte.is_ascii_alphabetic())
}

fn content(subject: &str, body: &str) -> Result<EmailContent, BuildError> {
    let utf8 = |text: &str| Content::builder().charset("UTF-8").data(text).build();
    let body = Body::builder().text(utf8(body)?).build();
    let message = Message::builder().subject(utf8(subject)?).body(body).build();
    Ok(EmailContent::builder().simple(message).build())
}

/// Sorts an error of either service by what it means for the letter. Nothing of its text goes further: it may quote
/// the letter.
fn courier_error<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> CourierError {
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some(
            "TooManyRequestsException"
            | "LimitExceededException"
            | "Throttling"
            | "ThrottlingException"
            | "Throttled"
            | "ThrottledException",
        ) => CourierError::Throttled,
        Some(
            "MessageRejected"
            | "BadRequestException"
            | "InvalidParameter"
            | "ParameterValueInvalid"
            | "ValidationException"
            | "OptedOut",
        ) => CourierError::Rejected,
        _ => CourierError::Unavailable,
    }
}
