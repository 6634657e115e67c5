//! The table behind the load, read as `cargo run -- check` reads it.

use shared::clock::{Clock, SystemClock};
use shared::store::{ProfileStore, StoreError};

/// What is wrong with the items of the whole table, in words without values.
///
/// # Errors
/// When it cannot be read.
pub async fn findings(store: &ProfileStore) -> Result<Vec<String>, StoreError> {
    let (mut found, mut next) = (Vec::new(), None);
    loop {
        let sheet = store.sheet(next).await?;
        for finding in store.check(&sheet.items, SystemClock.now()).await? {
            let user = finding.user_id.as_ref().map_or("nobody", |user| user.as_str());
            found.push(format!("check: {} at {} of {user}", finding.fault.name(), finding.place()));
        }
        next = sheet.next;
        if next.is_none() {
            return Ok(found);
        }
    }
}
