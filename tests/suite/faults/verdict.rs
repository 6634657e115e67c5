//! What a contract says when the database fails, and which fault it says it of.

use super::scene::Act;
use crate::contracts::faces::Face;
use serde_json::{Value, json};
use tests::{Fault, Reply};

/// How a database fails that goes on failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does not matter.
    Harmless,
    Throttled,
    Contention,
    Unavailable,
}

/// A fault, what comes of it where it does not end, and after how many attempts at a call.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub fault: Fault,
    pub verdict: Verdict,
    pub attempts: usize,
}

/// Attempts of the SDK at one call.
const SDK: usize = 3;

/// A call that got in another one's way is made anew so often.
const RACES: usize = 6;

/// What nobody can read is not asked for again, and neither is a transaction that was cancelled because an item is
/// throttled.
const ONCE: usize = 1;

const fn row(fault: Fault, verdict: Verdict, attempts: usize) -> Row {
    Row { fault, verdict, attempts }
}

/// Every fault there is.
pub const ROWS: &[Row] = &[
    row(Fault::Answer(400, "ProvisionedThroughputExceededException"), Verdict::Throttled, SDK),
    row(Fault::LostAnswer, Verdict::Unavailable, SDK),
    row(Fault::Answer(500, "InternalServerError"), Verdict::Unavailable, SDK),
    row(Fault::Conflict, Verdict::Contention, RACES),
    row(Fault::Reset, Verdict::Unavailable, SDK),
    row(Fault::Html, Verdict::Unavailable, ONCE),
    row(Fault::Withheld, Verdict::Unavailable, SDK),
    row(Fault::Answer(400, "ThrottlingException"), Verdict::Throttled, SDK),
    row(Fault::ResetAfter, Verdict::Unavailable, SDK),
    row(Fault::Cancelled("ThrottlingError"), Verdict::Throttled, ONCE),
    row(Fault::Silence, Verdict::Unavailable, SDK),
    row(Fault::Trickle, Verdict::Harmless, ONCE),
    row(Fault::Truncated, Verdict::Unavailable, ONCE),
    row(Fault::Answer(400, "RequestLimitExceeded"), Verdict::Throttled, SDK),
    row(Fault::Refused, Verdict::Unavailable, ONCE),
    row(Fault::HalfAnswer, Verdict::Unavailable, SDK),
    row(Fault::Answer(400, "TransactionInProgressException"), Verdict::Contention, SDK * RACES),
    row(Fault::Answer(503, "ServiceUnavailable"), Verdict::Unavailable, SDK),
    row(Fault::Cancelled("ProvisionedThroughputExceeded"), Verdict::Throttled, ONCE),
    row(Fault::WrongChecksum, Verdict::Harmless, ONCE),
];

impl Row {
    /// Whether one such fault is made up for by another attempt.
    pub fn is_made_up_for(self) -> bool {
        self.attempts > ONCE
    }

    /// The same of one endpoint: nobody else writes where an application's minute is counted, so that it is not asked again.
    pub fn of(self, act: Act, operation: &str) -> Self {
        match (act, operation, self.fault) {
            (Act::SendOtp, "UpdateItem", Fault::Conflict) => row(self.fault, Verdict::Throttled, ONCE),
            _ => self,
        }
    }

    /// Whether DynamoDB can do this to such a call (Amazon DynamoDB API Reference, the errors of each operation).
    pub fn can_happen_to(self, operation: &str) -> bool {
        let transaction = operation.starts_with("Transact");
        match self.fault {
            Fault::Conflict => transaction || matches!(operation, "UpdateItem" | "PutItem" | "DeleteItem"),
            Fault::Cancelled(_) => transaction,
            Fault::Answer(_, "TransactionInProgressException") => operation == "TransactWriteItems",
            _ => true,
        }
    }
}

/// By what an answer is told from others of its contract.
pub fn word(reply: &Reply) -> (u16, Value) {
    let word = ["code", "error", "msg"].into_iter().find_map(|name| reply.body.get(name));
    (reply.status, word.cloned().unwrap_or_default())
}

/// The word for this verdict; `None`: as if nothing had been.
pub fn refusal(face: Face, verdict: Verdict) -> Option<(u16, Value)> {
    use Verdict::{Contention, Harmless, Throttled, Unavailable};
    let (status, word) = match face {
        Face::AuthMs
        | Face::AuthMsRead
        | Face::AuthMsErase
        | Face::AuthMsHistory
        | Face::AuthMsExport
        | Face::ErrorPage => match verdict {
            Harmless => return None,
            Throttled => (429, json!(30_101_010)),
            Contention => (409, json!(30_101_007)),
            Unavailable => (503, json!(30_101_012)),
        },
        Face::Ciam | Face::CiamRead | Face::CiamSend => match verdict {
            Harmless => return None,
            Contention => (409, json!("temporarily_unavailable")),
            Throttled | Unavailable => (503, json!("temporarily_unavailable")),
        },
        Face::Wts | Face::WtsRead => match verdict {
            Harmless => return None,
            Throttled => (503, json!("too many requests, please try again later")),
            Contention => (409, json!("the profile is being changed by others, please try again")),
            Unavailable => (500, json!("system met a uncaught error,please view logs.")),
        },
        Face::CloudBase | Face::CloudBaseRead | Face::CloudBaseSend | Face::CloudBaseVerify => {
            match verdict {
                Harmless => return None,
                Throttled => (429, json!("resource_exhausted")),
                Contention => (409, json!("aborted")),
                Unavailable => (500, json!("internal")),
            }
        }
        Face::SystemUser => match verdict {
            Harmless => return None,
            Throttled => (200, json!("4290")),
            Contention => (200, json!("4090")),
            Unavailable => (200, json!("5000")),
        },
    };
    Some((status, word))
}
