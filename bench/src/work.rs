//! What functions are measured at: each row of the benchmark.

use crate::bed::Bed;
use crate::tokens::{Algorithm, Issuer};
use crate::trial::Load;
use local::failure::Result;
use local::runtime::FunctionSpec;

/// One row: a function of ours, a path through it, and events that take it.
pub struct Work {
    /// Name of the function's binary.
    pub function: &'static str,
    /// What the invocations are: `plain update`, `refused token (expired)`.
    pub path: &'static str,
    /// What runs.
    pub spec: FunctionSpec,
    /// How much each process does.
    pub load: Load,
    /// Status of each answer; `None`: the function is not invoked over HTTP.
    pub status: Option<u16>,
    /// The next event. Each process of the row draws from it in turn.
    pub events: Box<dyn FnMut() -> String + Send>,
}

/// `PATCH /userinfo` with a token of this kind: one conditional `UpdateItem`, the claims in the answer.
///
/// # Errors
/// When its event cannot be made.
pub fn plain_update(bed: &Bed, issuer: &Issuer) -> Result<Work> {
    let mut event = bed.sample("patch-userinfo", "updated")?;
    event["headers"]["authorization"] = format!("Bearer {}", issuer.token("bench-plain", 3600)?).into();
    let event = event.to_string();
    Ok(Work {
        function: "patch-userinfo",
        path: "plain update",
        spec: bed.function("patch-userinfo", Some(issuer))?,
        load: Load { warm_up: 100, measured: 500 },
        status: Some(200),
        events: Box::new(move || event.clone()),
    })
}

/// Every row there is.
///
/// # Errors
/// When a row's state or events cannot be made.
pub async fn all(bed: &Bed) -> Result<Vec<Work>> {
    Ok(vec![plain_update(bed, &bed.issuer(Algorithm::Hs256)?)?])
}
