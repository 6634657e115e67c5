//! A month's traffic, and the stack that carries it.

use crate::failure::{Context, Result};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::path::Path;
use yaml_serde::Value;

/// What callers do in a month. Shares are in percent.
#[derive(Args, Clone, Debug, PartialEq, Serialize)]
pub struct Load {
    /// Users who have a profile
    #[arg(long, value_name = "N")]
    pub users: u64,
    /// Updates a month, through any contract
    #[arg(long, value_name = "M")]
    pub updates: u64,
    /// Reads of a profile a month [default: as many as updates]
    #[arg(long, value_name = "N")]
    pub reads: Option<u64>,
    /// Sync requests of other systems a month
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub sync_requests: u64,
    /// Codes a month by e-mail
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub emails: u64,
    /// Codes and notices a month by SMS
    #[arg(long, value_name = "N", default_value_t = 0, requires = "sms_price")]
    pub sms: u64,
    /// What one SMS costs in USD: see AWS's list for the country
    #[arg(long, value_name = "USD", default_value_t = 0.0, hide_default_value = true)]
    pub sms_price: f64,
    /// Percentage of updates that set or change a phone, e-mail address or username
    #[arg(long, value_name = "PERCENT", default_value_t = 2.0)]
    pub unique_share: f64,
    /// Percentage of updates that merge: custom_fields, social_links, attributes of the schema
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0)]
    pub merged_share: f64,
    /// Percentage of updates with an Idempotency-Key
    #[arg(long, value_name = "PERCENT", default_value_t = 10.0)]
    pub keyed_share: f64,
    /// Percentage of invocations that start a process first
    #[arg(long, value_name = "PERCENT", default_value_t = 1.0)]
    pub cold_share: f64,
}

impl Load {
    /// Reads a month.
    pub fn reads(&self) -> u64 {
        self.reads.unwrap_or(self.updates)
    }

    /// The same users, and nobody calls.
    pub fn at_rest(&self) -> Self {
        Self { updates: 0, reads: Some(0), sync_requests: 0, emails: 0, sms: 0, ..self.clone() }
    }
}

/// The functions' processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// 64-bit ARM (Graviton)
    Arm64,
    /// 64-bit Intel or AMD
    #[value(name = "x86_64")]
    #[serde(rename = "x86_64")]
    X8664,
}

/// What the stack is made of.
#[derive(Args, Clone, Debug, PartialEq, Serialize)]
pub struct Stack {
    /// The template's parameter Architecture
    #[arg(long, value_enum, default_value_t = Architecture::Arm64)]
    pub architecture: Architecture,
    /// Memory of a function in MB [default: the template's]
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u32).range(128..=10240))]
    pub memory: Option<u32>,
    /// Metrics that alarms watch [default: those of the template]
    #[arg(long, value_name = "N")]
    pub alarms: Option<u32>,
    /// Dashboards [default: as many as the template has]
    #[arg(long, value_name = "N")]
    pub dashboards: Option<u32>,
    /// Contracts in use: each has metrics of its own
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=5))]
    pub contracts: u32,
    /// Without custom metrics (the template's parameter Metrics=off)
    #[arg(long)]
    pub no_metrics: bool,
    /// Without X-Ray
    #[arg(long)]
    pub no_tracing: bool,
    /// Days that logs are kept [default: the template's]
    #[arg(long, value_name = "DAYS")]
    pub log_retention: Option<u32>,
    /// Without point-in-time recovery
    #[arg(long)]
    pub no_recovery: bool,
    /// Secrets of issuers in Secrets Manager
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub secrets: u32,
    /// Customer-managed KMS keys
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub kms_keys: u32,
    /// Stream records that one invocation of a stream function takes, on average
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub records_per_batch: u32,
    /// Milliseconds that a call to DynamoDB takes
    #[arg(long, value_name = "MS", default_value_t = 5.0)]
    pub dynamodb_ms: f64,
    /// Milliseconds that a call to EventBridge, SQS, SES or SNS takes
    #[arg(long, value_name = "MS", default_value_t = 20.0)]
    pub service_ms: f64,
}

/// What a template has that costs money while nobody calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Memory of a function in MB.
    pub memory: u32,
    /// Metrics of each `AWS::CloudWatch::Alarm`, those under a condition included: what an alarm is charged by.
    pub alarms: u32,
    /// `AWS::CloudWatch::Dashboard`, likewise.
    pub dashboards: u32,
    /// Days that logs are kept.
    pub log_retention: u32,
}

/// Days that logs are counted for where a template says nothing, and they are kept without end.
const LOG_RETENTION: u32 = 365;

impl Standing {
    /// Counts it in a template.
    ///
    /// # Errors
    /// When the file is no template.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).context(path.display())?;
        let document: Value = yaml_serde::from_str(&text).context(path.display())?;
        let memory = document.get("Globals").and_then(|globals| globals.get("Function"));
        let memory = memory.and_then(|function| function.get("MemorySize")?.as_u64());
        let retention = document.get("Parameters").and_then(|parameters| parameters.get("LogRetentionDays"));
        let retention = retention.and_then(|parameter| parameter.get("Default")?.as_u64());
        let resources = document.get("Resources").and_then(Value::as_mapping);
        let resources = || resources.into_iter().flat_map(|resources| resources.values());
        let of_kind = |kind: &'static str| {
            resources().filter(move |resource| resource.get("Type").and_then(Value::as_str) == Some(kind))
        };
        let small = |number: u64| u32::try_from(number).ok();
        Ok(Self {
            // Lambda's own default.
            memory: memory.and_then(small).unwrap_or(128),
            alarms: of_kind("AWS::CloudWatch::Alarm").map(metrics).sum(),
            dashboards: of_kind("AWS::CloudWatch::Dashboard").map(|_| 1).sum(),
            log_retention: retention.and_then(small).unwrap_or(LOG_RETENTION),
        })
    }
}

/// How many metrics an alarm watches: one, or as many as its expression is made of.
fn metrics(alarm: &Value) -> u32 {
    let queries = alarm.get("Properties").and_then(|properties| properties.get("Metrics")?.as_sequence());
    let queries = queries.into_iter().flatten();
    queries.map(|query| u32::from(query.get("MetricStat").is_some())).sum::<u32>().max(1)
}

impl Stack {
    /// With what the template has where nothing else was asked for.
    pub fn over(mut self, standing: Standing) -> Self {
        self.memory.get_or_insert(standing.memory);
        self.alarms.get_or_insert(standing.alarms);
        self.dashboards.get_or_insert(standing.dashboards);
        self.log_retention.get_or_insert(standing.log_retention);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_template_has_is_counted() {
        let template = r"
Parameters:
  LogRetentionDays: {Type: Number, Default: 14}
Globals:
  Function: {MemorySize: 256}
Resources:
  Late: {Type: AWS::CloudWatch::Alarm, Properties: {MetricName: IteratorAge}}
  Throttled:
    Type: AWS::CloudWatch::Alarm
    Condition: Sometimes
    Properties:
      Metrics:
        - {Id: sum, Expression: r + w}
        - {Id: r, MetricStat: {}}
        - {Id: w, MetricStat: {}}
  Dashboard: {Type: AWS::CloudWatch::Dashboard}
  Queue: {Type: AWS::SQS::Queue}
";
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), template).expect("written");
        let standing = Standing::read(file.path()).expect("a template");
        assert_eq!(standing, Standing { memory: 256, alarms: 3, dashboards: 1, log_retention: 14 });
        std::fs::write(file.path(), "Resources: {}").expect("written");
        let bare = Standing::read(file.path()).expect("a template");
        assert_eq!(bare, Standing { memory: 128, alarms: 0, dashboards: 0, log_retention: 365 });
    }
}
