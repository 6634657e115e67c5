//! Looking at a profile.

use super::Principal;
use crate::profile::Profile;
use crate::store::{ProfileStore, Record};
use crate::update::UpdateError;
use crate::validation::UserId;

/// The profile of this user, for a caller who may see it. One call; none where the caller may not.
///
/// # Errors
/// [`UpdateError::Forbidden`], [`UpdateError::NoSuchUser`], [`UpdateError::Erased`], and those of the store.
pub async fn read_profile(
    store: &ProfileStore,
    caller: &Principal,
    target: &UserId,
) -> Result<Profile, UpdateError> {
    caller.authorise(target)?;
    match store.read(target).await? {
        None => Err(UpdateError::NoSuchUser),
        Some(Record { profile: None, .. }) => Err(UpdateError::Erased),
        Some(Record { profile: Some(profile), .. }) => Ok(profile),
    }
}
