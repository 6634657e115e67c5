use crate::client::{Response, send};
use local::demo::{self, Example};
use local::stack::{Stack, StackOptions};
use serde_json::{Value as Json, json};

/// A printed command as the request that curl makes of it: head and body.
fn request(command: &str, url: &str) -> (String, String) {
    let (line, rest) = command.split_once(" \\\n  -H @").unwrap();
    let (method, target) = line.strip_prefix("curl -X ").unwrap().split_once(' ').unwrap();
    let (headers, body) = rest.split_once(" -d '").unwrap();
    let headers = std::fs::read_to_string(headers).unwrap();
    let path = target.strip_prefix(url).unwrap();
    (format!("{method} {path} HTTP/1.1\n{}", headers.trim_end()), body.strip_suffix('\'').unwrap().to_owned())
}

/// What the commands send in place of `Authorization`.
fn credentials(examples: &[Example], url: &str) -> Vec<String> {
    let heads = examples.iter().map(|example| request(&example.command, url).0);
    heads
        .map(|head| head.split("Authorization: ").nth(1).unwrap().lines().next().unwrap().to_owned())
        .collect()
}

/// The answer without what no two answers share.
fn lasting(response: &Response) -> (u16, Json) {
    let mut body: Json = serde_json::from_str(&response.body).unwrap();
    for changing in ["timestamp", "tid", "updated_at", "message"] {
        body.as_object_mut().unwrap().remove(changing);
    }
    if let Some(profile) = body.pointer_mut("/data/profile").and_then(Json::as_object_mut) {
        profile.retain(|name, _| !["created_at", "updated_at", "version"].contains(&name.as_str()));
    }
    (response.status, body)
}

#[tokio::test]
async fn the_printed_commands_work_any_number_of_times() {
    let data = tempfile::tempdir().unwrap();
    let stack = Stack::start(StackOptions::ephemeral(data.path(), None)).await.unwrap();
    // What the commands have done shows when they run again.
    let expected = |again: bool| {
        let profile = match again {
            false => json!({"user_id": "1001", "nickname": "Demo", "city": "Oslo", "country": "NO"}),
            true => {
                json!({"user_id": "1001", "nickname": "Nick", "city": "Oslo", "country": "NO", "language": "zh-CN",
                "gender": "female", "bio": "Hello"})
            }
        };
        let claims = match again {
            false => json!({"sub": "1001", "nickname": "Nick", "locale": "zh-CN"}),
            true => {
                json!({"sub": "1001", "nickname": "Nick", "locale": "zh-CN", "phone_number": "19900001003",
                "phone_number_verified": false})
            }
        };
        [
            ("AuthMS", json!({"code": 0, "data": {"profile": profile}})),
            ("CIAM", claims),
            ("WTS", json!({"success": true, "msg": "profile change success~"})),
            ("CloudBase", json!({})),
            ("System user", json!({"code": "0000", "displayCode": "0000", "data": null, "success": true})),
        ]
    };
    // What is there already stays as it is, credentials included.
    let first = demo::prepare(&stack).await.unwrap();
    let second = demo::prepare(&stack).await.unwrap();
    let file = |example: &Example| {
        let (_, rest) = example.command.split_once("-H @").unwrap();
        rest.split(' ').next().unwrap().rsplit('/').next().unwrap().to_owned()
    };
    let files = ["authms", "ciam", "wts", "cloudbase", "system-user", "ciam-otp"]
        .map(|name| format!("{name}.headers"));
    assert_eq!(first.iter().map(file).collect::<Vec<_>>(), files);
    let (mut tried, mut tried_codes) = (Vec::new(), Vec::new());
    for (again, examples) in [(false, &first), (true, &second), (true, &first)] {
        for Example { title: contract, command } in examples {
            let (head, body) = request(command, stack.url());
            let response = send(stack.url(), &head, body.as_bytes()).await;
            if contract.contains("one-time code") {
                tried_codes.push((response.status, lasting(&response).1));
                continue;
            }
            let (_, wanted) = expected(again).into_iter().find(|(name, _)| name == contract).unwrap();
            assert_eq!(lasting(&response), (200, wanted), "{contract}");
            tried.push(contract.clone());
        }
    }
    let each = expected(true).map(|(contract, _)| contract);
    assert_eq!(tried, [&each[..]; 3].concat());
    // One message goes to one address in 30 s, whoever asks for more.
    let too_soon = json!({
        "error": "sms_rate_limit_exceeded",
        "error_description": "SMS rate limit exceeded for same phone number",
    });
    let sent = |body: &Json| body["otp_token"].as_str().is_some_and(|token| token.len() == 64);
    assert!(tried_codes[0].0 == 200 && sent(&tried_codes[0].1), "{tried_codes:?}");
    let answered = |(status, body): &(u16, Json)| match status {
        200 => sent(body),
        _ => (*status, body) == (400, &too_soon),
    };
    assert!(tried_codes.len() == 3 && tried_codes.iter().all(answered), "{tried_codes:?}");
    stack.stop().await;
}

#[tokio::test]
async fn a_revoked_application_is_replaced() {
    let data = tempfile::tempdir().unwrap();
    let stack = Stack::start(StackOptions::ephemeral(data.path(), None)).await.unwrap();
    let client = |examples: &[Example]| {
        let shown = credentials(examples, stack.url());
        let shown = shown.iter().find(|credential| credential.starts_with("Basic "));
        shared::auth::basic(shown.map(String::as_str)).unwrap()
    };
    let (first, _) = client(&demo::prepare(&stack).await.unwrap());
    let store = stack.record().store().await;
    assert!(store.disable_client(&first).await.unwrap());
    let (second, secret) = client(&demo::prepare(&stack).await.unwrap());
    assert_ne!(second, first);
    let kept = store.client(&second).await.unwrap().unwrap();
    assert_eq!((kept.disabled, kept.secret_digest), (false, secret.digest()));
    assert!(store.client(&first).await.unwrap().unwrap().disabled);
    assert_eq!(client(&demo::prepare(&stack).await.unwrap()), (second, secret));
    stack.stop().await;
}

#[tokio::test]
async fn a_revoked_key_is_replaced() {
    let data = tempfile::tempdir().unwrap();
    let stack = Stack::start(StackOptions::ephemeral(data.path(), None)).await.unwrap();
    let key = |examples: &[Example]| {
        let shown = credentials(examples, stack.url());
        let shown = shown.iter().find_map(|credential| credential.strip_prefix("Bearer ak-")).unwrap();
        shared::auth::ApiKey::parse(&format!("ak-{shown}")).unwrap()
    };
    let first = key(&demo::prepare(&stack).await.unwrap());
    let store = stack.record().store().await;
    assert!(store.disable_api_key(&first.digest()).await.unwrap());
    let second = key(&demo::prepare(&stack).await.unwrap());
    assert_ne!(second, first);
    assert!(!store.api_key(&second.digest()).await.unwrap().unwrap().disabled);
    assert!(store.api_key(&first.digest()).await.unwrap().unwrap().disabled);
    assert_eq!(key(&demo::prepare(&stack).await.unwrap()), second);
    stack.stop().await;
}

#[tokio::test]
async fn users_who_were_erased_come_back() {
    let data = tempfile::tempdir().unwrap();
    let stack = Stack::start(StackOptions::ephemeral(data.path(), None)).await.unwrap();
    let authms = &demo::prepare(&stack).await.unwrap()[0];
    let (head, _) = request(&authms.command, stack.url());
    let response = send(stack.url(), &head.replacen("PUT", "DELETE", 1), b"").await;
    assert_eq!(response.status, 204);
    demo::prepare(&stack).await.unwrap();
    let response = send(stack.url(), &head.replacen("PUT", "GET", 1), b"").await;
    let profile = json!({"user_id": "1001", "nickname": "Demo"});
    assert_eq!(lasting(&response), (200, json!({"code": 0, "data": {"profile": profile}})));
    stack.stop().await;
}
