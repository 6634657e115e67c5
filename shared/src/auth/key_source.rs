//! Where an issuer's keys are read from, and when they are read again.

use super::issuer::{IssuerEntry, KeyOrigin};
use super::key_set::KeySet;
use crate::clock::Timestamp;
use aws_sdk_secretsmanager::Client as SecretsManager;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::byte_stream::ByteStream;
use futures_util::lock::Mutex;
use jsonwebtoken::Algorithm;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use url::Url;

/// The largest key set that is read from a URL, bytes.
const KEY_SET_BYTES: usize = 64 * 1024;

/// How long a key set may take to arrive.
const KEY_SET_TIMEOUT: Duration = Duration::from_secs(2);

/// The least time between two readings for the same issuer, milliseconds.
const REFRESH_MILLIS: u64 = 60_000;

/// What reading keys needs from outside. A client that no entry needs may be left out.
#[derive(Clone, Debug, Default)]
pub struct KeySources {
    /// Reads HS256 secrets; its own time-outs bound how long a request waits for one.
    pub secrets_manager: Option<SecretsManager>,
}

/// The keys of one issuer as last read, and how to read them again.
#[derive(Debug)]
pub(super) struct KeySource {
    issuer: String,
    algorithm: Algorithm,
    origin: Origin,
    /// `None` until the first reading succeeds; a later failure leaves the keys as they are.
    keys: RwLock<Option<Arc<KeySet>>>,
    /// When they were last read again, well or not. Held while reading, so that whoever else wants it waits for
    /// the outcome.
    last_refresh: Mutex<Option<Timestamp>>,
}

#[derive(Debug)]
enum Origin {
    /// Read once.
    Fixed,
    Url(Connector, Url),
    Secret(SecretsManager, String),
}

impl KeySource {
    /// Reads the keys for the first time. Only a URL that does not answer is no error: it is asked again when the
    /// first token comes.
    pub(super) async fn load(entry: &IssuerEntry, sources: &KeySources) -> Result<Self, String> {
        let algorithm = entry.algorithm;
        let (origin, keys) = match &entry.keys {
            KeyOrigin::Inline(keys) => (Origin::Fixed, Some(keys.clone())),
            KeyOrigin::File(path) => {
                let keys = read(path).and_then(|json| KeySet::parse(&json, algorithm));
                (Origin::Fixed, Some(keys.map_err(|reason| format!("jwks_file {reason}"))?))
            }
            KeyOrigin::SecretFile(path) => {
                let keys = read(path).and_then(|text| KeySet::secret_text(&text));
                (Origin::Fixed, Some(keys.map_err(|reason| format!("secret_file {reason}"))?))
            }
            KeyOrigin::SecretArn(arn) => {
                let client =
                    sources.secrets_manager.clone().ok_or("secret_arn needs a Secrets Manager client")?;
                let origin = Origin::Secret(client, arn.clone());
                let keys = origin.read(algorithm).await.map_err(|reason| format!("secret_arn {reason}"))?;
                (origin, Some(keys))
            }
            KeyOrigin::Url(url) => {
                let origin = Origin::Url(connector(), url.clone());
                let keys = origin.read(algorithm).await;
                if let Err(reason) = &keys {
                    tracing::warn!(
                        issuer = entry.name(),
                        "jwks_url {reason}; it is asked again on first use"
                    );
                }
                (origin, keys.ok())
            }
        };
        Ok(Self {
            issuer: entry.name().to_owned(),
            algorithm,
            origin,
            keys: RwLock::new(keys.map(Arc::new)),
            last_refresh: Mutex::new(None),
        })
    }

    /// The keys as last read.
    pub(super) fn current(&self) -> Option<Arc<KeySet>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether keys that do not verify a token are worth reading again: for a secret always, since it may have
    /// been rotated; for a key set when it has no key of the token's `kid`, or the token names none.
    pub(super) fn may_have_changed(&self, keys: &KeySet, kid: Option<&str>) -> bool {
        match self.origin {
            Origin::Fixed => false,
            Origin::Secret(..) => true,
            Origin::Url(..) => kid.is_none() || keys.candidates(kid).is_empty(),
        }
    }

    /// Reads the keys again, at most once a minute, and gives those that are newer than `seen`, if any.
    pub(super) async fn newer_than(&self, seen: Option<&Arc<KeySet>>, now: Timestamp) -> Option<Arc<KeySet>> {
        let mut last_refresh = self.last_refresh.lock().await;
        let newer = self.current().filter(|keys| seen.is_none_or(|seen| !Arc::ptr_eq(keys, seen)));
        if newer.is_some() {
            return newer;
        }
        let recent = |last: Timestamp| now.millis().abs_diff(last.millis()) < REFRESH_MILLIS;
        if last_refresh.is_some_and(recent) {
            return None;
        }
        *last_refresh = Some(now);
        match self.origin.read(self.algorithm).await {
            Ok(keys) => {
                let keys = Arc::new(keys);
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(keys.clone());
                Some(keys)
            }
            Err(reason) => {
                tracing::warn!(issuer = self.issuer, "keys not read again: source {reason}");
                None
            }
        }
    }
}

impl Origin {
    async fn read(&self, algorithm: Algorithm) -> Result<KeySet, String> {
        match self {
            Self::Fixed => Err("does not change".to_owned()),
            Self::Url(connector, url) => {
                let answer = tokio::time::timeout(KEY_SET_TIMEOUT, get(connector, url)).await;
                KeySet::parse(&answer.map_err(|_| "did not answer in time")??, algorithm)
            }
            Self::Secret(client, arn) => {
                let answer = client.get_secret_value().secret_id(arn).send().await;
                // The SDK's error could quote the answer.
                let answer = answer.map_err(|_| "could not be read from Secrets Manager")?;
                match (answer.secret_string(), answer.secret_binary()) {
                    (Some(text), _) => KeySet::secret_text(text.as_bytes()),
                    (None, Some(bytes)) => KeySet::secret(bytes.as_ref()),
                    (None, None) => Err("holds no secret".to_owned()),
                }
            }
        }
    }
}

/// An HTTP client that trusts what the machine trusts, follows no redirect and uses no proxy.
fn connector() -> Connector {
    Connector::builder().tls_provider(tls::Provider::rustls(tls::rustls_provider::CryptoMode::Ring)).build()
}

async fn get(connector: &Connector, url: &Url) -> Result<Vec<u8>, String> {
    let mut request = HttpRequest::get(url.as_str()).map_err(|_| "is no URL to ask")?;
    request.headers_mut().insert("accept", "application/json");
    let response = connector.call(request).await.map_err(|_| "could not be reached")?;
    let status = response.status().as_u16();
    if status != 200 {
        return Err(format!("answered with status {status}"));
    }
    let mut stream = ByteStream::new(response.into_body());
    let mut body = Vec::new();
    while let Some(chunk) = stream.try_next().await.map_err(|_| "broke off its answer")? {
        if body.len() + chunk.len() > KEY_SET_BYTES {
            return Err(format!("is larger than {KEY_SET_BYTES} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("could not be read: {}", error.kind()))
}

#[cfg(test)]
#[path = "key_source_tests.rs"]
mod tests;
