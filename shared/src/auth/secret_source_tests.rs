//! Secrets of Secrets Manager, over the wire.

use super::*;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};

const ARN: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:tokens";

fn secrets_manager(server: &Server) -> KeySources {
    let config = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("id", "key", None, None, "test"))
        .endpoint_url(&server.url)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .build();
    KeySources { secrets_manager: Some(SecretsManager::from_conf(config)) }
}

async fn over_secret(server: &Server) -> Result<TokenVerifier, Vec<String>> {
    load(json!({"algorithms": ["HS256"], "secret_arn": ARN}), secrets_manager(server)).await
}

fn secret(text: &str) -> Answer {
    Answer::Json(json!({"ARN": ARN, "Name": "tokens", "SecretString": text}))
}

#[tokio::test]
async fn a_failed_signature_reads_the_secret_again_at_most_once_a_minute() {
    let texts = ["1".repeat(32), "2".repeat(32), "3".repeat(32)];
    let [one, two, three] = texts.each_ref().map(|text| SigningKey::hs256(text.as_bytes()).with_kid("any"));
    let server = Server::new(secret(&texts[0]));
    let verifier = over_secret(&server).await.unwrap();
    assert_eq!(judge(&verifier, &one, at(0)).await, Ok(()));
    assert_eq!(server.requests(), 1);
    server.now_answers(secret(&texts[1]));
    assert_eq!(judge(&verifier, &two, at(0)).await, Ok(()));
    assert_eq!(server.requests(), 2);
    server.now_answers(secret(&texts[2]));
    assert_eq!(judge(&verifier, &three, at(59)).await, Err(INVALID));
    assert_eq!(server.requests(), 2);
    assert_eq!(judge(&verifier, &three, at(60)).await, Ok(()));
    assert_eq!(judge(&verifier, &one, at(61)).await, Err(INVALID));
    assert_eq!(server.requests(), 3);
    // Out of reach: what is known serves, and the failure counts.
    server.now_answers(Answer::Down);
    assert_eq!(judge(&verifier, &one, at(200)).await, Err(INVALID));
    assert_eq!(judge(&verifier, &one, at(201)).await, Err(INVALID));
    assert_eq!(judge(&verifier, &three, at(202)).await, Ok(()));
    assert_eq!(server.requests(), 4);
}

#[tokio::test]
async fn while_secrets_manager_fails_the_known_secret_serves() {
    let texts = ["1".repeat(32), "2".repeat(32)];
    let [one, two] = texts.each_ref().map(|text| SigningKey::hs256(text.as_bytes()));
    let server = Server::new(secret(&texts[0]));
    let verifier = over_secret(&server).await.unwrap();
    for (hours, failing) in (1..).zip([
        Answer::Down,
        Answer::Text(b"<html>".to_vec()),
        Answer::Text(vec![b'['; 60 * 1024]),
        Answer::Status(400, "", json!({"__type": "ResourceNotFoundException"})),
        Answer::Status(400, "", json!({"__type": "AccessDeniedException"})),
        Answer::Status(500, "", json!({"SecretString": texts[1]})),
        Answer::Status(302, "location: /elsewhere\r\n", json!({"SecretString": texts[1]})),
        secret(""),
        secret("too short"),
        Answer::Json(json!({"Name": "tokens"})),
    ]) {
        server.now_answers(failing);
        let now = at(hours * 3600);
        assert_eq!(judge(&verifier, &two, now).await, Err(INVALID), "{hours}");
        assert_eq!(judge(&verifier, &one, now).await, Ok(()), "{hours}");
    }
    assert_eq!(server.requests(), 11);
    server.now_answers(secret(&texts[1]));
    assert_eq!(judge(&verifier, &two, at(72_000)).await, Ok(()));
}

#[tokio::test]
async fn a_binary_secret_is_taken_as_it_is() {
    // Base64 of 31 bytes "a" and a line end, which belongs to it.
    let server =
        Server::new(Answer::Json(json!({"SecretBinary": "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYQo="})));
    let verifier = over_secret(&server).await.unwrap();
    let key = SigningKey::hs256(&[&[b'a'; 31][..], b"\n"].concat());
    assert_eq!(judge(&verifier, &key, at(0)).await, Ok(()));
}

#[tokio::test]
async fn an_unusable_secret_stops_the_start_and_is_not_shown() {
    let place = "issuer (https://id.example): secret_arn";
    let cases = [
        (secret("hunter2"), "holds a secret of 7 bytes; HS256 needs 32 or more"),
        (Answer::Json(json!({"Name": "tokens"})), "holds no secret"),
        (Answer::Status(400, "", json!({})), "could not be read from Secrets Manager"),
    ];
    for (answer, reason) in cases {
        let server = Server::new(answer);
        assert_eq!(over_secret(&server).await.unwrap_err(), [format!("{place} {reason}")]);
    }
    let none = load(json!({"algorithms": ["HS256"], "secret_arn": ARN}), KeySources::default()).await;
    assert_eq!(none.unwrap_err(), ["issuer (https://id.example): secret_arn needs a Secrets Manager client"]);
}

#[tokio::test]
async fn debug_shows_no_secret() {
    let server = Server::new(secret(&"hunter2 ".repeat(4)));
    let shown = format!("{:?}", over_secret(&server).await.unwrap());
    assert!(!shown.contains("hunter2") && !shown.contains("104, 117, 110"), "{shown}");
}
