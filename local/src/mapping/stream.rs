//! From the table's stream to a function.

use super::{Pauses, Stop, Verdict, pause, verdict};
use crate::failure::Result;
use crate::pattern::Pattern;
use crate::position::Position;
use crate::runtime::{Function, MAX_PAYLOAD};
use crate::stream::{Stream, StreamRecord};
use crate::template::StreamSource;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// How often an idle stream is looked at.
const POLL: Duration = Duration::from_millis(100);

/// Reads the stream and invokes a function with what its filter lets through, in order, again and again until each record
/// is done.
pub struct StreamMapping {
    stream: Stream,
    source: StreamSource,
    function: Function,
    position: Position,
}

/// What came of one look at the stream.
enum Step {
    /// Some records are done.
    Progress,
    /// There was nothing to do.
    Idle,
    /// Not even the first record is done.
    Stuck,
}

impl StreamMapping {
    /// A mapping that goes on from this position.
    pub const fn new(stream: Stream, source: StreamSource, function: Function, position: Position) -> Self {
        Self { stream, source, function, position }
    }

    /// Works until it is stopped; an invocation that runs then is awaited, and what came of it is kept.
    pub async fn run(mut self, mut stop: Stop) {
        let mut pauses = Pauses::new();
        while !*stop.borrow() {
            match self.step().await {
                Ok(Step::Progress) => pauses = Pauses::new(),
                Ok(Step::Idle) => pause(POLL, &mut stop).await,
                Ok(Step::Stuck) => pause(pauses.next(), &mut stop).await,
                Err(failure) => {
                    self.function.tell(&failure.to_string());
                    pause(pauses.next(), &mut stop).await;
                }
            }
        }
    }

    async fn step(&mut self) -> Result<Step> {
        let read = self.stream.read(self.position.after(), self.source.batch_size).await?;
        let read = fitting(read);
        let Some(last) = read.last() else { return Ok(Step::Idle) };
        let last = last.sequence_number.clone();
        let wanted: Vec<&StreamRecord> =
            read.iter().filter(|record| accepts(&self.source.filters, &record.record)).collect();
        let verdict = if wanted.is_empty() {
            Verdict::Failed(BTreeSet::new())
        } else {
            let sent = wanted.iter().map(|record| record.sequence_number.clone()).collect();
            let records: Vec<&Json> = wanted.iter().map(|record| &record.record).collect();
            let event = json!({"Records": records}).to_string();
            verdict(self.function.invoke(event, "").await, &sent)
        };
        let done = match verdict {
            Verdict::AllFailed => None,
            Verdict::Failed(failed) => match failed.first() {
                None => Some(last),
                // Sequence numbers are of one length: the first in order is the lowest.
                Some(lowest) => {
                    let before = read.iter().take_while(|record| record.sequence_number < *lowest);
                    before.last().map(|record| record.sequence_number.clone())
                }
            },
        };
        match done {
            Some(done) => self.position.advance(&done).await.map(|()| Step::Progress),
            None => Ok(Step::Stuck),
        }
    }
}

fn accepts(filters: &[Pattern], record: &Json) -> bool {
    filters.is_empty() || filters.iter().any(|filter| filter.matches(record))
}

/// As many of the records as one event can hold; at least one, which Lambda promises to fit.
fn fitting(mut records: Vec<StreamRecord>) -> Vec<StreamRecord> {
    let mut size = r#"{"Records":[]}"#.len();
    let fitting = records.iter().take_while(|record| {
        size += record.record.to_string().len() + 1;
        size <= MAX_PAYLOAD
    });
    let count = fitting.count().max(1);
    records.truncate(count);
    records
}
