//! What all endpoints share.

pub mod auth;
pub mod clock;
pub mod entropy;
pub mod validation;
