//! What a refused request leaves behind: nothing.

use crate::world::World;
use crate::{Reply, Request};
use aws_sdk_dynamodb::types::AttributeValue;
use shared::clock::Clock;

impl World {
    /// Sends a request that must change nothing: every item of the table is compared before and after.
    pub async fn refused(&self, request: &Request) -> Reply {
        let before = self.items().await;
        let reply = self.send(request).await;
        assert_eq!(self.items().await, before, "{request:?} wrote something");
        reply
    }

    /// Leaves an erased user's tombstone in place of whatever stood there.
    pub async fn erase(&self, user_id: &str) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let number = |number: i64| AttributeValue::N(number.to_string());
        let put = self.database.put_item().table_name(&self.table);
        put.item("PK", text(&format!("USER#{user_id}")))
            .item("SK", text("PROFILE"))
            .item("user_id", text(user_id))
            .item("version", number(4))
            .item("erased_at", number(self.clock.now().millis()))
            .item("change_id", text("1e6d9cb4-30c8-4f35-a0f4-3a0d4c6c5b7e"))
            .item("schema", number(1))
            .send()
            .await
            .unwrap();
    }
}
