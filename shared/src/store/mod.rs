//! The one table. The only place that knows DynamoDB.

mod access;
mod expression;
mod item;
mod keys;
mod profile_store;
mod write;

pub use access::StoredApiKey;
pub use item::{ActorKind, ChangedBy, Record};
pub use keys::{Key, claim_key};
pub use profile_store::{ProfileStore, StoreError};
pub use write::{IfMissing, Precondition, Versions, Write, WriteError};
