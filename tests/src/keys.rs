//! Keys of the issuers whose tokens the tests' callers show, and what a stack is told of them.

use serde_json::{Value, json};
use shared::auth::{SigningKey, generate_es256_pkcs8};
use shared::entropy::{SystemEntropy, bytes, hex};
use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Name of the issuer whose tokens callers show.
pub const ISSUER: &str = "https://issuer.test";
/// Name of an issuer that grants no admin.
pub const PLAIN_ISSUER: &str = "https://plain.test";
/// The audience of both.
pub const AUDIENCE: &str = "profiles";

/// The issuers' keys.
pub struct Keys {
    /// Signs for [`ISSUER`].
    pub issuer: SigningKey,
    /// Signs for [`PLAIN_ISSUER`].
    pub plain: SigningKey,
    /// Signs WTS tokens.
    pub wts: SigningKey,
    wts_secret: PathBuf,
}

impl Keys {
    /// The keys in this directory: `issuer.pk8` and `plain.pk8` (ES256, PKCS#8), `wts.key` (HS256, text). Those that
    /// are missing are made, for their owner's eyes only.
    pub fn open(directory: &Path) -> Self {
        DirBuilder::new().recursive(true).mode(0o700).create(directory).unwrap();
        let directory = directory.canonicalize().unwrap();
        let es256 = |name: &str| {
            let der = kept(&directory.join(name), || generate_es256_pkcs8().unwrap());
            SigningKey::es256_pkcs8(&der).unwrap()
        };
        let wts_secret = directory.join("wts.key");
        let secret = kept(&wts_secret, || hex(&bytes::<32>(&SystemEntropy::new())).into_bytes());
        Self {
            issuer: es256("issuer.pk8").with_kid("issuer"),
            plain: es256("plain.pk8").with_kid("plain"),
            wts: SigningKey::hs256(&secret),
            wts_secret,
        }
    }

    /// The value of `ISSUERS` for a stack that trusts them: public keys only. `secret_arn` names the secret in Secrets
    /// Manager that holds `wts.key`; without it, the file itself stands there.
    pub fn issuers(&self, secret_arn: Option<&str>) -> Value {
        let key_set = |key: &SigningKey| json!({"keys": [key.public_jwk().unwrap()]});
        let contracts = ["authms", "ciam", "cloudbase"];
        let mut wts = json!({"algorithms": ["HS256"], "contracts": ["wts"], "subjects": "shared",
            "grants_admin": true, "claims": {"subject": "openid", "roles": "access"}});
        match secret_arn {
            Some(arn) => wts["secret_arn"] = json!(arn),
            None => wts["secret_file"] = json!(self.wts_secret),
        }
        json!([
            {"issuer": ISSUER, "algorithms": ["ES256"], "jwks": key_set(&self.issuer), "audience": AUDIENCE,
             "contracts": contracts, "subjects": "shared", "grants_admin": true},
            {"issuer": PLAIN_ISSUER, "algorithms": ["ES256"], "jwks": key_set(&self.plain), "audience": AUDIENCE,
             "contracts": contracts, "subjects": "shared"},
            wts,
        ])
    }
}

/// What is in the file; what `make` makes where there is none.
fn kept(path: &Path, make: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            let made = make();
            file.write_all(&made).unwrap();
            made
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => std::fs::read(path).unwrap(),
        Err(error) => panic!("{}: {error}", path.display()),
    }
}
