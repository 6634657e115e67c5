//! Whether a peer does the same work as ours: it gives the same answers.

use crate::bed::Bed;
use crate::tokens::Issuer;
use local::failure::{Context, Failure, Result};
use local::runtime::{Function, FunctionSpec};
use serde_json::{Value as Json, json};

/// Bodies, and what they are. The first creates the profile.
const BODIES: &[(&str, &str)] = &[
    ("a new profile", r#"{"nickname":"Nick","locale":"zh-cn"}"#),
    ("an update", r#"{"name":"Åse 🎈","zoneinfo":"Europe/Oslo","locale":"nb-NO"}"#),
    ("a null", r#"{"nickname":null}"#),
    ("no member", "{}"),
    ("text in NFD", "{\"name\":\"e\u{301}\"}"),
    ("no JSON", r#"{"nickname":"#),
    ("no object", "[]"),
    ("an unknown member", r#"{"nick":"Nick"}"#),
    ("an unsupported member", r#"{"sub":"somebody"}"#),
    ("an empty text", r#"{"nickname":""}"#),
    ("a control character", r#"{"nickname":"a\tb"}"#),
    ("a number", r#"{"nickname":1}"#),
    ("no language tag", r#"{"locale":"en_US"}"#),
    ("no time zone", r#"{"zoneinfo":"Mars/Olympus"}"#),
];

/// Gives both the same events; a user that no row of the benchmark has.
///
/// # Errors
/// When a process does not answer, or the peer answers another thing.
pub async fn check(bed: &Bed, issuer: &Issuer, peer: &FunctionSpec) -> Result<()> {
    let peer = bed.runtime.function(peer.clone());
    let ours = bed.runtime.function(bed.function("patch-userinfo", Some(issuer))?);
    let compared = compare(bed, issuer, &peer, &ours).await;
    peer.stop().await;
    ours.stop().await;
    // What these invocations cost is no row's.
    bed.forget_lines();
    compared
}

async fn compare(bed: &Bed, issuer: &Issuer, peer: &Function, ours: &Function) -> Result<()> {
    for (what, event) in events(bed, issuer)? {
        // The peer first: it is the one that creates the profile, and ours goes on from there.
        let theirs = answer(peer, &event).await.context(what)?;
        let ours = answer(ours, &event).await.context(what)?;
        if theirs != ours {
            eprintln!("{what}: {theirs} instead of {ours}");
            return Err(Failure::new(format!("answers otherwise to {what}")));
        }
    }
    Ok(())
}

fn events(bed: &Bed, issuer: &Issuer) -> Result<Vec<(&'static str, Json)>> {
    let user = format!("likeness-{}", issuer.name());
    let mut good = bed.sample("patch-userinfo", "updated")?;
    good["headers"]["authorization"] = format!("Bearer {}", issuer.token(&user, 3600)?).into();
    let with = |member: &str, value: Json| {
        let mut event = good.clone();
        event["headers"][member] = value;
        event
    };
    let mut events: Vec<(&str, Json)> = Vec::new();
    for (what, body) in BODIES {
        let mut event = good.clone();
        event["body"] = json!(body);
        events.push((what, event));
    }
    let mut long = good.clone();
    long["body"] = json!({"nickname": "é".repeat(64)}).to_string().into();
    events.push(("64 characters", long.clone()));
    long["body"] = json!({"nickname": "é".repeat(65)}).to_string().into();
    events.push(("65 characters", long));
    events.push(("another media type", with("content-type", json!("text/plain"))));
    events.push(("no token", with("authorization", json!("Basic YTpi"))));
    events.push(("a malformed token", with("authorization", json!("Bearer a.b.c"))));
    let expired = format!("Bearer {}", issuer.token(&user, -3600)?);
    events.push(("an expired token", with("authorization", json!(expired))));
    let mut forged = issuer.token(&user, 3600)?;
    forged.truncate(forged.len() - 8);
    events.push(("a forged token", with("authorization", json!(format!("Bearer {forged}AAAAAAAA")))));
    Ok(events)
}

/// What a caller sees, but for the time of the change.
async fn answer(function: &Function, event: &Json) -> Result<Json> {
    let answer = function.invoke(event.to_string(), "").await.context("invoking")?;
    let answer: Json = serde_json::from_slice(&answer).context("the answer")?;
    let mut body: Json = match answer["body"].as_str() {
        Some(body) if !body.is_empty() => serde_json::from_str(body).context("the answer's body")?,
        _ => Json::Null,
    };
    if let Some(claims) = body.as_object_mut() {
        claims.remove("updated_at");
    }
    let headers = &answer["headers"];
    Ok(json!({
        "status": answer["statusCode"],
        "content-type": headers["content-type"],
        "www-authenticate": headers["www-authenticate"],
        "body": body,
    }))
}
