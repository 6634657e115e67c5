//! The whole project's tests over the wire: contracts, store, races, and the real binaries.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod calls;
mod cognito;
mod events;
mod one_profile;
mod races;
mod store;
mod sync;
mod sync_batch;
mod sync_order;
