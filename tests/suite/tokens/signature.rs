//! Algorithms and signatures: none of another kind, of another form, or of nobody (RFC 8725, sections 2.1 and 3.1 to 3.3).

use super::draft::{self, Case, Draft};
use super::mint::{EDWARDS, HMAC, Mint, RSA, SECRET, claims, encode};
use crate::contracts::faces::Outcome::{self, Done, Invalid};
use crate::contracts::faces::{Face, NAMED, send};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use serde_json::json;
use tests::keys::ISSUER;

/// The order of P-256's group (FIPS 186-4, D.1.2.3), big-endian.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, //
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The order of Ed25519's group (RFC 8032, section 5.1), little-endian.
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, //
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// What becomes of tokens of named issuers, each with what it is: on the three contracts that take them, on WTS and on
/// System user, which take none.
async fn judge(mint: &Mint, tokens: &[(String, String, Outcome)]) {
    let world = mint.world().await;
    let mut version = 1;
    for face in NAMED {
        for (what, token, outcome) in tokens {
            version += u64::from(*outcome == Done(0));
            let outcome = if *outcome == Done(0) { Done(version) } else { *outcome };
            let reply = send(&world, &face.request("1").bearer(token)).await;
            assert_eq!(reply, face.answer("1", outcome), "{face:?}: {what}");
        }
    }
    for face in [Face::Wts, Face::SystemUser] {
        for (what, token, _) in tokens {
            let reply = send(&world, &face.request("1").bearer(token)).await;
            assert_eq!(reply, face.answer("1", Invalid), "{face:?}: {what}");
        }
    }
    assert_eq!(world.profile("1").await.version, version);
}

/// Header and claims of a good token of this issuer.
fn message(alg: &str, issuer: &str) -> String {
    let header = json!({ "alg": alg }).to_string();
    format!("{}.{}", encode(header), encode(claims(&json!({"iss": issuer})).to_string()))
}

/// What [`message`] makes, signed by that issuer, whatever the header says, its signature changed.
fn token(mint: &Mint, alg: &str, issuer: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    let message = message(alg, issuer);
    let signature = change(mint.signature(Some(issuer), message.as_bytes()));
    format!("{message}.{}", encode(signature))
}

/// Makes a signature of the halves of another.
type Halves<'a> = &'a dyn Fn(&[u8], &[u8]) -> Vec<u8>;

#[tokio::test]
async fn an_issuer_has_one_algorithm() {
    let mint = Mint::new();
    let mut tokens = Vec::new();
    for (issuer, own) in [(RSA, "RS256"), (ISSUER, "ES256"), (EDWARDS, "EdDSA"), (SECRET, "HS256")] {
        for alg in [
            "HS256",
            "HS384",
            "HS512",
            "RS256",
            "RS384",
            "RS512",
            "ES256",
            "ES384",
            "ES512",
            "ES256K",
            "PS256",
            "PS384",
            "PS512",
            "EdDSA",
            "Ed25519",
            "Ed448",
            "RS1",
            "HS1",
            "ML-DSA-44",
            "rs256",
            "es256",
            "eddsa",
            "hs256",
            "RSA",
        ] {
            let outcome = if alg == own { Done(0) } else { Invalid };
            tokens.push((
                format!("{alg} of {issuer}"),
                token(&mint, alg, issuer, |signature| signature),
                outcome,
            ));
            if !["HS256", "RS256", "ES256", "EdDSA"].contains(&alg) {
                continue;
            }
            // And the signatures that issuers of these algorithms would make.
            for other in [RSA, ISSUER, EDWARDS, SECRET].into_iter().filter(|other| *other != issuer) {
                let message = message(alg, issuer);
                let signature = encode(mint.signature(Some(other), message.as_bytes()));
                tokens.push((
                    format!("{alg} of {issuer}, signed by {other}"),
                    format!("{message}.{signature}"),
                    Invalid,
                ));
            }
        }
    }
    judge(&mint, &tokens).await;
}

/// A public key is known to everybody: whoever takes it for a secret takes everybody's word.
#[tokio::test]
async fn no_public_key_is_a_secret() {
    let mint = Mint::new();
    let pem = |label: &str, der: &[u8]| {
        let text = STANDARD.encode(der);
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----", lines.join("\n"))
    };
    // SubjectPublicKeyInfo: a fixed beginning, then the key.
    let spki = |beginning: &str, key: &[u8]| [STANDARD.decode(beginning).unwrap(), key.to_vec()].concat();
    let rsa = mint.rsa.public_jwk().unwrap();
    let es256 = mint.es256.public_jwk().unwrap();
    let bytes = |text: &serde_json::Value| URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap();
    let point = [vec![4], bytes(&es256["x"]), bytes(&es256["y"])].concat();
    let edwards = bytes(&mint.edwards_jwk()["x"]);
    let mut secrets: Vec<(&str, &str, Vec<u8>)> = Vec::new();
    for (issuer, raw, info, jwk) in [
        (RSA, mint.rsa_der().to_vec(), spki("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A", mint.rsa_der()), rsa.clone()),
        (ISSUER, point.clone(), spki("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgA=", &point), es256.clone()),
        (EDWARDS, edwards.clone(), spki("MCowBQYDK2VwAyEA", &edwards), mint.edwards_jwk()),
    ] {
        let public = pem("PUBLIC KEY", &info);
        secrets.push((issuer, "PEM and a line end", format!("{public}\n").into_bytes()));
        secrets.push((issuer, "PEM with CRLF", public.replace('\n', "\r\n").into_bytes()));
        secrets.push((issuer, "PEM", public.into_bytes()));
        secrets.push((issuer, "base64 of DER", STANDARD.encode(&info).into_bytes()));
        secrets.push((issuer, "DER", info));
        secrets.push((issuer, "raw", raw));
        secrets.push((issuer, "JWK", jwk.to_string().into_bytes()));
        secrets.push((issuer, "JWK set", json!({ "keys": [jwk] }).to_string().into_bytes()));
        secrets.push((issuer, "name", issuer.as_bytes().to_vec()));
        secrets.push((issuer, "nothing", Vec::new()));
    }
    secrets.push((RSA, "PKCS#1 PEM", pem("RSA PUBLIC KEY", mint.rsa_der()).into_bytes()));
    secrets.push((RSA, "modulus", bytes(&rsa["n"])));
    secrets.push((RSA, "modulus in base64url", rsa["n"].as_str().unwrap().as_bytes().to_vec()));
    secrets.push((ISSUER, "x", bytes(&es256["x"])));
    secrets.push((SECRET, "nothing", Vec::new()));
    secrets.push((SECRET, "its name", SECRET.as_bytes().to_vec()));
    secrets.push((SECRET, "half of it", HMAC[..16].to_vec()));
    secrets.push((SECRET, "it and a line end", [HMAC, b"\n"].concat()));
    let mut tokens = Vec::new();
    for (issuer, form, secret) in secrets {
        // Under the name of what it is, and of what the issuer signs by.
        let own = match issuer {
            RSA => "RS256",
            ISSUER => "ES256",
            _ => "EdDSA",
        };
        for alg in ["HS256", own] {
            let message = message(alg, issuer);
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message.as_bytes());
            let what = format!("{alg} by the {form} of {issuer}");
            tokens.push((what, format!("{message}.{}", encode(tag.as_ref())), Invalid));
        }
    }
    judge(&mint, &tokens).await;
}

/// `a - b` of numbers of the same length, big-endian, a the larger.
fn minus(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut difference: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(a, b)| {
            let digit = i16::from(*a) - i16::from(*b) - borrow;
            borrow = i16::from(digit < 0);
            digit.rem_euclid(256).to_le_bytes()[0]
        })
        .collect();
    difference.reverse();
    difference
}

/// R and S of ECDSA as OpenSSL and X.509 write them.
fn der(signature: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let mut bytes = number[zeros..].to_vec();
        if bytes.first().is_none_or(|first| *first > 0x7f) {
            bytes.insert(0, 0);
        }
        [vec![2, bytes.len().to_le_bytes()[0]], bytes].concat()
    };
    let (r, s) = signature.split_at(32);
    let both = [integer(r), integer(s)].concat();
    [vec![0x30, both.len().to_le_bytes()[0]], both].concat()
}

#[tokio::test]
async fn an_es256_signature_is_two_numbers_of_32_bytes() {
    let mint = Mint::new();
    let of = |change: Halves| {
        token(&mint, "ES256", ISSUER, |signature| {
            let (r, s) = signature.split_at(32);
            change(r, s)
        })
    };
    let n = &P256_ORDER[..];
    let one = [[0; 31].as_slice(), &[1]].concat();
    let tokens = [
        ("as it should be", of(&|r, s| [r, s].concat()), Done(0)),
        // ECDSA has two signatures for each; nothing here knows a token by its signature.
        ("-s", of(&|r, s| [r, &minus(n, s)].concat()), Done(0)),
        ("-r", of(&|r, s| [&minus(n, r), s].concat()), Invalid),
        ("-r, -s", of(&|r, s| [minus(n, r), minus(n, s)].concat()), Invalid),
        ("s, r", of(&|r, s| [s, r].concat()), Invalid),
        ("DER", of(&|r, s| der(&[r, s].concat())), Invalid),
        ("zeros", of(&|_, _| vec![0; 64]), Invalid),
        ("zeros in DER", of(&|_, _| der(&[0; 64])), Invalid),
        ("r = 0", of(&|_, s| [&[0; 32], s].concat()), Invalid),
        ("s = 0", of(&|r, _| [r, &[0; 32]].concat()), Invalid),
        ("r = n", of(&|_, s| [n, s].concat()), Invalid),
        ("s = n", of(&|r, _| [r, n].concat()), Invalid),
        ("n, n", of(&|_, _| [n, n].concat()), Invalid),
        ("r = 0, s = n", of(&|_, _| [&[0; 32], n].concat()), Invalid),
        ("1, 1", of(&|_, _| [one.clone(), one.clone()].concat()), Invalid),
        ("as large as can be", of(&|_, _| vec![0xff; 64]), Invalid),
        ("63 bytes", of(&|r, s| [r, &s[..31]].concat()), Invalid),
        ("65 bytes", of(&|r, s| [r, s, &[0]].concat()), Invalid),
        ("zeros before", of(&|r, s| [&[0], r, &[0], s].concat()), Invalid),
        ("48 bytes each", of(&|r, s| [&[0; 16], r, &[0; 16], s].concat()), Invalid),
        ("nothing", of(&|_, _| vec![]), Invalid),
    ];
    let tokens = tokens.map(|(what, token, outcome)| (what.to_owned(), token, outcome));
    judge(&mint, &tokens).await;
}

#[tokio::test]
async fn an_eddsa_signature_has_one_form() {
    let mint = Mint::new();
    let of = |change: Halves| {
        token(&mint, "EdDSA", EDWARDS, |signature| {
            let (r, s) = signature.split_at(32);
            change(r, s)
        })
    };
    let plus_order = |s: &[u8]| {
        let mut carry = 0;
        let add = |(a, b): (&u8, u8)| {
            let sum = u16::from(*a) + u16::from(b) + carry;
            carry = sum >> 8;
            sum.to_le_bytes()[0]
        };
        s.iter().zip(ED25519_ORDER).map(add).collect::<Vec<u8>>()
    };
    let identity = [&[1], [0; 31].as_slice()].concat();
    let tokens = [
        ("as it should be", of(&|r, s| [r, s].concat()), Done(0)),
        ("s and the order", of(&|r, s| [r, &plus_order(s)].concat()), Invalid),
        ("s = 0", of(&|r, _| [r, &[0; 32]].concat()), Invalid),
        ("s = the order", of(&|r, _| [r, &ED25519_ORDER].concat()), Invalid),
        ("s as large as can be", of(&|r, _| [r, &[0xff; 32]].concat()), Invalid),
        ("R of small order", of(&|_, s| [&identity, s].concat()), Invalid),
        ("R of small order, s = 0", of(&|_, _| [&identity[..], &[0; 32]].concat()), Invalid),
        ("R with the other sign", of(&|r, s| [&r[..31], &[r[31] ^ 0x80], s].concat()), Invalid),
        ("zeros", of(&|_, _| vec![0; 64]), Invalid),
        ("63 bytes", of(&|r, s| [r, &s[..31]].concat()), Invalid),
        ("65 bytes", of(&|r, s| [r, s, &[0]].concat()), Invalid),
        ("with the message after it", of(&|r, s| [r, s, b"message"].concat()), Invalid),
        ("nothing", of(&|_, _| vec![]), Invalid),
    ];
    let tokens = tokens.map(|(what, token, outcome)| (what.to_owned(), token, outcome));
    judge(&mint, &tokens).await;
}

#[tokio::test]
async fn rsa_and_hmac_signatures_have_one_length() {
    let mint = Mint::new();
    let mut tokens = Vec::new();
    for (alg, issuer) in [("RS256", RSA), ("HS256", SECRET)] {
        let mut add = |what: &str, outcome, change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
            tokens.push((format!("{alg}: {what}"), token(&mint, alg, issuer, change), outcome));
        };
        add("as it should be", Done(0), &|signature| signature);
        add("a zero before", Invalid, &|signature| [vec![0], signature].concat());
        add("a zero after", Invalid, &|signature| [signature, vec![0]].concat());
        add("half", Invalid, &|signature| signature[..signature.len() / 2].to_vec());
        add("all but a byte", Invalid, &|signature| signature[..signature.len() - 1].to_vec());
        add("zeros", Invalid, &|signature| vec![0; signature.len()]);
        add("one", Invalid, &|signature| [vec![0; signature.len() - 1], vec![1]].concat());
        add("as large as can be", Invalid, &|signature| vec![0xff; signature.len()]);
        add("a bit flipped", Invalid, &|mut signature| {
            signature[0] ^= 1;
            signature
        });
        add("nothing", Invalid, &|_| vec![]);
    }
    judge(&mint, &tokens).await;
}

/// The signature is of header and claims as they came, letter for letter.
#[tokio::test]
async fn a_signature_is_of_what_came() {
    let swap = |first: Draft, second: Draft, mint: &Mint| {
        let (first, second) = (first.signed(mint), second.signed(mint));
        let (message, signature) = (first.rsplit_once('.').unwrap().0, second.rsplit_once('.').unwrap().1);
        format!("{message}.{signature}")
    };
    let cases = [
        Case::new("other claims", Invalid, move |draft, mint| {
            let subject = draft.subject();
            swap(draft.clone().instead(subject, r#""2""#), draft, mint)
        }),
        Case::new("another header", Invalid, move |draft, mint| {
            swap(draft.clone().header("typ", r#""JWT""#), draft, mint)
        }),
        Case::new("claims that mean the same", Invalid, move |draft, mint| {
            swap(draft.clone().claims_text(|text| format!("{text} ").into_bytes()), draft, mint)
        }),
        Case::new("a header that means the same", Invalid, move |draft, mint| {
            swap(draft.clone().header_text(|text| format!(" {text}").into_bytes()), draft, mint)
        }),
        Case::new("the bytes that base64url stands for", Invalid, |draft, mint| {
            let message = draft.message();
            let raw: Vec<u8> =
                message.split('.').flat_map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
            let issuer = (draft.subject() == "sub").then_some(EDWARDS);
            format!("{message}.{}", encode(mint.signature(issuer, &raw)))
        }),
    ];
    draft::judge(&cases).await;
}
