//! What every function stands on; made once, in INIT.

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::store::ProfileStore;
use crate::telemetry::Telemetry;
use aws_config::SdkConfig;
use std::sync::Arc;

/// What a function is given.
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
    /// Log lines.
    pub telemetry: Arc<Telemetry>,
}
