//! Parts, base64url and JSON: a token has one spelling (RFC 7515, sections 2 and 5.2), and is read by strict parsers.

use super::draft::{Case, Draft, judge};
use super::mint::encode;
use crate::contracts::faces::Outcome::{Done, Invalid, Malformed, Missing};
use serde_json::json;

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The token with one part changed: 0 header, 1 claims, 2 signature.
fn part(token: &str, index: usize, change: impl FnOnce(&str) -> String) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts[index] = change(&parts[index]);
    parts.join(".")
}

/// The next letter for the last one, which differs from it in bits that no byte has.
fn with_a_spare_bit(part: &str) -> String {
    assert_ne!(part.len() % 4, 0, "no spare bits");
    let last = ALPHABET.find(&part[part.len() - 1..]).unwrap();
    format!("{}{}", &part[..part.len() - 1], &ALPHABET[last + 1..last + 2])
}

/// The parts that a token is made of, in every wrong number and order. The names are those that Wycheproof's JWS vectors
/// have for the same.
#[tokio::test]
async fn a_token_is_three_parts() {
    let flipped = |part: &str| {
        let first = if part.starts_with('A') { "B" } else { "A" };
        format!("{first}{}", &part[1..])
    };
    let keep = |token: &str, parts: &[usize]| {
        let all: Vec<&str> = token.split('.').collect();
        parts.iter().map(|index| all[*index]).collect::<Vec<_>>().join(".")
    };
    judge(&[
        Case::changed("AcceptsValid", Done(0), str::to_owned),
        Case::changed("ModifiedSignature", Invalid, move |token| part(token, 2, flipped)),
        Case::changed("MissingSignature", Invalid, |token| part(token, 2, |_| String::new())),
        Case::changed("MissingSignatureAndSeparator", Malformed, move |token| keep(token, &[0, 1])),
        Case::changed("ModifiedPayload", Invalid, |token| {
            part(token, 1, |_| {
                encode(json!({"sub": "2", "openid": "2", "exp": 9_999_999_999_u64}).to_string())
            })
        }),
        Case::changed("MissingPayload", Malformed, |token| part(token, 1, |_| String::new())),
        Case::changed("MissingPayloadAndSeparator", Malformed, move |token| keep(token, &[0, 2])),
        Case::changed("ModifiedHeader", Invalid, |token| part(token, 0, |_| encode(r#"{"alg":"EdDSA" }"#))),
        Case::changed("MissingHeader", Malformed, |token| part(token, 0, |_| String::new())),
        Case::changed("MissingHeaderAndSeparator", Malformed, move |token| keep(token, &[1, 2])),
        Case::changed("MissingHeaderAndSignature", Malformed, move |token| {
            part(&part(token, 0, |_| String::new()), 2, |_| String::new())
        }),
        Case::changed("MissingHeaderSignatureAndSeparators", Malformed, move |token| keep(token, &[1])),
        Case::changed("EmptyString", Missing, |_| String::new()),
        Case::changed("ExtraEmptyComponent", Malformed, |token| format!("{token}.")),
        Case::changed("ExtraComponent", Malformed, |token| format!("{token}.foo")),
        Case::changed("an empty part before", Malformed, |token| format!(".{token}")),
        Case::changed("dots alone", Malformed, |_| "..".to_owned()),
        Case::changed("two tokens", Malformed, |token| format!("{token}.{token}")),
        Case::changed("parts in another order", Invalid, move |token| keep(token, &[1, 0, 2])),
        Case::changed("ValidJsonSerialization, flattened", Malformed, |token| {
            let parts: Vec<&str> = token.split('.').collect();
            json!({"protected": parts[0], "payload": parts[1], "signature": parts[2]}).to_string()
        }),
        Case::changed("ValidJsonSerialization, general", Malformed, |token| {
            let parts: Vec<&str> = token.split('.').collect();
            let signatures = json!([{"protected": parts[0], "header": {"kid": "ed"}, "signature": parts[2]}]);
            json!({"payload": parts[1], "signatures": signatures}).to_string()
        }),
    ])
    .await;
}

#[tokio::test]
async fn base64url_has_one_spelling() {
    let mut cases = Vec::new();
    for index in 0..3 {
        let name = ["header", "claims", "signature"][index];
        // Lengths that leave spare bits, and letters that only the other alphabet spells otherwise.
        let draft = |draft: Draft| {
            let odd = |text: &str| {
                let mut text = text.to_owned();
                while text.len() % 3 != 1 {
                    text.push(' ');
                }
                text.into_bytes()
            };
            draft
                .header("x", r#""???>>>???>>>""#)
                .claim("y", r#""???>>>???>>>~~~""#)
                .header_text(odd)
                .claims_text(odd)
        };
        cases.push(Case::signed(format!("{name}, as it should be"), Done(0), draft));
        let mut add = |what: &str, outcome, change: fn(&str) -> String| {
            cases.push(Case::new(format!("{name}, {what}"), outcome, move |base, mint| {
                part(&draft(base).signed(mint), index, change)
            }));
        };
        add("a spare bit", Malformed, with_a_spare_bit);
        add("padding", Malformed, |part| format!("{part}="));
        add("full padding", Malformed, |part| format!("{part}{}", "=".repeat(4 - part.len() % 4)));
        add("one letter more", Malformed, |part| format!("{part}{}", "A".repeat(5 - part.len() % 4)));
        add("a line end", Malformed, |part| format!("{part}\n"));
        add("a space", Malformed, |part| format!("{} {}", &part[..4], &part[4..]));
        add("percent-encoding", Malformed, |part| format!("%{part}"));
        add("a letter that is none", Malformed, |part| format!("{}!", &part[..part.len() - 1]));
        add("letters beyond ASCII", Malformed, |part| format!("\u{ff21}{}", &part[1..]));
        add("a NUL", Malformed, |part| format!("{part}\0"));
    }
    // Signatures of any bytes: taken again until one has such a letter.
    cases.push(Case::new("the other alphabet in the header", Malformed, |draft, mint| {
        let token = draft.header("x", r#""???>>>???>>>""#).signed(mint);
        let other = part(&token, 0, |part| part.replace('-', "+").replace('_', "/"));
        assert_ne!(other, token);
        other
    }));
    cases.push(Case::new("the other alphabet in the claims", Malformed, |draft, mint| {
        let token = draft.claim("x", r#""???>>>???>>>~~~""#).signed(mint);
        let other = part(&token, 1, |part| part.replace('-', "+").replace('_', "/"));
        assert_ne!(other, token);
        other
    }));
    cases.push(Case::new("the other alphabet in the signature", Malformed, |draft, mint| {
        let tokens = (0..).map(|salt: u32| draft.clone().claim("salt", &salt.to_string()).signed(mint));
        let other = |token: String| {
            let other = part(&token, 2, |part| part.replace('-', "+").replace('_', "/"));
            (other != token).then_some(other)
        };
        tokens.filter_map(other).next().unwrap()
    }));
    judge(&cases).await;
}

#[tokio::test]
async fn header_and_claims_are_one_json_object_each() {
    let change = |text: &'static str| move |_: &str| text.as_bytes().to_vec();
    let mut cases = Vec::new();
    for (text, outcome) in [
        ("", Malformed),
        (" ", Malformed),
        ("{", Malformed),
        ("}", Malformed),
        ("{}{}", Malformed),
        ("{},", Malformed),
        ("{\"a\":1,}", Malformed),
        ("{a:1}", Malformed),
        ("{'a':1}", Malformed),
        ("{\"a\":01}", Malformed),
        ("{\"a\":+1}", Malformed),
        ("{\"a\":.5}", Malformed),
        ("{\"a\":NaN}", Malformed),
        ("{\"a\":Infinity}", Malformed),
        ("{\"a\":-Infinity}", Malformed),
        ("{\"a\":1e400}", Malformed),
        ("{\"a\":-1e400}", Malformed),
        ("{\"a\":\"\\ud800\"}", Malformed),
        ("{\"a\":\"\\udc00\"}", Malformed),
        ("{\"a\":\"\\ud800\\ud800\"}", Malformed),
        ("{\"\\ud800\":1}", Malformed),
        ("{\"a\":\"\u{1}\"}", Malformed),
        ("{\"a\":\"\\x41\"}", Malformed),
        ("{\"a\":1}//", Malformed),
        ("/**/{\"a\":1}", Malformed),
        ("\0", Malformed),
        ("true", Invalid),
        ("null", Invalid),
        ("7", Invalid),
        ("\"{}\"", Invalid),
        ("[]", Invalid),
        ("[\"EdDSA\"]", Invalid),
        ("[{}]", Invalid),
        ("{}", Invalid),
    ] {
        cases.push(Case::signed(format!("header {text:?}"), outcome, move |draft| {
            draft.header_text(change(text))
        }));
        cases.push(Case::signed(format!("claims {text:?}"), outcome, move |draft| {
            draft.claims_text(change(text))
        }));
    }
    for (what, before, after, outcome) in [
        ("white space", &b" \t\r\n"[..], &b"\n "[..], Done(0)),
        ("a byte order mark", b"\xef\xbb\xbf", b"", Malformed),
        ("a byte order mark of UTF-16", b"\xff\xfe", b"", Malformed),
        ("a NUL", b"", b"\0", Malformed),
        ("a form feed", b"\x0c", b"", Malformed),
        ("a no-break space", b"\xc2\xa0", b"", Malformed),
        ("bytes that are no UTF-8", b"", b"\xff", Malformed),
    ] {
        let around = move |text: &str| [before, text.as_bytes(), after].concat();
        cases.push(Case::signed(format!("{what} around the header"), outcome, move |draft| {
            draft.header_text(around)
        }));
        cases.push(Case::signed(format!("{what} around the claims"), outcome, move |draft| {
            draft.claims_text(around)
        }));
    }
    // No UTF-8, overlong, and a surrogate in UTF-8, in a value that nobody reads.
    for bytes in [&b"\xff"[..], b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"] {
        let inside = move |text: &str| {
            let open = text.strip_suffix('}').unwrap();
            [format!("{open},\"x\":\"").as_bytes(), bytes, b"\"}"].concat()
        };
        cases.push(Case::signed(format!("header with {bytes:x?}"), Malformed, move |draft| {
            draft.header_text(inside)
        }));
        cases.push(Case::signed(format!("claims with {bytes:x?}"), Malformed, move |draft| {
            draft.claims_text(inside)
        }));
    }
    judge(&cases).await;
}

#[tokio::test]
async fn depth_and_size_are_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    let mut cases = Vec::new();
    for (what, value, outcome) in [
        ("100 arrays", nested(100), Done(0)),
        ("3,000 arrays", nested(2_900), Malformed),
        ("arrays without end", "[".repeat(5_000), Malformed),
        ("900 objects", objects(900), Malformed),
        ("a number of 5,000 digits", "9".repeat(5_000), Malformed),
        ("a fraction of 5,000 digits", format!("0.{}", "9".repeat(5_000)), Done(0)),
        ("a string of 5,000 letters", format!("\"{}\"", "x".repeat(5_000)), Done(0)),
        (
            "500 names that differ",
            (0..500).fold(String::from("{\"\":0"), |text, n| format!("{text},\"{n}\":0")) + "}",
            Done(0),
        ),
        ("9,000 letters", format!("\"{}\"", "x".repeat(9_000)), Malformed),
        ("100 KB of letters", format!("\"{}\"", "x".repeat(100_000)), Malformed),
    ] {
        let member = value.clone();
        cases.push(Case::signed(format!("header with {what}"), outcome, move |draft| {
            draft.header("x", &member)
        }));
        cases.push(Case::signed(format!("claims with {what}"), outcome, move |draft| {
            draft.claim("x", &value)
        }));
    }
    cases.push(Case::changed("100 KB of a signature", Malformed, |token| {
        format!("{token}{}", "A".repeat(100_000))
    }));
    cases.push(Case::changed("8,000 dots", Malformed, |_| ".".repeat(8_000)));
    judge(&cases).await;
}
