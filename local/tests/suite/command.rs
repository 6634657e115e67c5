use crate::fixture::{act, stack};
use std::path::Path;
use tokio::process::Command;

/// Exit status, standard output, standard error.
async fn local(arguments: &[&str], data: &Path) -> (i32, String, String) {
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
    let message = "error: there is no function nobody, only impatient, patient\n";
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
