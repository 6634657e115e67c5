//! The whole project's tests over the wire: contracts, store, races, and the real binaries.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod architecture;
mod authms;
mod authms_conditions;
mod authms_fields;
mod authms_objects;
mod authms_pages;
mod authms_problems;
mod authms_reads;
mod binaries;
mod caller;
mod calls;
mod ciam;
mod ciam_codes;
mod ciam_proofs;
mod ciam_schema;
mod cloudbase;
mod codes;
mod cognito;
mod courier;
mod erasure;
mod erasure_aftermath;
mod events;
mod export;
mod faces;
mod history;
mod idempotency;
mod idempotency_crash;
mod kills;
mod notices;
mod one_profile;
mod permissions;
mod races;
mod reads;
mod samples;
mod seeds;
mod store;
mod sync;
mod sync_batch;
mod sync_order;
mod system_user;
mod tokens;
mod wts;
