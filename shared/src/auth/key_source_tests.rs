//! Key sets and secrets over the wire: a server of this machine, the real HTTP client and the real SDK client.

use super::*;
use crate::auth::{CredentialError, SigningKey, TokenError, TokenVerifier, fixtures, parse_issuers};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};

#[path = "secret_source_tests.rs"]
mod secrets;

/// What the server does with the next request.
#[derive(Clone)]
enum Answer {
    Json(Value),
    Text(Vec<u8>),
    /// A status with extra header lines over this body.
    Status(u16, &'static str, Value),
    Down,
    Silent,
    /// A body that has no end.
    Endless,
}

/// A server that counts its requests and answers all of them alike until told otherwise.
struct Server {
    url: String,
    answer: Arc<std::sync::Mutex<Answer>>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    fn new(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (answer, requests) = (Arc::new(std::sync::Mutex::new(answer)), Arc::new(AtomicUsize::new(0)));
        let (shared, counter) = (answer.clone(), requests.clone());
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                read_request(&stream);
                counter.fetch_add(1, Ordering::SeqCst);
                let answer = shared.lock().unwrap().clone();
                let (status, header, body) = match answer {
                    Answer::Json(value) => (200, "", value.to_string().into_bytes()),
                    Answer::Text(body) => (200, "", body),
                    Answer::Status(status, header, body) => (status, header, body.to_string().into_bytes()),
                    Answer::Down => continue,
                    Answer::Endless => {
                        endless(stream);
                        continue;
                    }
                    Answer::Silent => {
                        held.push(stream);
                        continue;
                    }
                };
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status} X\r\n{header}connection: close\r\ncontent-length: {length}\r\n\r\n"
                );
                // A client that has seen enough may have gone.
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
            }
        });
        Self { url, answer, requests }
    }

    fn now_answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Sends until the client goes, which it must: else the server answers nobody any more.
fn endless(mut stream: TcpStream) {
    let mut sent = stream.write_all(b"HTTP/1.1 200 X\r\nconnection: close\r\n\r\n{\"keys\":[");
    while sent.is_ok() {
        sent = stream.write_all(&[b' '; 4096]);
    }
}

/// Reads one request to its end, so that closing the connection loses no answer.
fn read_request(stream: &TcpStream) {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) <= 2 {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    let _ = reader.read_exact(&mut vec![0; length]);
}

const START: i64 = 1_800_000_000;

/// An instant this many seconds after the start.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(START * 1000).plus_seconds(seconds)
}

fn jwks(keys: &[&SigningKey]) -> Value {
    json!({"keys": keys.iter().map(|key| key.public_jwk().unwrap()).collect::<Vec<_>>()})
}

fn set(keys: &[&SigningKey]) -> Answer {
    Answer::Json(jwks(keys))
}

fn key(kid: &str) -> SigningKey {
    fixtures::es256().with_kid(kid)
}

async fn load(changes: Value, sources: KeySources) -> Result<TokenVerifier, Vec<String>> {
    let mut entry = json!({
        "issuer": "https://id.example",
        "algorithms": ["ES256"],
        "audience": "profiles",
        "contracts": ["ciam"],
        "subjects": "shared",
    });
    entry.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    TokenVerifier::load(parse_issuers(&json!([entry]).to_string(), true).unwrap(), sources).await
}

async fn over_url(server: &Server) -> TokenVerifier {
    load(json!({"jwks_url": format!("{}/jwks", server.url)}), KeySources::default()).await.unwrap()
}

const INVALID: TokenError = TokenError::Refused(CredentialError::Invalid);

async fn judge(verifier: &TokenVerifier, key: &SigningKey, now: Timestamp) -> Result<(), TokenError> {
    let claims =
        json!({"iss": "https://id.example", "aud": "profiles", "sub": "alice", "exp": START + 100_000});
    verifier.verify(&key.sign(&claims).unwrap(), "ciam", true, now).await.map(|_| ())
}

#[tokio::test]
async fn a_key_set_is_fetched_once_and_kept() {
    let one = key("1");
    let server = Server::new(set(&[&one]));
    let verifier = over_url(&server).await;
    for seconds in [0, 1, 3600] {
        assert_eq!(judge(&verifier, &one, at(seconds)).await, Ok(()));
    }
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn an_unknown_kid_fetches_at_most_once_a_minute() {
    let (one, two, three) = (key("1"), key("2"), key("3"));
    let server = Server::new(set(&[&one]));
    let verifier = over_url(&server).await;
    // Rotated: the first unknown kid is worth a look.
    server.now_answers(set(&[&one, &two]));
    assert_eq!(judge(&verifier, &two, at(0)).await, Ok(()));
    assert_eq!(server.requests(), 2);
    // Another one within the minute is not, even though it would be found.
    server.now_answers(set(&[&three]));
    assert_eq!(judge(&verifier, &three, at(0)).await, Err(INVALID));
    assert_eq!(judge(&verifier, &three, at(59)).await, Err(INVALID));
    assert_eq!(server.requests(), 2);
    assert_eq!(judge(&verifier, &three, at(60)).await, Ok(()));
    assert_eq!(server.requests(), 3);
    // The set's word is final: what it no longer lists is refused.
    assert_eq!(judge(&verifier, &one, at(60)).await, Err(INVALID));
    // A known kid with a wrong signature fetches nothing.
    assert_eq!(judge(&verifier, &key("3"), at(600)).await, Err(INVALID));
    assert_eq!(server.requests(), 3);
    // A fetched key of that kid is still to be held against the signature.
    server.now_answers(set(&[&key("4")]));
    assert_eq!(judge(&verifier, &key("4"), at(600)).await, Err(INVALID));
    assert_eq!(server.requests(), 4);
}

#[tokio::test]
async fn overlapping_requests_fetch_once() {
    let (one, two) = (key("1"), key("2"));
    let server = Server::new(set(&[&one]));
    let verifier = over_url(&server).await;
    server.now_answers(set(&[&two]));
    let judge = || judge(&verifier, &two, at(0));
    let outcome = tokio::join!(judge(), judge(), judge());
    assert_eq!(outcome, (Ok(()), Ok(()), Ok(())));
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn while_the_url_is_down_known_keys_serve() {
    let (one, two) = (key("1"), key("2"));
    let server = Server::new(set(&[&one]));
    let verifier = over_url(&server).await;
    for down in [
        Answer::Down,
        Answer::Status(503, "", jwks(&[&two])),
        Answer::Text(b"<html>".to_vec()),
        Answer::Json(json!({"keys": []})),
        Answer::Json(json!({"keys": [{"kty": "oct", "k": "AAAA"}]})),
        Answer::Json(json!({"keys": []})),
        Answer::Json(json!({"keys": {"two": two.public_jwk()}})),
        Answer::Json(json!([two.public_jwk()])),
        Answer::Json(json!({"keys": vec![two.public_jwk(); 10_000]})),
        Answer::Json(json!({"keys": vec![7; 10_000]})),
        Answer::Text(vec![b'['; 60 * 1024]),
        Answer::Text(jwks(&[&two]).to_string().replace("keys", "k\u{1}eys").into_bytes()),
        Answer::Status(301, "location: /elsewhere\r\n", jwks(&[&two])),
        Answer::Status(204, "", jwks(&[&two])),
        Answer::Endless,
        Answer::Silent,
    ] {
        server.now_answers(down);
        let (now, before) = (at(3600 * i64::try_from(server.requests()).unwrap()), server.requests());
        assert_eq!(judge(&verifier, &two, now).await, Err(INVALID));
        assert_eq!(judge(&verifier, &two, now).await, Err(INVALID));
        assert_eq!(server.requests(), before + 1, "a failed fetch counts too");
        assert_eq!(judge(&verifier, &one, now).await, Ok(()));
    }
}

#[tokio::test]
async fn a_url_that_does_not_answer_at_start_is_asked_on_first_use() {
    let one = key("1");
    let server = Server::new(Answer::Down);
    let verifier = over_url(&server).await;
    assert_eq!(judge(&verifier, &one, at(0)).await, Err(TokenError::KeysUnavailable));
    assert_eq!(server.requests(), 2);
    server.now_answers(set(&[&one]));
    assert_eq!(judge(&verifier, &one, at(59)).await, Err(TokenError::KeysUnavailable));
    assert_eq!(server.requests(), 2);
    assert_eq!(judge(&verifier, &one, at(60)).await, Ok(()));
    assert_eq!(server.requests(), 3);
}

#[tokio::test]
async fn a_set_without_kids_is_fetched_again_after_a_failed_signature() {
    let (one, two) = (fixtures::es256(), fixtures::es256());
    let server = Server::new(set(&[&one]));
    let verifier = over_url(&server).await;
    server.now_answers(set(&[&two]));
    assert_eq!(judge(&verifier, &two, at(0)).await, Ok(()));
    assert_eq!(judge(&verifier, &one, at(1)).await, Err(INVALID));
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn an_answer_over_64_kib_is_not_taken() {
    let one = key("1");
    let mut json = json!({"keys": [one.public_jwk()]}).to_string().into_bytes();
    json.resize(KEY_SET_BYTES, b' ');
    let server = Server::new(Answer::Text(json.clone()));
    assert_eq!(judge(&over_url(&server).await, &one, at(0)).await, Ok(()));
    json.push(b' ');
    server.now_answers(Answer::Text(json));
    assert_eq!(judge(&over_url(&server).await, &one, at(0)).await, Err(TokenError::KeysUnavailable));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let one = key("1");
    let server = Server::new(Answer::Status(302, "location: /elsewhere\r\n", jwks(&[&one])));
    let verifier = over_url(&server).await;
    assert_eq!(judge(&verifier, &one, at(0)).await, Err(TokenError::KeysUnavailable));
    assert_eq!(server.requests(), 2, "one at start and one on first use, none for the redirect");
}

/// Weak keys, and keys for something else, are as good as none: they take no good key's place.
#[tokio::test]
async fn a_set_of_weak_keys_is_none() {
    let (one, two) = (key("1"), key("2"));
    let server = Server::new(set(&[&one]));
    let verifier = over_url(&server).await;
    let good = two.public_jwk().unwrap();
    let changed = |name: &str, value: Value| {
        let mut jwk = good.clone();
        jwk[name] = value;
        jwk
    };
    for (hours, weak) in (1..).zip([
        changed("y", good["x"].clone()),
        changed("crv", json!("P-384")),
        changed("crv", json!("secp256k1")),
        changed("kty", json!("RSA")),
        changed("kty", json!("OKP")),
        changed("alg", json!("ES384")),
        changed("alg", json!("none")),
        changed("use", json!("enc")),
        changed("key_ops", json!(["sign"])),
        changed("d", json!("")),
        json!({"kty": "RSA", "kid": "2", "n": "AQAB", "e": "AQ"}),
    ]) {
        let what = weak.to_string();
        server.now_answers(Answer::Json(json!({ "keys": [weak] })));
        assert_eq!(judge(&verifier, &two, at(hours * 3600)).await, Err(INVALID), "{what}");
        assert_eq!(judge(&verifier, &one, at(hours * 3600)).await, Ok(()), "{what}");
    }
    assert_eq!(server.requests(), 12);
}

#[tokio::test]
async fn keys_of_one_name_are_all_tried() {
    let (one, other, third) = (key("1"), key("1"), key("1"));
    let server = Server::new(set(&[&one, &other]));
    let verifier = over_url(&server).await;
    for (key, outcome) in [(&one, Ok(())), (&other, Ok(())), (&third, Err(INVALID))] {
        assert_eq!(judge(&verifier, key, at(0)).await, outcome);
    }
    assert_eq!(server.requests(), 1);
}

/// One silent URL after the other would be more than a function has for its start.
#[tokio::test]
async fn all_issuers_are_asked_at_once() {
    let (one, two) = (key("1"), key("2"));
    let answered = Arc::new(std::sync::Barrier::new(2));
    let waiting = |key: &SigningKey| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (body, answered) = (jwks(&[key]).to_string(), answered.clone());
        std::thread::spawn(move || {
            let mut stream = listener.incoming().next().unwrap().unwrap();
            read_request(&stream);
            // Not before the other one is asked as well.
            answered.wait();
            write!(stream, "HTTP/1.1 200 X\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        });
        url
    };
    let entry = |issuer: &str, key: &SigningKey| {
        json!({"issuer": issuer, "algorithms": ["ES256"], "jwks_url": waiting(key), "audience": "profiles",
            "contracts": ["ciam"], "subjects": "shared"})
    };
    let entries = json!([entry("https://id.example", &one), entry("https://two.example", &two)]);
    let entries = parse_issuers(&entries.to_string(), true).unwrap();
    let verifier = TokenVerifier::load(entries, KeySources::default()).await.unwrap();
    assert_eq!(judge(&verifier, &one, at(0)).await, Ok(()));
}

/// Without the time-out this test would never end.
#[tokio::test]
async fn a_silent_url_is_given_up() {
    let server = Server::new(Answer::Silent);
    over_url(&server).await;
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_wrong_file_stops_the_start() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let load_file = async || load(json!({"jwks_file": file.path()}), KeySources::default()).await;
    std::fs::write(file.path(), json!({"keys": [key("1").public_jwk()]}).to_string()).unwrap();
    assert!(load_file().await.is_ok());
    let place = "issuer (https://id.example)";
    std::fs::write(file.path(), "{").unwrap();
    assert_eq!(load_file().await.unwrap_err(), [format!("{place}: jwks_file is not JSON")]);

    let missing = load(json!({"jwks_file": "/no/such/file"}), KeySources::default()).await;
    assert_eq!(missing.unwrap_err(), [format!("{place}: jwks_file could not be read: entity not found")]);
    std::fs::write(file.path(), "too short").unwrap();
    let short = json!({"algorithms": ["HS256"], "secret_file": file.path()});
    let expected = format!("{place}: secret_file holds a secret of 9 bytes; HS256 needs 32 or more");
    assert_eq!(load(short, KeySources::default()).await.unwrap_err(), [expected]);
}
