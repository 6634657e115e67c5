//! The authms contract.
