//! Lost races on challenges and limits.

use crate::entropy::{Entropy, pause};
use std::future::Future;

/// How often something is tried again after another request was writing on the same items.
const LOST_RACES: u32 = 5;

/// Makes a call, and makes it again after a growing pause as long as it only got in another one's way. DynamoDB lets
/// nobody wait for an item, and the SDK does not try this again by itself.
pub(super) async fn patiently<T, E, F: Future<Output = Result<T, E>>>(
    entropy: &dyn Entropy,
    is_conflict: impl Fn(&E) -> bool,
    call: impl Fn() -> F,
) -> Result<T, E> {
    let mut lost_races = 0;
    loop {
        match call().await {
            Err(error) if lost_races < LOST_RACES && is_conflict(&error) => {
                pause(entropy, lost_races).await;
                lost_races += 1;
            }
            settled => return settled,
        }
    }
}
