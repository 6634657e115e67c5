//! Ranges of items in one partition: read, and deleted.

use super::item::Item;
use super::keys::{Key, PK, SK, partition};
use super::meter::TOTAL;
use super::profile_store::{ProfileStore, StoreError, store_error};
use crate::validation::UserId;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, WriteRequest};

/// Items that one `BatchWriteItem` takes, at most (Amazon DynamoDB API Reference, BatchWriteItem).
pub(super) const BATCH: usize = 25;

/// Items of one partition whose sort keys lie between two, both included.
pub(super) struct Range {
    pk: String,
    from: String,
    to: String,
}

impl Range {
    /// A user's items whose sort keys begin like this.
    pub(super) fn beginning(id: &UserId, prefix: &str) -> Self {
        // Sort keys are ASCII, which `~` is the end of but for a control character.
        Self { pk: partition(id), from: prefix.to_owned(), to: format!("{prefix}~") }
    }

    /// A user's items between two, both included.
    pub(super) fn between(id: &UserId, from: Key, to: Key) -> Self {
        Self { pk: partition(id), from: from.sk, to: to.sk }
    }
}

impl ProfileStore {
    /// A consistent query of these items, in the order of their sort keys.
    pub(super) fn query(&self, range: Range) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&*self.table)
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :from AND :to")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":pk", AttributeValue::S(range.pk))
            .expression_attribute_values(":from", AttributeValue::S(range.from))
            .expression_attribute_values(":to", AttributeValue::S(range.to))
            .consistent_read(true)
            .return_consumed_capacity(TOTAL)
    }

    /// What a query finds, as many pages as that takes, but no more than `most`. One call a page.
    pub(super) async fn collect(
        &self,
        query: QueryFluentBuilder,
        most: usize,
    ) -> Result<Vec<Item>, StoreError> {
        let mut found = Vec::new();
        let mut next = None;
        while found.len() < most {
            let page = self.metered(query.clone().set_exclusive_start_key(next).send()).await;
            let page = page.map_err(|error| store_error(&error))?;
            found.extend(page.items.unwrap_or_default());
            next = page.last_evaluated_key.filter(|key| !key.is_empty());
            if next.is_none() {
                break;
            }
        }
        found.truncate(most);
        Ok(found)
    }

    /// Deletes the items with these keys; those that are there no longer do no harm.
    pub(super) async fn delete_all(&self, keys: impl IntoIterator<Item = Key>) -> Result<(), StoreError> {
        let delete = |key: Key| {
            let delete = DeleteRequest::builder().set_key(Some(key.attributes())).build();
            WriteRequest::builder().delete_request(delete.expect("the key is given")).build()
        };
        let deletes: Vec<WriteRequest> = keys.into_iter().map(delete).collect();
        for batch in deletes.chunks(BATCH) {
            self.write_batch(batch.to_vec()).await?;
        }
        Ok(())
    }

    /// Writes at most [`BATCH`] items, each by itself. One call.
    ///
    /// # Errors
    /// Some may be written all the same.
    pub(super) async fn write_batch(&self, batch: Vec<WriteRequest>) -> Result<(), StoreError> {
        let write = self.client.batch_write_item().request_items(&*self.table, batch);
        let sent = self.metered(write.return_consumed_capacity(TOTAL).send()).await;
        let output = sent.map_err(|error| store_error(&error))?;
        // 25 small items are far below what a call takes: what is left out was throttled.
        match output.unprocessed_items() {
            Some(left) if !left.is_empty() => Err(StoreError::Throttled),
            _ => Ok(()),
        }
    }
}
