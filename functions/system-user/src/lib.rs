//! The system-user contract.
