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
    /// Alarms [default: as many as the template has]
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
    /// Days that logs are kept
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    pub log_retention: u32,
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
    /// `AWS::CloudWatch::Alarm`, those under a condition included.
    pub alarms: u32,
    /// `AWS::CloudWatch::Dashboard`, likewise.
    pub dashboards: u32,
}

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
        let resources = document.get("Resources").and_then(Value::as_mapping);
        let kinds: Vec<&str> = resources
            .into_iter()
            .flat_map(|resources| resources.values())
            .filter_map(|resource| resource.get("Type")?.as_str())
            .collect();
        let count =
            |kind| u32::try_from(kinds.iter().filter(|each| **each == kind).count()).unwrap_or(u32::MAX);
        Ok(Self {
            // Lambda's own default.
            memory: memory.and_then(|memory| memory.try_into().ok()).unwrap_or(128),
            alarms: count("AWS::CloudWatch::Alarm"),
            dashboards: count("AWS::CloudWatch::Dashboard"),
        })
    }
}

impl Stack {
    /// With what the template has where nothing else was asked for.
    pub fn over(mut self, standing: Standing) -> Self {
        self.memory.get_or_insert(standing.memory);
        self.alarms.get_or_insert(standing.alarms);
        self.dashboards.get_or_insert(standing.dashboards);
        self
    }
}
