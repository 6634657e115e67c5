//! The wts contract.
