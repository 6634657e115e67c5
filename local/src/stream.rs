//! The table's stream: what changed in the table, record by record.

use crate::failure::{Context, Failure, Result};
use dynoxide::Database;
use dynoxide::actions::describe_stream::DescribeStreamRequest;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use dynoxide::actions::list_streams::ListStreamsRequest;
use serde_json::Value as Json;
use tokio::task::spawn_blocking;

/// The stream of one table. It has one shard.
#[derive(Clone)]
pub struct Stream {
    database: Database,
    arn: String,
    shard: String,
}

/// A record of the stream, as Lambda gives it to a function.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamRecord {
    /// Where it stands; later ones are greater.
    pub sequence_number: String,
    /// The record.
    pub record: Json,
}

impl Stream {
    /// The stream of a table. Blocks.
    ///
    /// # Errors
    /// When the table has none.
    pub(crate) fn open(database: Database, table: &str) -> Result<Self> {
        let request = ListStreamsRequest { table_name: Some(table.to_owned()), ..Default::default() };
        let streams = database.list_streams(request).context("listing the streams")?.streams;
        let arn = streams.into_iter().next().map(|stream| stream.stream_arn);
        let arn = arn.ok_or_else(|| Failure::new(format!("the table {table} has no stream")))?;
        let request = DescribeStreamRequest { stream_arn: arn.clone(), ..Default::default() };
        let described = database.describe_stream(request).context("describing the stream")?;
        let shards: Vec<String> =
            described.stream_description.shards.into_iter().map(|shard| shard.shard_id).collect();
        match <[String; 1]>::try_from(shards) {
            Ok([shard]) => Ok(Self { database, arn, shard }),
            Err(shards) => Err(Failure::new(format!("the stream has {} shards", shards.len()))),
        }
    }

    /// Its Amazon Resource Name, which no other stream shares, not even that of a later table of the same name.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Up to `most` records after the one with this sequence number, or from the beginning.
    ///
    /// # Errors
    /// When the engine refuses.
    pub async fn read(&self, after: Option<&str>, most: usize) -> Result<Vec<StreamRecord>> {
        let (stream, after) = (self.clone(), after.map(str::to_owned));
        let read = spawn_blocking(move || stream.read_blocking(after, most));
        read.await.context("the stream was not read")?
    }

    fn read_blocking(&self, after: Option<String>, most: usize) -> Result<Vec<StreamRecord>> {
        let kind = if after.is_some() { "AFTER_SEQUENCE_NUMBER" } else { "TRIM_HORIZON" };
        let request = GetShardIteratorRequest {
            stream_arn: self.arn.clone(),
            shard_id: self.shard.clone(),
            shard_iterator_type: kind.to_owned(),
            sequence_number: after,
        };
        let iterator =
            self.database.get_shard_iterator(request).context("finding the place in the stream")?;
        let Some(shard_iterator) = iterator.shard_iterator else { return Ok(Vec::new()) };
        let request = GetRecordsRequest { shard_iterator, limit: Some(most) };
        let records = self.database.get_records(request).context("reading the stream")?.records;
        let record = |record: dynoxide::actions::get_records::Record| {
            let sequence_number = record.dynamodb.sequence_number.clone();
            let mut record = serde_json::to_value(record).context("a record of the stream")?;
            record["eventSourceARN"] = Json::from(self.arn.as_str());
            Ok(StreamRecord { sequence_number, record })
        };
        records.into_iter().map(record).collect()
    }
}
