//! What calls to DynamoDB cost: how many there were, and the capacity that they consumed.
//!
//! DynamoDB says what a call consumed where it is asked to, but not when a condition fails, which consumes capacity all the
//! same. For one item that is what the stored one takes, 1 unit at least (Amazon DynamoDB Developer Guide, "DynamoDB read and
//! write operations"), and is counted as that. What a cancelled transaction consumes, AWS does not say; it is not counted.

use super::item::Item;
use super::profile_store::ProfileStore;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemError, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItemError, BatchWriteItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemError, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryError, QueryOutput};
use aws_sdk_dynamodb::operation::transact_get_items::{TransactGetItemsError, TransactGetItemsOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::{AttributeValue, ConsumedCapacity, ReturnConsumedCapacity};
use std::future::Future;
use std::ops::Sub;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Every call asks what it consumes.
pub(super) const TOTAL: ReturnConsumedCapacity = ReturnConsumedCapacity::Total;

/// Bytes that a write unit is good for.
const WRITE_UNIT: usize = 1024;

/// What calls cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// How many there were. A call that the SDK sends again counts once.
    pub calls: u32,
    /// Read capacity units.
    pub read_units: f64,
    /// Write capacity units.
    pub write_units: f64,
}

/// Adds up what calls cost, and knows what they changed.
#[derive(Debug, Default)]
pub(super) struct Meter {
    usage: Mutex<Usage>,
    /// The `change_id` of the first change.
    pub(super) change_id: OnceLock<String>,
}

impl Meter {
    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Usage {
    pub(super) fn read(units: f64) -> Self {
        Self { read_units: units, ..Self::default() }
    }

    fn write(units: f64) -> Self {
        Self { write_units: units, ..Self::default() }
    }

    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.read_units += other.read_units;
        self.write_units += other.write_units;
    }
}

/// What was added since an earlier reading of the same meter.
impl Sub for Usage {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            calls: self.calls - earlier.calls,
            read_units: self.read_units - earlier.read_units,
            write_units: self.write_units - earlier.write_units,
        }
    }
}

impl ProfileStore {
    /// What the calls have cost that were made so far.
    pub fn usage(&self) -> Usage {
        *self.meter.usage()
    }

    /// The `change_id` of the first change that was made.
    pub fn change_id(&self) -> Option<&str> {
        self.meter.change_id.get().map(String::as_str)
    }

    /// Makes a call, and counts it and what it consumed. Each call asks for [`TOTAL`].
    pub(super) async fn metered<O: Answered, R>(
        &self,
        call: impl Future<Output = Result<O, SdkError<O::Error, R>>>,
    ) -> Result<O, SdkError<O::Error, R>> {
        // Before it is made: a request that runs out of time has made it.
        self.meter.usage().calls += 1;
        let answer = call.await;
        let consumed = match &answer {
            Ok(output) => output.consumed(),
            Err(error) => error.as_service_error().map(O::consumed_by_failure).unwrap_or_default(),
        };
        self.meter.usage().add(consumed);
        answer
    }
}

/// What an operation answers.
pub(super) trait Answered {
    /// Or how it fails.
    type Error;
    /// What DynamoDB says that it consumed.
    fn consumed(&self) -> Usage;
    /// What it consumed when it failed.
    fn consumed_by_failure(error: &Self::Error) -> Usage {
        let _ = error;
        Usage::default()
    }
}

/// The sum over tables, ours and no other.
pub(super) fn sum<'a>(
    consumed: impl IntoIterator<Item = &'a ConsumedCapacity>,
    of: fn(f64) -> Usage,
) -> Usage {
    let mut usage = Usage::default();
    for capacity in consumed {
        match (capacity.read_capacity_units, capacity.write_capacity_units) {
            (None, None) => usage.add(of(capacity.capacity_units.unwrap_or_default())),
            // Of a transaction: one that is sent again with the same token only reads.
            (read, write) => {
                usage.add(Usage::read(read.unwrap_or_default()));
                usage.add(Usage::write(write.unwrap_or_default()));
            }
        }
    }
    usage
}

macro_rules! answered {
    ($($output:ty, $error:ty, $of:expr;)*) => {$(
        impl Answered for $output {
            type Error = $error;
            fn consumed(&self) -> Usage {
                sum(self.consumed_capacity.iter().flat_map(Listed::listed), $of)
            }
        }
    )*};
}

/// One or several.
trait Listed {
    fn listed(&self) -> &[ConsumedCapacity];
}

impl Listed for ConsumedCapacity {
    fn listed(&self) -> &[ConsumedCapacity] {
        std::slice::from_ref(self)
    }
}

impl Listed for Vec<ConsumedCapacity> {
    fn listed(&self) -> &[ConsumedCapacity] {
        self
    }
}

answered! {
    GetItemOutput, GetItemError, Usage::read;
    BatchGetItemOutput, BatchGetItemError, Usage::read;
    QueryOutput, QueryError, Usage::read;
    TransactGetItemsOutput, TransactGetItemsError, Usage::read;
    BatchWriteItemOutput, BatchWriteItemError, Usage::write;
    TransactWriteItemsOutput, TransactWriteItemsError, Usage::write;
}

impl Answered for PutItemOutput {
    type Error = PutItemError;
    fn consumed(&self) -> Usage {
        sum(&self.consumed_capacity, Usage::write)
    }
    fn consumed_by_failure(error: &PutItemError) -> Usage {
        match error {
            PutItemError::ConditionalCheckFailedException(failed) => refused(failed.item()),
            _ => Usage::default(),
        }
    }
}

impl Answered for UpdateItemOutput {
    type Error = UpdateItemError;
    fn consumed(&self) -> Usage {
        sum(&self.consumed_capacity, Usage::write)
    }
    fn consumed_by_failure(error: &UpdateItemError) -> Usage {
        match error {
            UpdateItemError::ConditionalCheckFailedException(failed) => refused(failed.item()),
            _ => Usage::default(),
        }
    }
}

/// What a failed condition consumes over what is stored.
fn refused(stored: Option<&Item>) -> Usage {
    let bytes = stored.map_or(0, size);
    Usage::write(f64::from(u32::try_from(bytes.div_ceil(WRITE_UNIT).max(1)).unwrap_or(u32::MAX)))
}

/// An item's size in bytes (Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats"). For numbers the guide gives
/// an approximation.
fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + size_of_value(value)).sum()
}

fn size_of_value(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number.bytes().filter(u8::is_ascii_digit).count().div_ceil(2) + 1,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + size_of_value(value)).sum::<usize>(),
        AttributeValue::M(members) => 3 + members.len() + size(members),
        // Booleans and nulls. Sets are not stored.
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_failed_condition_consumes_goes_by_the_stored_item() {
        let item = |bytes: usize| Item::from([("name".to_owned(), AttributeValue::S("x".repeat(bytes)))]);
        for (stored, units) in
            [(None, 1.0), (Some(item(0)), 1.0), (Some(item(1020)), 1.0), (Some(item(1021)), 2.0)]
        {
            assert_eq!(refused(stored.as_ref()), Usage::write(units));
        }
    }

    #[test]
    fn an_item_is_as_large_as_the_developer_guide_says() {
        let number = |number: &str| AttributeValue::N(number.to_owned());
        for (value, bytes) in [
            (AttributeValue::S("名a".to_owned()), 4),
            (number("1775217600123"), 8),
            (number("-1"), 2),
            (AttributeValue::Bool(true), 1),
            (AttributeValue::L(vec![number("1"), number("1")]), 9),
            (AttributeValue::M(Item::from([("ab".to_owned(), AttributeValue::Null(true))])), 7),
        ] {
            assert_eq!(size_of_value(&value), bytes, "{value:?}");
        }
    }
}
