//! Reading the whole table: for operators, never for a function.

use super::image::Image;
use super::item::{Item, member};
use super::keys::{Key, PROFILE, SK};
use super::meter::{Answered, TOTAL, Usage, sum};
use super::profile_store::{ProfileStore, StoreError, store_error};
use crate::clock::Timestamp;
use aws_sdk_dynamodb::operation::scan::{ScanError, ScanOutput};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use std::collections::{HashMap, HashSet};

/// Items that one `BatchGetItem` returns, at most (Amazon DynamoDB API Reference, BatchGetItem).
const BATCH: usize = 100;

impl Answered for ScanOutput {
    type Error = ScanError;
    fn consumed(&self) -> Usage {
        sum(&self.consumed_capacity, Usage::read)
    }
}

/// A part of what a scan finds.
#[derive(Debug)]
pub struct Page {
    /// Profiles and tombstones, in no order.
    pub images: Vec<Image>,
    /// How many more items matched but are none that this crate writes.
    pub unreadable: usize,
    /// Where the next page begins; `None`: this was the last one.
    pub next: Option<Key>,
}

/// A part of the table, in no order.
#[derive(Debug)]
pub struct Sheet {
    /// The items.
    pub items: Vec<Item>,
    /// Where the next part begins; `None`: this was the last one.
    pub next: Option<Key>,
}

impl ProfileStore {
    /// Another table, reached as this one is.
    #[must_use]
    pub fn beside(&self, table: &str) -> Self {
        Self::new(self.client.clone(), table)
    }

    /// The next part of the table, at most 1 MB, eventually consistent. One call.
    pub async fn sheet(&self, after: Option<Key>) -> Result<Sheet, StoreError> {
        let scan = self.client.scan().table_name(&*self.table).return_consumed_capacity(TOTAL);
        let scan = scan.set_exclusive_start_key(after.map(|key| key.attributes()));
        let output = self.metered(scan.send()).await.map_err(|error| store_error(&error))?;
        let next = output.last_evaluated_key.map(|key| Key::of(&key).ok_or(StoreError::Internal));
        Ok(Sheet { items: output.items.unwrap_or_default(), next: next.transpose()? })
    }

    /// What stands at these keys, eventually consistent. One call for 100, more where they are large.
    pub(super) async fn read_all(&self, keys: HashSet<Key>) -> Result<HashMap<Key, Item>, StoreError> {
        let mut wanted: Vec<_> = keys.iter().map(Key::attributes).collect();
        let mut found = HashMap::new();
        while !wanted.is_empty() {
            let batch = wanted.split_off(wanted.len().saturating_sub(BATCH));
            let size = batch.len();
            let keys = KeysAndAttributes::builder().set_keys(Some(batch)).build().expect("keys are given");
            let get = self.client.batch_get_item().request_items(&*self.table, keys);
            let sent = self.metered(get.return_consumed_capacity(TOTAL).send()).await;
            let output = sent.map_err(|error| store_error(&error))?;
            // What did not fit into 16 MB, or was throttled.
            let left: Vec<_> = output.unprocessed_keys.unwrap_or_default().into_values().collect();
            let left: Vec<_> = left.into_iter().flat_map(|keys| keys.keys).collect();
            if left.len() == size {
                return Err(StoreError::Throttled);
            }
            wanted.extend(left);
            for item in output.responses.unwrap_or_default().into_values().flatten() {
                found.insert(Key::of(&item).ok_or(StoreError::Internal)?, item);
            }
        }
        Ok(found)
    }

    /// Profiles and tombstones written at or after some time, read consistently, page by page. One call a page.
    ///
    /// It reads the whole table, so it is for operators: no function's role allows a scan.
    pub async fn written_since(&self, from: Timestamp, after: Option<Key>) -> Result<Page, StoreError> {
        let scan = self
            .client
            .scan()
            .table_name(&*self.table)
            .consistent_read(true)
            .filter_expression("#sk = :profile AND (#updated >= :from OR #erased >= :from)")
            .expression_attribute_names("#sk", SK)
            .expression_attribute_names("#updated", member::UPDATED_AT)
            .expression_attribute_names("#erased", member::ERASED_AT)
            .expression_attribute_values(":profile", AttributeValue::S(PROFILE.to_owned()))
            .expression_attribute_values(":from", AttributeValue::N(from.millis().to_string()))
            .set_exclusive_start_key(after.map(|key| key.attributes()))
            .return_consumed_capacity(TOTAL);
        let output = self.metered(scan.send()).await.map_err(|error| store_error(&error))?;
        let items = output.items.unwrap_or_default();
        let images: Vec<Image> = items.iter().filter_map(Image::read).collect();
        let next = output.last_evaluated_key.map(|key| Key::of(&key).ok_or(StoreError::Internal));
        Ok(Page { unreadable: items.len() - images.len(), images, next: next.transpose()? })
    }
}
