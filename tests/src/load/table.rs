//! The table behind the load, read as `cargo run -- check` reads it.

use shared::clock::{Clock, SystemClock};
use shared::store::{ProfileStore, StoreError};

/// How often the table is read from its beginning when it is not to be had: a busy machine may need longer for the part of a
/// large table than a client waits.
const ATTEMPTS: u32 = 5;

/// What is wrong with the items of the whole table, in words without values.
///
/// # Errors
/// When it cannot be read.
pub async fn findings(store: &ProfileStore) -> Result<Vec<String>, StoreError> {
    for _ in 1..ATTEMPTS {
        match read(store).await {
            Err(StoreError::Unavailable) => {}
            read => return read,
        }
    }
    read(store).await
}

async fn read(store: &ProfileStore) -> Result<Vec<String>, StoreError> {
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
