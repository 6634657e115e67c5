//! Requests that are meant to wear the service out, and what a function's process spends on each.

use crate::{Reply, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use local::demo::{self, Credentials};
use local::runtime::Function;
use local::stack::Stack;
use serde_json::{Map, Value, json};
use shared::clock::{Clock, SystemClock};
use shared::validation::UserId;

/// A kind of request that can be made larger and larger.
pub struct Onslaught {
    /// What it consists of.
    pub name: &'static str,
    /// How many of these, or how large, at most.
    pub most: usize,
    /// Makes a good request into one of this size.
    make: fn(&mut Value, &Target, usize),
}

/// An endpoint with a good request, as its event.
pub struct Target {
    /// Name of the function.
    pub function: &'static str,
    /// The request.
    pub request: Request,
    /// A member of the body that takes a text, with what surrounds it, if that is needed.
    pub text: fn(Value) -> Value,
}

/// What a process spent on a request.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    /// Processor time in nanoseconds.
    pub cpu: u64,
    /// Most memory at a time since the request before, in bytes.
    pub peak: u64,
}

impl Onslaught {
    /// The event of a request of this size.
    pub fn event(&self, target: &Target, size: usize) -> Value {
        let mut event = target.request.event_json();
        (self.make)(&mut event, target, size);
        event
    }

    /// All kinds. The sizes are what API Gateway lets through, and beyond that up to the 6 MB that Lambda takes.
    pub fn all() -> Vec<Self> {
        let kind = |name, most, make| Self { name, most, make };
        vec![
            kind("one text, bytes", 5_600_000, |event, target, size| {
                event["body"] = (target.text)("x".repeat(size).into()).to_string().into();
            }),
            kind("base64, bytes", 4_000_000, |event, _, size| binary(event, &vec![b'{'; size])),
            kind("bad base64, characters", 5_600_000, |event, _, size| {
                event["body"] = "*".repeat(size).into();
                event["isBase64Encoded"] = true.into();
            }),
            kind("invalid UTF-8, bytes", 60_000, |event, _, size| binary(event, &vec![0xff; size])),
            kind("nested arrays, levels", 100_000, |event, target, size| {
                nested(event, target, size, "[", "]")
            }),
            kind("nested arrays in 64 KiB, levels", 32_000, |event, target, size| {
                nested(event, target, size, "[", "]");
            }),
            kind("nested objects in 64 KiB, levels", 10_000, |event, target, size| {
                nested(event, target, size, "{\"a\":", "}");
            }),
            kind("open arrays in 64 KiB", 64_000, |event, target, size| nested(event, target, size, "[", "")),
            kind("digits of an integer in 64 KiB", 64_000, |event, target, size| {
                put_text(event, target, &"7".repeat(size));
            }),
            kind("digits of an integer", 1_000_000, |event, target, size| {
                put_text(event, target, &"7".repeat(size))
            }),
            kind("digits of a fraction in 64 KiB", 64_000, |event, target, size| {
                put_text(event, target, &format!("0.{}", "3".repeat(size)));
            }),
            kind("digits of a double's neighbour in 64 KiB", 64_000, |event, target, size| {
                put_text(event, target, &format!("9007199254740993.{}1", "0".repeat(size)));
            }),
            kind("exponent of a number", 999_999, |event, target, size| {
                put_text(event, target, &format!("1e{size}"))
            }),
            kind("numbers in 64 KiB", 32_000, |event, target, size| {
                put_text(event, target, &format!("[{}]", vec!["7"; size].join(",")));
            }),
            kind("numbers", 100_000, |event, target, size| {
                put_text(event, target, &format!("[{}]", vec!["1e-7"; size].join(",")));
            }),
            kind("unknown members in 64 KiB", 6_000, |event, _, size| event["body"] = members(size).into()),
            kind("members", 100_000, |event, _, size| event["body"] = members(size).into()),
            kind("members of an inner object in 64 KiB", 6_000, |event, target, size| {
                put_text(event, target, &members(size));
            }),
            kind("one name again and again in 64 KiB", 10_000, |event, _, size| {
                event["body"] = format!("{{{}}}", vec!["\"a\":1"; size].join(",")).into();
            }),
            kind("combining marks in 64 KiB", 30_000, |event, target, size| {
                let marks = "\u{323}\u{301}".repeat(size / 2);
                event["body"] = (target.text)(format!("a{marks}").into()).to_string().into();
            }),
            kind("characters that expand in 64 KiB", 20_000, |event, target, size| {
                event["body"] = (target.text)("\u{fdfa}".repeat(size).into()).to_string().into();
            }),
            kind("escapes in 64 KiB", 10_000, |event, target, size| {
                put_text(event, target, &format!("\"{}\"", "\\u0000".repeat(size)));
            }),
            kind("every attribute, characters", 60_000, |event, _, size| {
                event["body"] = attributes(size).into()
            }),
            kind("headers", 10_000, |event, _, size| {
                let headers = event["headers"].as_object_mut().unwrap();
                headers.extend((0..size).map(|number| (format!("x-{number}"), json!("x"))));
            }),
            kind("one header, bytes", 1_000_000, |event, _, size| {
                event["headers"]["x-long"] = "x".repeat(size).into()
            }),
            kind("a token, bytes", 1_000_000, |event, _, size| bearer(event, &"x".repeat(size))),
            kind("a token's dots", 1_000_000, |event, _, size| bearer(event, &".".repeat(size))),
            kind("a token's nested header, levels", 100_000, |event, _, size| {
                let header = json_token(&format!("{{\"alg\":{}", "[".repeat(size)));
                bearer(event, &format!("{header}.e30.AAAA"));
            }),
            kind("a token's members", 20_000, |event, _, size| {
                bearer(
                    event,
                    &format!(
                        "{}.{}.AAAA",
                        json_token(r#"{"alg":"ES256","kid":"local"}"#),
                        json_token(&members(size))
                    ),
                );
            }),
            kind("entity tags, bytes", 1_000_000, |event, _, size| {
                event["headers"]["if-match"] = ",".repeat(size).into()
            }),
            kind("languages", 100_000, |event, _, size| {
                event["headers"]["accept-language"] = vec!["de;q=0.5"; size].join(",").into();
            }),
            kind("an idempotency key, bytes", 1_000_000, |event, _, size| {
                event["headers"]["idempotency-key"] = format!("\"{}\"", "\\\"".repeat(size / 2)).into();
            }),
            kind("a trace, bytes", 1_000_000, |event, _, size| {
                event["headers"]["traceparent"] = "00-".repeat(size / 3).into();
                event["headers"]["x-amzn-trace-id"] = "Root=1-;".repeat(size / 8).into();
            }),
            kind("a media type's parameters, bytes", 1_000_000, |event, _, size| {
                event["headers"]["content-type"] =
                    format!("application/json{}", ";a=b".repeat(size / 4)).into();
            }),
            kind("query parameters", 10_000, |event, _, size| {
                let parameters: Map<_, _> =
                    (0..size).map(|number| (format!("p{number}"), json!("x"))).collect();
                event["queryStringParameters"] = parameters.into();
            }),
            kind("a path, bytes", 1_000_000, |event, _, size| {
                let name = "x".repeat(size);
                event["rawPath"] = format!("/{name}").into();
                let parameters = event["pathParameters"].as_object_mut().unwrap();
                parameters.values_mut().for_each(|value| *value = name.clone().into());
            }),
        ]
    }
}

fn binary(event: &mut Value, bytes: &[u8]) {
    event["body"] = STANDARD.encode(bytes).into();
    event["isBase64Encoded"] = true.into();
}

/// Puts JSON where a text belongs.
fn put_text(event: &mut Value, target: &Target, json: &str) {
    let body = (target.text)("HERE".into()).to_string();
    event["body"] = body.replace("\"HERE\"", json).into();
}

fn nested(event: &mut Value, target: &Target, levels: usize, open: &str, close: &str) {
    put_text(event, target, &format!("{}1{}", open.repeat(levels), close.repeat(levels)));
}

fn members(number: usize) -> String {
    let members: Vec<String> = (0..number).map(|number| format!("\"a{number}\":1")).collect();
    format!("{{{}}}", members.join(","))
}

/// All attributes that have a form of their own, each so long, as many of them as fit into a body.
fn attributes(size: usize) -> String {
    let each = size / 8;
    json!({
        "phone": format!("+86 {}", "1".repeat(each)), "phone_number": "1".repeat(each),
        "email": format!("{}@{}com", "a".repeat(each / 2), "a.".repeat(each / 4)),
        "avatar_url": format!("https://{}", "a.".repeat(each / 2)),
        "language": format!("en{}", "-abcdefg".repeat(each / 8)), "locale": format!("x{}", "-a".repeat(each / 2)),
        "username": "\u{2126}".repeat(each / 3), "timezone": "Europe/".repeat(each / 7),
    })
    .to_string()
}

fn bearer(event: &mut Value, token: &str) {
    event["headers"]["authorization"] = format!("Bearer {token}").into();
}

fn json_token(json: &str) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json)
}

/// An endpoint of each contract that takes a body, with credentials of this stack's demo.
pub async fn targets(stack: &Stack) -> Vec<Target> {
    demo::prepare(stack).await.unwrap();
    let credentials = Credentials::new(stack.keys(), SystemClock.now());
    let credentials = credentials.of(&UserId::parse("1001").unwrap()).unwrap();
    let shown = |name: &str| credentials[name].as_str().unwrap().to_owned();
    let target = |function, request: Request, credential, text: fn(Value) -> Value| {
        let request = request.bearer(&shown(credential)).json(&text("Zoe".into()));
        Target { function, request, text }
    };
    vec![
        target(
            "put-profile",
            Request::put_profile("1001"),
            "token",
            |text| json!({"custom_fields": {"a": text}}),
        ),
        target("patch-userinfo", Request::patch_userinfo(), "token", |text| json!({"nickname": text})),
        target(
            "change-profile",
            Request::change_profile(),
            "wts_token",
            |text| json!({"who": "1001", "block": "15", "room": text, "phone": "13900139000", "isp": "telecom", "account": "1"}),
        ),
        target("edit-user-basic", Request::edit_user_basic(), "token", |text| json!({"nickname": text})),
        target("update-user", Request::update_user("1001"), "api_key", |text| json!({"nickName": text})),
    ]
}

/// Sends an event to a function that has one process, which serves all of its requests.
///
/// # Panics
/// When it does not answer, or its process is not the one that it was.
pub async fn send(function: &Function, event: &Value) -> (Reply, Spent) {
    let process = process(function);
    // From here on the peak is counted anew (proc_pid_clear_refs(5)).
    std::fs::write(format!("/proc/{process}/clear_refs"), "5").unwrap();
    let before = cpu(process);
    let answer =
        function.invoke(event.to_string(), "Root=1-5759e988-bd862e3fe1be46a994272793").await.unwrap();
    let spent = Spent { cpu: cpu(process) - before, peak: peak(process) };
    assert_eq!(self::process(function), process, "another process");
    let mut answer: Value = serde_json::from_slice(&answer).unwrap();
    let text = answer["body"].as_str().unwrap_or_default().to_owned();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    let headers = serde_json::from_value(answer["headers"].take()).unwrap();
    (Reply { status: answer["statusCode"].as_u64().unwrap().try_into().unwrap(), headers, body }, spent)
}

fn process(function: &Function) -> u32 {
    match function.processes()[..] {
        [process] => process,
        ref processes => panic!("not one process but {processes:?}"),
    }
}

/// Processor time of a process's threads so far, in nanoseconds (`schedstat`).
fn cpu(process: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let times = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("schedstat")).ok());
    times.map(|times| times.split(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

/// Most memory that a process had at a time, in bytes (proc_pid_status(5): `VmHWM`).
pub fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}
