//! What went wrong, in words for the person at the terminal.

use shared::store::StoreError;
use std::fmt;

/// A message that says what could not be done and why. It never holds secrets, tokens or bodies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(String);

/// The result of anything that a person at the terminal asked for.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(match error {
            StoreError::Throttled => "the database asks to slow down; try again",
            StoreError::Unavailable => "the database does not answer",
            StoreError::Internal => "the database refuses the request; may these credentials do it?",
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// Says what was being done when a lower layer failed.
pub trait Context<T> {
    /// The same result, its error preceded by `doing`.
    fn context(self, doing: impl fmt::Display) -> Result<T>;
}

impl<T, E: fmt::Display> Context<T> for std::result::Result<T, E> {
    fn context(self, doing: impl fmt::Display) -> Result<T> {
        self.map_err(|error| Failure(format!("{doing}: {error}")))
    }
}
