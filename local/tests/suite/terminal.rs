//! What `cargo run` shows: rows on a terminal, plain lines in a pipe, JSON lines for a machine.

use crate::client::send;
use jsonschema::Validator;
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value as Json, json};
use std::fs::File;
use std::io::{PipeReader, Read, pipe};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use tokio::task::spawn_blocking;

/// The published schema of lines for machines.
static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/terminal-line.schema.json");
    let schema: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
});

/// A stack that somebody looks at.
struct Shown<R> {
    process: Child,
    output: R,
    /// What was read so far.
    text: String,
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.args(["--port", "0", "--data"]).arg(data).stdin(Stdio::null()).env_remove("NO_COLOR");
    command
}

/// On a terminal of 80 columns.
fn on_a_terminal(mut command: Command) -> Shown<File> {
    let size = Winsize { ws_row: 50, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = openpty(&size, None).unwrap();
    // Clones are closed in processes that other tests start; what such a process held open would never be read to its end.
    let (output, end) = (terminal.master.try_clone().unwrap(), terminal.slave.try_clone().unwrap());
    drop(terminal);
    let end = || Stdio::from(end.try_clone().unwrap());
    let process = command.env("TERM", "xterm").stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
    Shown { process, output: File::from(output), text: String::new() }
}

/// Both streams in one pipe.
fn in_a_pipe(mut command: Command) -> Shown<PipeReader> {
    let (output, end) = pipe().unwrap();
    let process = command.stdout(end.try_clone().unwrap()).stderr(end).spawn().unwrap();
    Shown { process, output, text: String::new() }
}

impl<R: Read + Send + 'static> Shown<R> {
    /// Reads on until this text was there, or all is read.
    async fn until(mut self, wanted: &str) -> Self {
        let wanted = wanted.to_owned();
        let read = spawn_blocking(move || {
            let mut part = [0; 4096];
            while !self.text.contains(&wanted) {
                match self.output.read(&mut part) {
                    // A terminal that nobody writes to any more fails to be read.
                    Ok(0) | Err(_) => break,
                    Ok(length) => self.text.push_str(&String::from_utf8_lossy(&part[..length])),
                }
            }
            assert!(wanted.is_empty() || self.text.contains(&wanted), "{wanted} is not in {}", self.text);
            self
        });
        read.await.unwrap()
    }

    /// Where it is ready.
    fn url(&self) -> String {
        let (_, rest) = self.text.split_once("http://127.0.0.1:").unwrap();
        let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
        format!("http://127.0.0.1:{port}")
    }

    /// Ends it as Ctrl-C does: all that it wrote.
    async fn interrupt(mut self) -> String {
        kill(Pid::from_raw(self.process.id().try_into().unwrap()), Signal::SIGINT).unwrap();
        let (text, status) = spawn_blocking(move || {
            let mut part = [0; 4096];
            while let Ok(length @ 1..) = self.output.read(&mut part) {
                self.text.push_str(&String::from_utf8_lossy(&part[..length]));
            }
            (self.text, self.process.wait().unwrap())
        })
        .await
        .unwrap();
        assert!(status.success(), "{status}: {text}");
        text
    }
}

/// All that a stack writes that answers a page and a request that it has no route for.
async fn session<R: Read + Send + 'static>(shown: Shown<R>) -> String {
    let shown = shown.until("/otp/send").await;
    let url = shown.url();
    assert_eq!(send(&url, "GET /errors/forbidden HTTP/1.1", b"").await.status, 200);
    let shown = shown.until("GET /errors/{slug}").await;
    assert_eq!(send(&url, "GET /profiles HTTP/1.1", b"").await.status, 404);
    shown.until("404").await.interrupt().await
}

#[tokio::test]
async fn a_terminal_gets_colours_unless_it_is_told_not_to() {
    for (no_color, colours) in [(None, true), (Some(""), true), (Some("1"), false)] {
        let data = tempfile::tempdir().unwrap();
        let mut command = command(data.path());
        command.envs(no_color.map(|value| ("NO_COLOR", value)));
        let text = session(on_a_terminal(command)).await;
        for coloured in ["\u{1b}[32mready\u{1b}[0m", "\u{1b}[32m200\u{1b}[0m", "\u{1b}[33m404\u{1b}[0m"] {
            assert_eq!(text.contains(coloured), colours, "{no_color:?}: {text:?}");
        }
        // Of what is no colour, only the bar's steps are left.
        let codes =
            text.split('\u{1b}').skip(1).map(|rest| rest.find(|c: char| c.is_ascii_alphabetic()).unwrap());
        let colour = |(at, rest): (usize, &str)| rest[at..].starts_with('m');
        assert_eq!(codes.zip(text.split('\u{1b}').skip(1)).any(colour), colours, "{no_color:?}: {text:?}");
    }
}

#[tokio::test]
async fn a_pipe_gets_plain_lines() {
    let data = tempfile::tempdir().unwrap();
    let text = session(in_a_pipe(command(data.path()))).await;
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "building the functions");
    assert_eq!(lines.iter().filter(|line| line.starts_with("ready http://127.0.0.1:")).count(), 1, "{text}");
    let page = lines.iter().find(|line| line.contains("GET /errors/{slug}")).unwrap();
    let (_, page) = page.split_once("  200  ").unwrap();
    assert!(page.contains(" ms  0 calls 0 read 0 written") && page.ends_with("  read"), "{text}");
    assert!(lines.iter().any(|line| line.contains("  404  ") && line.ends_with("  GET -")), "{text}");
    assert!(!text.contains("request_id"), "{text}");
    // What functions do to the end of it may be told afterwards.
    assert!(lines.contains(&"stopping; once more to stop at once"), "{text}");
}

#[tokio::test]
async fn a_machine_gets_json_lines() {
    let data = tempfile::tempdir().unwrap();
    let mut command = command(data.path());
    command.arg("--json");
    let text = session(in_a_pipe(command)).await;
    let lines: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for line in &lines {
        let faults: Vec<String> = SCHEMA.iter_errors(line).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?} in {line}");
    }
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).collect::<Vec<_>>();
    assert_eq!((&lines[0], of("stopping").len()), (&json!({"event": "building"}), 1), "{text}");
    assert_eq!(of("starting"), [&json!({"event": "starting", "functions": 20})]);
    let [ready] = of("ready")[..] else { panic!("{text}") };
    assert_eq!(ready["console"], format!("{}/_local/", ready["url"].as_str().unwrap()));
    assert!(ready["examples"].as_array().is_some_and(|examples| examples.len() == 6), "{ready}");
    for secret in ["Bearer", "Basic", "eyJ", "ak-"] {
        assert!(!text.contains(secret), "{text}");
    }

    // The function's line is there as it was written, and what it says is in the request's.
    let page = of("log").into_iter().find(|line| line["source"] == "describe-error").unwrap();
    assert_eq!((&page["line"]["message"], &page["line"]["outcome"]), (&json!("request"), &json!("read")));
    let [read, lost] = of("request")[..] else { panic!("{text}") };
    let shown = |request: &Json| {
        ["route", "contract", "function", "status", "outcome", "dynamodb_calls", "read_units", "write_units"]
            .map(|name| request[name].clone())
    };
    let expected = json!(["GET /errors/{slug}", "authms", "describe-error", 200, "read", 0, 0, 0]);
    assert_eq!(json!(shown(read)), expected);
    assert_eq!(read["id"], page["line"]["gateway_request_id"]);
    assert_eq!(json!(shown(lost)), json!(["GET -", null, null, 404, null, null, null, null]));
}

#[test]
fn a_command_whose_reader_has_gone_ends_quietly() {
    let data = tempfile::tempdir().unwrap();
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    let command = command.args(["cost", "--users", "10", "--updates", "10"]).current_dir(data.path());
    let output = command.stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(141), ""));
}
