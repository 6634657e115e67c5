//! API keys and applications on the table: each an item of its own, and a copy of it through which all are listed.

use super::item::{Item, member, without_key};
use super::keys::{API_KEY_PREFIX, CLIENT_PREFIX, INDEX, Key, PK, SK};
use super::meter::TOTAL;
use super::profile_store::{ProfileStore, StoreError, store_error};
use crate::auth::{ApiKeyRecord, ClientId, ClientRecord};
use crate::validation::UserId;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Put, TransactWriteItem, Update};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A listed API key.
#[derive(Clone, Debug)]
pub struct StoredApiKey {
    /// SHA-256 of the key, hexadecimal.
    pub digest: String,
    /// What is kept of it.
    pub record: ApiKeyRecord,
}

/// A listed application.
#[derive(Clone, Debug)]
pub struct StoredClient {
    /// Its id.
    pub id: ClientId,
    /// What is kept of it.
    pub record: ClientRecord,
}

impl ProfileStore {
    /// The record of the API key with this SHA-256, read consistently. One call.
    pub async fn api_key(&self, digest: &str) -> Result<Option<ApiKeyRecord>, StoreError> {
        self.get(Key::api_key(digest)).await?.map(record).transpose()
    }

    /// Keeps a new API key, in its own item and in the listing.
    pub async fn put_api_key(&self, digest: &str, record: &ApiKeyRecord) -> Result<(), StoreError> {
        self.put_listed([Key::api_key(digest), Key::api_key_listing(digest)], record).await
    }

    /// Every API key ever made, by a query.
    pub async fn api_keys(&self) -> Result<Vec<StoredApiKey>, StoreError> {
        self.listed_api_keys(self.listing(API_KEY_PREFIX)).await
    }

    /// Every API key that this user was ever given, by a query of the listing.
    pub async fn api_keys_of(&self, owner: &UserId) -> Result<Vec<StoredApiKey>, StoreError> {
        let query = self
            .listing(API_KEY_PREFIX)
            .filter_expression("#owner = :owner")
            .expression_attribute_names("#owner", member::OWNER)
            .expression_attribute_values(":owner", AttributeValue::S(owner.as_str().to_owned()));
        self.listed_api_keys(query).await
    }

    async fn listed_api_keys(&self, query: QueryFluentBuilder) -> Result<Vec<StoredApiKey>, StoreError> {
        let listed = self.listed(query, API_KEY_PREFIX).await?.into_iter();
        Ok(listed.map(|(digest, record)| StoredApiKey { digest, record }).collect())
    }

    /// Disables an API key for good. `false` when there is no such key.
    pub async fn disable_api_key(&self, digest: &str) -> Result<bool, StoreError> {
        self.disable([Key::api_key(digest), Key::api_key_listing(digest)]).await
    }

    /// The record of the application with this id, read consistently. One call.
    pub async fn client(&self, id: &ClientId) -> Result<Option<ClientRecord>, StoreError> {
        self.get(Key::client(id)).await?.map(record).transpose()
    }

    /// Keeps a new application, in its own item and in the listing.
    pub async fn put_client(&self, id: &ClientId, record: &ClientRecord) -> Result<(), StoreError> {
        self.put_listed([Key::client(id), Key::client_listing(id)], record).await
    }

    /// Every application ever made, by a query.
    pub async fn clients(&self) -> Result<Vec<StoredClient>, StoreError> {
        let listed = self.listed(self.listing(CLIENT_PREFIX), CLIENT_PREFIX).await?.into_iter();
        let client = |(id, record): (String, ClientRecord)| {
            Ok(StoredClient { id: ClientId::parse(&id).ok_or(StoreError::Internal)?, record })
        };
        listed.map(client).collect()
    }

    /// Disables an application for good. `false` when there is none with this id.
    pub async fn disable_client(&self, id: &ClientId) -> Result<bool, StoreError> {
        self.disable([Key::client(id), Key::client_listing(id)]).await
    }

    async fn put_listed(&self, keys: [Key; 2], record: &impl Serialize) -> Result<(), StoreError> {
        let item: Item = serde_dynamo::to_item(record).map_err(|_| StoreError::Internal)?;
        let put = |key: Key| {
            let put = Put::builder().table_name(&*self.table).set_item(Some(item.clone()));
            let put = put.item(PK, AttributeValue::S(key.pk)).item(SK, AttributeValue::S(key.sk));
            TransactWriteItem::builder().put(put.build().expect("table and item are given")).build()
        };
        let items = keys.map(put).into();
        let sent = self.transact_items(items).await;
        sent.map(drop).map_err(|error| store_error(&error))
    }

    /// What is listed under this prefix.
    fn listing(&self, prefix: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&*self.table)
            .key_condition_expression("PK = :index AND begins_with(SK, :prefix)")
            .expression_attribute_values(":index", AttributeValue::S(INDEX.into()))
            .expression_attribute_values(":prefix", AttributeValue::S(prefix.into()))
            .consistent_read(true)
            .return_consumed_capacity(TOTAL)
    }

    /// What is listed: what follows the prefix, and the record.
    async fn listed<T: DeserializeOwned>(
        &self,
        query: QueryFluentBuilder,
        prefix: &str,
    ) -> Result<Vec<(String, T)>, StoreError> {
        let mut found = Vec::new();
        for item in self.collect(query, usize::MAX).await? {
            let listed = item.get(SK).and_then(|sk| sk.as_s().ok()?.strip_prefix(prefix));
            let name = listed.ok_or(StoreError::Internal)?.to_owned();
            found.push((name, record(item)?));
        }
        Ok(found)
    }

    async fn disable(&self, keys: [Key; 2]) -> Result<bool, StoreError> {
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
        let items = keys.map(disable).into();
        let sent = self.transact_items(items).await;
        let Err(error) = sent else { return Ok(true) };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                let missing = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
                if cancelled.cancellation_reasons().iter().any(missing) {
                    return Ok(false);
                }
                // Another transaction holds the item, or the table is throttled: later it may succeed.
                Err(StoreError::Throttled)
            }
            _ => Err(store_error(&error)),
        }
    }
}

fn record<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    serde_dynamo::from_item(without_key(item)).map_err(|_| StoreError::Internal)
}
