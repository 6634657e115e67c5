//! Functions that are no HTTP endpoints: they keep profiles in step with other systems.

pub mod sync_profiles;

pub use sync_profiles::SyncProfiles;
