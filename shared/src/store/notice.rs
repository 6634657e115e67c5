//! Which old addresses have been told of a change.

use super::item::{SCHEMA, attribute_value, expires_at, member};
use super::keys::Key;
use super::meter::TOTAL;
use super::profile_store::{ProfileStore, StoreError, store_error};
use crate::clock::Timestamp;
use crate::profile::Contact;

/// How long it is remembered, in seconds: twice as long as the table's stream can bring the change again.
const REMEMBERED_SECONDS: i64 = 48 * 60 * 60;

impl ProfileStore {
    /// Whether the old address has been told of this change, read consistently. One call.
    pub async fn is_told(&self, change_id: &str, contact: Contact) -> Result<bool, StoreError> {
        self.get(Key::notice(change_id, contact)).await.map(|item| item.is_some())
    }

    /// Notes that the old address has been told. One call.
    pub async fn note_told(
        &self,
        change_id: &str,
        contact: Contact,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(Key::notice(change_id, contact).attributes()))
            .item(member::EXPIRES_AT, expires_at(now.plus_seconds(REMEMBERED_SECONDS)))
            .item(member::SCHEMA, attribute_value(&SCHEMA))
            .return_consumed_capacity(TOTAL);
        self.metered(put.send()).await.map(drop).map_err(|error| store_error(&error))
    }
}
