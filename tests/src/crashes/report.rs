//! The figures.

use super::Victim;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// What was killed.
    pub victim: Victim,
    /// Where the random moments began.
    pub seed: u64,
    /// Kills.
    pub rounds: u32,
    /// Functions that were killed, by name.
    pub killed: BTreeMap<String, u32>,
    /// Changes that were acknowledged, by contract.
    pub acknowledged: BTreeMap<&'static str, u32>,
    /// Sync requests that were acknowledged.
    pub asked: u32,
    /// Changes whose answer was lost with a connection.
    pub unanswered: u32,
    /// Changes that the gateway answered with a 5xx.
    pub gateway: u32,
    /// Changes that were answered as unavailable in the contract's words.
    pub refused: u32,
    /// Changes that were asked for again under their key, and had taken effect before.
    pub replayed: u32,
    /// Changes that were asked for again under their key, and took effect then.
    pub repeated: u32,
    /// Changes that nobody asked for again, of which some took effect.
    pub abandoned: u32,
    /// Codes that were sent before a kill and counted, once, after it.
    pub codes: u32,
    /// Versions whose history was found.
    pub versions: u64,
    /// How long each start took.
    pub starts: Vec<Duration>,
    /// What must not be, in words. Empty when all is well.
    pub violations: Vec<String>,
}

impl Report {
    pub(super) const fn new(victim: Victim, seed: u64) -> Self {
        Self {
            victim,
            seed,
            rounds: 0,
            killed: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            asked: 0,
            unanswered: 0,
            gateway: 0,
            refused: 0,
            replayed: 0,
            repeated: 0,
            abandoned: 0,
            codes: 0,
            versions: 0,
            starts: Vec::new(),
            violations: Vec::new(),
        }
    }

    /// The figures in one line.
    pub fn json(&self) -> Value {
        let mut starts = self.starts.clone();
        starts.sort();
        let middle = starts.get(starts.len() / 2).map(Duration::as_millis).map(|time| time as u64);
        let longest = starts.last().map(Duration::as_millis).map(|time| time as u64);
        json!({"crashes": {
            "victim": format!("{:?}", self.victim), "seed": self.seed, "rounds": self.rounds,
            "acknowledged": self.acknowledged.values().sum::<u32>(), "by_contract": self.acknowledged,
            "sync_requests": self.asked, "unanswered": self.unanswered, "gateway_5xx": self.gateway,
            "in_the_contracts_words": self.refused, "replayed": self.replayed, "repeated": self.repeated,
            "abandoned": self.abandoned, "codes": self.codes, "versions": self.versions,
            "start_ms_median": middle, "start_ms_max": longest, "violations": self.violations.len(),
        }})
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} kills of {:?}, seed {}", self.rounds, self.victim, self.seed)?;
        for (function, kills) in &self.killed {
            writeln!(out, "  {kills:>4} {function}")?;
        }
        writeln!(out, "acknowledged          {:?}, {} sync requests", self.acknowledged, self.asked)?;
        writeln!(
            out,
            "struck                {} unanswered, {} by a 5xx of the gateway, {} in the contract's words",
            self.unanswered, self.gateway, self.refused
        )?;
        writeln!(
            out,
            "asked for again       {} had taken effect, {} took effect then; {} were given up",
            self.replayed, self.repeated, self.abandoned
        )?;
        writeln!(out, "codes over a kill     {}", self.codes)?;
        writeln!(out, "versions in history   {}", self.versions)?;
        if !self.starts.is_empty() {
            writeln!(out, "starts                {:?}", self.starts)?;
        }
        for violation in self.violations.iter().take(20) {
            writeln!(out, "VIOLATION             {violation}")?;
        }
        write!(out, "{}", self.json())
    }
}
