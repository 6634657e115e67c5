//! Reading the whole table: for operators, never for a function.

use super::image::Image;
use super::item::member;
use super::keys::{Key, PROFILE, SK};
use super::meter::{Answered, TOTAL, Usage, sum};
use super::profile_store::{ProfileStore, StoreError, store_error};
use crate::clock::Timestamp;
use aws_sdk_dynamodb::operation::scan::{ScanError, ScanOutput};
use aws_sdk_dynamodb::types::AttributeValue;

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

impl ProfileStore {
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
