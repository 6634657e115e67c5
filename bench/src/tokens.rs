//! Token issuers of the benchmark's own, one for each algorithm.

use local::failure::{Context, Result};
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::{Value as Json, json};
use shared::auth::{SigningKey, generate_es256_pkcs8};
use shared::clock::{Clock, SystemClock};
use std::path::{Path, PathBuf};

/// How tokens are signed (RFC 7518, RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// RSASSA-PKCS1-v1_5, 2048 bits.
    Rs256,
    /// ECDSA on P-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

/// Signs tokens, and says what to trust.
pub struct Issuer {
    key: SigningKey,
    secret_file: Option<PathBuf>,
    algorithm: Algorithm,
}

/// The tokens' issuer (`iss`).
pub const ISSUER: &str = "https://issuer.bench";
/// Whom the tokens are for (`aud`).
pub const AUDIENCE: &str = "bench";
const SECRET: &[u8] = b"the benchmark's secret, 256 bits and more";

/// The repository's RSA key: nothing but tests trusts it, and ring makes none.
const RSA: &[u8] = include_bytes!("../../shared/src/auth/fixtures/test-only-rsa-2048.der");

impl Issuer {
    /// One that signs with `algorithm`. A secret is written into `directory`.
    ///
    /// # Errors
    /// When a key cannot be made or the secret not be written.
    pub fn new(algorithm: Algorithm, directory: &Path) -> Result<Self> {
        let mut secret_file = None;
        let key = match algorithm {
            Algorithm::Hs256 => {
                let path = directory.join("hs256.secret");
                std::fs::write(&path, SECRET).context(path.display())?;
                secret_file = Some(path);
                SigningKey::hs256(SECRET)
            }
            Algorithm::Rs256 => SigningKey::rs256_der(RSA).context("RS256")?,
            Algorithm::Es256 => {
                SigningKey::es256_pkcs8(&generate_es256_pkcs8().context("ES256")?).context("ES256")?
            }
            Algorithm::EdDsa => {
                let key = KeyPair::generate_for(&PKCS_ED25519).context("EdDSA")?;
                SigningKey::ed25519_pkcs8(&key.serialize_der()).context("EdDSA")?
            }
        };
        Ok(Self { key: key.with_kid("bench"), secret_file, algorithm })
    }

    /// The functions' `ISSUERS`.
    pub fn issuers(&self) -> String {
        let (name, contracts) = (self.name(), ["authms", "ciam", "cloudbase"]);
        let mut issuer = json!({
            "issuer": ISSUER, "algorithms": [name], "audience": AUDIENCE, "contracts": contracts,
            "subjects": "shared", "grants_admin": true,
        });
        match &self.secret_file {
            Some(path) => issuer["secret_file"] = json!(path),
            None => issuer["jwks"] = json!({"keys": [self.key.public_jwk()]}),
        }
        Json::Array(vec![issuer]).to_string()
    }

    /// How its tokens are signed.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The file that holds the secret of HS256; `None` for the other algorithms.
    pub fn secret_file(&self) -> Option<&Path> {
        self.secret_file.as_deref()
    }

    /// The algorithm's name in a token's header.
    pub const fn name(&self) -> &'static str {
        match self.algorithm {
            Algorithm::Hs256 => "HS256",
            Algorithm::Rs256 => "RS256",
            Algorithm::Es256 => "ES256",
            Algorithm::EdDsa => "EdDSA",
        }
    }

    /// A token for a user, good for `seconds`; no longer good where that is negative.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn token(&self, user: &str, seconds: i64) -> Result<String> {
        let now = SystemClock.now().seconds();
        let issued = now + seconds.min(0) * 2;
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": user, "scope": "openid", "iat": issued, "exp": now + seconds,
        });
        self.key.sign(&claims).context("no token")
    }
}
