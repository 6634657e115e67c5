//! The settings of AWS clients.
//!
//! `aws-config`'s default chain looks for region and credentials in profile files, containers, instances and at STS as well.
//! Lambda gives a function both in its environment, so only that is read: what is never asked for would be 0.9 MB of each binary.

use crate::config::CA_BUNDLE;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use std::env::{var, var_os};
use std::time::Duration;

/// The certification authorities of AWS endpoints. Loading the system's whole store costs 3 ms of every cold start.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// Before the SDK's second attempt, at most; twice as long before the third. Its default of a second is for services
/// slower than DynamoDB, and for callers more patient than ours.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);

/// What a function's environment says (AWS SDKs and Tools Reference Guide): `AWS_REGION`, the credentials, and where they are
/// set `AWS_ENDPOINT_URL` and those of single services, `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT`,
/// `AWS_CA_BUNDLE`.
pub fn sdk_config() -> SdkConfig {
    let credentials = SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(var("AWS_REGION").ok().map(Region::new))
        .credentials_provider(credentials)
        .service_config(Environment)
        .http_client(http_client())
        .timeout_config(timeouts())
        .retry_config(RetryConfig::standard().with_max_attempts(3).with_initial_backoff(FIRST_BACKOFF))
        // An attempt's time-out covers its body, and ends a stalled one sooner.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.set_endpoint_url(Environment::value("AWS_ENDPOINT_URL"));
    config.set_use_fips(Environment::flag("AWS_USE_FIPS_ENDPOINT"));
    config.set_use_dual_stack(Environment::flag("AWS_USE_DUALSTACK_ENDPOINT"));
    config.build()
}

/// These settings for one function: the user agent of each of its calls names it, which CloudTrail's data events keep.
pub fn named(sdk: &SdkConfig, function: &'static str) -> SdkConfig {
    let name = AppName::new(function).expect("a binary's name is letters, digits and hyphens");
    sdk.to_builder().app_name(name).build()
}

/// Trusts Amazon's roots, or those of `AWS_CA_BUNDLE`. With ring, since aws-lc takes 22 ms more for the first handshake.
fn http_client() -> SharedHttpClient {
    let bundle = var_os(CA_BUNDLE).and_then(|path| std::fs::read(path).ok());
    let roots = TrustStore::empty().with_pem_certificate(bundle.as_deref().unwrap_or(AMAZON_ROOTS));
    let tls =
        TlsContext::builder().with_trust_store(roots).build().expect("the embedded roots are well-formed");
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .build_https()
}

/// Bounds under the functions' own time-out.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .build()
}

/// Settings of single services: `AWS_ENDPOINT_URL_DYNAMODB`.
#[derive(Debug)]
struct Environment;

impl Environment {
    /// Unset and empty are the same.
    fn value(name: &str) -> Option<String> {
        var(name).ok().filter(|value| !value.is_empty())
    }

    fn flag(name: &str) -> Option<bool> {
        Self::value(name).map(|value| value.eq_ignore_ascii_case("true"))
    }
}

impl LoadServiceConfig for Environment {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_uppercase().replace(' ', "_");
        Self::value(&[key.env(), "_", &service].concat())
    }
}
