//! What a refused request leaves behind: nothing.

use crate::world::World;
use crate::{Reply, Request};

impl World {
    /// Sends a request that must change nothing: every item of the table is compared before and after.
    pub async fn refused(&self, request: &Request) -> Reply {
        let before = self.items().await;
        let reply = self.send(request).await;
        assert_eq!(self.items().await, before, "{request:?} wrote something");
        reply
    }
}
