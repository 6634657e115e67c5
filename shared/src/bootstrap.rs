//! What a function does once, in INIT, before its first request.

use crate::auth::{IssuerEntry, KeySources, TokenVerifier};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ConfigError, Settings};
use crate::entropy::SystemEntropy;
use crate::ground::Ground;
use crate::http::{Answer, Caller, Contract, Endpoint, Event, Pipeline, Stack};
use crate::sdk::{named, sdk_config};
use crate::store::ProfileStore;
use crate::telemetry::{self, Telemetry};
use crate::trigger::Trigger;
use lambda_http::Error;
use lambda_http::lambda_runtime::{LambdaEvent, run, service_fn};
use std::sync::Arc;

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
    run(service_fn(move |invocation: LambdaEvent<Event>| {
        let pipeline = Arc::clone(&pipeline);
        async move {
            let LambdaEvent { payload, context } = invocation;
            Ok::<Answer, Error>(pipeline.handle(payload, context.xray_trace_id.as_deref()).await)
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
    run(service_fn(move |invocation: LambdaEvent<T::Event>| {
        let trigger = Arc::clone(&trigger);
        async move {
            let LambdaEvent { payload, context } = invocation;
            Ok::<T::Answer, Error>(trigger.handle(payload, context.xray_trace_id.as_deref()).await)
        }
    }))
    .await
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
