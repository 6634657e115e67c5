//! The figures, and the rule by which a process counts as one that grows.

use crate::load::Footprint;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// A process may seem to grow by this share of its memory over the time that is looked at.
const SHARE: f64 = 0.10;

/// It may always seem to grow by so many KiB: a heap is taken in pieces.
const SLACK: f64 = 2048.0;

/// Its open files may seem to grow by so many: those of requests that run.
const FILES: f64 = 8.0;

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// How long requests were made.
    pub time: Duration,
    /// Steps begun each second.
    pub rate: u32,
    /// How long answers took, by contract.
    pub latencies: BTreeMap<&'static str, Latency>,
    /// How the processes grew.
    pub growth: Vec<Growth>,
    /// Bytes of the data directory in the end.
    pub bytes: u64,
    /// What must not be, in words.
    pub failures: Vec<String>,
}

/// How long answers took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latency {
    /// How many there were.
    pub requests: usize,
    /// Median, 99th percentile, 99.9th percentile, longest.
    pub quantiles: [Duration; 4],
}

/// How one process grew, by a line through the last two thirds of its samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    /// The function, or `local`.
    pub name: String,
    /// First and last sample of all.
    pub from_to: [Footprint; 2],
    /// What the line rises over these two thirds, in KiB.
    pub memory: f64,
    /// What it rises in open files.
    pub files: f64,
    /// Mean memory there, in KiB.
    pub mean: f64,
}

/// What processes used, by name and id.
#[derive(Debug, Default)]
pub(super) struct Samples(BTreeMap<(String, u32), Vec<(Duration, Footprint)>>);

impl Samples {
    pub(super) fn take(&mut self, name: &str, pid: u32, at: Duration, footprint: Footprint) {
        self.0.entry((name.to_owned(), pid)).or_default().push((at, footprint));
    }

    /// Of each process that was there for the last two thirds of `time`.
    pub(super) fn growth(&self, time: Duration) -> Vec<Growth> {
        let judged = self.0.iter().filter_map(|((name, _), samples)| {
            let (&(born, first), &(_, last)) = (samples.first()?, samples.last()?);
            let late: Vec<_> = samples.iter().filter(|(at, _)| *at >= time / 3).collect();
            if born > time / 3 || late.len() < 3 {
                return None;
            }
            let memory: Vec<_> =
                late.iter().map(|(at, used)| (at.as_secs_f64(), used.memory as f64)).collect();
            let files: Vec<_> = late.iter().map(|(at, used)| (at.as_secs_f64(), used.files as f64)).collect();
            Some(Growth {
                name: name.clone(),
                from_to: [first, last],
                memory: rise(&memory),
                files: rise(&files),
                mean: mean(memory.iter().map(|(_, memory)| *memory)),
            })
        });
        judged.collect()
    }
}

impl Latency {
    pub(super) fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        let last = times.len().saturating_sub(1);
        let at = |share: f64| times.get((last as f64 * share).round() as usize).copied().unwrap_or_default();
        Self { requests: times.len(), quantiles: [at(0.5), at(0.99), at(0.999), at(1.0)] }
    }
}

impl Growth {
    /// Whether it stays as it is.
    pub fn is_flat(&self) -> bool {
        self.memory <= f64::max(SLACK, self.mean * SHARE) && self.files <= FILES
    }
}

impl Report {
    /// Requests that were answered.
    pub fn requests(&self) -> usize {
        self.latencies.values().map(|latency| latency.requests).sum()
    }

    /// Processes that grow.
    pub fn growing(&self) -> Vec<&Growth> {
        self.growth.iter().filter(|growth| !growth.is_flat()).collect()
    }

    /// Whether nothing failed and nothing grows.
    pub fn is_good(&self) -> bool {
        self.failures.is_empty() && self.growing().is_empty() && !self.growth.is_empty()
    }

    /// The figures in one line.
    pub fn json(&self) -> Value {
        let milliseconds = |time: &Duration| (time.as_secs_f64() * 10_000.0).round() / 10.0;
        let latency = |latency: &Latency| {
            let [p50, p99, p999, max] = latency.quantiles.each_ref().map(milliseconds);
            json!({"requests": latency.requests, "p50_ms": p50, "p99_ms": p99, "p99.9_ms": p999, "max_ms": max})
        };
        let local = self.growth.iter().find(|growth| growth.name == "local");
        let local = local.map(|growth| growth.from_to.map(|used| [used.memory, used.files as u64]));
        json!({
            "soak": {"seconds": self.time.as_secs(), "steps_per_second": self.rate, "requests": self.requests()},
            "latency": self.latencies.iter().map(|(name, times)| (*name, latency(times))).collect::<BTreeMap<_, _>>(),
            "processes": self.growth.len(),
            "growing": self.growing().len(),
            "local_kib_files": local,
            "data_bytes": self.bytes,
            "failures": self.failures.len(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} requests in {} s, {} steps/s", self.requests(), self.time.as_secs(), self.rate)?;
        writeln!(out, "latency          requests    p50     p99   p99.9     max   ms")?;
        for (name, Latency { requests, quantiles }) in &self.latencies {
            let [p50, p99, p999, max] = quantiles.map(|time| time.as_secs_f64() * 1000.0);
            writeln!(out, "  {name:<14} {requests:>8} {p50:>7.1} {p99:>7.1} {p999:>7.1} {max:>7.1}")?;
        }
        let share = SHARE * 100.0;
        writeln!(
            out,
            "growth: a line through the last two thirds of the samples, taken every 10 s, may rise by"
        )?;
        writeln!(out, "{share} % of the mean or {SLACK} KiB, whichever is more, and by {FILES} open files")?;
        for growth in &self.growth {
            let Growth { name, from_to: [from, to], memory, files, .. } = growth;
            let verdict = if growth.is_flat() { "" } else { "  GROWS" };
            writeln!(
                out,
                "  {name:<26} {:>7} -> {:>7} KiB ({memory:>+8.0})  {:>3} -> {:>3} files ({files:>+5.1}){verdict}",
                from.memory, to.memory, from.files, to.files
            )?;
        }
        for failure in self.failures.iter().take(20) {
            writeln!(out, "FAILURE {failure}")?;
        }
        write!(out, "{}", self.json())
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// What the least-squares line through these points rises from the first to the last.
fn rise(points: &[(f64, f64)]) -> f64 {
    let (x, y) = (mean(points.iter().map(|(x, _)| *x)), mean(points.iter().map(|(_, y)| *y)));
    let covariance: f64 = points.iter().map(|(at, value)| (at - x) * (value - y)).sum();
    let variance: f64 = points.iter().map(|(at, _)| (at - x).powi(2)).sum();
    let width = points.last().map_or(0.0, |last| last.0) - points.first().map_or(0.0, |first| first.0);
    if variance == 0.0 { 0.0 } else { covariance / variance * width }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(memory: impl Fn(u64) -> u64, files: impl Fn(u64) -> usize) -> Vec<bool> {
        let mut samples = Samples::default();
        for n in 0..180 {
            let used = Footprint { memory: memory(n), files: files(n) };
            samples.take("local", 1, Duration::from_secs(10 * n), used);
        }
        samples.growth(Duration::from_secs(1800)).iter().map(Growth::is_flat).collect()
    }

    #[test]
    fn what_grows_to_the_end_is_not_flat() {
        let flat = |n: u64| 30_000 + n % 7 * 100;
        assert_eq!(growth(flat, |n| 40 + (n % 5) as usize), [true]);
        assert_eq!(growth(|n| 30_000 + 100 * n.min(50), |_| 40), [true], "it stops in the first third");
        assert_eq!(growth(|n| 30_000 + 50 * n, |_| 40), [false]);
        assert_eq!(growth(flat, |n| 40 + n as usize / 8), [false]);
    }

    #[test]
    fn a_process_of_the_last_minute_is_not_judged() {
        let mut samples = Samples::default();
        for n in 170..180 {
            let used = Footprint { memory: n * 1000, files: 1 };
            samples.take("put-profile", 1, Duration::from_secs(10 * n), used);
        }
        assert_eq!(samples.growth(Duration::from_secs(1800)), []);
    }

    #[test]
    fn quantiles_are_of_the_sorted_times() {
        let times = (1..=1001).rev().map(Duration::from_millis).collect();
        let expected = [501, 991, 1000, 1001].map(Duration::from_millis);
        assert_eq!(Latency::of(times), Latency { requests: 1001, quantiles: expected });
    }
}
