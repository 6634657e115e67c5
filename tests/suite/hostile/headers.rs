//! What a request says can come back in its answer, but never as a header of its own, nor as more of a header than it is.

use crate::contracts::caller::Caller;
use crate::contracts::faces::{ALL, Face};
use serde_json::json;
use std::collections::BTreeMap;
use tests::{Canaries, Mailbox, Options, Reply, Request, World};

const PAYLOADS: [&str; 6] = [
    "x\r\nSet-Cookie: injected=1\r\n\r\n<script>",
    "zh\nX-Injected: 1;q=1",
    "en;q=1\", injected=\"\\",
    "x%0d%0aX-Injected:%201",
    "x\u{560a}\u{560d}X-Injected: 1",
    "\0\u{7f}\u{85}\u{2028}injected",
];

/// Headers that somebody might read, remember or hand on.
const HEADERS: [&str; 19] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "cookie",
    "forwarded",
    "host",
    "origin",
    "prefer",
    "referer",
    "traceparent",
    "tracestate",
    "user-agent",
    "x-amzn-requestid",
    "x-amzn-trace-id",
    "x-correlation-id",
    "x-device-id",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-request-id",
];

/// The answer's headers are what its contract says that they are: the document gives each its form, and every answer is held
/// against it (`tests::openapi::Agreement`). Here: no more than one line, and quotation marks that close.
fn assert_whole(reply: &Reply, payload: &str) {
    for (name, value) in &reply.headers {
        assert!(value.chars().all(|character| matches!(character, ' '..='~')), "{name}: {value:?}");
        assert!(
            !value.to_ascii_lowercase().contains("injected"),
            "{payload:?} came back in {name}: {value:?}"
        );
        assert!(value.matches('"').count().is_multiple_of(2) && !value.contains('\\'), "{name}: {value:?}");
    }
    // What is meant for addresses, ids and logs is one word.
    for member in ["type", "instance", "request_id", "trace_id", "span_id"] {
        let Some(text) = reply.body.get(member).and_then(|value| value.as_str()) else { continue };
        assert!(
            text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\".contains(&byte)),
            "{member}: {text:?}"
        );
    }
}

/// The first caller of the endpoint who is let in.
const fn caller(face: Face) -> Caller {
    match face {
        Face::Wts | Face::WtsRead => Caller::OwnLevel("user"),
        Face::SystemUser => Caller::AdminKey,
        Face::CiamSend => Caller::Application,
        _ => Caller::Own,
    }
}

#[tokio::test]
async fn no_answer_has_a_header_that_the_request_wrote() {
    let mailbox = Mailbox::start().await;
    Canaries::of_this_test().words_up_to(40);
    let world = World::with(Options { settings: mailbox.settings() }).await;
    let mut signed = BTreeMap::new();
    for (index, face) in ALL.iter().enumerate() {
        // What erases is tried on a user of its own.
        let user = if *face == Face::AuthMsErase { "2" } else { "1" };
        world.create(user).await;
        signed.insert(index, caller(*face).sign(&world, user, face.request(user)).await);
    }
    for payload in PAYLOADS {
        for request in signed.values() {
            let everywhere = |request: Request| {
                HEADERS.iter().fold(request, |request, name| request.header(name, payload))
            };
            let odd = [
                everywhere(request.clone())
                    .query(payload, payload)
                    .query("limit", payload)
                    .query("cursor", payload),
                everywhere(request.clone()).without("authorization"),
                everywhere(request.clone()).header("authorization", payload),
                everywhere(request.clone()).header("authorization", &format!("Bearer {payload}")),
                everywhere(request.clone()).header("authorization", &format!("Basic {payload}")),
                everywhere(request.clone()).header("content-type", &format!("application/json;{payload}")),
                everywhere(request.clone()).header("if-match", payload),
                everywhere(request.clone()).header("if-none-match", &format!("\"{payload}\"")),
                everywhere(request.clone()).header("idempotency-key", payload),
                everywhere(request.clone()).body(&json!({payload: payload}).to_string()),
                everywhere(request.clone()).body(payload),
                ["user_id", "slug", "id"].into_iter().fold(everywhere(request.clone()), |request, name| {
                    if request.route().contains(&format!("{{{name}}}")) {
                        request.parameter(name, payload)
                    } else {
                        request
                    }
                }),
            ];
            for request in odd {
                let reply = world.send(&request).await;
                assert!(reply.status < 500, "{} {:?}", request.route(), reply.body);
                assert_whole(&reply, payload);
            }
        }
    }
}

/// A problem's `instance` is the address of the request, and an address whatever the path was.
#[tokio::test]
async fn an_instance_is_an_address() {
    let world = World::new().await;
    for (path, encoded) in [
        ("a", "a"),
        ("a%2Fb", "a%2Fb"),
        ("100%", "100%25"),
        ("%", "%25"),
        ("%zz", "%25zz"),
        ("%2", "%252"),
        ("%%41", "%25%41"),
        ("é", "%C3%A9"),
        ("a b", "a%20b"),
        ("a?b#c", "a%3Fb%23c"),
        ("\"<>\\^`{|}[]", "%22%3C%3E%5C%5E%60%7B%7C%7D%5B%5D"),
        ("\r\n\0\u{7f}", "%0D%0A%00%7F"),
        ("\u{2028}", "%E2%80%A8"),
        ("//evil.example/", "//evil.example/"),
    ] {
        let problem = world.send(&Request::describe_error(path)).await;
        assert_eq!(problem.body["instance"], format!("https://id.example.com/errors/{encoded}"), "{path:?}");
    }
}
