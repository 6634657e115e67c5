//! The whole project's tests over the wire: contracts, store, races, and the real binaries.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod architecture;
mod binaries;
mod calls;
mod cloudbase;
mod events;
mod one_profile;
mod races;
mod seeds;
mod store;
mod system_user;
mod wts;
