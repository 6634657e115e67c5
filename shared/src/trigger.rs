//! Functions that no HTTP request invokes: DynamoDB's stream, a queue, another service.

use crate::config::Settings;
use crate::ground::Ground;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;

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

    /// Works on one invocation; `x_ray` is the trace header that came with it.
    fn handle(&self, event: Self::Event, x_ray: Option<&str>) -> impl Future<Output = Self::Answer> + Send;
}
