//! How often something has been done, counted on the table: in memory, each copy of a function would count for itself.

use super::expression::Expression;
use super::item::{Item, SCHEMA, attribute_value, expires_at, member};
use super::keys::Key;
use super::meter::TOTAL;
use super::profile_store::{ProfileStore, StoreError, store_error};
use crate::clock::Timestamp;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use std::fmt;

const COUNT: &str = "count";
const LAST: &str = "last";

/// What a limit counts: kind and name of what it holds for. Only a hash of the name becomes part of a key, and it prints
/// its kind alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Limited {
    /// `address`, `subject`, `source`, `client`.
    pub kind: &'static str,
    /// Its own name.
    pub name: String,
}

impl fmt::Debug for Limited {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Limited({}, …)", self.kind)
    }
}

/// A limit, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// So many in this window, and no more.
    Window {
        /// What it holds for.
        limited: Limited,
        /// Which window; counts of different windows are apart.
        window: String,
        /// How many.
        most: u32,
        /// When the window is over.
        ends: Timestamp,
    },
    /// None within so many seconds of the last one.
    Pause {
        /// What it holds for.
        limited: Limited,
        /// What pauses: those of different purposes do not wait for each other.
        purpose: &'static str,
        /// How long.
        seconds: i64,
        /// The moment.
        now: Timestamp,
    },
}

impl Limit {
    fn key(&self) -> Key {
        match self {
            Self::Window { limited, window, .. } => Key::limit(limited.kind, &limited.name, window),
            Self::Pause { limited, purpose, .. } => {
                Key::limit(limited.kind, &limited.name, &format!("PAUSE#{purpose}"))
            }
        }
    }

    /// In how many seconds this limit allows one more, at `now`; at least 1. `stood` is what a failed count showed.
    pub fn retry_after(&self, stood: Option<&Item>, now: Timestamp) -> u32 {
        let free = match self {
            Self::Window { ends, .. } => *ends,
            Self::Pause { seconds, .. } => {
                let last = stood.and_then(|item| item.get(LAST)?.as_n().ok()?.parse().ok());
                Timestamp::from_millis(last.unwrap_or_else(|| now.millis())).plus_seconds(*seconds)
            }
        };
        // Rounded up: a caller who waits so long must not be a moment too early.
        u32::try_from((free.millis() - now.millis() + 999).div_euclid(1000)).unwrap_or(0).max(1)
    }

    fn counting(&self) -> Expression {
        let mut expression = Expression::default();
        expression.set(member::SCHEMA, attribute_value(&SCHEMA));
        match self {
            Self::Window { most, ends, .. } => {
                expression.count(COUNT);
                expression.set(member::EXPIRES_AT, expires_at(*ends));
                let (count, most) =
                    (expression.name(COUNT), expression.value(AttributeValue::N(most.to_string())));
                expression.require(&format!("(attribute_not_exists({count}) OR {count} < {most})"));
            }
            Self::Pause { seconds, now, .. } => {
                expression.set(LAST, attribute_value(now));
                expression.set(member::EXPIRES_AT, expires_at(now.plus_seconds(*seconds)));
                let (last, before) =
                    (expression.name(LAST), expression.value(attribute_value(&now.plus_seconds(-seconds))));
                expression.require(&format!("(attribute_not_exists({last}) OR {last} <= {before})"));
            }
        }
        expression
    }

    /// Counts one more, as a part of a transaction. A failed condition shows what it stands at.
    pub(super) fn count(&self, table: &str) -> TransactWriteItem {
        self.counting().transact(table, &self.key())
    }

    /// Counts one less, as a part of a transaction.
    pub(super) fn uncount(&self, table: &str) -> TransactWriteItem {
        let mut expression = Expression::default();
        match self {
            Self::Window { .. } => expression.count_down(COUNT),
            Self::Pause { .. } => expression.set(LAST, AttributeValue::N("0".to_owned())),
        }
        expression.require_presence(super::keys::PK, true);
        expression.transact(table, &self.key())
    }
}

impl ProfileStore {
    /// Counts one more on this limit alone; `false` where it is reached. No transaction may count on the same one. One call.
    pub async fn count(&self, limit: &Limit) -> Result<bool, StoreError> {
        let request = self.client.update_item().table_name(&*self.table).return_consumed_capacity(TOTAL);
        let sent = self.metered(limit.counting().update_item(request, &limit.key()).send()).await;
        match sent {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(store_error(&error)),
            },
        }
    }
}
