//! Bearer tokens: nobody forges one, and what a signed one says is what counts.

use super::values::text_of;
use crate::NOON;
use crate::keys::{AUDIENCE, ISSUER, Keys};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt;
use serde_json::{Value, json};
use shared::auth::{ApiKey, CredentialError, KeySources, TokenError, TokenVerifier, VerifiedToken};
use shared::config::{Settings, Stage};
use std::sync::LazyLock;

struct Issuers {
    keys: Keys,
    verifier: TokenVerifier,
    /// The signed part of each token that was issued.
    issued: Vec<String>,
    tokens: Vec<String>,
    _directory: tempfile::TempDir,
}

static ISSUERS: LazyLock<Issuers> = LazyLock::new(|| {
    let directory = tempfile::tempdir().unwrap();
    let keys = Keys::open(directory.path());
    let mut settings = Settings::new([("ISSUERS".to_owned(), keys.issuers(None).to_string())].into());
    let entries = settings.issuers("ciam", true, Stage::Dev);
    settings.finish().unwrap();
    let verifier = TokenVerifier::load(entries, KeySources::default()).now_or_never().unwrap().unwrap();
    let now = NOON.seconds();
    let claims =
        |exp: i64| json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "1001", "exp": exp, "roles": ["admin"]});
    let tokens = vec![
        keys.issuer.sign(&claims(now + 60)).unwrap(),
        keys.issuer.sign(&claims(now - 6_000)).unwrap(),
        keys.plain.sign(&claims(now + 60)).unwrap(),
    ];
    let issued = tokens.iter().map(|token| token.rsplit_once('.').unwrap().0.to_owned()).collect();
    Issuers { keys, verifier, issued, tokens, _directory: directory }
});

/// Tokens that were issued: a good one, an expired one, and one of another key; and what a forger makes of them.
pub fn seeds() -> Vec<Vec<u8>> {
    let issued = &ISSUERS.tokens;
    let [header, _, signature] = issued[0].split('.').collect::<Vec<_>>()[..] else {
        panic!("a token has three parts")
    };
    // The claims of another token under this one's signature, claims of one's own, and no signature at all.
    let foreign = issued[2].split('.').nth(1).unwrap();
    let own = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "2002", "exp": NOON.seconds() + 60}).to_string();
    let own = URL_SAFE_NO_PAD.encode(own);
    let forged = [
        format!("{header}.{foreign}.{signature}"),
        format!("{header}.{own}.{signature}"),
        format!("{header}.{own}."),
        format!("{}.{own}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#)),
        "ak-abababababababababababababababab".to_owned(),
    ];
    issued.iter().cloned().chain(forged).map(String::into_bytes).collect()
}

fn verify(token: &str) -> Result<VerifiedToken, TokenError> {
    let verified = ISSUERS.verifier.verify(token, "ciam", true, NOON).now_or_never();
    verified.expect("the keys are at hand")
}

/// Only what was issued is believed, letter for letter of what was signed.
pub fn token(input: &[u8]) {
    let token = text_of(input);
    match verify(&token) {
        Ok(_) | Err(TokenError::Refused(CredentialError::Expired)) => {
            let signed = token.rsplit_once('.').unwrap().0;
            assert!(ISSUERS.issued.iter().any(|issued| issued == signed), "a forged token");
        }
        Err(TokenError::Refused(error)) => {
            assert!(matches!(error, CredentialError::Malformed | CredentialError::Invalid));
        }
        Err(TokenError::KeysUnavailable) => panic!("the keys are at hand"),
    }
    if let Ok(key) = ApiKey::parse(&token) {
        assert_eq!(key.expose(), token);
        assert_eq!(key.digest().len(), 64);
    }
}

/// Of claims that were signed, those are believed that are for this service, of this time, and of a user.
pub fn claims(input: &[u8]) {
    let Ok(claims @ Value::Object(_)) = serde_json::from_slice::<Value>(input) else { return };
    let Ok(token) = ISSUERS.keys.issuer.sign(&claims) else { return };
    match verify(&token) {
        Ok(verified) => {
            assert_eq!(claims["iss"], ISSUER);
            assert!(
                claims["aud"] == AUDIENCE
                    || claims["aud"].as_array().is_some_and(|aud| aud.contains(&json!(AUDIENCE)))
            );
            assert_eq!(claims["sub"].as_str(), Some(verified.subject.as_str()));
            // The leeway is 60 seconds at most.
            assert!(claims["exp"].as_f64().unwrap() > (NOON.seconds() - 61) as f64);
            assert!(claims.get("nbf").is_none_or(|nbf| nbf.as_f64().unwrap() < (NOON.seconds() + 61) as f64));
            assert!(verified.scopes.iter().all(|scope| !scope.contains(' ') || claims["scope"].is_array()));
        }
        Err(TokenError::Refused(error)) => assert!(!matches!(error, CredentialError::Missing)),
        Err(TokenError::KeysUnavailable) => panic!("the keys are at hand"),
    }
}
