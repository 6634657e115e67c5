//! One-time codes that were sent and wait to be proved.
//!
//! What is kept of a code is keyed by a token that only the caller holds, so that a copied table reveals none.

use super::companion::{Companion, keyed};
use super::expression::Expression;
use super::item::{Item, attribute_value, expires_at, member};
use super::keys::{Key, PK};
use super::limit::Limit;
use super::meter::TOTAL;
use super::profile_store::{ProfileStore, StoreError, store_error};
use super::write::WriteError;
use crate::clock::Timestamp;
use crate::validation::UserId;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put, ReturnValue, TransactWriteItem,
};

/// HMAC-SHA-256 keyed by a challenge's token.
pub type Mac = [u8; 32];

/// Guesses that a challenge allows.
pub const GUESSES: u32 = 5;

/// How long an item outlives its token before DynamoDB may delete it, in seconds: expiry is checked in code, and TTL
/// only cleans up.
const KEPT_AFTER: i64 = 3600;

const CODE: &str = "code";
const HOLDER: &str = "holder";
const TARGET: &str = "target";
const PROOF: &str = "proof";
const ATTEMPTS: &str = "attempts";
/// The request that guessed last, where it may be sent again.
const GUESSED_BY: &str = "guessed_by";
const CODE_EXPIRES: &str = "code_expires";
const TOKEN_EXPIRES: &str = "token_expires";

/// A code that is sent.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// SHA-256 of the token, hexadecimal.
    pub digest: String,
    /// Of the code.
    pub code: Mac,
    /// Of what it is for and who alone may use it.
    pub holder: Mac,
    /// Of the address it went to.
    pub target: Mac,
    /// From when on the code is no longer good.
    pub code_expires: Timestamp,
    /// From when on nothing of it is.
    pub token_expires: Timestamp,
}

/// Whose a challenge must be, to be guessed at or spent.
#[derive(Clone, Debug)]
pub struct Bound {
    /// SHA-256 of the token, hexadecimal.
    pub digest: String,
    /// What it is for and who alone may use it.
    pub holder: Mac,
    /// The address it went to, where that is known.
    pub target: Option<Mac>,
}

/// A guess that was counted, and what it has to be compared with.
#[derive(Clone, Debug)]
pub struct Guess {
    /// Of the code that was sent.
    pub code: Mac,
    /// From when on it is no longer good.
    pub code_expires: Timestamp,
}

/// Why a challenge was not opened.
#[derive(Debug)]
pub enum OpenError {
    /// These limits, by their positions, are reached; this is what each stands at. Never empty.
    Limited(Vec<(usize, Option<Item>)>),
    /// The user who asks was erased.
    Erased,
    /// Another request was counting on the same limits.
    Conflict,
    /// The database failed.
    Store(StoreError),
}

fn mac(mac: &Mac) -> AttributeValue {
    AttributeValue::B(Blob::new(mac.as_slice()))
}

fn millis(time: Timestamp) -> AttributeValue {
    attribute_value(&time)
}

impl Bound {
    /// The conditions under which this challenge is still good.
    fn condition(&self, now: Timestamp) -> Expression {
        let mut condition = Expression::default();
        condition.require_presence(PK, true);
        condition.require_equal(HOLDER, mac(&self.holder));
        if let Some(target) = &self.target {
            condition.require_equal(TARGET, mac(target));
        }
        let (expires, now) = (condition.name(TOKEN_EXPIRES), condition.value(millis(now)));
        condition.require(&format!("{expires} > {now}"));
        condition
    }

    /// Spends the challenge whose code was guessed; `code` is what the guess was compared with.
    pub fn spend_code(&self, code: &Mac, now: Timestamp) -> Companion {
        let mut condition = self.condition(now);
        condition.require_equal(CODE, mac(code));
        Companion::delete(Key::challenge(&self.digest), condition)
    }

    /// Spends the challenge that was proved before, with the proof that was handed out for it.
    pub fn spend_proof(&self, proof: &Mac, now: Timestamp) -> Companion {
        let mut condition = self.condition(now);
        condition.require_equal(PROOF, mac(proof));
        Companion::delete(Key::challenge(&self.digest), condition)
    }
}

impl ProfileStore {
    /// Keeps a challenge and counts it on every limit, or does neither; not for a user who was erased. One call.
    pub async fn open_challenge(
        &self,
        challenge: &Challenge,
        subject: Option<&UserId>,
        limits: &[Limit],
    ) -> Result<(), OpenError> {
        let item = Item::from([
            (CODE.to_owned(), mac(&challenge.code)),
            (HOLDER.to_owned(), mac(&challenge.holder)),
            (TARGET.to_owned(), mac(&challenge.target)),
            (ATTEMPTS.to_owned(), AttributeValue::N("0".to_owned())),
            (CODE_EXPIRES.to_owned(), millis(challenge.code_expires)),
            (TOKEN_EXPIRES.to_owned(), millis(challenge.token_expires)),
            (member::EXPIRES_AT.to_owned(), expires_at(challenge.token_expires.plus_seconds(KEPT_AFTER))),
        ]);
        let put = Put::builder()
            .table_name(&*self.table)
            .set_item(Some(keyed(Key::challenge(&challenge.digest), item)))
            .build()
            .expect("table and item are given");
        let mut items: Vec<_> = limits.iter().map(|limit| limit.count(&self.table)).collect();
        items.push(TransactWriteItem::builder().put(put).build());
        items.extend(subject.map(|subject| self.require_not_erased(subject)));
        let sent = self.transact_items(items).await;
        sent.map(drop).map_err(|error| match refused(&error) {
            // Of what is no limit, only the user has a condition.
            OpenError::Limited(reached) if reached.iter().any(|(position, _)| *position >= limits.len()) => {
                OpenError::Erased
            }
            error => error,
        })
    }

    fn require_not_erased(&self, subject: &UserId) -> TransactWriteItem {
        let check = ConditionCheck::builder()
            .table_name(&*self.table)
            .set_key(Some(Key::profile(subject).attributes()))
            .condition_expression("attribute_not_exists(#erased)")
            .expression_attribute_names("#erased", member::ERASED_AT)
            .build()
            .expect("table, key and condition are given");
        TransactWriteItem::builder().condition_check(check).build()
    }

    /// Takes a challenge back, and what was counted for it, or neither. One call.
    pub async fn withdraw_challenge(&self, digest: &str, limits: &[Limit]) -> Result<(), OpenError> {
        let delete = Delete::builder()
            .table_name(&*self.table)
            .set_key(Some(Key::challenge(digest).attributes()))
            .build()
            .expect("table and key are given");
        let mut items: Vec<_> = limits.iter().map(|limit| limit.uncount(&self.table)).collect();
        items.push(TransactWriteItem::builder().delete(delete).build());
        let sent = self.transact_items(items).await;
        sent.map(drop).map_err(|error| refused(&error))
    }

    /// Counts a guess, before it is compared. `None`: there is no such challenge, or it allows no guess (any more).
    /// One call.
    ///
    /// `request` stands for all that a request asks for, its guess included: copies of the one that guessed last guess
    /// the same, and learn nothing more, so that a copy is not refused for what the others used up.
    pub async fn count_guess(
        &self,
        bound: &Bound,
        request: Option<&Mac>,
        now: Timestamp,
    ) -> Result<Option<Guess>, WriteError> {
        let mut expression = bound.condition(now);
        expression.count(ATTEMPTS);
        expression.require_presence(CODE, true);
        let (attempts, most) =
            (expression.name(ATTEMPTS), expression.value(AttributeValue::N(GUESSES.to_string())));
        let mut allowed = format!("{attempts} < {most}");
        if let Some(request) = request {
            expression.set(GUESSED_BY, mac(request));
            let (last, this) = (expression.name(GUESSED_BY), expression.value(mac(request)));
            allowed = format!("({allowed} OR {last} = {this})");
        }
        expression.require(&allowed);
        let Ok(item) = self.update_challenge(&bound.digest, expression).await? else { return Ok(None) };
        let code = item.get(CODE).and_then(|code| Mac::try_from(code.as_b().ok()?.as_ref()).ok());
        let expires = item.get(CODE_EXPIRES).and_then(|expires| expires.as_n().ok()?.parse().ok());
        match (code, expires) {
            (Some(code), Some(expires)) => {
                Ok(Some(Guess { code, code_expires: Timestamp::from_millis(expires) }))
            }
            _ => Err(WriteError::Store(StoreError::Internal)),
        }
    }

    /// Puts a proof in place of the code that was guessed; it is good until `expires`. `false`: another request was
    /// first. One call.
    pub async fn prove_challenge(
        &self,
        bound: &Bound,
        code: &Mac,
        proof: &Mac,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<bool, WriteError> {
        let mut expression = bound.condition(now);
        expression.require_equal(CODE, mac(code));
        expression.set(PROOF, mac(proof));
        expression.set(TOKEN_EXPIRES, millis(expires));
        expression.set(member::EXPIRES_AT, expires_at(expires.plus_seconds(KEPT_AFTER)));
        expression.remove(CODE);
        Ok(match self.update_challenge(&bound.digest, expression).await? {
            Ok(_) => true,
            // It is in: the acknowledgement was lost, and the SDK sent the update again.
            Err(stored) => stored.is_some_and(|item| item.get(PROOF) == Some(&mac(proof))),
        })
    }

    /// The challenge after the update; where its condition fails, the challenge as it is.
    async fn update_challenge(
        &self,
        digest: &str,
        expression: Expression,
    ) -> Result<Result<Item, Option<Item>>, WriteError> {
        let request = self.client.update_item().table_name(&*self.table).return_consumed_capacity(TOTAL);
        let request = expression.update_item(request, &Key::challenge(digest));
        let sent = self.metered(request.return_values(ReturnValue::AllNew).send()).await;
        let error = match sent {
            Ok(output) => return Ok(Ok(output.attributes.unwrap_or_default())),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Ok(Err(failed.item().cloned())),
            Some(UpdateItemError::TransactionConflictException(_)) => Err(WriteError::Conflict),
            _ => Err(WriteError::Store(store_error(&error))),
        }
    }
}

fn refused<R>(error: &SdkError<TransactWriteItemsError, R>) -> OpenError {
    let cancelled = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled,
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => return OpenError::Conflict,
        _ => return OpenError::Store(store_error(error)),
    };
    let reasons = cancelled.cancellation_reasons();
    let has =
        |reason: &CancellationReason, wanted: &[&str]| wanted.contains(&reason.code().unwrap_or("None"));
    let reached = reasons.iter().enumerate().filter(|(_, reason)| has(reason, &["ConditionalCheckFailed"]));
    let reached: Vec<_> = reached.map(|(position, reason)| (position, reason.item().cloned())).collect();
    if !reached.is_empty() {
        return OpenError::Limited(reached);
    }
    if reasons.iter().any(|reason| has(reason, &["ThrottlingError", "ProvisionedThroughputExceeded"])) {
        return OpenError::Store(StoreError::Throttled);
    }
    if reasons.iter().any(|reason| has(reason, &["TransactionConflict"])) {
        return OpenError::Conflict;
    }
    OpenError::Store(StoreError::Internal)
}
