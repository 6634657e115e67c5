//! The one table. The only place that knows DynamoDB.

mod access;
mod companion;
mod expression;
mod item;
mod keys;
mod mark;
mod profile_store;
mod write;

pub use access::StoredApiKey;
pub use companion::Companion;
pub use item::{ActorKind, ChangedBy, Item, Record};
pub use keys::{Key, claim_key};
pub use mark::Mark;
pub use profile_store::{ProfileStore, StoreError};
pub use write::{IfMissing, Precondition, Versions, Write, WriteError};
