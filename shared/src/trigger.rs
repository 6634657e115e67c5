//! Functions that no HTTP request invokes: DynamoDB's stream, a queue, another service.

use crate::clock::Clock;
use crate::config::Settings;
use crate::entropy::Entropy;
use crate::store::ProfileStore;
use aws_config::SdkConfig;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::sync::Arc;

/// What a trigger stands on; made once, in INIT.
#[derive(Clone)]
pub struct Ground {
    /// For clients of other services.
    pub sdk: SdkConfig,
    /// The table.
    pub store: ProfileStore,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// A function that another service invokes.
pub trait Trigger: Sized + Send + Sync + 'static {
    /// Its binary's name, in logs.
    const NAME: &'static str;
    /// The invocation event. Must read whatever the service may send: what cannot be read fails the invocation.
    type Event: DeserializeOwned + Send;
    /// What the service is answered.
    type Answer: Serialize + Send;

    /// Reads its own settings; what is wrong is collected there.
    fn configure(settings: &mut Settings, ground: Ground) -> Self;

    /// Works on one invocation.
    fn handle(&self, event: Self::Event) -> impl Future<Output = Self::Answer> + Send;
}
