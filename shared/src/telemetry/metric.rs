//! What CloudWatch counts.

use crate::store::Usage;
use serde::{Serialize, Serializer};

/// A metric of the namespace `ProfileService`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Metric {
    /// Requests of a contract.
    Requests,
    /// 1 where the caller is why a request came to nothing.
    Refusals,
    /// 1 where load is.
    Throttled,
    /// 1 where the operator or the developer has to act.
    Faults,
    /// Records of a trigger's batch.
    Records,
    /// Records that come again.
    Unfinished,
    /// What will not be tried again by itself: a person finds it in a queue.
    GivenUp,
    /// Milliseconds from the invocation to the answer.
    Latency,
    /// Calls to DynamoDB.
    DynamoDBCalls,
    /// Read capacity units.
    ReadUnits,
    /// Write capacity units.
    WriteUnits,
    /// 1 at a process's first invocation.
    ColdStarts,
}

/// The namespace of all metrics.
pub const NAMESPACE: &str = "ProfileService";

impl Metric {
    /// All of them, in the order of a line.
    pub const ALL: [Self; 12] = [
        Self::Requests,
        Self::Refusals,
        Self::Throttled,
        Self::Faults,
        Self::Records,
        Self::Unfinished,
        Self::GivenUp,
        Self::Latency,
        Self::DynamoDBCalls,
        Self::ReadUnits,
        Self::WriteUnits,
        Self::ColdStarts,
    ];

    /// Its name, in CloudWatch and in the line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "Requests",
            Self::Refusals => "Refusals",
            Self::Throttled => "Throttled",
            Self::Faults => "Faults",
            Self::Records => "Records",
            Self::Unfinished => "Unfinished",
            Self::GivenUp => "GivenUp",
            Self::Latency => "Latency",
            Self::DynamoDBCalls => "DynamoDBCalls",
            Self::ReadUnits => "ReadUnits",
            Self::WriteUnits => "WriteUnits",
            Self::ColdStarts => "ColdStarts",
        }
    }

    const fn unit(self) -> &'static str {
        match self {
            Self::Latency => "Milliseconds",
            _ => "Count",
        }
    }
}

/// The metrics of one invocation, each at most once.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Metrics([Option<f64>; Metric::ALL.len()]);

impl Metrics {
    /// One invocation of a trigger, with so many records.
    pub fn of_records(records: usize) -> Self {
        Self::default().with(Metric::Records, records)
    }

    /// With one more.
    pub fn with(mut self, metric: Metric, count: usize) -> Self {
        self.count(metric, i64::try_from(count).unwrap_or(i64::MAX));
        self
    }

    /// With what the calls to DynamoDB cost.
    pub fn with_usage(mut self, usage: Usage) -> Self {
        self.0[Metric::DynamoDBCalls as usize] = Some(f64::from(usage.calls));
        self.0[Metric::ReadUnits as usize] = Some(usage.read_units);
        self.0[Metric::WriteUnits as usize] = Some(usage.write_units);
        self
    }

    /// One more.
    #[expect(clippy::cast_precision_loss, reason = "counts and milliseconds are far below 2^53")]
    pub fn count(&mut self, metric: Metric, count: i64) {
        self.0[metric as usize] = Some(count as f64);
    }

    /// 1 where it happened, nothing otherwise: to an alarm, missing data is no breach.
    pub fn count_if(&mut self, metric: Metric, happened: bool) {
        if happened {
            self.count(metric, 1);
        }
    }

    fn present(&self) -> impl Iterator<Item = (Metric, f64)> {
        Metric::ALL.into_iter().zip(self.0).filter_map(|(metric, value)| Some((metric, value?)))
    }

    /// Their definitions, as the embedded metric format has them.
    pub(super) fn definitions(&self) -> Definitions<'_> {
        Definitions(self)
    }
}

/// As members of the line.
impl Serialize for Metrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.present().map(|(metric, value)| (metric.name(), Number(value))))
    }
}

/// A whole number is written as one.
struct Number(f64);

impl Serialize for Number {
    #[expect(clippy::cast_possible_truncation, reason = "only where nothing is lost")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let whole = self.0 as i64;
        #[expect(clippy::cast_precision_loss, reason = "compared with what it was")]
        let is_whole = whole as f64 == self.0;
        if is_whole { serializer.serialize_i64(whole) } else { serializer.serialize_f64(self.0) }
    }
}

/// What the embedded metric format calls `Metrics`.
pub(super) struct Definitions<'a>(&'a Metrics);

impl Serialize for Definitions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Definition {
            name: &'static str,
            unit: &'static str,
        }
        let definition = |(metric, _): (Metric, f64)| Definition { name: metric.name(), unit: metric.unit() };
        serializer.collect_seq(self.0.present().map(definition))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_place_of_its_own() {
        for (place, metric) in Metric::ALL.into_iter().enumerate() {
            assert_eq!(metric as usize, place, "{}", metric.name());
        }
    }

    #[test]
    fn half_a_unit_is_not_lost() {
        let usage = Usage { calls: 2, read_units: 0.5, write_units: 3.0 };
        let line = serde_json::to_string(&Metrics::default().with_usage(usage)).unwrap();
        assert_eq!(line, r#"{"DynamoDBCalls":2,"ReadUnits":0.5,"WriteUnits":3}"#);
    }
}
