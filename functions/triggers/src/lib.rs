//! Functions that are no HTTP endpoints: they keep profiles in step with other systems.

mod failed_changes;
pub mod publish_changes;

pub use publish_changes::PublishChanges;
