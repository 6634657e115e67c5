//! Reading and writing profiles, their claims and their credentials.

use super::item::{Item, Record, attribute_value, member};
use super::keys::{Key, PK, claim_key};
use super::meter::{Meter, TOTAL};
use super::write::{Write, WriteError};
use crate::profile::{ClaimChange, CredentialChange, Unique};
use crate::validation::UserId;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemError, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Delete, KeysAndAttributes, Put, ReturnValue, TransactWriteItem,
};
use std::sync::Arc;

/// How the database failed us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// It asked to slow down, and went on asking through all retries.
    Throttled,
    /// It did not answer, or answered with a server error, through all retries.
    Unavailable,
    /// It answered something that only a defect of ours explains.
    Internal,
}

/// The table, and a meter of the calls made to it.
#[derive(Clone)]
pub struct ProfileStore {
    pub(super) client: Client,
    pub(super) table: Arc<str>,
    pub(super) meter: Arc<Meter>,
}

/// A change's transaction: its items, and what each is, for judging why it was cancelled.
#[derive(Default)]
struct Transaction {
    items: Vec<TransactWriteItem>,
    parts: Vec<Part>,
}

/// What an item of a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Profile,
    /// The companion at this index.
    Companion(usize),
    /// A claim that is taken.
    Take(Unique),
    /// A claim that is let go.
    Release,
    Credential,
}

impl Transaction {
    fn add(&mut self, part: Part, item: TransactWriteItem) {
        self.items.push(item);
        self.parts.push(part);
    }
}

impl ProfileStore {
    /// The table of this name.
    pub fn new(client: Client, table: impl Into<Arc<str>>) -> Self {
        Self { client, table: table.into(), meter: Arc::default() }
    }

    /// The same table with a meter of its own, which stands at 0.
    pub fn metered_anew(&self) -> Self {
        Self { meter: Arc::default(), ..self.clone() }
    }

    /// Opens the connection, so that the first request finds it open. It may fail: then the first request
    /// opens it.
    pub async fn warm_up(&self) {
        let _ = self.get(Key::warm_up()).await;
    }

    /// What stands at the profile's key, read consistently. One call.
    pub async fn read(&self, id: &UserId) -> Result<Option<Record>, StoreError> {
        match self.get(Key::profile(id)).await? {
            None => Ok(None),
            Some(item) => Record::of(&item).map(Some),
        }
    }

    /// Who holds a unique value, read consistently. One call.
    pub async fn owner(&self, unique: Unique, canonical: &str) -> Result<Option<UserId>, StoreError> {
        let item = self.get(claim_key(unique, canonical)).await?;
        Ok(item.as_ref().and_then(owner_of))
    }

    /// Which of these values belong to somebody, read consistently. One call, none for no values.
    pub async fn taken(&self, values: &[(Unique, &str)]) -> Result<Vec<Unique>, StoreError> {
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let claim = |(unique, value): &(Unique, &str)| claim_key(*unique, &unique.canonical(value));
        let keys = values.iter().map(|value| claim(value).attributes()).collect();
        let keys = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(keys)).build();
        let keys = keys.expect("keys are given");
        let sent = self.batch_get(keys).await;
        let output = sent.map_err(|error| store_error(&error))?;
        // Three small items are left unread only where the table is throttled.
        if output.unprocessed_keys().is_some_and(|unread| !unread.is_empty()) {
            return Err(StoreError::Throttled);
        }
        let found = output.responses.unwrap_or_default().remove(&*self.table).unwrap_or_default();
        let is_found =
            |key: Key| found.iter().any(|item| item.get(PK) == Some(&AttributeValue::S(key.pk.clone())));
        Ok(values.iter().filter(|value| is_found(claim(value))).map(|(unique, _)| *unique).collect())
    }

    /// What stands at the profile's key and at another one, read consistently, though not at one instant. One call.
    pub(super) async fn read_beside(
        &self,
        id: &UserId,
        other: &Key,
    ) -> Result<(Option<Record>, Option<Item>), StoreError> {
        let keys = KeysAndAttributes::builder()
            .keys(Key::profile(id).attributes())
            .keys(other.attributes())
            .consistent_read(true)
            .build()
            .expect("keys are given");
        let sent = self.batch_get(keys).await;
        let output = sent.map_err(|error| store_error(&error))?;
        // Two items are far below the size at which an answer is cut: what is left out was throttled.
        if output.unprocessed_keys().is_some_and(|keys| !keys.is_empty()) {
            return Err(StoreError::Throttled);
        }
        let (mut record, mut beside) = (None, None);
        for item in output.responses.unwrap_or_default().into_values().flatten() {
            if other.is_of(&item) {
                beside = Some(item);
            } else {
                record = Some(Record::of(&item)?);
            }
        }
        Ok((record, beside))
    }

    pub(super) async fn get(&self, key: Key) -> Result<Option<Item>, StoreError> {
        let request = self.client.get_item().table_name(&*self.table).consistent_read(true);
        let request = request.set_key(Some(key.attributes())).return_consumed_capacity(TOTAL);
        match self.metered(request.send()).await {
            Ok(output) => Ok(output.item),
            Err(error) => Err(store_error(&error)),
        }
    }

    /// Writes a planned change: one `UpdateItem`, or one `TransactWriteItems` where a claim, the credential or a
    /// companion goes with it. One call.
    ///
    /// The profile as it is now comes back from an `UpdateItem`; a transaction returns nothing.
    pub async fn commit(&self, write: &Write<'_>) -> Result<Option<Record>, WriteError> {
        let record = if write.is_transaction() {
            self.transact(write).await.map(|()| None)
        } else {
            self.update(write).await
        }?;
        self.meter.change_id.get_or_init(|| write.change_id.to_owned());
        Ok(record)
    }

    async fn update(&self, write: &Write<'_>) -> Result<Option<Record>, WriteError> {
        let request = self.client.update_item().table_name(&*self.table).return_consumed_capacity(TOTAL);
        let request = write.expression().update_item(request, &Key::profile(write.target));
        let sent = self.metered(request.return_values(ReturnValue::AllNew).send()).await;
        let error = match sent {
            Ok(output) => return record(output.attributes.as_ref()),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                settle(write, record(failed.item())?).map(Some)
            }
            // A transaction holds the item. The SDK does not try again by itself.
            Some(UpdateItemError::TransactionConflictException(_)) => Err(WriteError::Conflict),
            _ => Err(WriteError::Store(store_error(&error))),
        }
    }

    async fn transact(&self, write: &Write<'_>) -> Result<(), WriteError> {
        let transaction = self.transaction(write);
        let sent = self.transact_items(transaction.items).await;
        let error = match sent {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                judge(write, cancelled.cancellation_reasons(), &transaction.parts)
            }
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => Err(WriteError::Conflict),
            _ => Err(WriteError::Store(store_error(&error))),
        }
    }

    /// A transaction of these items. One call.
    pub(super) async fn transact_items(
        &self,
        items: Vec<TransactWriteItem>,
    ) -> Result<TransactWriteItemsOutput, SdkError<TransactWriteItemsError>> {
        let transaction = self.client.transact_write_items().set_transact_items(Some(items));
        self.metered(transaction.return_consumed_capacity(TOTAL).send()).await
    }

    async fn batch_get(
        &self,
        keys: KeysAndAttributes,
    ) -> Result<BatchGetItemOutput, SdkError<BatchGetItemError>> {
        let request = self.client.batch_get_item().request_items(&*self.table, keys);
        self.metered(request.return_consumed_capacity(TOTAL).send()).await
    }

    fn transaction(&self, write: &Write<'_>) -> Transaction {
        let mut transaction = Transaction::default();
        let profile = write.expression().transact(&self.table, &Key::profile(write.target));
        transaction.add(Part::Profile, profile);
        for (index, companion) in write.companions.iter().enumerate() {
            transaction.add(Part::Companion(index), companion.transact(&self.table));
        }
        for claim in &write.plan.claims {
            self.move_claim(&mut transaction, write, claim);
        }
        if let Some(change) = &write.plan.credential {
            transaction.add(Part::Credential, self.credential(write.target, change));
        }
        transaction
    }

    fn credential(&self, target: &UserId, change: &CredentialChange) -> TransactWriteItem {
        let key = Key::credential(target).attributes();
        let item = TransactWriteItem::builder();
        match change {
            CredentialChange::Put(password) => {
                let put = Put::builder()
                    .table_name(&*self.table)
                    .set_item(Some(key))
                    .item(member::PASSWORD_HASH, AttributeValue::S(password.as_str().to_owned()))
                    .item(member::SCHEMA, attribute_value(&super::item::SCHEMA));
                item.put(put.build().expect("table and item are given")).build()
            }
            CredentialChange::Delete => {
                let delete = Delete::builder().table_name(&*self.table).set_key(Some(key));
                item.delete(delete.build().expect("table and key are given")).build()
            }
        }
    }

    fn move_claim(&self, transaction: &mut Transaction, write: &Write<'_>, claim: &ClaimChange) {
        let owner = AttributeValue::S(write.target.as_str().to_owned());
        if let Some(value) = &claim.take {
            let put = Put::builder()
                .table_name(&*self.table)
                .set_item(Some(claim_key(claim.unique, value).attributes()))
                .item(member::OWNER, owner.clone())
                .item(member::SCHEMA, attribute_value(&super::item::SCHEMA))
                .condition_expression("attribute_not_exists(PK)")
                .build()
                .expect("table and item are given");
            transaction.add(Part::Take(claim.unique), TransactWriteItem::builder().put(put).build());
        }
        if let Some(value) = &claim.release {
            let delete = Delete::builder()
                .table_name(&*self.table)
                .set_key(Some(claim_key(claim.unique, value).attributes()))
                .condition_expression("#owner = :owner")
                .expression_attribute_names("#owner", member::OWNER)
                .expression_attribute_values(":owner", owner)
                .build()
                .expect("table and key are given");
            transaction.add(Part::Release, TransactWriteItem::builder().delete(delete).build());
        }
    }
}

pub(super) fn owner_of(item: &Item) -> Option<UserId> {
    UserId::parse(item.get(member::OWNER)?.as_s().ok()?).ok()
}

fn record(item: Option<&Item>) -> Result<Option<Record>, WriteError> {
    match item {
        None => Ok(None),
        Some(item) => Record::of(item).map(Some).map_err(WriteError::Store),
    }
}

/// A failed condition that shows our own change means that the change is in: its acknowledgement was lost and
/// the SDK sent it again. What is stored may be another one's change after ours.
fn settle(write: &Write<'_>, stored: Option<Record>) -> Result<Record, WriteError> {
    match stored {
        Some(record) if record.is_after(write.change_id) => Ok(record),
        stored => Err(WriteError::Refused(stored.map(Box::new))),
    }
}

/// Why a transaction was cancelled. Our own change first: it is in. Then the companions, which say whether the change
/// may happen at all. Then the profile: a claim's verdict on a plan that was made from an old one means nothing.
fn judge(write: &Write<'_>, reasons: &[CancellationReason], parts: &[Part]) -> Result<(), WriteError> {
    let failed = || {
        let failed =
            |(reason, _): &(&CancellationReason, &Part)| reason.code() == Some("ConditionalCheckFailed");
        reasons.iter().zip(parts).filter(failed)
    };
    let profile = failed().find(|(_, part)| **part == Part::Profile);
    let profile = profile.map(|(reason, _)| settle(write, record(reason.item())?));
    if let Some(Ok(_)) = profile {
        return Ok(());
    }
    for (reason, part) in failed() {
        if let Part::Companion(index) = part {
            return Err(WriteError::Companion(*index, reason.item().cloned()));
        }
    }
    if let Some(refused) = profile {
        return refused.map(drop);
    }
    let code =
        |wanted: &[&str]| reasons.iter().any(|reason| wanted.contains(&reason.code().unwrap_or("None")));
    if code(&["ThrottlingError", "ProvisionedThroughputExceeded"]) {
        return Err(WriteError::Store(StoreError::Throttled));
    }
    // While another transaction holds an item, the verdict on the others may be about to change.
    if code(&["TransactionConflict"]) {
        return Err(WriteError::Conflict);
    }
    let taken = failed().map(|(_, part)| match part {
        Part::Take(unique) => Some(*unique),
        _ => None,
    });
    match taken.collect::<Option<Vec<Unique>>>() {
        Some(taken) if !taken.is_empty() => Err(WriteError::Taken(taken)),
        // The claim to let go is not the profile's own: the table is inconsistent, which no request may mend.
        _ => Err(WriteError::Store(StoreError::Internal)),
    }
}

/// Sorts an SDK error by what a caller can do about it. Nothing of its text goes further: it may quote values.
pub(super) fn store_error<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> StoreError {
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            StoreError::Unavailable
        }
        SdkError::ServiceError(service) => match service.err().code() {
            Some(
                "ThrottlingException"
                | "ProvisionedThroughputExceededException"
                | "RequestLimitExceeded"
                | "LimitExceededException"
                // Another transaction holds the item, or for a transaction also: it is throttled. Later it may succeed.
                | "TransactionConflictException"
                | "TransactionInProgressException"
                | "TransactionCanceledException",
            ) => StoreError::Throttled,
            Some("InternalServerError" | "ServiceUnavailable" | "InternalFailure") | None => {
                StoreError::Unavailable
            }
            Some(_) => StoreError::Internal,
        },
        _ => StoreError::Internal,
    }
}
