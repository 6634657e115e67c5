//! Keys of the stack's own token issuers, made on first start and kept in the data directory, and tokens signed with them.
//!
//! One issuer signs ES256 tokens and is trusted by its public key; the other stands for the WTS one and shares an HS256
//! secret with the functions, which may read it from a file only because the local stage is `dev`.

use crate::failure::{Context, Failure, Result};
use serde_json::{Value as Json, json};
use shared::auth::{SigningKey, generate_es256_pkcs8};
use shared::clock::Timestamp;
use shared::entropy::{Entropy, bytes, hex};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// `iss` of the tokens that the local stack signs with its ES256 key.
pub const ISSUER: &str = "https://issuer.local";

/// `aud` of those tokens.
pub const AUDIENCE: &str = "profiles";

/// Name of the ES256 key.
const KID: &str = "local";

/// The keys in a data directory. What is secret stays in the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    directory: PathBuf,
}

/// What a token of the ES256 issuer says about its subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims<'a> {
    /// The user.
    pub subject: &'a str,
    /// Scopes, separated by spaces; empty: none.
    pub scope: &'a str,
    /// Whether the subject has the role `admin`.
    pub admin: bool,
    /// When the token was issued.
    pub issued: Timestamp,
    /// Seconds until it is no longer good; negative for one that no longer is.
    pub expires_in: i64,
}

impl Keys {
    /// The keys of a data directory; those that are missing are made.
    ///
    /// # Errors
    /// When the files cannot be read or written.
    pub fn make(data: &Path, entropy: &dyn Entropy) -> Result<Self> {
        let directory = data.join("keys");
        DirBuilder::new().recursive(true).mode(0o700).create(&directory).context(directory.display())?;
        let keys = Self::of(data)?;
        let private_key = keys.private_key();
        if !private_key.exists() {
            write_secret(&private_key, &generate_es256_pkcs8().context("no key can be made")?)?;
        }
        let secret = keys.wts_secret();
        if !secret.exists() {
            // As text: whoever reads it drops a line end after it, which random bytes may have.
            write_secret(&secret, hex(&bytes::<32>(entropy)).as_bytes())?;
        }
        let path = keys.directory.join("issuer-jwks.json");
        std::fs::write(&path, format!("{:#}\n", keys.key_set()?)).context(path.display())?;
        Ok(keys)
    }

    /// The keys that a stack has made in its data directory.
    ///
    /// # Errors
    /// When none were made there.
    pub fn of(data: &Path) -> Result<Self> {
        let directory = data.join("keys");
        // Functions run elsewhere and need the whole path.
        let directory = directory.canonicalize().map_err(|_| {
            let message = "no keys there; `cargo run` and `cargo run -- issuers` make them";
            Failure::new(format!("{}: {message}", directory.display()))
        })?;
        Ok(Self { directory })
    }

    /// The functions' `ISSUERS`: whom to trust for what. Holds public keys and the secret's path, no secret.
    ///
    /// # Errors
    /// When the keys cannot be read.
    pub fn issuers(&self) -> Result<Json> {
        Ok(json!([self.issuer()?, wts_issuer("secret_file", &json!(self.wts_secret()))]))
    }

    /// `ISSUERS` of a deployed stack that is to trust these keys. The secret is taken from Secrets Manager; without
    /// it, WTS has no issuer.
    ///
    /// # Errors
    /// When the keys cannot be read.
    pub fn deployed_issuers(&self, wts_secret_arn: Option<&str>) -> Result<Json> {
        let wts = wts_secret_arn.map(|arn| wts_issuer("secret_arn", &json!(arn)));
        Ok(std::iter::once(self.issuer()?).chain(wts).collect())
    }

    fn issuer(&self) -> Result<Json> {
        Ok(json!({
            "issuer": ISSUER,
            "algorithms": ["ES256"],
            "jwks": self.key_set()?,
            "audience": AUDIENCE,
            "contracts": ["authms", "ciam", "cloudbase"],
            "subjects": "shared",
            "grants_admin": true,
        }))
    }

    /// A token for AuthMS, CIAM and CloudBase.
    ///
    /// # Errors
    /// When the key cannot be read.
    pub fn token(&self, claims: &Claims<'_>) -> Result<String> {
        let mut token = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": claims.subject,
            "iat": claims.issued.seconds(),
            "exp": claims.issued.seconds() + claims.expires_in,
        });
        if !claims.scope.is_empty() {
            token["scope"] = json!(claims.scope);
        }
        if claims.admin {
            token["roles"] = json!(["admin"]);
        }
        self.issuer_key()?.sign(&token).context("the token cannot be signed")
    }

    /// A token for WTS: who, and with which access level. It is good for `expires_in` seconds from `issued` on.
    ///
    /// # Errors
    /// When the secret cannot be read.
    pub fn wts_token(
        &self,
        openid: &str,
        access: &str,
        issued: Timestamp,
        expires_in: i64,
    ) -> Result<String> {
        let token = json!({"openid": openid, "access": access, "exp": issued.seconds() + expires_in});
        let secret = read(&self.wts_secret())?;
        SigningKey::hs256(&secret).sign(&token).context("the token cannot be signed")
    }

    /// A secret of the stack's that is made on first use and kept beside the keys.
    pub(crate) fn kept_secret(&self, name: &str, make: impl FnOnce() -> String) -> Result<String> {
        let path = self.directory.join(name);
        self.alone(|| if path.exists() { Ok(()) } else { write_secret(&path, make().as_bytes()) })?;
        String::from_utf8(read(&path)?).context(path.display())
    }

    /// Puts another secret in the place of one that is kept, or the first, and says where it is.
    pub(crate) fn replace_secret(&self, name: &str, secret: &str) -> Result<PathBuf> {
        let path = self.directory.join(name);
        self.alone(|| write_secret(&path, secret.as_bytes()))?;
        Ok(path)
    }

    /// Writes while nobody else does, in this process or in another one.
    fn alone(&self, write: impl FnOnce() -> Result<()>) -> Result<()> {
        let directory =
            File::open(&self.directory).and_then(|directory| directory.lock().map(|()| directory));
        let directory = directory.context(self.directory.display())?;
        let written = write();
        // Closing it is not enough: a process that is just being started has it open until it is its own program.
        directory.unlock().context(self.directory.display())?;
        written
    }

    fn private_key(&self) -> PathBuf {
        self.directory.join("issuer-es256.pk8")
    }

    /// The file with the secret of WTS tokens.
    pub fn wts_secret(&self) -> PathBuf {
        self.directory.join("wts-hs256.key")
    }

    fn issuer_key(&self) -> Result<SigningKey> {
        let path = self.private_key();
        Ok(SigningKey::es256_pkcs8(&read(&path)?).context(path.display())?.with_kid(KID))
    }

    fn key_set(&self) -> Result<Json> {
        let key = self.issuer_key()?.public_jwk();
        Ok(json!({"keys": [key.ok_or_else(|| Failure::new("the issuer's key has no public half"))?]}))
    }
}

fn wts_issuer(source: &str, secret: &Json) -> Json {
    json!({
        "algorithms": ["HS256"],
        source: secret,
        "contracts": ["wts"],
        "subjects": "shared",
        "grants_admin": true,
        "claims": {"subject": "openid", "roles": "access"},
    })
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).context(path.display())
}

/// Writes a file that only its owner may read. It appears whole or not at all.
fn write_secret(path: &Path, content: &[u8]) -> Result<()> {
    let unfinished = path.with_extension("new");
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).context(unfinished.display()),
        _ => {}
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished);
    let written = file.and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()));
    written.and_then(|()| std::fs::rename(&unfinished, path)).context(path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::auth::{CredentialError, KeySources, TokenVerifier, parse_issuers};
    use shared::entropy::SystemEntropy;
    use std::collections::BTreeSet;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    fn make(data: &Path) -> Keys {
        Keys::make(data, &SystemEntropy::new()).unwrap()
    }

    #[test]
    fn keys_are_made_once_and_only_their_owner_reads_them() {
        let data = tempfile::tempdir().unwrap();
        let keys = make(data.path());
        let files = || -> BTreeSet<(String, u32, Vec<u8>)> {
            let files = std::fs::read_dir(data.path().join("keys")).unwrap().map(|file| {
                let file = file.unwrap();
                let mode = file.metadata().unwrap().permissions().mode() & 0o777;
                (file.file_name().into_string().unwrap(), mode, std::fs::read(file.path()).unwrap())
            });
            files.collect()
        };
        let (issuers, made) = (keys.issuers().unwrap(), files());
        assert_eq!((make(data.path()).issuers().unwrap(), files()), (issuers.clone(), made.clone()));
        let modes: Vec<(&str, u32)> =
            made.iter().map(|(name, mode, _)| (name.as_str(), mode & 0o077)).collect();
        assert_eq!(modes[0], ("issuer-es256.pk8", 0));
        assert_eq!(modes[1].0, "issuer-jwks.json");
        assert_eq!(modes[2..], [("wts-hs256.key", 0)]);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(make(other.path()).issuers().unwrap(), issuers);
    }

    #[test]
    fn of_those_who_want_a_secret_at_the_same_time_one_makes_it() {
        let data = tempfile::tempdir().unwrap();
        let keys = make(data.path());
        let made = AtomicUsize::new(0);
        let start = Barrier::new(16);
        let kept: BTreeSet<String> = thread::scope(|scope| {
            let want = || {
                start.wait();
                let make = || format!("secret {}", made.fetch_add(1, Ordering::Relaxed));
                keys.kept_secret("demo.key", make).unwrap()
            };
            let wanting: Vec<_> = (0..16).map(|_| scope.spawn(want)).collect();
            wanting.into_iter().map(|wanting| wanting.join().unwrap()).collect()
        });
        assert_eq!(kept, BTreeSet::from(["secret 0".to_owned()]));
        assert_eq!(made.into_inner(), 1);
    }

    #[test]
    fn a_deployed_stack_is_given_public_keys_and_the_name_of_a_secret() {
        let data = tempfile::tempdir().unwrap();
        let keys = make(data.path());
        let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:wts-AbCdEf";
        let [without, with] = [None, Some(arn)].map(|arn| keys.deployed_issuers(arn).unwrap());
        let local = keys.issuers().unwrap();
        assert_eq!(without, json!([local[0]]));
        assert_eq!((&with[0], &with[1]["secret_arn"], &with[2]), (&local[0], &json!(arn), &Json::Null));
        for issuers in [without, with] {
            // As a stage other than `dev` reads it.
            assert!(parse_issuers(&issuers.to_string(), false).is_ok(), "{issuers}");
            let secret = String::from_utf8(read(&keys.wts_secret()).unwrap()).unwrap();
            assert!(!issuers.to_string().contains(&secret));
        }
    }

    #[tokio::test]
    async fn functions_accept_the_tokens_each_on_its_contracts() {
        let data = tempfile::tempdir().unwrap();
        let keys = make(data.path());
        let issuers = || parse_issuers(&keys.issuers().unwrap().to_string(), true).unwrap();
        let verifier = TokenVerifier::load(issuers(), KeySources::default()).await.unwrap();
        let now = Timestamp::from_millis(1_000_000_000);
        let claims = Claims { subject: "alice", scope: "openid", admin: true, issued: now, expires_in: 600 };
        let token = keys.token(&claims).unwrap();
        let wts = keys.wts_token("bob", "chief", now, 600).unwrap();
        for contract in ["authms", "ciam", "cloudbase"] {
            let verified = verifier.verify(&token, contract, true, now).await.unwrap();
            assert_eq!((verified.subject.as_str(), verified.grants_admin), ("alice", true));
            assert_eq!(
                verifier.verify(&wts, contract, true, now).await.err(),
                Some(CredentialError::Invalid.into())
            );
        }
        assert_eq!(verifier.verify(&wts, "wts", false, now).await.unwrap().subject.as_str(), "bob");
        assert_eq!(
            verifier.verify(&token, "wts", false, now).await.err(),
            Some(CredentialError::Invalid.into())
        );
        let later = now.plus_seconds(661);
        assert_eq!(
            verifier.verify(&token, "authms", true, later).await.err(),
            Some(CredentialError::Expired.into())
        );
    }
}
