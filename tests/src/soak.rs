//! Mixed load at a steady rate for a long time: no request may fail, and no process may grow.

mod mix;
mod report;

pub use report::{Growth, Latency, Report};

use crate::load::{Caller, Footprint, Process, User, findings};
use local::binaries::workspace;
use local::record::Record;
use mix::Mix;
use report::Samples;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// Users whose profiles are read and changed.
const USERS: u64 = 200;

/// How often it is looked at what the processes use.
const SAMPLE: Duration = Duration::from_secs(10);

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// For how long requests are made.
    pub time: Duration,
    /// How many steps are begun each second. A step is one to five requests.
    pub rate: u32,
    /// The binaries of the workspace.
    pub binaries: BTreeMap<String, PathBuf>,
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    latencies: Mutex<BTreeMap<&'static str, Vec<Duration>>>,
    failures: Mutex<Vec<String>>,
    drawn: AtomicU64,
}

impl Seen {
    fn answered(&self, contract: &'static str, time: Duration) {
        self.latencies.lock().unwrap().entry(contract).or_default().push(time);
    }

    fn failed(&self, what: String) {
        self.failures.lock().unwrap().push(what);
    }

    fn number(&self) -> u64 {
        self.drawn.fetch_add(1, Ordering::Relaxed)
    }
}

/// Carries out the plan on a stack of its own.
///
/// # Panics
/// When the stack does not start.
pub async fn run(plan: Plan) -> Report {
    let directory = tempfile::tempdir_in(workspace().join("target")).unwrap();
    let data = directory.path().join("data");
    let stack = Process::start(&plan.binaries["local"], &data).await.unwrap();
    let caller = Arc::new(Caller::new(&data));
    let seen = Arc::<Seen>::default();
    let users: Vec<User> = (0..USERS).map(|number| User::new(&caller, 10_000 + number)).collect();
    let mix = Arc::new(Mix { caller, users, seen: Arc::clone(&seen) });
    mix.create_users().await;

    let begin = Instant::now();
    let mut samples = Samples::default();
    let mut due = interval(Duration::from_secs(1) / plan.rate);
    // What is late is made up for: a slow moment is no pause for those who call.
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut steps, mut next_sample) = (JoinSet::new(), begin);
    while begin.elapsed() < plan.time {
        due.tick().await;
        let (mix, number) = (Arc::clone(&mix), seen.number());
        steps.spawn(async move { mix.step(number).await });
        while steps.try_join_next().is_some() {}
        if Instant::now() >= next_sample {
            next_sample += SAMPLE;
            for (name, pid) in processes(&stack) {
                if let Some(footprint) = Footprint::of(pid) {
                    samples.take(&name, pid, begin.elapsed(), footprint);
                }
            }
        }
    }
    steps.join_all().await;
    let time = begin.elapsed();
    let store = Record::read(&data).unwrap().store().await;
    let mut failures = std::mem::take(&mut *seen.failures.lock().unwrap());
    failures.extend(findings(&store).await.unwrap_or_else(|error| vec![format!("no check: {error:?}")]));
    failures.extend(stack.lines().iter().map(|line| format!("the stack said: {line}")));
    let files = std::fs::read_dir(&data).unwrap().flatten();
    let bytes = files.map(|file| file.metadata().map_or(0, |metadata| metadata.len())).sum();
    stack.kill().await.unwrap();
    let latencies = std::mem::take(&mut *seen.latencies.lock().unwrap());
    Report {
        time,
        rate: plan.rate,
        latencies: latencies.into_iter().map(|(name, times)| (name, Latency::of(times))).collect(),
        growth: samples.growth(time),
        bytes,
        failures,
    }
}

fn processes(stack: &Process) -> Vec<(String, u32)> {
    let mut processes = stack.functions();
    processes.push(("local".to_owned(), stack.pid()));
    processes
}
