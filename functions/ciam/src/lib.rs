//! The ciam contract.
