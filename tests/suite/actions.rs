//! The real binaries call each service of AWS under their own names: by that, `.ci/policies` knows whose call it was.

use crate::binaries::Real;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::auth::{ClientId, ClientRecord, ClientSecret};
use shared::clock::{Clock, SystemClock};
use shared::entropy::SystemEntropy;
use std::collections::BTreeSet;
use tests::{Carrier, Request};

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_verifies_tokens_reads_the_secret_of_its_issuer() {
    let secret = json!({"Name": "tokens", "SecretString": "s".repeat(32)}).to_string();
    let secrets = Carrier::answering(200, "", &secret).await;
    let arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:tokens";
    let issuers = json!([
        {"issuer": "https://id.example", "algorithms": ["HS256"], "secret_arn": arn, "audience": "profiles",
         "contracts": ["authms", "ciam", "cloudbase"], "subjects": "shared"},
        {"algorithms": ["HS256"], "secret_arn": arn, "contracts": ["wts"], "subjects": "shared"},
    ]);
    let endpoint = ("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets.endpoint());
    let real = Real::start(&[endpoint, ("ISSUERS", &issuers.to_string())]).await;
    let functions: BTreeSet<String> = real.functions.keys().cloned().collect();
    // An API key, an application's own secret, nobody; and those that no HTTP request invokes.
    let others = [
        "update-user",
        "send-otp",
        "describe-error",
        "publish-changes",
        "send-notices",
        "sync-profiles",
        "cognito-post-confirmation",
    ];
    assert_eq!(secrets.callers(), &functions - &names(&others));
    real.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_letters_calls_ses_and_sns() {
    let ses = Carrier::answering(200, "", r#"{"MessageId":"1"}"#).await;
    let published =
        "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>";
    let sns = Carrier::answering(200, "", published).await;
    let real = Real::start(&[
        ("COURIER", "aws"),
        ("EMAIL_SENDER", "no-reply@example.com"),
        ("AWS_ENDPOINT_URL_SESV2", ses.endpoint()),
        ("AWS_ENDPOINT_URL_SNS", sns.endpoint()),
    ])
    .await;

    let token = real.token("1001");
    for contact in [json!({"phone_number": "+86 13900139000"}), json!({"email": "ada@example.com"})] {
        let request = Request::send_verification().bearer(&token).json(&contact);
        assert_eq!(real.invoke("send-verification", &request).await.status, 200, "{contact}");
    }

    let entropy = SystemEntropy::new();
    let (id, secret) = (ClientId::generate(&entropy), ClientSecret::generate(&entropy));
    let record = ClientRecord {
        name: "shop".into(),
        secret_digest: secret.digest(),
        created: SystemClock.now(),
        disabled: false,
    };
    real.stack.record().store().await.put_client(&id, &record).await.unwrap();
    let credential = STANDARD.encode(format!("{id}:{}", secret.expose()));
    for contact in [("phone_number", "13700137000"), ("email", "zoe@example.com")] {
        let body = json!({"usage": "update_userinfo", contact.0: contact.1});
        let request = Request::send_otp().basic(&credential).json(&body);
        let reply = real.invoke("send-otp", &request).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }

    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/send-notices/changed.json");
    let changed = std::fs::read_to_string(sample).unwrap();
    let answer = real.functions["send-notices"].invoke(changed, "").await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap(), json!({"batchItemFailures": []}));

    let senders = names(&["send-notices", "send-otp", "send-verification"]);
    assert_eq!((ses.callers(), sns.callers()), (senders.clone(), senders));
    real.stack.stop().await;
}
