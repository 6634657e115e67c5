//! Everything that was measured: `docs/performance.json`. The unit of a figure is the end of its member's name.

use local::failure::{Context, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Function and path that all others are compared with.
pub const PLAIN: (&str, &str) = ("patch-userinfo", "plain update");

/// What was measured, in parts that may have been measured at different times. A part that was never measured is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Every function and path, beside the floor and the peers.
    pub functions: Option<Taken<Functions>>,
    /// Updates over tables of different sizes.
    pub scale: Option<Taken<Vec<Scale>>>,
    /// Updates by several callers at once.
    pub concurrency: Option<Taken<Vec<Concurrency>>>,
    /// How long the workspace builds and starts.
    pub builds: Option<Taken<Builds>>,
}

/// A part, and what it was measured on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Taken<T> {
    /// Where and when.
    pub conditions: Conditions,
    /// The part.
    pub figures: T,
}

/// Where and when something was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    /// When it was done, RFC 3339, UTC.
    pub date: String,
    /// Model of the processor.
    pub processor: String,
    /// How many of its cores there are.
    pub cores: usize,
    /// Of the operating system.
    pub kernel: String,
    /// The compiler.
    pub rustc: String,
    /// Of this repository; with `, changed` where files were not as committed.
    pub commit: String,
    /// How long measuring took.
    pub took_s: f64,
}

/// What stands side by side, from one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Functions {
    /// Processes of each row. A row's figures are the medians over them.
    pub processes: u32,
    /// The bare loop.
    pub floor: Row,
    /// One `UpdateItem` by the SDK and nothing else.
    pub one_call: Row,
    /// Of this service.
    pub rows: Vec<Row>,
    /// What people would use instead.
    pub peers: Vec<Peer>,
}

/// One function on one path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Name of the program.
    pub function: String,
    /// What its invocations are.
    pub path: String,
    /// Whether that is what the function does most: one row of each function.
    pub usual: bool,
    /// From the process's start until it asks for work, on the clock.
    pub init_wall_us: f64,
    /// The same, of the processor.
    pub init_cpu_us: f64,
    /// The first invocation, on the clock.
    pub first_wall_us: f64,
    /// The same, of the processor.
    pub first_cpu_us: f64,
    /// A warm invocation that half of them do not exceed, on the clock.
    pub warm_p50_us: f64,
    /// One that 99 of 100 do not exceed.
    pub warm_p99_us: f64,
    /// Of the processor, a warm invocation on average.
    pub warm_cpu_us: f64,
    /// Warm invocations of each process that were measured.
    pub invocations: u32,
    /// Most memory that a process had at a time.
    pub memory_bytes: f64,
    /// Size of the program.
    pub binary_bytes: Option<u64>,
    /// Size of what is deployed.
    pub zip_bytes: Option<u64>,
    /// What an invocation costs in DynamoDB; absent where the program does not tell.
    pub capacity: Option<Capacity>,
}

/// What one invocation costs in DynamoDB.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// Calls.
    pub calls: f64,
    /// Read capacity units.
    pub read_units: f64,
    /// Write capacity units.
    pub write_units: f64,
}

/// The same work in another language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Its language and version.
    pub name: String,
    /// What it took.
    pub row: Option<Row>,
    /// Why it took nothing.
    pub missing: Option<String>,
}

/// Updates over a table of one size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Profiles in the table.
    pub profiles: u64,
    /// What the invocations are.
    pub path: String,
    /// DynamoDB calls of an update.
    pub calls: f64,
    /// Read capacity units of an update.
    pub read_units: f64,
    /// Write capacity units of an update.
    pub write_units: f64,
    /// Processor time of the function for an update: the median of its processes.
    pub cpu_us: f64,
    /// An update that half of them do not exceed, on the clock.
    pub p50_us: f64,
    /// One that 99 of 100 do not exceed.
    pub p99_us: f64,
    /// Size of the table's file before the updates.
    pub table_bytes: u64,
}

/// Updates by several callers at once, through the gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Concurrency {
    /// Callers, each of whom sends a request when it has the last one's answer.
    pub clients: u32,
    /// Answered in a second, by all of them.
    pub requests_per_second: f64,
    /// A request that half of them do not exceed, on the clock.
    pub p50_us: f64,
    /// One that 99 of 100 do not exceed.
    pub p99_us: f64,
    /// Requests that were not answered with success.
    pub failures: u64,
}

/// How long a person waits for the workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Builds {
    /// `cargo build --workspace` with nothing built, on the clock.
    pub cold_wall_s: f64,
    /// The same, of the processor.
    pub cold_cpu_s: f64,
    /// The same command after one line of `shared` has changed, on the clock.
    pub changed_wall_s: f64,
    /// The same, of the processor.
    pub changed_cpu_s: f64,
    /// `cargo run` with everything built, until it says `ready`.
    pub ready_wall_s: f64,
}

impl Figures {
    /// Those of a file. None, when there is no such file.
    ///
    /// # Errors
    /// When it cannot be read or holds something else.
    pub fn read(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(path).context(path.display())?;
        serde_json::from_str(&text).context(path.display())
    }

    /// Writes them to a file.
    ///
    /// # Errors
    /// When that fails.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).context("the figures")?;
        std::fs::write(path, text + "\n").context(path.display())
    }

    /// These, with the parts of `newer` that it has.
    pub fn overlaid(self, newer: Self) -> Self {
        Self {
            functions: newer.functions.or(self.functions),
            scale: newer.scale.or(self.scale),
            concurrency: newer.concurrency.or(self.concurrency),
            builds: newer.builds.or(self.builds),
        }
    }
}

impl Functions {
    /// What all bars are about: `PATCH /userinfo` with an HS256 token, one write.
    pub fn plain(&self) -> Option<&Row> {
        self.rows.iter().find(|row| (row.function.as_str(), row.path.as_str()) == PLAIN)
    }
}

impl Row {
    /// Whether the caller is turned away for its token.
    pub fn is_refused_token(&self) -> bool {
        self.path.starts_with("refused token")
    }

    /// Whether a password is hashed on the way, which is slow on purpose.
    pub fn hashes_a_password(&self) -> bool {
        self.path.contains("password")
    }

    /// Whether this path changes a profile for a caller.
    pub fn is_update(&self) -> bool {
        const UPDATES: [&str; 5] =
            ["put-profile", "patch-userinfo", "change-profile", "edit-user-basic", "update-user"];
        UPDATES.contains(&self.function.as_str()) && !self.path.starts_with("refused")
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A row that takes this much processor time.
    pub fn row(function: &str, path: &str, warm_cpu_us: f64) -> Row {
        Row {
            function: function.to_owned(),
            path: path.to_owned(),
            usual: !path.starts_with("refused"),
            init_wall_us: 4000.0,
            init_cpu_us: 2625.0,
            first_wall_us: 800.0,
            first_cpu_us: 400.0,
            warm_p50_us: warm_cpu_us * 2.0,
            warm_p99_us: warm_cpu_us * 4.0,
            warm_cpu_us,
            invocations: 500,
            memory_bytes: 7.7e6,
            binary_bytes: Some(6_000_000),
            zip_bytes: Some(3_100_000),
            capacity: Some(Capacity { calls: 1.0, read_units: 0.0, write_units: 1.0 }),
        }
    }

    fn taken<T>(figures: T) -> Option<Taken<T>> {
        let conditions = Conditions {
            date: "2026-11-21T12:00:00.000Z".to_owned(),
            processor: "Example".to_owned(),
            cores: 2,
            kernel: "6.1".to_owned(),
            rustc: "rustc 1.95.0".to_owned(),
            commit: "0123456789ab".to_owned(),
            took_s: 600.0,
        };
        Some(Taken { conditions, figures })
    }

    /// Figures of every kind, all within their bars.
    pub fn example() -> Figures {
        let one_call = Row { capacity: None, ..row("one SDK call", "plain update", 150.0) };
        let nothing = Some(Capacity { calls: 0.0, read_units: 0.0, write_units: 0.0 });
        let floor = Row { init_cpu_us: 750.0, capacity: None, ..row("floor", "nothing", 50.0) };
        let refused = Row { capacity: nothing, ..row("patch-userinfo", "refused token, expired", 75.0) };
        let rows = vec![
            row(PLAIN.0, PLAIN.1, 200.0),
            refused,
            row("change-profile", "phone changed", 500.0),
            row("put-profile", "every attribute", 300.0),
            row("get-profile", "read", 150.0),
            row("publish-changes", "one record", 190.0),
            row("send-notices", "one record", 90.0),
        ];
        let node = Row { capacity: None, ..row("Node.js 20", "plain update", 2000.0) };
        let peers = vec![
            Peer { name: "Node.js 20".to_owned(), row: Some(node), missing: None },
            Peer { name: "Python".to_owned(), row: None, missing: Some("not installed".to_owned()) },
        ];
        let scale = [1_000, 10_000].map(|profiles| Scale {
            profiles,
            path: "plain update".to_owned(),
            calls: 1.0,
            read_units: 0.0,
            write_units: 1.0,
            cpu_us: 200.0,
            p50_us: 400.0,
            p99_us: 900.0,
            table_bytes: 900 * profiles,
        });
        let concurrency = [1, 64].map(|clients| Concurrency {
            clients,
            requests_per_second: 1500.0,
            p50_us: 600.0,
            p99_us: 40_000.0,
            failures: 0,
        });
        let builds = Builds {
            cold_wall_s: 90.0,
            cold_cpu_s: 160.0,
            changed_wall_s: 6.0,
            changed_cpu_s: 10.0,
            ready_wall_s: 0.9,
        };
        Figures {
            functions: taken(Functions { processes: 7, floor, one_call, rows, peers }),
            scale: taken(scale.to_vec()),
            concurrency: taken(concurrency.to_vec()),
            builds: taken(builds),
        }
    }

    #[test]
    fn a_part_measured_anew_replaces_only_itself() {
        let old = example();
        let functions = Functions { processes: 1, ..old.functions.clone().unwrap().figures };
        let newer = Figures { functions: taken(functions), ..Figures::default() };
        let both = old.clone().overlaid(newer.clone());
        assert_eq!(both.functions, newer.functions);
        assert_eq!((both.scale, both.builds), (old.scale, old.builds));
    }

    #[test]
    fn figures_are_read_as_they_were_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("performance.json");
        assert_eq!(Figures::read(&path).unwrap(), Figures::default());
        example().write(&path).unwrap();
        assert_eq!(Figures::read(&path).unwrap(), example());
        std::fs::write(&path, r#"{"functions": null, "else": 1}"#).unwrap();
        assert!(Figures::read(&path).is_err());
    }
}
