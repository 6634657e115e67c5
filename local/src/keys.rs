//! Keys of the stack's own token issuers, made on first start and kept in the data directory.
//!
//! One issuer signs ES256 tokens and is trusted by its public key; the other stands for the WTS one and shares an HS256
//! secret with the functions, which may read it from a file only because the local stage is `dev`.

use crate::failure::{Context, Failure, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value as Json, json};
use shared::entropy::{Entropy, SystemEntropy, bytes};
use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// `iss` of the tokens that the local stack signs with its ES256 key.
pub const ISSUER: &str = "https://issuer.local";

/// `aud` of those tokens.
pub const AUDIENCE: &str = "profiles";

/// The keys in a data directory. What is secret stays in the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// ES256 private key, PKCS#8 DER.
    pub private_key: PathBuf,
    /// Its public half as a JSON Web Key Set (RFC 7517).
    pub key_set: PathBuf,
    /// HS256 secret of the WTS issuer: 32 bytes.
    pub wts_secret: PathBuf,
}

impl Keys {
    /// The keys of a data directory; those that are missing are made.
    ///
    /// # Errors
    /// When the files cannot be read or written.
    pub fn open(data: &Path, entropy: &dyn Entropy) -> Result<Self> {
        let directory = data.join("keys");
        DirBuilder::new().recursive(true).mode(0o700).create(&directory).context(directory.display())?;
        // Functions run elsewhere and need the whole path.
        let directory = directory.canonicalize().context(directory.display())?;
        let keys = Self {
            private_key: directory.join("issuer-es256.pk8"),
            key_set: directory.join("issuer-jwks.json"),
            wts_secret: directory.join("wts-hs256.key"),
        };
        if !keys.private_key.exists() {
            write_new(&keys.private_key, &new_private_key()?)?;
        }
        let set = key_set(&keys.read_private_key()?)?;
        std::fs::write(&keys.key_set, format!("{set:#}\n")).context(keys.key_set.display())?;
        if !keys.wts_secret.exists() {
            write_new(&keys.wts_secret, &bytes::<32>(entropy))?;
        }
        Ok(keys)
    }

    /// The ES256 private key, PKCS#8 DER.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read_private_key(&self) -> Result<Vec<u8>> {
        std::fs::read(&self.private_key).context(self.private_key.display())
    }

    /// The HS256 secret of the WTS issuer.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read_wts_secret(&self) -> Result<Vec<u8>> {
        std::fs::read(&self.wts_secret).context(self.wts_secret.display())
    }

    /// The key set that verifies the stack's tokens.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read_key_set(&self) -> Result<Json> {
        let text = std::fs::read_to_string(&self.key_set).context(self.key_set.display())?;
        serde_json::from_str(&text).context(self.key_set.display())
    }

    /// The functions' `ISSUERS`: whom to trust for what. Holds public keys and the secret's path, no secret.
    ///
    /// # Errors
    /// When the key set cannot be read.
    pub fn issuers(&self) -> Result<Json> {
        Ok(json!([
            {
                "issuer": ISSUER,
                "algorithms": ["ES256"],
                "jwks": self.read_key_set()?,
                "audience": AUDIENCE,
                "contracts": ["authms", "ciam", "cloudbase"],
                "subjects": "shared",
                "grants_admin": true,
            },
            {
                "algorithms": ["HS256"],
                "secret_file": self.wts_secret,
                "contracts": ["wts"],
                "subjects": "shared",
                "grants_admin": true,
                "claims": {"subject": "openid", "roles": "access"},
            },
        ]))
    }
}

/// A file that only its owner may read, and that must not be there yet. It appears whole or not at all.
fn write_new(path: &Path, content: &[u8]) -> Result<()> {
    let unfinished = path.with_extension("new");
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).context(unfinished.display()),
        _ => {}
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished);
    let written = file.and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()));
    written.and_then(|()| std::fs::rename(&unfinished, path)).context(path.display())
}

#[expect(clippy::disallowed_methods, reason = "ring makes keys from no other source of randomness")]
fn new_private_key() -> Result<Vec<u8>> {
    let random = ring::rand::SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
    Ok(key.context("no key can be made")?.as_ref().to_vec())
}

/// The key set of a private key. The key's identifier is its thumbprint (RFC 7638), so that another key never has it.
#[expect(clippy::disallowed_methods, reason = "ring asks for a source of randomness to read a key")]
fn key_set(private_key: &[u8]) -> Result<Json> {
    let random = ring::rand::SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private_key, &random);
    let pair = pair.map_err(|_| Failure::new("the private key of the local issuer is damaged"))?;
    // An uncompressed point: one byte that says so, then both coordinates.
    let [4, point @ ..] = pair.public_key().as_ref() else {
        return Err(Failure::new("the public key of the local issuer is damaged"));
    };
    let (x, y) = point.split_at(point.len() / 2);
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    let thumbprint = ring::digest::digest(&ring::digest::SHA256, canonical.as_bytes());
    let kid = URL_SAFE_NO_PAD.encode(thumbprint);
    Ok(
        json!({"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": x, "y": y}]}),
    )
}

/// [`Keys::open`] with the operating system's randomness.
///
/// # Errors
/// As [`Keys::open`].
pub fn open(data: &Path) -> Result<Keys> {
    Keys::open(data, &SystemEntropy::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn keys_are_made_once_and_only_their_owner_reads_them() {
        let data = tempfile::tempdir().unwrap();
        let keys = open(data.path()).unwrap();
        let made =
            (keys.read_private_key().unwrap(), keys.read_wts_secret().unwrap(), keys.issuers().unwrap());
        assert_eq!(open(data.path()).unwrap(), keys);
        assert_eq!(
            made,
            (keys.read_private_key().unwrap(), keys.read_wts_secret().unwrap(), keys.issuers().unwrap())
        );
        assert_eq!(made.1.len(), 32);
        for secret in [&keys.private_key, &keys.wts_secret] {
            assert_eq!(std::fs::metadata(secret).unwrap().permissions().mode() & 0o777, 0o600);
            assert!(secret.is_absolute());
        }
        let other = tempfile::tempdir().unwrap();
        assert_ne!(open(other.path()).unwrap().issuers().unwrap(), made.2);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "ring asks for a source of randomness to sign")]
    fn the_key_set_verifies_what_the_private_key_signs() {
        let data = tempfile::tempdir().unwrap();
        let keys = open(data.path()).unwrap();
        let random = ring::rand::SystemRandom::new();
        let pkcs8 = keys.read_private_key().unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &random).unwrap();
        let signature = pair.sign(&random, b"message").unwrap();
        let set = keys.read_key_set().unwrap();
        let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(set["keys"][0][name].as_str().unwrap()).unwrap();
        let point = [vec![4], coordinate("x"), coordinate("y")].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(b"message", signature.as_ref())
            .unwrap();
    }
}
