//! What a function does once, in INIT, before its first request.

use crate::auth::{IssuerEntry, KeySources, TokenVerifier};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ConfigError, Settings};
use crate::entropy::SystemEntropy;
use crate::ground::Ground;
use crate::http::{Caller, Contract, Endpoint, Event, Pipeline, Stack};
use crate::sdk::{named, sdk_config};
use crate::store::ProfileStore;
use crate::telemetry::{self, Telemetry};
use crate::trigger::Trigger;
use futures_util::FutureExt;
use lambda_http::Error;
use lambda_http::lambda_runtime::{LambdaEvent, run, service_fn};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// An invocation's event. Why one cannot be read is told without its values, only with the names on the way there: the
/// runtime logs it, and tells the invoker.
struct Payload<T>(T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Payload<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer)
            .map(Self)
            .map_err(|_| D::Error::custom("not of the kind that belongs here"))
    }
}

/// Runs an endpoint as a Lambda function. Where a setting or a key source is wrong, the process
/// ends with one log line that names all that is.
///
/// # Errors
/// When the Runtime API fails.
pub async fn serve<E: Endpoint>() -> Result<(), Error> {
    telemetry::start();
    let pipeline = match start::<E>().await {
        Ok(pipeline) => Arc::new(pipeline),
        Err(error) => {
            tracing::error!(error = %error, "not started");
            std::process::exit(1);
        }
    };
    run(service_fn(move |invocation: LambdaEvent<Payload<Event>>| {
        let pipeline = Arc::clone(&pipeline);
        async move {
            let LambdaEvent { payload: Payload(payload), context } = invocation;
            guarded(pipeline.handle(payload, context.xray_trace_id.as_deref())).await
        }
    }))
    .await
}

/// Runs a trigger as a Lambda function.
///
/// # Errors
/// When a setting is wrong; the one message names all that is.
pub async fn serve_trigger<T: Trigger>() -> Result<(), Error> {
    telemetry::start();
    let mut settings = Settings::new(std::env::vars().collect());
    let config = settings.config();
    let ground = ground(T::NAME, &config);
    let trigger = T::configure(&mut settings, ground);
    if let Err(error) = settings.finish() {
        tracing::error!(error = %error, "not started");
        return Err(error.into());
    }
    let trigger = Arc::new(trigger);
    run(service_fn(move |invocation: LambdaEvent<Payload<T::Event>>| {
        let trigger = Arc::clone(&trigger);
        async move {
            let LambdaEvent { payload: Payload(payload), context } = invocation;
            guarded(trigger.handle(payload, context.xray_trace_id.as_deref())).await
        }
    }))
    .await
}

/// What came of the work. A defect of ours fails the invocation without the panic's message, which may hold what was handed
/// over: the runtime would tell it to the invoker.
async fn guarded<T>(work: impl Future<Output = T>) -> Result<T, Error> {
    // Boxed: futures within futures, deeper than the compiler follows.
    let done = AssertUnwindSafe(Box::pin(work)).catch_unwind().await;
    done.map_err(|_panic| Error::from("a defect; the line `panic` says where"))
}

async fn start<E: Endpoint>() -> Result<Pipeline<E>, ConfigError> {
    let mut settings = Settings::new(std::env::vars().collect());
    let config = settings.config();
    let ground = ground(E::NAME, &config);
    let endpoint = E::configure(&mut settings, &ground);
    let contract = E::Contract::NAME;
    let mut issuers = match E::Caller::token_names_issuer::<E::Contract>() {
        Some(named) => settings.issuers(contract, named, config.stage),
        None => Vec::new(),
    };
    // Keys that no token of this contract can need are neither read nor in the way when they cannot be.
    issuers.retain(|issuer| issuer.serves(contract));
    settings.finish()?;

    let needs_secrets = issuers.iter().any(IssuerEntry::needs_secrets_manager);
    let secrets_manager = needs_secrets.then(|| aws_sdk_secretsmanager::Client::new(&ground.sdk));
    let tokens = TokenVerifier::load(issuers, KeySources { secrets_manager }).await;
    let tokens = tokens.map_err(|faults| {
        ConfigError(faults.into_iter().map(|fault| format!("ISSUERS {fault}")).collect())
    })?;
    let Ground { store, clock, entropy, telemetry, .. } = ground;
    if E::USES_STORE {
        store.warm_up().await;
    }
    let stack =
        Stack { config: Arc::new(config), store, tokens: Arc::new(tokens), clock, entropy, telemetry };
    Ok(Pipeline::new(stack, endpoint))
}

fn ground(function: &'static str, config: &Config) -> Ground {
    let sdk = named(&sdk_config(), function);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let telemetry = Telemetry::new(config, Arc::clone(&clock), Box::new(telemetry::standard_output));
    Ground {
        store: ProfileStore::new(aws_sdk_dynamodb::Client::new(&sdk), config.table.clone()),
        sdk,
        clock,
        entropy: Arc::new(SystemEntropy::new()),
        telemetry: Arc::new(telemetry),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_fails_the_invocation_without_its_message() {
        let work = async { panic!("no char boundary in zoe@example.com") };
        let error = guarded::<()>(work).await.unwrap_err();
        assert_eq!(error.to_string(), "a defect; the line `panic` says where");
        assert_eq!(guarded(async { 7 }).await.unwrap(), 7);
    }
}
