//! Load on a local stack that runs as a process of its own, as its callers see it: requests of all five contracts, each
//! with values that no other has, so that it can be told afterwards which of them took effect.

mod caller;
mod change;
mod process;
mod table;

pub use caller::{Caller, Lost};
pub use change::{Change, Trouble, User, bio, sync_request};
pub(crate) use change::{phone, source};
pub use process::{Footprint, Process};
pub use table::findings;
