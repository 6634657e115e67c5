use super::*;
use crate::auth::fixtures;
use crate::auth::{SigningKey, parse_issuers};
use jsonwebtoken::{Algorithm, Header};
use serde_json::json;

#[path = "token_claims_tests.rs"]
mod of_claims;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const SOON: i64 = 1_800_000_300;

const EXPIRED: TokenError = TokenError::Refused(CredentialError::Expired);
const INVALID: TokenError = TokenError::Refused(CredentialError::Invalid);
const MALFORMED: TokenError = TokenError::Refused(CredentialError::Malformed);

/// `value` with members of `changes` put over its own; `null` takes one away.
fn with(mut value: Value, changes: Value) -> Value {
    let members = value.as_object_mut().unwrap();
    for (name, change) in changes.as_object().unwrap() {
        match change {
            Value::Null => members.remove(name),
            change => members.insert(name.clone(), change.clone()),
        };
    }
    value
}

/// An issuer whose key is inline, for the contract `ciam`.
fn named(key: &SigningKey, algorithm: &str, changes: Value) -> Value {
    let entry = json!({
        "issuer": "https://id.example",
        "algorithms": [algorithm],
        "jwks": {"keys": [key.public_jwk()]},
        "audience": ["profiles", "other"],
        "contracts": ["ciam"],
        "subjects": "shared",
    });
    with(entry, changes)
}

/// An issuer without `iss`, whose secret is in a file, for the contract `wts`.
fn unnamed(file: &tempfile::NamedTempFile, changes: Value) -> Value {
    std::fs::write(file.path(), fixtures::SECRET).unwrap();
    let entry = json!({
        "algorithms": ["HS256"],
        "secret_file": file.path(),
        "contracts": ["wts"],
        "subjects": "shared",
        "claims": {"subject": "openid", "roles": "access"},
    });
    with(entry, changes)
}

async fn verifier(entries: Value) -> TokenVerifier {
    let entries = parse_issuers(&entries.to_string(), true).unwrap();
    TokenVerifier::load(entries, KeySources::default()).await.unwrap()
}

fn claims(changes: Value) -> Value {
    with(json!({"iss": "https://id.example", "aud": "profiles", "sub": "alice", "exp": SOON}), changes)
}

fn alice() -> VerifiedToken {
    let subject = UserId::parse("alice").unwrap();
    VerifiedToken { subject, roles: vec![], scopes: vec![], is_client: false, grants_admin: false }
}

/// One ES256 issuer and what it makes of claims.
struct Desk {
    key: SigningKey,
    verifier: TokenVerifier,
}

impl Desk {
    async fn new(changes: Value) -> Self {
        let key = fixtures::es256();
        let verifier = verifier(json!([named(&key, "ES256", changes)])).await;
        Self { key, verifier }
    }

    async fn judge(&self, token: &str) -> Result<VerifiedToken, TokenError> {
        self.verifier.verify(token, "ciam", true, NOW).await
    }

    async fn accept(&self, changes: Value) -> Result<VerifiedToken, TokenError> {
        self.judge(&self.key.sign(&claims(changes)).unwrap()).await
    }

    /// A token of good claims under this header.
    async fn accept_header(&self, change: impl FnOnce(&mut Header)) -> Result<VerifiedToken, TokenError> {
        let mut header = Header::new(Algorithm::ES256);
        change(&mut header);
        self.judge(&self.key.sign_with_header(&header, &claims(json!({}))).unwrap()).await
    }
}

#[tokio::test]
async fn every_algorithm_is_verified() {
    for (key, algorithm) in
        [(fixtures::rs256(), "RS256"), (fixtures::es256(), "ES256"), (fixtures::ed25519(), "EdDSA")]
    {
        let key = key.with_kid("k1");
        let verifier = verifier(json!([named(&key, algorithm, json!({}))])).await;
        let token = key.sign(&claims(json!({}))).unwrap();
        assert_eq!(verifier.verify(&token, "ciam", true, NOW).await, Ok(alice()), "{algorithm}");
        // Other claims under the same signature.
        let forged = key.sign(&claims(json!({"sub": "mallory"}))).unwrap();
        let (message, signature) = (forged.rsplit_once('.').unwrap().0, token.rsplit_once('.').unwrap().1);
        let forged = format!("{message}.{signature}");
        assert_eq!(verifier.verify(&forged, "ciam", true, NOW).await, Err(INVALID), "{algorithm}");
    }
}

#[tokio::test]
async fn a_stranger_s_signature_is_refused() {
    let desk = Desk::new(json!({})).await;
    let stranger = fixtures::es256().sign(&claims(json!({}))).unwrap();
    assert_eq!(desk.judge(&stranger).await, Err(INVALID));
}

#[tokio::test]
async fn what_is_no_jws_is_malformed() {
    let desk = Desk::new(json!({})).await;
    let good = desk.key.sign(&claims(json!({}))).unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    for text in [
        "",
        "abc",
        "a.b",
        "...",
        "a.b.c",
        &format!("{good}="),
        &format!("{good}.x.y"),
        &format!("{}.{}", parts[0], parts[1]),
        &format!("{}.e30.{}", "bm90IGpzb24", parts[2]),
        &format!("{}.{}.{}", parts[0], "bm90IGpzb24", parts[2]),
        &format!("{}.{}.{}", parts[0], "not+base64url", parts[2]),
    ] {
        assert_eq!(desk.judge(text).await, Err(MALFORMED), "{text}");
    }
}

#[tokio::test]
async fn tokens_over_8_kib_are_not_looked_at() {
    let desk = Desk::new(json!({})).await;
    let of = |filler: usize| desk.key.sign(&claims(json!({"filler": "x".repeat(filler)}))).unwrap();
    let filler = (1..).find(|filler| of(*filler).len() >= TOKEN_BYTES - 1).unwrap();
    assert!(of(filler).len() <= TOKEN_BYTES);
    assert_eq!(desk.judge(&of(filler)).await, Ok(alice()));
    assert_eq!(desk.judge(&of(filler + 3)).await, Err(MALFORMED));
}

#[tokio::test]
async fn alg_none_is_refused() {
    let desk = Desk::new(json!({})).await;
    let good = desk.key.sign(&claims(json!({}))).unwrap();
    let payload = good.split('.').nth(1).unwrap();
    for header in ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJOb25lIn0", "e30"] {
        // {"alg":"none"}, {"alg":"None"}, {}
        assert_eq!(desk.judge(&format!("{header}.{payload}.")).await, Err(INVALID), "{header}");
    }
}

#[tokio::test]
async fn a_public_key_is_no_hs256_secret() {
    for (key, algorithm) in [(fixtures::rs256(), "RS256"), (fixtures::es256(), "ES256")] {
        let verifier = verifier(json!([named(&key, algorithm, json!({}))])).await;
        let jwk = key.public_jwk().unwrap();
        let parsed =
            jsonwebtoken::DecodingKey::from_jwk(&serde_json::from_value(jwk.clone()).unwrap()).unwrap();
        let mut guesses = vec![jwk.to_string().into_bytes()];
        match parsed.kind() {
            jsonwebtoken::DecodingKeyKind::SecretOrDer(bytes) => guesses.push(bytes.clone()),
            jsonwebtoken::DecodingKeyKind::RsaModulusExponent { n, .. } => guesses.push(n.clone()),
        }
        for guess in guesses {
            let token = SigningKey::hs256(&guess).sign(&claims(json!({}))).unwrap();
            assert_eq!(verifier.verify(&token, "ciam", true, NOW).await, Err(INVALID), "{algorithm}");
        }
    }
}

#[tokio::test]
async fn headers_that_bring_keys_or_extensions_are_refused() {
    let desk = Desk::new(json!({})).await;
    assert_eq!(desk.accept_header(|_| {}).await, Ok(alice()));
    let jwk = serde_json::from_value(desk.key.public_jwk().unwrap()).unwrap();
    assert_eq!(desk.accept_header(|header| header.jwk = Some(jwk)).await, Err(INVALID));
    assert_eq!(
        desk.accept_header(|header| header.jku = Some("https://id.example".into())).await,
        Err(INVALID)
    );
    assert_eq!(
        desk.accept_header(|header| header.x5u = Some("https://id.example".into())).await,
        Err(INVALID)
    );
    assert_eq!(desk.accept_header(|header| header.x5c = Some(vec![])).await, Err(INVALID));
    assert_eq!(desk.accept_header(|header| header.crit = Some(vec![])).await, Err(INVALID));
    assert_eq!(desk.accept_header(|header| header.crit = Some(vec!["exp".into()])).await, Err(INVALID));
}

#[tokio::test]
async fn members_that_come_twice_are_refused() {
    let desk = Desk::new(json!({})).await;
    let sign = |members: &[(&str, Value)]| {
        desk.key.sign_with_header(&Header::new(Algorithm::ES256), &Pairs(members)).unwrap()
    };
    let mut members = vec![
        ("iss", json!("https://id.example")),
        ("aud", json!("profiles")),
        ("sub", json!("alice")),
        ("exp", json!(SOON)),
    ];
    assert_eq!(desk.judge(&sign(&members)).await, Ok(alice()));
    members.push(("sub", json!("mallory")));
    assert_eq!(desk.judge(&sign(&members)).await, Err(INVALID));
}

/// An object whose members may come twice, which no `Value` can hold.
struct Pairs<'a>(&'a [(&'a str, Value)]);

impl serde::Serialize for Pairs<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[tokio::test]
async fn issuer_and_audience_must_be_ours() {
    let desk = Desk::new(json!({})).await;
    for iss in [
        json!("https://evil.example"),
        json!("https://id.example/"),
        json!(["https://id.example"]),
        Value::Null,
    ] {
        assert_eq!(desk.accept(json!({ "iss": iss })).await, Err(INVALID), "{iss}");
    }
    for aud in [json!("else"), json!(["else"]), json!([]), json!(7), json!({"profiles": 1}), Value::Null] {
        assert_eq!(desk.accept(json!({ "aud": aud })).await, Err(INVALID), "{aud}");
    }
    for aud in [json!("other"), json!(["else", "profiles"])] {
        assert_eq!(desk.accept(json!({ "aud": aud })).await, Ok(alice()), "{aud}");
    }
}

#[tokio::test]
async fn a_token_is_good_on_its_issuer_s_contracts_only() {
    let desk = Desk::new(json!({})).await;
    let token = desk.key.sign(&claims(json!({}))).unwrap();
    assert_eq!(desk.verifier.verify(&token, "ciam", true, NOW).await, Ok(alice()));
    assert_eq!(desk.verifier.verify(&token, "authms", true, NOW).await, Err(INVALID));
}

#[tokio::test]
async fn each_issuer_has_its_own_keys() {
    let (one, two) = (fixtures::es256(), fixtures::es256());
    let other = json!({"issuer": "https://two.example"});
    let verifier =
        verifier(json!([named(&one, "ES256", json!({})), named(&two, "ES256", other.clone())])).await;
    let judge = async |key: &SigningKey, changes| {
        verifier.verify(&key.sign(&claims(changes)).unwrap(), "ciam", true, NOW).await
    };
    let second = json!({"iss": "https://two.example"});
    assert_eq!(judge(&one, json!({})).await, Ok(alice()));
    assert_eq!(judge(&two, second.clone()).await, Ok(alice()));
    assert_eq!(judge(&one, second).await, Err(INVALID));
    assert_eq!(judge(&two, json!({})).await, Err(INVALID));
}

#[tokio::test]
async fn tokens_without_issuer_stay_on_their_contract() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let key = fixtures::es256();
    let both = json!({"contracts": ["ciam", "wts"]});
    let verifier = verifier(json!([named(&key, "ES256", both), unnamed(&file, json!({}))])).await;
    let wts = json!({"openid": "alice", "access": "user", "exp": SOON});
    let sign = |changes: Value| fixtures::hs256().sign(&with(wts.clone(), changes)).unwrap();
    let good = VerifiedToken { roles: vec!["user".into()], ..alice() };
    assert_eq!(verifier.verify(&sign(json!({})), "wts", false, NOW).await, Ok(good));
    for bad in [
        json!({"iss": "https://id.example"}),
        json!({"aud": "profiles"}),
        json!({"iss": 7}),
        json!({"sub": "bob", "openid": null}),
    ] {
        assert_eq!(verifier.verify(&sign(bad.clone()), "wts", false, NOW).await, Err(INVALID), "{bad}");
    }
    // On other contracts, and with the other kind of token here.
    let borrowed = sign(json!({"iss": "https://id.example", "aud": "profiles", "sub": "alice"}));
    for (token, contract, named) in [
        (sign(json!({})), "ciam", true),
        (sign(json!({})), "ciam", false),
        (sign(json!({})), "wts", true),
        (borrowed, "ciam", true),
        (key.sign(&claims(json!({"openid": "alice"}))).unwrap(), "wts", false),
    ] {
        assert_eq!(verifier.verify(&token, contract, named, NOW).await, Err(INVALID), "{contract} {named}");
    }
}

#[tokio::test]
async fn a_kid_names_its_key() {
    let (one, two) = (fixtures::es256().with_kid("1"), fixtures::es256().with_kid("2"));
    let both = json!({"jwks": {"keys": [one.public_jwk(), two.public_jwk()]}});
    let verifier = verifier(json!([named(&one, "ES256", both)])).await;
    let judge = async |key: &SigningKey, kid: Option<&str>| {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::ES256) };
        let token = key.sign_with_header(&header, &claims(json!({}))).unwrap();
        verifier.verify(&token, "ciam", true, NOW).await
    };
    for key in [&one, &two] {
        assert_eq!(judge(key, None).await, Ok(alice()));
    }
    assert_eq!(judge(&two, Some("2")).await, Ok(alice()));
    assert_eq!(judge(&two, Some("1")).await, Err(INVALID));
    assert_eq!(judge(&two, Some("3")).await, Err(INVALID));
}

#[tokio::test]
async fn the_header_s_alg_must_be_the_issuer_s() {
    let der = crate::auth::generate_es256_pkcs8().unwrap();
    let key = SigningKey::es256_pkcs8(&der).unwrap();
    let verifier = verifier(json!([named(&key, "ES256", json!({}))])).await;
    let good = key.sign(&claims(json!({}))).unwrap();
    let payload = good.split('.').nth(1).unwrap();
    // {"alg":"ES256"} and {"alg":"ES384"}, both signed by ES256.
    for (header, outcome) in [("eyJhbGciOiJFUzI1NiJ9", Ok(alice())), ("eyJhbGciOiJFUzM4NCJ9", Err(INVALID))] {
        let message = format!("{header}.{payload}");
        let private = jsonwebtoken::EncodingKey::from_ec_der(&der);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &private, Algorithm::ES256).unwrap();
        assert_eq!(verifier.verify(&format!("{message}.{signature}"), "ciam", true, NOW).await, outcome);
    }
}

/// The Lambda runtime takes handlers whose futures may move between threads.
#[tokio::test]
async fn verifying_may_move_between_threads() {
    fn movable<T: Send>(future: T) -> T {
        future
    }
    let desk = Desk::new(json!({})).await;
    let token = desk.key.sign(&claims(json!({}))).unwrap();
    assert_eq!(movable(desk.verifier.verify(&token, "ciam", true, NOW)).await, Ok(alice()));
}
