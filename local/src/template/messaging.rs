//! Queues, the event bus and its rules.

use super::intrinsics::Scope;
use super::{REGION, read_as};
use crate::failure::{Context, Failure, Result};
use crate::pattern::Pattern;
use serde::Deserialize;
use serde_json::Value as Json;
use std::time::Duration;
use yaml_serde::Value;

/// The AWS account that the local stack claims to be.
pub const ACCOUNT: &str = "000000000000";

/// An `AWS::SQS::Queue`. Messages are kept however old they become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueResource {
    /// Name of the queue: `QueueName`, or else the resource's own name.
    pub name: String,
    /// How long a message that was received stays hidden from others.
    pub visibility: Duration,
    /// Where messages go that are received too often; `None` keeps them here.
    pub redrive: Option<Redrive>,
}

/// A queue's `RedrivePolicy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redrive {
    /// Name of the dead-letter queue.
    pub queue: String,
    /// A message that was received this often is not given out again.
    pub max_receives: u32,
}

/// The `AWS::Events::EventBus`.
#[derive(Clone, Debug, PartialEq)]
pub struct BusResource {
    /// Name of the bus: `Name`, or else the resource's own name.
    pub name: String,
    /// Its rules.
    pub rules: Vec<RuleResource>,
}

/// An `AWS::Events::Rule`.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleResource {
    /// The events that it is for.
    pub pattern: Pattern,
    /// Names of the queues that get them.
    pub queues: Vec<String>,
}

/// The URL by which SQS calls name a queue. It is a name only: calls go to the endpoint that the client is set to.
pub fn queue_url(queue: &str) -> String {
    format!("http://localhost/{ACCOUNT}/{queue}")
}

/// A queue's Amazon Resource Name.
pub fn queue_arn(queue: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}")
}

/// A bus's Amazon Resource Name.
pub fn bus_arn(bus: &str) -> String {
    format!("arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{bus}")
}

/// The queue that an Amazon Resource Name is of.
pub(super) fn queue_of(arn: &str) -> Result<String> {
    let queue = arn.strip_prefix(&queue_arn("")).filter(|queue| !queue.is_empty());
    queue.map(str::to_owned).ok_or_else(|| Failure::new(format!("{arn} is not the ARN of a queue")))
}

impl QueueResource {
    pub(super) fn read(scope: &Scope, resource: &str, value: &Value) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        struct Properties {
            queue_name: Option<String>,
            #[serde(default = "thirty_seconds")]
            visibility_timeout: u64,
            redrive_policy: Option<RedrivePolicy>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct RedrivePolicy {
            dead_letter_target_arn: String,
            max_receive_count: u32,
        }
        const fn thirty_seconds() -> u64 {
            30
        }
        // What only matters where queues are shared, or forget.
        let ignored = ["MessageRetentionPeriod", "SqsManagedSseEnabled", "KmsMasterKeyId", "Tags"];
        let properties = scope.properties_except(value, resource, &ignored)?;
        let properties: Properties = read_as(Json::Object(properties), resource)?;
        let redrive = |policy: RedrivePolicy| -> Result<Redrive> {
            let queue = queue_of(&policy.dead_letter_target_arn)?;
            Ok(Redrive { queue, max_receives: policy.max_receive_count })
        };
        Ok(Self {
            name: properties.queue_name.unwrap_or_else(|| resource.to_owned()),
            visibility: Duration::from_secs(properties.visibility_timeout),
            redrive: properties.redrive_policy.map(redrive).transpose().context(resource)?,
        })
    }
}

impl RuleResource {
    /// A rule, and the name or ARN of its bus.
    pub(super) fn read(scope: &Scope, resource: &str, value: &Value) -> Result<(Self, String)> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        struct Properties {
            event_bus_name: String,
            event_pattern: Json,
            targets: Vec<Target>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        struct Target {
            #[serde(rename = "Id")]
            _id: String,
            arn: String,
            // For events that cannot be delivered; here they always can.
            #[serde(rename = "DeadLetterConfig")]
            _dead_letter_config: Option<Json>,
        }
        let properties = scope.properties_except(value, resource, &["Description", "Name"])?;
        let properties: Properties = read_as(Json::Object(properties), resource)?;
        let queues = properties.targets.iter().map(|target| queue_of(&target.arn)).collect::<Result<_>>();
        let pattern = Pattern::parse(&properties.event_pattern).context(resource)?;
        Ok((Self { pattern, queues: queues.context(resource)? }, properties.event_bus_name))
    }
}
