//! API keys on the table.

use super::item::{Item, member, without_key};
use super::keys::{API_KEY_PREFIX, INDEX, Key, PK, SK};
use super::profile_store::{ProfileStore, StoreError, store_error};
use crate::auth::ApiKeyRecord;
use crate::validation::UserId;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Put, TransactWriteItem, Update};

/// A listed API key.
#[derive(Clone, Debug)]
pub struct StoredApiKey {
    /// SHA-256 of the key, hexadecimal.
    pub digest: String,
    /// What is kept of it.
    pub record: ApiKeyRecord,
}

impl ProfileStore {
    /// The record of the API key with this SHA-256, read consistently. One call.
    pub async fn api_key(&self, digest: &str) -> Result<Option<ApiKeyRecord>, StoreError> {
        self.get(Key::api_key(digest)).await?.map(record).transpose()
    }

    /// Keeps a new API key, in its own item and in the listing.
    pub async fn put_api_key(&self, digest: &str, record: &ApiKeyRecord) -> Result<(), StoreError> {
        self.count_call();
        let item: Item = serde_dynamo::to_item(record).map_err(|_| StoreError::Internal)?;
        let put = |key: Key| {
            let put = Put::builder().table_name(&*self.table).set_item(Some(item.clone()));
            let put = put.item(PK, AttributeValue::S(key.pk)).item(SK, AttributeValue::S(key.sk));
            TransactWriteItem::builder().put(put.build().expect("table and item are given")).build()
        };
        let items = [put(Key::api_key(digest)), put(Key::api_key_listing(digest))];
        let sent = self.client.transact_write_items().set_transact_items(Some(items.into())).send().await;
        sent.map(drop).map_err(|error| store_error(&error))
    }

    /// Every API key ever made, by a query.
    pub async fn api_keys(&self) -> Result<Vec<StoredApiKey>, StoreError> {
        self.listed(self.listing()).await
    }

    /// Every API key that this user was ever given, by a query of the listing.
    pub async fn api_keys_of(&self, owner: &UserId) -> Result<Vec<StoredApiKey>, StoreError> {
        let query = self
            .listing()
            .filter_expression("#owner = :owner")
            .expression_attribute_names("#owner", member::OWNER)
            .expression_attribute_values(":owner", AttributeValue::S(owner.as_str().to_owned()));
        self.listed(query).await
    }

    fn listing(&self) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&*self.table)
            .key_condition_expression("PK = :index AND begins_with(SK, :prefix)")
            .expression_attribute_values(":index", AttributeValue::S(INDEX.into()))
            .expression_attribute_values(":prefix", AttributeValue::S(API_KEY_PREFIX.into()))
            .consistent_read(true)
    }

    async fn listed(&self, query: QueryFluentBuilder) -> Result<Vec<StoredApiKey>, StoreError> {
        let mut keys = Vec::new();
        for item in self.collect(query, usize::MAX).await? {
            let listed = item.get(SK).and_then(|sk| sk.as_s().ok()?.strip_prefix(API_KEY_PREFIX));
            let digest = listed.ok_or(StoreError::Internal)?.to_owned();
            keys.push(StoredApiKey { digest, record: record(item)? });
        }
        Ok(keys)
    }

    /// Disables an API key for good. `false` when there is no such key.
    pub async fn disable_api_key(&self, digest: &str) -> Result<bool, StoreError> {
        self.count_call();
        let disable = |key: Key| {
            let update = Update::builder()
                .table_name(&*self.table)
                .set_key(Some(key.attributes()))
                .update_expression("SET disabled = :true")
                .condition_expression("attribute_exists(PK)")
                .expression_attribute_values(":true", AttributeValue::Bool(true))
                .build()
                .expect("table, key and expression are given");
            TransactWriteItem::builder().update(update).build()
        };
        let items = [disable(Key::api_key(digest)), disable(Key::api_key_listing(digest))];
        let sent = self.client.transact_write_items().set_transact_items(Some(items.into())).send().await;
        let Err(error) = sent else { return Ok(true) };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                let missing = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
                if cancelled.cancellation_reasons().iter().any(missing) {
                    return Ok(false);
                }
                // Another transaction holds the key, or the table is throttled: later it may succeed.
                Err(StoreError::Throttled)
            }
            _ => Err(store_error(&error)),
        }
    }
}

fn record(item: Item) -> Result<ApiKeyRecord, StoreError> {
    serde_dynamo::from_item(without_key(item)).map_err(|_| StoreError::Internal)
}
