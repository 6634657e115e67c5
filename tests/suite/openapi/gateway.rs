//! What API Gateway answers itself, beside what the functions answer.

use serde_json::{Value, json};
use tests::Reply;
use tests::openapi::document::operations;
use tests::openapi::{Agreement, gateway, recorded};

/// Each answer of the gateway's own. That the gateway does answer so is held by its own tests.
async fn answers() -> Vec<Reply> {
    let mut answers = Vec::new();
    for (status, _) in gateway::ANSWERS {
        let headers = [("content-type", "application/json"), ("apigw-requestid", "Ybv2uj4xIAMEPyA=")];
        let body = serde_json::from_str(&gateway::body(status).await).unwrap();
        answers.push(Reply::new(status.as_u16(), &headers, body));
    }
    answers
}

#[tokio::test]
async fn every_operation_can_be_answered_by_the_gateway() {
    for (document, _) in recorded().await {
        let agreement = Agreement::of([document]);
        for operation in operations(&document.value()) {
            for answer in answers().await {
                agreement.assert_kept(&json!({"routeKey": operation.route}), &answer);
            }
        }
    }
}

#[tokio::test]
async fn every_answer_carries_the_gateways_request_id() {
    for (document, _) in recorded().await {
        let document = document.value();
        for operation in operations(&document) {
            for response in operation.responses.into_values().chain(operation.default) {
                let header = &response["headers"]["apigw-requestid"];
                assert_ne!(*header, Value::Null, "{}: {response}", operation.route);
            }
        }
    }
}

/// What a function answers is held against its own words: it may not speak as the gateway does.
#[tokio::test]
#[should_panic(expected = "differ")]
async fn a_function_does_not_speak_as_the_gateway() {
    let answers = answers().await;
    let failed = answers.iter().find(|answer| answer.status == 500).unwrap();
    Agreement::of_the_repository().assert_kept(&json!({"routeKey": "GET /userinfo"}), failed);
}
