//! The figures.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// From the answer to an update until its event is seen, shortest first.
    pub lags: Vec<Duration>,
    /// Updates that were made.
    pub updates: u32,
    /// Time until the last of them was answered.
    pub updating: Duration,
    /// Processes that were killed, by function.
    pub kills: BTreeMap<&'static str, u32>,
    /// How many sync requests were applied, superseded by a newer one on their way, refused or failed for good.
    pub endings: [usize; 3],
    /// Versions of profiles that came out, those before the kills among them.
    pub versions: usize,
    /// Events that told what had been told before.
    pub duplicates: usize,
    /// Time until the last of them was out.
    pub draining: Duration,
    /// Greatest resident memory of one process in KiB, by function.
    pub memory: BTreeMap<&'static str, u64>,
    /// What must not be, in words. Empty when all is well.
    pub violations: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per_second = |count: usize, time: Duration| count as f64 / time.as_secs_f64();
        let made = self.updates as usize;
        if let Some(longest) = self.lags.len().checked_sub(1) {
            let lag = |percent: usize| self.lags[longest * percent / 100].as_millis();
            writeln!(
                out,
                "lag without kills     median {} ms, p99 {} ms, {} updates",
                lag(50),
                lag(99),
                longest + 1
            )?;
        }
        let [applied, superseded, dead] = self.endings;
        let updating = self.updating;
        writeln!(
            out,
            "updates               {made} in {:.1} s, {:.1}/s",
            updating.as_secs_f64(),
            per_second(made, updating)
        )?;
        writeln!(
            out,
            "  sync requests       {applied} applied, {superseded} superseded, {dead} dead letters"
        )?;
        for (function, kills) in &self.kills {
            writeln!(out, "kills                 {kills} of {function}")?;
        }
        let (versions, draining) = (self.versions, self.draining);
        // Those of the time before are none of this rate's.
        let events = (versions + self.duplicates).saturating_sub(self.lags.len());
        writeln!(
            out,
            "versions out          {versions} in {:.1} s, {:.1} events/s, {} duplicates more",
            draining.as_secs_f64(),
            per_second(events, draining),
            self.duplicates
        )?;
        for (function, memory) in &self.memory {
            writeln!(out, "peak memory           {:.1} MiB {function}", *memory as f64 / 1024.0)?;
        }
        for violation in self.violations.iter().take(20) {
            writeln!(out, "VIOLATION             {violation}")?;
        }
        write!(out, "violations            {}", self.violations.len())
    }
}
