use crate::client::send;
use crate::fixture::{act, noted, stack};
use std::path::Path;
use tokio::process::Command;

/// Exit status, standard output, standard error.
pub async fn local(arguments: &[&str], data: &Path) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    let output = command.args(arguments).arg("--data").arg(data).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn invoke_prints_the_answer_and_nothing_else() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let event = data.path().join("event.json");
    let event_path = event.to_str().unwrap();

    std::fs::write(&event, act(r#"raw={"statusCode":200,"body":"x"}"#)).unwrap();
    let (code, out, err) = local(&["invoke", "patient", event_path], data.path()).await;
    assert_eq!((code, out.as_str(), err.as_str()), (0, "{\"body\":\"x\",\"statusCode\":200}\n", ""));

    std::fs::write(&event, act("fail")).unwrap();
    let (code, out, _) = local(&["invoke", "patient", event_path], data.path()).await;
    let error: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &error["errorMessage"]), (1, &"as told".into()));

    std::fs::write(&event, act("crash")).unwrap();
    let (code, out, err) = local(&["invoke", "patient", event_path], data.path()).await;
    let message = "patient | the process ended without an answer\n\
                   error: patient: the process ended without an answer\n";
    assert_eq!((code, out.as_str(), err.as_str()), (1, "", message));

    let (code, out, err) = local(&["invoke", "nobody", event_path], data.path()).await;
    let message = "error: there is no function nobody, only impatient, patient, reader, worker\n";
    assert_eq!((code, out.as_str(), err.as_str()), (1, "", message));
    stack.stop().await;
}

#[tokio::test]
async fn invoke_says_when_no_stack_runs() {
    let data = tempfile::tempdir().unwrap();
    let (code, out, err) = local(&["invoke", "patient", "event.json"], data.path()).await;
    let message = format!("error: no stack runs on {}; start one with `cargo run`\n", data.path().display());
    assert_eq!((code, out, err), (1, String::new(), message));
}

#[tokio::test]
async fn tokens_need_keys_and_no_stack() {
    let data = tempfile::tempdir().unwrap();
    let token = ["token", "--sub", "zoe"];
    let message = "no keys there; `cargo run` and `cargo run -- issuers` make them";
    let message = format!("error: {}: {message}\n", data.path().join("keys").display());
    assert_eq!(local(&token, data.path()).await, (1, String::new(), message));
    let (code, issuers, err) = local(&["issuers"], data.path()).await;
    assert_eq!((code, err.starts_with("without WTS: put ")), (0, true));
    assert!(issuers.starts_with('[') && issuers.ends_with("]\n"), "{issuers}");
    assert_eq!(local(&token, data.path()).await.0, 0);
}

#[tokio::test]
async fn one_table_is_named_in_one_way() {
    let data = tempfile::tempdir().unwrap();
    for other in [&["--stack", "a"][..], &["--table", "a"]] {
        let (code, out, err) = local(&[&["client", "list"], other].concat(), data.path()).await;
        assert_eq!((code, out.as_str(), err.contains("cannot be used with")), (2, "", true), "{err}");
    }
}

#[tokio::test]
async fn serve_refuses_a_directory_that_is_in_use() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let message = "another stack runs on it; stop that one, or choose another directory with --data";
    let message = format!("error: {}: {message}\n", stack.data().display());
    for arguments in [&["--port", "0"][..], &["serve", "--port", "0"]] {
        assert_eq!(local(arguments, data.path()).await, (1, String::new(), message.clone()));
    }
    stack.stop().await;
}

#[tokio::test]
async fn help_is_everywhere() {
    for command in [&["--help"][..], &["serve", "--help"], &["invoke", "--help"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_local")).args(command).output().await.unwrap();
        assert!(output.status.success());
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(help.contains("Usage: cargo run --"), "{help}");
        assert!(help.contains("--data <DIR>"), "{help}");
    }
}

#[tokio::test]
async fn events_are_followed() {
    use tokio::io::{AsyncBufReadExt, BufReader};
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let put = async |n: u8| {
        let event = format!(r#"{{"source":"s","detail-type":"t","detail":{{"n":{n}}}}}"#);
        send(stack.url(), "POST /_local/events HTTP/1.1", event.as_bytes()).await;
    };
    put(1).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.args(["events", "tail", "--all", "--data"]).arg(data.path()).kill_on_drop(true);
    let mut follower = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut details = Vec::new();
    for n in [2, 3] {
        let event: serde_json::Value =
            serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
        details.push(event["detail"].to_string());
        put(n).await;
    }
    assert_eq!(details, [r#"{"n":1}"#, r#"{"n":2}"#]);
    stack.stop().await;
    assert_eq!(follower.wait().await.unwrap().code(), Some(1));
}

#[tokio::test]
async fn dead_letters_are_listed_and_redriven() {
    use aws_sdk_sqs::types::MessageAttributeValue;
    let data = tempfile::tempdir().unwrap();
    let notes = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[("Notes", notes.path().to_str().unwrap())]).await;
    let sqs = stack.record().sqs().await;
    let mut ids = Vec::new();
    for (label, reason) in [("a", Some(r#"{"reason":"taken","attributes":["phone"]}"#)), ("b", None)] {
        let body = format!(r#"{{"detail":{{"label":"{label}"}}}}"#);
        let reason = reason.map(|reason| {
            let reason = MessageAttributeValue::builder().data_type("String").string_value(reason);
            [("reason".to_owned(), reason.build().unwrap())].into()
        });
        let url = stack.record().queue("SyncDeadLetterQueue").unwrap();
        let sent = sqs.send_message().queue_url(url).message_body(body).set_message_attributes(reason);
        ids.push(sent.send().await.unwrap().message_id.unwrap());
    }
    let list = async |arguments: &[&str]| {
        let (code, out, err) = local(arguments, data.path()).await;
        assert_eq!((code, err.as_str()), (0, ""));
        let lines = out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let mut lines: Vec<_> = lines.collect();
        for line in &mut lines {
            assert!(
                line.as_object_mut().unwrap().remove("age").unwrap().as_i64().is_some_and(|age| age >= 0)
            );
        }
        serde_json::Value::Array(lines)
    };
    let taken = serde_json::json!({"reason": "taken", "attributes": ["phone"]});
    let failed = serde_json::json!({"reason": "failed_too_often"});
    let both = serde_json::json!([
        {"message_id": ids[0], "reason": taken},
        {"message_id": ids[1], "reason": failed},
    ]);
    assert_eq!(list(&["dlq", "list"]).await, both);
    assert_eq!(list(&["dlq", "list"]).await, both);

    let (code, out, err) = local(&["dlq", "redrive", &ids[0], "other"], data.path()).await;
    let message = "error: SyncDeadLetterQueue: there is no message other\n";
    assert_eq!((code, out.as_str(), err.as_str()), (1, "1 sync requests go to SyncQueue again\n", message));
    assert_eq!(noted(notes.path(), "worker", 1).await, [["a"]]);
    let left = serde_json::json!([
        {"message_id": ids[1], "reason": failed, "body": r#"{"detail":{"label":"b"}}"#},
    ]);
    assert_eq!(list(&["dlq", "list", "--bodies"]).await, left);

    let (code, out, _) = local(&["dlq", "redrive", "--all"], data.path()).await;
    assert_eq!((code, out.as_str()), (0, "1 sync requests go to SyncQueue again\n"));
    assert_eq!(noted(notes.path(), "worker", 2).await, [["a"], ["b"]]);
    assert_eq!(list(&["dlq", "list"]).await, serde_json::json!([]));
    let neither = local(&["dlq", "redrive"], data.path()).await;
    assert_eq!(neither.0, 2);
    stack.stop().await;
}

#[tokio::test]
async fn api_keys_are_revoked_by_what_names_one() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let mut keys = Vec::new();
    for label in ["nightly", "weekly"] {
        let create = ["api-key", "create", "--owner", "ops", "--label", label];
        let (code, key, err) = local(&create, data.path()).await;
        assert_eq!((code, err.as_str()), (0, ""));
        let key = key.trim_end().to_owned();
        let id = shared::auth::ApiKey::parse(&key).unwrap().digest()[..12].to_owned();
        keys.push((key, id));
    }
    let [(_, id), (key, other)] = &keys[..] else { panic!("two keys") };
    let revoke = async |key: &str| local(&["api-key", "revoke", key], data.path()).await;
    let failed = |message: &str| (1, String::new(), format!("error: {message}\n"));
    let said = |text: String| (0, text, String::new());

    let unnamed = "say which API key: the whole key, or at least 12 digits of its id";
    for text in ["", "ak-", &id[..1], &id[..11], "ABCDEFABCDEF", "ak-0123456789abcdef"] {
        assert_eq!(revoke(text).await, failed(unnamed), "{text}");
    }
    for text in ["000000000000", "ak-00000000000000000000000000000000"] {
        assert_eq!(revoke(text).await, failed("there is no such API key"), "{text}");
    }
    assert_eq!(revoke(id).await, said(format!("revoked {id} ops nightly\n")));
    assert_eq!(revoke(id).await, said(format!("{id} ops nightly was revoked already\n")));
    assert_eq!(revoke(key).await, said(format!("revoked {other} ops weekly\n")));
    stack.stop().await;
}

#[tokio::test]
async fn applications_are_made_listed_and_revoked() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let store = stack.record().store().await;
    let mut ids = Vec::new();
    for name in ["Portal", "My shop"] {
        let (code, out, err) = local(&["client", "create", "--name", name], data.path()).await;
        assert_eq!((code, err.as_str()), (0, ""));
        let created: serde_json::Value = serde_json::from_str(&out).unwrap();
        let member = |name: &str| created[name].as_str().unwrap();
        let (id, secret) = (member("client_id"), member("client_secret"));
        assert_eq!(out, format!("{{\"client_id\":\"{id}\",\"client_secret\":\"{secret}\"}}\n"));
        let id = shared::auth::ClientId::parse(id).unwrap();
        let secret = shared::auth::ClientSecret::parse(secret).unwrap();
        let record = store.client(&id).await.unwrap().unwrap();
        assert_eq!((&*record.name, record.disabled, record.secret_digest), (name, false, secret.digest()));
        ids.push((id, record.created.rfc3339()));
    }
    let list = |first: &str| {
        let head = format!("{:36}  {:24}  {:7}  NAME\n", "ID", "CREATED", "STATE");
        let line = |(id, created): &(_, String), state, name| format!("{id}  {created}  {state:7}  {name}\n");
        (0, head + &line(&ids[0], first, "Portal") + &line(&ids[1], "good", "My shop"), String::new())
    };
    assert_eq!(local(&["client", "list"], data.path()).await, list("good"));
    let portal = ids[0].0.as_str();
    let revoke = async |id: &str| local(&["client", "revoke", id], data.path()).await;
    assert_eq!(revoke(portal).await, (0, format!("revoked {portal} Portal\n"), String::new()));
    assert_eq!(revoke(portal).await, (0, format!("{portal} Portal was revoked already\n"), String::new()));
    assert_eq!(local(&["client", "list"], data.path()).await, list("revoked"));
    assert!(store.client(&ids[0].0).await.unwrap().unwrap().disabled);

    let nobody = format!("app-{}", "0".repeat(32));
    let failed = (1, String::new(), "error: there is no such application\n".to_owned());
    assert_eq!(revoke(&nobody).await, failed);
    for (arguments, said) in [
        (&["client", "revoke", "Portal"][..], "app- and 32 hexadecimal digits"),
        (&["client", "create", "--name", ""], "1 to 64 characters in one line"),
        (&["client", "create", "--name", "a\nb"], "1 to 64 characters in one line"),
    ] {
        let (code, out, err) = local(arguments, data.path()).await;
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        assert!(err.contains(said), "{err}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn tokens_are_made_for_users_who_can_be() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    for arguments in [
        &["token", "--sub", "a@example.com"][..],
        &["token", "--sub", ""],
        &["token", "--contract", "wts", "--openid", "a b", "--access", "user"],
    ] {
        let (code, out, err) = local(arguments, data.path()).await;
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        assert!(err.contains("1 to 128 letters, digits or ._:|- beginning with a letter or digit"), "{err}");
    }
    for arguments in [
        &["token", "--sub", "a.b|c"][..],
        &["token", "--contract", "wts", "--openid", "1001", "--access", "anything"],
    ] {
        assert_eq!(local(arguments, data.path()).await.0, 0, "{arguments:?}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn users_are_found_by_a_phone_in_either_form() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let find = async |phone: &str| local(&["user", "find", "--phone", phone], data.path()).await;
    let failed = |message: &str| (1, String::new(), format!("error: {message}\n"));
    let form = "this is no phone that a user can have: give 11 digits of mainland China, or E.164, \
                for example +8613800138000";
    for phone in ["", "1380013800", "8613800138000", "+86 13800138000", "+14155550"] {
        assert_eq!(find(phone).await, failed(form), "{phone}");
    }
    for phone in ["13800138000", "+8613800138000", "+14155552671"] {
        assert_eq!(find(phone).await, failed("no user has this phone"), "{phone}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn users_are_exported_and_erased() {
    let data = tempfile::tempdir().unwrap();
    // The fixture's function notes what it is handed of the table's stream.
    let notes = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[("Notes", notes.path().to_str().unwrap())]).await;
    let user = async |arguments: &[&str]| local(&[&["user"], arguments].concat(), data.path()).await;
    let failed = |message: &str| (1, String::new(), format!("error: {message}\n"));
    let said = |text: &str| (0, text.to_owned(), String::new());
    for command in [&["export", "ada"][..], &["history", "ada"], &["erase", "ada"]] {
        assert_eq!(user(command).await, failed("there is no such user"), "{command:?}");
    }

    let target = shared::validation::UserId::parse("ada").unwrap();
    let mut patch = shared::profile::ProfilePatch::new();
    patch.set(shared::profile::Attribute::City, "Oslo");
    let command = shared::update::UpdateCommand {
        target,
        patch,
        if_missing: shared::store::IfMissing::Create,
        precondition: shared::store::Precondition::default(),
        contacts_need_proof: false,
        proofs: Vec::new(),
        changed_by: shared::store::ChangedBy {
            contract: "test".to_owned(),
            actor: shared::store::ActorKind::Operator,
            origin: None,
        },
        answer: shared::update::Answer::Bare,
    };
    let store = stack.record().store().await;
    let (entropy, now) = (shared::entropy::SystemEntropy::new(), shared::clock::Timestamp::from_millis(0));
    shared::update::update(&store, &entropy, now, &command).await.unwrap();

    let (code, out, err) = user(&["export", "ada"]).await;
    assert_eq!((code, err.as_str()), (0, ""));
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["profile"]["attributes"], serde_json::json!({"city": "Oslo"}));
    assert_eq!(user(&["history", "ada"]).await, said(""));
    assert_eq!(user(&["erase", "ada"]).await, said("erased ada\n"));
    assert_eq!(user(&["erase", "ada"]).await, said("ada was erased already\n"));
    for command in [&["export", "ada"][..], &["history", "ada"], &["show", "ada"]] {
        assert_eq!(user(command).await, failed("the user was erased"), "{command:?}");
    }
    stack.stop().await;
}
