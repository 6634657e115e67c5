//! What other systems are told of changes.

mod change;
mod effect;
mod publish;

pub use change::{Change, Kind, SCHEMA_VERSION, Values};
pub use effect::{Applied, Effect, GIVE_UP_AFTER_SECONDS, apply_all};
pub use publish::Publisher;
