//! The database of a world: an embedded engine of its own or, where `DYNAMODB_ENDPOINT` names one that is compatible, a
//! table of its own there.

use crate::wire::call;
use local::engine::{Engine, EngineOptions};
use local::template::TableResource;
use serde_json::json;
use shared::entropy::{SystemEntropy, bytes, hex};

/// Names another engine: its `http://` endpoint, without a path.
const DYNAMODB_ENDPOINT: &str = "DYNAMODB_ENDPOINT";

/// A database with one empty table.
pub(crate) struct Database {
    endpoint: String,
    /// The table's name.
    pub(crate) table: String,
    /// Stops when dropped.
    _embedded: Option<Engine>,
}

impl Database {
    /// One with this table.
    pub(crate) async fn with(table: &TableResource) -> Self {
        if let Ok(endpoint) = std::env::var(DYNAMODB_ENDPOINT) {
            let name = format!("{}-{}", table.name, hex(&bytes::<8>(&SystemEntropy::new())));
            let database = Self { endpoint, table: name, _embedded: None };
            database.create_table(table).await;
            return database;
        }
        let engine = Engine::start(EngineOptions::default()).await.unwrap();
        engine.create_table(table).await.unwrap();
        let (endpoint, table) = (engine.endpoint().to_owned(), table.name.clone());
        Self { endpoint, table, _embedded: Some(engine) }
    }

    /// Where clients reach it.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    async fn create_table(&self, table: &TableResource) {
        let mut create = table.create.clone();
        create["TableName"] = json!(self.table);
        call(&self.endpoint, "DynamoDB_20120810.CreateTable", &create).await;
        if let Some(attribute) = &table.ttl_attribute {
            let expiry = json!({"AttributeName": attribute, "Enabled": true});
            let request = json!({"TableName": self.table, "TimeToLiveSpecification": expiry});
            call(&self.endpoint, "DynamoDB_20120810.UpdateTimeToLive", &request).await;
        }
    }
}
