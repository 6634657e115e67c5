//! Where a wire contract meets the use case: the request as API Gateway sends it, the pipeline every request goes
//! through, and what a contract has to say for itself.

mod answer;
mod call;
mod caller;
mod conditional;
mod contract;
mod endpoint;
mod event;
mod idempotency;
mod pipeline;
mod read;
mod trace;

pub use answer::Answer;
pub use call::Call;
pub use caller::{Anyone, Application, Caller};
pub use conditional::{etag, precondition};
pub use contract::{Contract, Credential, Principal};
pub use endpoint::{Endpoint, Served, UpdateEndpoint, serve_update};
pub use event::Event;
pub use pipeline::{Pipeline, Stack};
pub use read::read_profile;
pub use trace::Trace;
