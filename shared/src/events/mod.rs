//! Changes out, sync requests in.

pub mod request;
pub mod source;
pub mod sync;
