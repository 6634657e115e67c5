//! Functions that are no HTTP endpoints: they keep profiles in step with other systems.

pub mod cognito;
pub mod sync_profiles;

pub use cognito::CognitoPostConfirmation;
pub use sync_profiles::SyncProfiles;
