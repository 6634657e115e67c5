//! Examples: requests that were sent, and how they were answered.

use crate::{Reply, Request, World};
use serde_json::Value;
use shared::http::Answer;

/// A request and its answer, under a name.
#[derive(Clone, Debug)]
pub struct Example {
    /// The operation's id: `patchUserinfo`.
    pub operation: String,
    /// A word or two, joined by hyphens; no other example of the operation has it.
    pub name: String,
    /// A sentence: what it shows.
    pub summary: String,
    /// The request, as the event in which API Gateway hands it over.
    pub event: Value,
    /// The whole answer.
    pub answer: Answer,
}

/// Sends a contract's examples and keeps them, in their order.
#[derive(Debug, Default)]
pub struct Recorder {
    examples: Vec<Example>,
}

impl Recorder {
    /// Sends a request to this operation and keeps what came back, which is also returned: its status is what the
    /// example is an example of.
    pub async fn example(
        &mut self,
        world: &World,
        operation: &str,
        name: &str,
        summary: &str,
        request: &Request,
    ) -> Reply {
        let event = request.event_json();
        let answer = world.invoke(event.clone()).await;
        self.examples.push(Example {
            operation: operation.into(),
            name: name.into(),
            summary: summary.into(),
            event,
            answer: answer.clone(),
        });
        answer.into()
    }

    /// What was recorded.
    pub fn into_examples(self) -> Vec<Example> {
        self.examples
    }
}
