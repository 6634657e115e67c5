//! What claims may be: types and times (RFC 7519, section 4.1).

use super::draft::{Case, Draft, judge};
use super::mint::{EDWARDS, NOW};
use crate::contracts::faces::Outcome::{Done, Expired, Invalid};
use serde_json::json;
use tests::keys::AUDIENCE;

#[tokio::test]
async fn the_subject_is_a_string_that_is_a_user_id() {
    let mut cases = Vec::new();
    for value in [
        "null",
        "1",
        "1.0",
        "true",
        "[]",
        r#"["1"]"#,
        r#"{"1":1}"#,
        r#"{"sub":"1"}"#,
        r#""""#,
        r#"" ""#,
        r#"" 1""#,
        r#""1 ""#,
        r#""1\u0000""#,
        r#""1\n""#,
        r#""1/../2""#,
        r#""1%2f2""#,
        r#""1#2""#,
        r#""USER#1""#,
        r#""\u0661""#,
        r#""\uff11""#,
        r#""-1""#,
        r#""1'--""#,
    ] {
        let change = move |draft: Draft| {
            let subject = draft.subject();
            draft.instead(subject, value)
        };
        cases.push(Case::signed(format!("user {value}"), Invalid, change));
    }
    let long = format!("\"{}\"", "1".repeat(129));
    cases.push(Case::signed("129 letters", Invalid, move |draft| {
        let subject = draft.subject();
        draft.instead(subject, &long)
    }));
    cases.push(Case::signed("escaped letters", Done(0), |draft| {
        let subject = draft.subject();
        draft.instead(subject, r#""\u0031""#)
    }));
    cases.push(Case::signed("an escaped name", Done(0), |draft| {
        let subject = draft.subject();
        draft.claims_text(|text| text.replace(&format!("\"{subject}\""), &escaped(subject)).into_bytes())
    }));
    judge(&cases).await;
}

/// The name as JSON text, its first letter by its number.
fn escaped(name: &str) -> String {
    format!("\"\\u{:04x}{}\"", u32::from(name.as_bytes()[0]), &name[1..])
}

#[tokio::test]
async fn issuer_and_audience_have_their_types() {
    let mut cases = Vec::new();
    let no_issuers: Vec<String> = ["null", "7", "true", "{}", "[]", r#""""#, r#""*""#]
        .map(str::to_owned)
        .into_iter()
        .chain([
            json!([EDWARDS]).to_string(),
            json!({EDWARDS: 1}).to_string(),
            json!(format!("{EDWARDS}/")).to_string(),
            json!(format!("{EDWARDS} ")).to_string(),
            json!(EDWARDS.to_uppercase()).to_string(),
            json!(format!("{EDWARDS}.evil.test")).to_string(),
            json!(format!("{EDWARDS}@evil.test")).to_string(),
            json!(&EDWARDS[..EDWARDS.len() - 1]).to_string(),
        ])
        .collect();
    for iss in no_issuers {
        let what = format!("iss {iss}");
        cases.push(Case::signed(what, Invalid, move |draft| draft.instead("iss", &iss)));
    }
    let no_audiences = ["null", "7", "true", "{}", "[]", r#""""#, r#""*""#, "[7]", "[null]", r#"["other"]"#]
        .map(str::to_owned)
        .into_iter()
        .chain([
            json!([[AUDIENCE]]).to_string(),
            json!({AUDIENCE: 1}).to_string(),
            json!(AUDIENCE.to_uppercase()).to_string(),
            json!(format!("{AUDIENCE} other")).to_string(),
            json!(format!("{AUDIENCE},other")).to_string(),
            json!(&AUDIENCE[1..]).to_string(),
        ]);
    for aud in no_audiences {
        let what = format!("aud {aud}");
        cases.push(Case::signed(what, Invalid, move |draft| draft.instead("aud", &aud)));
    }
    // WTS tokens have neither.
    let several = json!(["other", AUDIENCE]).to_string();
    cases.push(Case::signed("several", Done(0), move |draft| draft.instead("aud", &several)).on_wts(Invalid));
    judge(&cases).await;
}

#[tokio::test]
async fn times_are_numbers() {
    let mut cases = Vec::new();
    for name in ["exp", "nbf", "iat"] {
        for value in
            ["null", "true", "[]", "{}", r#""""#, r#""1775299999""#, r#""NaN""#, "[1775299999]", r#""never""#]
        {
            let change = move |draft: Draft| draft.instead(name, value);
            cases.push(Case::signed(format!("{name} {value}"), Invalid, change));
        }
    }
    for (name, value, outcome) in [
        ("exp", "-1", Expired),
        ("exp", "0", Expired),
        ("exp", "-0.0", Expired),
        ("exp", "1e-300", Expired),
        ("exp", "-1e300", Expired),
        ("exp", "-1.7976931348623157e308", Expired),
        ("exp", "-9223372036854775809", Expired),
        ("exp", "1.775217700e9", Done(0)),
        ("exp", "1775217700.5", Done(0)),
        ("exp", "9223372036854775808", Done(0)),
        ("exp", "18446744073709551616", Done(0)),
        ("exp", "1e300", Done(0)),
        ("exp", "1.7976931348623157e308", Done(0)),
        ("nbf", "-1", Done(0)),
        ("nbf", "0", Done(0)),
        ("nbf", "-1.7976931348623157e308", Done(0)),
        ("nbf", "9223372036854775808", Invalid),
        ("nbf", "18446744073709551616", Invalid),
        ("nbf", "1.7976931348623157e308", Invalid),
        // When it was issued says nothing of when it is good.
        ("iat", "-1", Done(0)),
        ("iat", "9999999999", Done(0)),
        ("iat", "1.5", Done(0)),
    ] {
        let change = move |draft: Draft| draft.instead(name, value);
        cases.push(Case::signed(format!("{name} {value}"), outcome, change));
    }
    for (past, outcome) in [("59.999", Done(0)), ("60", Expired), ("60.001", Expired)] {
        let exp = format!("{}", NOW as f64 - past.parse::<f64>().unwrap());
        cases.push(Case::signed(format!("{past} s past exp"), outcome, move |draft| {
            draft.instead("exp", &exp)
        }));
    }
    for (early, outcome) in [("60", Done(0)), ("60.001", Invalid)] {
        let nbf = format!("{}", NOW as f64 + early.parse::<f64>().unwrap());
        cases.push(Case::signed(format!("{early} s before nbf"), outcome, move |draft| {
            draft.claim("nbf", &nbf)
        }));
    }
    cases.push(Case::signed("never to be good", Invalid, |draft| {
        draft.instead("exp", "1").claim("nbf", "9999999999")
    }));
    judge(&cases).await;
}
