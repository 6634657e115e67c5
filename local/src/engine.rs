//! The embedded DynamoDB: an engine in this process, reached over a loopback port as functions reach the real one.

use crate::failure::{Context, Failure, Result};
use crate::stream::Stream;
use crate::template::TableResource;
use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::describe_table::DescribeTableRequest;
use dynoxide::actions::scan::ScanRequest;
use dynoxide::actions::update_time_to_live::UpdateTimeToLiveRequest;
use dynoxide::{Database, ImportOptions};
use rusqlite::Connection;
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};

/// How the engine runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineOptions {
    /// File that keeps the data, made when it is missing; `None` keeps nothing.
    pub data: Option<PathBuf>,
}

/// A running engine. Dropping it stops it at once; what was acknowledged is kept.
pub struct Engine {
    endpoint: String,
    database: Database,
    shutdown: Option<oneshot::Sender<()>>,
    server: JoinHandle<std::result::Result<(), String>>,
}

impl Engine {
    /// Starts an engine on a free loopback port.
    ///
    /// # Errors
    /// When the file cannot be opened or no port can be had.
    pub async fn start(options: EngineOptions) -> Result<Self> {
        let database = spawn_blocking(move || match options.data {
            Some(path) => open(&path),
            None => Database::memory().context("no database in memory"),
        });
        let database = database.await.context("the database did not open")??;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("DynamoDB gets no port")?;
        let address = listener.local_addr().context("DynamoDB has no address")?;
        let (shutdown, asked) = oneshot::channel();
        let serve = dynoxide::server::serve_with_shutdown(listener, database.clone(), async {
            let _ = asked.await;
        });
        let server = tokio::spawn(serve);
        Ok(Self { endpoint: format!("http://{address}"), database, shutdown: Some(shutdown), server })
    }

    /// The endpoint URL for any AWS client.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Creates the table unless it is there already.
    ///
    /// # Errors
    /// When the engine refuses the definition, or a table of that name has other keys.
    pub async fn create_table(&self, table: &TableResource) -> Result<()> {
        let (database, table) = (self.database.clone(), table.clone());
        let created = spawn_blocking(move || create_table(&database, &table));
        created.await.context("the table was not created")?
    }

    /// The stream of a table.
    ///
    /// # Errors
    /// When there is no such table, or it has no stream.
    pub async fn stream(&self, table: &str) -> Result<Stream> {
        let (database, table) = (self.database.clone(), table.to_owned());
        let opened = spawn_blocking(move || Stream::open(database, &table));
        opened.await.context("the stream was not opened")?
    }

    /// The items of a small table, each as DynamoDB JSON: no more than one `Scan` finds.
    ///
    /// # Errors
    /// When there is no such table.
    pub async fn items(&self, table: &str) -> Result<Vec<String>> {
        let (database, request) = (self.database.clone(), json!({"TableName": table}));
        let read = spawn_blocking(move || {
            let request: ScanRequest = serde_json::from_value(request).context("a scan")?;
            let found = database.scan(request).context("reading the table")?.items;
            found.into_iter().flatten().map(|item| serde_json::to_string(&item).context("an item")).collect()
        });
        read.await.context("the table was not read")?
    }

    /// Writes items, each as DynamoDB JSON, all or none. It goes past all conditions, and no stream tells of it.
    ///
    /// # Errors
    /// When there is no such table, or something is no item of it.
    pub async fn load(&self, table: &str, items: Vec<String>) -> Result<()> {
        let (database, table) = (self.database.clone(), table.to_owned());
        let loaded = spawn_blocking(move || {
            let items = items.iter().map(|item| serde_json::from_str(item).context("an item"));
            let items = items.collect::<Result<_>>()?;
            let options = ImportOptions { record_streams: false, set_cached_at: false };
            database.import_items(&table, items, options).context("loading the table")
        });
        loaded.await.context("the table was not loaded")?.map(|_| ())
    }

    /// Bytes of the database, what it keeps for its own use included.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn bytes(&self) -> Result<u64> {
        let database = self.database.clone();
        let read = spawn_blocking(move || database.db_size_bytes().context("the database's size"));
        read.await.context("the database was not read")?
    }

    /// Answers the requests that are running, then closes the database.
    pub async fn stop(mut self) {
        if let Some(shutdown) = self.shutdown.take() {
            let _ = shutdown.send(());
        }
        let _ = (&mut self.server).await;
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn open(path: &Path) -> Result<Database> {
    let database = Database::new(&path.to_string_lossy()).context(path.display())?;
    // Each write asks for the stream's last number, and each reader for those after its own. Without this index the engine
    // looks through the whole stream for either, and it keeps all that ever was in it.
    let index = "CREATE INDEX IF NOT EXISTS stream_order ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";
    Connection::open(path).and_then(|file| file.execute_batch(index)).context(path.display())?;
    Ok(database)
}

fn create_table(database: &Database, table: &TableResource) -> Result<()> {
    let describe = DescribeTableRequest { table_name: table.name.clone() };
    if let Ok(described) = database.describe_table(describe) {
        let described = serde_json::to_value(described).context("describing the table")?;
        for part in ["KeySchema", "AttributeDefinitions"] {
            if in_order(&described["Table"][part]) != in_order(&table.create[part]) {
                return Err(Failure::new(format!(
                    "the table {} was made with another {part}; start with a new data directory",
                    table.name
                )));
            }
        }
        return Ok(());
    }
    let request: CreateTableRequest =
        serde_json::from_value(table.create.clone()).context("the table's definition")?;
    database.create_table(request).context("creating the table")?;
    if let Some(attribute) = &table.ttl_attribute {
        let request = json!({
            "TableName": table.name,
            "TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": true},
        });
        let request: UpdateTimeToLiveRequest =
            serde_json::from_value(request).context("the table's expiry")?;
        database.update_time_to_live(request).context("setting the table's expiry")?;
    }
    Ok(())
}

/// A list's members in an order that does not depend on how they were written.
fn in_order(list: &Json) -> Vec<String> {
    let mut members: Vec<String> = list.as_array().into_iter().flatten().map(Json::to_string).collect();
    members.sort();
    members
}
