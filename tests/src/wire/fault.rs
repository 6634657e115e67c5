//! What becomes of a call that is spoilt.

use super::message::{answer, bytes_of_body, status};
use serde_json::{Value, json};

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does not reach the database, which seems to answer with this error.
    Answer(u16, &'static str),
    /// It does not reach the database, which seems to have another transaction at work on the same items.
    Conflict,
    /// A transaction that does not reach the database, which seems to cancel it for this reason.
    Cancelled(&'static str),
    /// It does not reach the database: the connection is reset.
    Reset,
    /// It does not reach the database, which is gone: all connections end, and none is accepted until
    /// [`Wire::heal`](super::Wire::heal).
    Refused,
    /// It does not reach the database, and the client waits until it gives up.
    Silence,
    /// It takes effect, and its answer never arrives: the connection is closed instead.
    LostAnswer,
    /// It takes effect, and its answer never arrives: the connection is reset instead.
    ResetAfter,
    /// It takes effect, and the client waits for its answer until it gives up or is ended.
    Withheld,
    /// It takes effect, and after half of its answer nothing more comes.
    HalfAnswer,
    /// It takes effect, and its answer comes one byte at a time.
    Trickle,
    /// It takes effect, and what is answered is a page of HTML.
    Html,
    /// It takes effect, and what is answered is JSON that ends in its middle.
    Truncated,
    /// It takes effect, and the checksum of its answer is wrong.
    WrongChecksum,
}

impl Fault {
    /// Whether the database has carried it out all the same.
    pub const fn takes_effect(self) -> bool {
        match self {
            Self::Answer(..)
            | Self::Conflict
            | Self::Cancelled(_)
            | Self::Reset
            | Self::Refused
            | Self::Silence => false,
            Self::LostAnswer
            | Self::ResetAfter
            | Self::Withheld
            | Self::HalfAnswer
            | Self::Trickle
            | Self::Html
            | Self::Truncated
            | Self::WrongChecksum => true,
        }
    }

    /// Whether it ends only when the client gives up.
    pub const fn is_silent(self) -> bool {
        matches!(self, Self::Silence | Self::Withheld | Self::HalfAnswer)
    }

    /// What comes back in the database's place, where something does.
    pub(super) fn instead(self, operation: &str, request: &Value) -> Option<Vec<u8>> {
        let items = request["TransactItems"].as_array().map(Vec::len);
        match self {
            Self::Answer(status, error) => Some(refusal(status, error, &[])),
            Self::Cancelled(reason) => Some(cancelled(reason, items.unwrap_or(1))),
            Self::Conflict if operation.starts_with("Transact") => {
                Some(cancelled("TransactionConflict", items.unwrap_or(1)))
            }
            Self::Conflict => Some(refusal(400, "TransactionConflictException", &[])),
            _ => None,
        }
    }

    /// What comes of the database's answer, where it arrives as one that is whole.
    pub(super) fn spoil(self, whole: Vec<u8>) -> Vec<u8> {
        let body = bytes_of_body(&whole);
        match self {
            Self::Html => answer(200, "", b"<html><body>It works!</body></html>"),
            Self::Truncated => answer(status(&whole), "", &body[..body.len() / 2]),
            Self::WrongChecksum => answer(status(&whole), "x-amz-crc32: 1\r\n", body),
            _ => whole,
        }
    }
}

fn refusal(status: u16, error: &str, reasons: &[Value]) -> Vec<u8> {
    let body = json!({
        "__type": format!("com.amazonaws.dynamodb.v20120810#{error}"),
        "message": "spoilt",
        "CancellationReasons": reasons,
    });
    answer(status, "", body.to_string().as_bytes())
}

/// The last item is the one to blame.
fn cancelled(reason: &str, items: usize) -> Vec<u8> {
    let mut reasons = vec![json!({"Code": "None"}); items];
    if let Some(last) = reasons.last_mut() {
        *last = json!({"Code": reason, "Message": "spoilt"});
    }
    refusal(400, "TransactionCanceledException", &reasons)
}
