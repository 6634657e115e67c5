//! What functions are measured at: each row of the benchmark.

mod authms;
mod ciam;
mod cloudbase;
mod people;
mod request;
mod system_user;
mod triggers;
mod wts;

pub use ciam::plain_update;

use crate::bed::Bed;
use crate::tokens::Algorithm;
use crate::trial::{Events, Expected, Load};
use local::failure::Result;
use local::runtime::FunctionSpec;
use people::People;
use request::Request;
use std::future::ready;
use std::sync::Arc;

/// One row: a function of ours, a path through it, and events that take it.
pub struct Work {
    /// Name of the function's binary.
    pub function: &'static str,
    /// What the invocations are: `plain update`, `refused token (expired)`.
    pub path: &'static str,
    /// What the row is there to show.
    pub group: Group,
    /// What runs.
    pub spec: FunctionSpec,
    /// How much each process does.
    pub load: Load,
    /// What each answer is like.
    pub expected: Expected,
    /// The next event. Each process of the row draws from it in turn.
    pub events: Events,
}

/// What a row is there to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// A function, at what it does most. Each function has one such row.
    Function,
    /// One more way through a function.
    Path,
    /// A kind of token: the plain update again, signed in another way.
    Token,
}

/// What most rows do.
const USUAL: Load = Load { warm_up: 100, measured: 500 };

/// What rows do for whose invocations something has to be stored, or that read much.
const LESS: Load = Load { warm_up: 50, measured: 200 };

/// What rows are made from.
struct Site<'a> {
    bed: &'a Bed,
    people: Arc<People>,
}

impl Site<'_> {
    fn sample(&self, function: &str, case: &str) -> Result<Request> {
        Request::sample(self.bed, function, case)
    }

    /// A row of a function that takes the benchmark's tokens.
    fn work(
        &self,
        (function, path): (&'static str, &'static str),
        status: u16,
        events: Events,
    ) -> Result<Work> {
        let spec = self.bed.function(function, Some(self.people.issuer()))?;
        Ok(Work::new((function, path), spec, Expected::Status(status), events))
    }

    /// A row of a function that takes other credentials, or none.
    fn other_work(
        &self,
        (function, path): (&'static str, &'static str),
        expected: Expected,
        events: Events,
    ) -> Result<Work> {
        Ok(Work::new((function, path), self.bed.function(function, None)?, expected, events))
    }
}

impl Work {
    /// A row of the usual load, for one more way through a function.
    pub fn new(
        (function, path): (&'static str, &'static str),
        spec: FunctionSpec,
        expected: Expected,
        events: Events,
    ) -> Self {
        Self { function, path, group: Group::Path, spec, load: USUAL, expected, events }
    }

    /// In this group.
    pub fn of(self, group: Group) -> Self {
        Self { group, ..self }
    }

    /// With this load.
    pub fn doing(self, load: Load) -> Self {
        Self { load, ..self }
    }

    /// With this setting of the function's.
    pub fn with_setting(mut self, name: &str, value: &str) -> Self {
        self.spec.environment.insert(name.to_owned(), value.to_owned());
        self
    }
}

/// The same event each time.
pub fn always(event: String) -> Events {
    Box::new(move || Box::pin(ready(Ok(event.clone()))))
}

/// Each time another event.
pub fn each(mut make: impl FnMut() -> Result<String> + Send + 'static) -> Events {
    Box::new(move || Box::pin(ready(make())))
}

/// Each time another event, for which something is stored.
pub fn prepared<F>(mut make: impl FnMut() -> F + Send + 'static) -> Events
where
    F: Future<Output = Result<String>> + Send + 'static,
{
    Box::new(move || Box::pin(make()))
}

/// Every row there is. Tokens are HS256 ones, but in the rows that say otherwise.
///
/// # Errors
/// When a row's state or events cannot be made.
pub async fn all(bed: &Bed) -> Result<Vec<Work>> {
    let people = Arc::new(People::on(bed, bed.issuer(Algorithm::Hs256)?).await);
    let site = Site { bed, people };
    let mut rows = ciam::rows(&site).await?;
    rows.extend(authms::rows(&site).await?);
    rows.extend(wts::rows(&site).await?);
    rows.extend(cloudbase::rows(&site).await?);
    rows.extend(system_user::rows(&site).await?);
    rows.extend(triggers::rows(&site)?);
    Ok(rows)
}

#[cfg(test)]
mod tests;
