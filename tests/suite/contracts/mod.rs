//! What each contract promises to whoever has a URL: cases that run in this process, and unchanged against the stack that
//! `PROFILE_STACK` names.
//!
//! They see a stack as [`tests::Stage`] shows it. Whatever turns the clock, counts calls of the database, injects faults or
//! wants settings of its own is a case beside this folder. Only that nothing was asked of the database may be said here as
//! well: [`tests::Stage::unasked`] looks where it can.

pub mod authms;
pub mod authms_conditions;
pub mod authms_fields;
pub mod authms_objects;
pub mod authms_pages;
pub mod authms_problems;
pub mod authms_reads;
pub mod caller;
pub mod ciam;
pub mod ciam_proofs;
pub mod ciam_schema;
pub mod cloudbase;
pub mod erasure;
pub mod faces;
pub mod idempotency;
pub mod one_profile;
pub mod permissions;
pub mod races;
pub mod reads;
pub mod rights;
pub mod system_user;
pub mod wts;
