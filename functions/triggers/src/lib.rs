//! Functions that are no HTTP endpoints: they keep profiles in step with other systems.

pub mod batch;
pub mod cognito;
mod dead_letters;
mod failed_changes;
pub mod publish_changes;
pub mod send_notices;
pub mod sync_profiles;

pub use cognito::CognitoPostConfirmation;
pub use publish_changes::PublishChanges;
pub use send_notices::SendNotices;
pub use sync_profiles::SyncProfiles;
