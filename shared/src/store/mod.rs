//! The one table. The only place that knows DynamoDB.

mod access;
mod challenge;
mod companion;
mod erasure;
mod expression;
mod history;
mod idempotency;
mod image;
mod item;
mod keys;
mod limit;
mod mark;
mod meter;
mod notice;
mod partition;
mod profile_store;
mod stream;
mod survey;
mod write;

pub use access::{StoredApiKey, StoredClient};
pub use challenge::{Bound, Challenge, GUESSES, Guess, Mac, OpenError};
pub use companion::Companion;
pub use history::{HISTORY_BATCH, HistoryCursor, HistoryEntry, HistoryPage};
pub use idempotency::{Made, Recorded, Slot};
pub use image::Image;
pub use item::{ActorKind, ChangedBy, Item, Record};
pub use keys::{Key, claim_key};
pub use limit::{Limit, Limited};
pub use mark::Mark;
pub use meter::Usage;
pub use profile_store::{ProfileStore, StoreError};
pub use stream::{StreamRecord, Undecodable};
pub use survey::Page;
pub use write::{IfMissing, Precondition, Versions, Write, WriteError};
