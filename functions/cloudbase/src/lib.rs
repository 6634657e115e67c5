//! The cloudbase contract.
