//! What all endpoints share.

pub mod clock;
pub mod entropy;
pub mod validation;
