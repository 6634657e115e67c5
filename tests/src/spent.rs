//! What requests cost: calls, counted at the wire, and capacity units, as the functions themselves count them.

use crate::World;

/// What requests cost: DynamoDB's operations, read units and write units.
#[derive(Clone, Debug, PartialEq)]
pub struct Spent(pub Vec<String>, pub f64, pub f64);

/// So much.
pub fn spent<const N: usize>(calls: [&str; N], read_units: f64, write_units: f64) -> Spent {
    Spent(calls.map(str::to_owned).into(), read_units, write_units)
}

impl World {
    /// What the requests cost that were sent since the last time this was asked. Each call asked what it consumes, and each
    /// line says how many there were.
    pub fn spent(&self) -> Spent {
        let calls = self.wire.requests();
        for (operation, request) in &calls {
            assert_eq!(request["ReturnConsumedCapacity"], "TOTAL", "{operation}");
        }
        let lines = self.journal.lines();
        let sum = |metric: &str| lines.iter().map(|line| line[metric].as_f64().unwrap()).sum::<f64>();
        assert_eq!(sum("DynamoDBCalls"), f64::from(u32::try_from(calls.len()).unwrap()), "{lines:?}");
        let calls = calls.into_iter().map(|(operation, _)| operation).collect();
        Spent(calls, sum("ReadUnits"), sum("WriteUnits"))
    }

    /// Forgets what was spent so far.
    pub fn forget_spent(&self) {
        self.wire.calls();
        self.journal.lines();
    }
}
