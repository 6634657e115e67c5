//! Changes out, to other systems and to the people concerned; sync requests in.

mod change;
mod effect;
mod forgetting;
mod history;
mod notice;
mod publish;
pub mod request;
pub mod source;
pub mod sync;

pub use change::{Change, Kind, SCHEMA_VERSION, Values};
pub use effect::{Applied, Effect, GIVE_UP_AFTER_SECONDS, apply_all};
pub use forgetting::Forgetting;
pub use history::History;
pub use notice::Notices;
pub use publish::Publisher;
