//! Functions that are no HTTP endpoints: they keep profiles in step with other systems.

pub mod cognito;

pub use cognito::CognitoPostConfirmation;
