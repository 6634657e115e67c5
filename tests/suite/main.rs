//! The whole project's tests over the wire: contracts, store, races, and the real binaries.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod architecture;
mod authms_conditions;
mod authms_fields;
mod authms_pages;
mod authms_problems;
mod authms_reads;
mod binaries;
mod calls;
mod ciam;
mod ciam_codes;
mod ciam_limits;
mod ciam_proofs;
mod ciam_schema;
mod cloudbase;
mod cloudbase_proofs;
mod cloudbase_verification;
mod cloudbase_verification_limits;
mod codes;
mod cognito;
mod contracts;
mod courier;
mod erasure;
mod erasure_aftermath;
mod events;
mod export;
mod history;
mod idempotency;
mod idempotency_crash;
mod kills;
mod lines;
mod notices;
mod permissions;
mod reads;
mod samples;
mod seeds;
mod startup;
mod store;
mod sync;
mod sync_batch;
mod sync_order;
mod system_user;
mod tokens;
mod wts;
