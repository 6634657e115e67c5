//! Letters as they go over the wire.

use serde_json::{Value, json};
use shared::config::{ConfigError, Settings};
use shared::courier::{Courier, CourierError, Letter};
use shared::profile::Contact;
use shared::tongue::Tongue;
use tests::{Carrier, Mailbox};

/// A courier with these settings, on a development stage unless they say otherwise.
async fn courier(settings: &[(&str, String)]) -> Result<Courier, ConfigError> {
    let stage = [("STAGE", "dev".to_owned())];
    let values = stage.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), value.clone()));
    let mut settings = Settings::new(values.collect());
    let courier = Courier::configure(&mut settings, &shared::sdk::sdk_config());
    settings.finish().map(|()| courier)
}

fn code(contact: Contact, to: &str) -> Letter {
    Letter::code(contact, to, "012345", 60, Tongue::English)
}

#[tokio::test]
async fn a_letter_arrives_in_the_outbox_as_it_was_written() {
    let mailbox = Mailbox::start().await;
    let courier = courier(&mailbox.settings()).await.unwrap();
    assert_eq!(courier.send(&code(Contact::Phone, "+8613900130013")).await, Ok(()));
    assert_eq!(courier.send(&code(Contact::Email, "ada@example.com")).await, Ok(()));
    let changed = Letter::contact_changed(Contact::Email, "ada@example.com", None, Tongue::Chinese);
    assert_eq!(courier.send(&changed).await, Ok(()));
    let body = "012345 is your verification code. It is valid for 1 minute. Never give it to anybody. \
                Ignore this message if you did not ask for it.";
    assert_eq!(
        mailbox.letters(),
        [
            json!({"to": "+8613900130013", "channel": "sms", "code": "012345", "subject": null, "body": body}),
            json!({"to": "ada@example.com", "channel": "email", "code": "012345",
                   "subject": "Your verification code", "body": body}),
            json!({"to": "ada@example.com", "channel": "email", "code": null, "subject": "您的邮箱地址已变更",
                   "body": "您的账号已解除与当前邮箱地址的绑定。如非本人操作,请立即联系客服。"}),
        ]
    );
}

#[tokio::test]
async fn the_outbox_fails_in_every_way_that_a_service_does() {
    let mailbox = Mailbox::start().await;
    let courier = courier(&mailbox.settings()).await.unwrap();
    let letter = code(Contact::Phone, "+8613900130013");
    for (status, error) in [
        (429, CourierError::Throttled),
        (400, CourierError::Rejected),
        (422, CourierError::Rejected),
        (500, CourierError::Unavailable),
        (302, CourierError::Unavailable),
    ] {
        mailbox.refuse(status, 1);
        assert_eq!(courier.send(&letter).await, Err(error), "{status}");
    }
    assert_eq!((mailbox.attempts(), mailbox.letters()), (5, Vec::<Value>::new()));
    drop(mailbox);
    assert_eq!(courier.send(&letter).await, Err(CourierError::Unavailable));
}

#[tokio::test]
async fn what_ses_and_sns_answer_is_sorted_by_what_it_means_for_the_letter() {
    use CourierError::{Rejected, Throttled, Unavailable};
    let sns = |code: &str| {
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>x</Message></Error></ErrorResponse>"
        )
    };
    let published =
        "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>";
    let mut cases = vec![
        (Contact::Email, 200, String::new(), r#"{"MessageId":"1"}"#.to_owned(), Ok(()), 1),
        (Contact::Phone, 200, String::new(), published.to_owned(), Ok(()), 1),
        (Contact::Email, 502, String::new(), "not JSON".to_owned(), Err(Unavailable), 3),
        (Contact::Phone, 403, String::new(), "not XML".to_owned(), Err(Unavailable), 1),
    ];
    for (status, code, error, attempts) in [
        (429, "TooManyRequestsException", Throttled, 3),
        (400, "LimitExceededException", Throttled, 3),
        (400, "MessageRejected", Rejected, 1),
        (400, "BadRequestException", Rejected, 1),
        (400, "MailFromDomainNotVerifiedException", Unavailable, 1),
        (400, "SendingPausedException", Unavailable, 1),
        (400, "AccountSuspendedException", Unavailable, 1),
        (403, "AccessDeniedException", Unavailable, 1),
        (500, "InternalServiceErrorException", Unavailable, 3),
    ] {
        let header = format!("x-amzn-errortype: {code}\r\n");
        cases.push((Contact::Email, status, header, r#"{"message":"x"}"#.to_owned(), Err(error), attempts));
    }
    for (status, code, error, attempts) in [
        (429, "Throttled", Throttled, 1),
        (400, "Throttling", Throttled, 3),
        (400, "InvalidParameter", Rejected, 1),
        (400, "ParameterValueInvalid", Rejected, 1),
        (403, "AuthorizationError", Unavailable, 1),
        (500, "InternalError", Unavailable, 3),
    ] {
        cases.push((Contact::Phone, status, String::new(), sns(code), Err(error), attempts));
    }
    for (contact, status, header, body, expected, attempts) in cases {
        let carrier = Carrier::answering(status, &header, &body).await;
        let values = [("EMAIL_SENDER".to_owned(), "no-reply@example.com".to_owned())];
        let courier = Courier::configure(&mut Settings::new(values.into()), &carrier.sdk().await);
        let to = if contact == Contact::Phone { "+8613900130013" } else { "ada@example.com" };
        let sent = courier.send(&code(contact, to)).await;
        assert_eq!((sent, carrier.attempts()), (expected, attempts), "{contact:?} {status} {header} {body}");
    }
}

#[tokio::test]
async fn subjects_are_the_operators() {
    let mailbox = Mailbox::start().await;
    let subject = ("EMAIL_SUBJECT_EN", "Example: your code".to_owned());
    let courier = courier(&[mailbox.settings(), vec![subject]].concat()).await.unwrap();
    courier.send(&code(Contact::Email, "ada@example.com")).await.unwrap();
    courier.send(&code(Contact::Phone, "+8613900130013")).await.unwrap();
    let subjects: Vec<Value> =
        mailbox.letters().into_iter().map(|mut letter| letter["subject"].take()).collect();
    assert_eq!(subjects, [json!("Example: your code"), Value::Null]);
}

#[tokio::test]
async fn without_a_sender_no_e_mail_is_even_tried() {
    let courier = courier(&[]).await.unwrap();
    let reached = Contact::ALL.map(|contact| courier.reaches(contact));
    assert_eq!(reached, [true, false]);
    assert_eq!(courier.send(&code(Contact::Email, "ada@example.com")).await, Err(CourierError::Unavailable));
}

#[tokio::test]
async fn wrong_settings_are_told_at_once() {
    let wrong = async |settings: &[(&str, &str)]| {
        let settings: Vec<(&str, String)> =
            settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        courier(&settings).await.map(drop).map_err(|error| error.0)
    };
    let outbox = [("COURIER", "outbox"), ("OUTBOX_URL", "http://127.0.0.1:9/")];
    assert_eq!(wrong(&outbox).await, Ok(()));
    for stage in ["prod", "staging", ""] {
        let fault = vec!["COURIER may be outbox on a development stage only".to_owned()];
        assert_eq!(wrong(&[&outbox[..], &[("STAGE", stage)]].concat()).await, Err(fault), "{stage}");
    }
    let not_here = Err(vec!["OUTBOX_URL must be an http URL of this machine".to_owned()]);
    for url in ["http://outbox.example/", "https://127.0.0.1/", "http://127.0.0.1.example/", "outbox"] {
        assert_eq!(wrong(&[("COURIER", "outbox"), ("OUTBOX_URL", url)]).await, not_here, "{url}");
    }
    assert_eq!(wrong(&[("COURIER", "outbox")]).await, Err(vec!["OUTBOX_URL is not set".to_owned()]));
    assert_eq!(
        wrong(&[
            ("COURIER", "pigeon"),
            ("EMAIL_SENDER", "no-reply"),
            ("SMS_SENDER_ID", "12345"),
            ("EMAIL_SUBJECT_EN", "Your\r\nBcc: code"),
        ])
        .await,
        Err(vec![
            "COURIER must be one of aws, outbox".to_owned(),
            "EMAIL_SENDER must be an e-mail address, or Name <address>, in ASCII".to_owned(),
            "SMS_SENDER_ID must be 1 to 11 letters, digits and hyphens, one of them a letter".to_owned(),
            "EMAIL_SUBJECT_EN must be one line of at most 100 characters".to_owned(),
        ])
    );
    let good = [
        ("EMAIL_SENDER", "Profiles <no-reply@example.com>"),
        ("SMS_SENDER_ID", "Profiles-1"),
        ("EMAIL_SUBJECT_ZH", "您的验证码"),
    ];
    assert_eq!(wrong(&good).await, Ok(()));
}
