//! A stack under load whose processes are killed at random moments: what was acknowledged must be there, whole and once,
//! and the next start must be clean.

mod ledger;
mod report;
mod round;

pub use report::Report;

use crate::load::{Caller, Process, User};
use ledger::Ledger;
use local::binaries::workspace;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Users whose profiles are changed, each by a caller of its own, one change after the other.
const USERS: u64 = 12;

/// Users whom another system's requests are about.
const SYNCED: u64 = 4;

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    /// The stack, at any moment.
    Stack,
    /// The stack, whose process the embedded engine runs in, at a moment when the engine writes.
    Engine,
    /// A function.
    Function,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is killed.
    pub victim: Victim,
    /// How often.
    pub rounds: u32,
    /// Where the random moments begin: the same number gives the same ones.
    pub seed: u64,
    /// No round begins later than this after the start.
    pub limit: Duration,
    /// The binaries of the workspace.
    pub binaries: BTreeMap<String, PathBuf>,
}

/// Random numbers that the seed decides: SplitMix64, by Steele, Lea and Flood (OOPSLA 2014).
struct Dice(u64);

impl Dice {
    /// A number below `bound`. That small ones are a little more frequent does not matter here.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// All that lasts from round to round.
struct Scene {
    plan: Plan,
    data: PathBuf,
    caller: Arc<Caller>,
    users: Vec<Arc<User>>,
    synced: Vec<Arc<User>>,
    ledger: Ledger,
    /// How many changes were asked for so far.
    drawn: Arc<AtomicU64>,
    dice: Dice,
    report: Report,
}

impl Scene {
    fn number(&self) -> u64 {
        self.drawn.fetch_add(1, Ordering::Relaxed)
    }

    async fn start(&mut self) -> Option<Process> {
        let started = Process::start(&self.plan.binaries["local"], &self.data).await;
        match started {
            Ok(process) => {
                self.report.starts.push(process.start_time());
                self.caller = Arc::new(Caller::new(&self.data));
                Some(process)
            }
            Err(words) => {
                self.report.violations.push(format!("the next start failed: {words}"));
                None
            }
        }
    }
}

/// Carries out the plan on a stack of its own.
///
/// # Panics
/// When the stack does not start the first time.
pub async fn run(plan: Plan) -> Report {
    let begin = Instant::now();
    let directory = tempfile::tempdir_in(workspace().join("target")).unwrap();
    let data = directory.path().join("data");
    let mut process = Process::start(&plan.binaries["local"], &data).await.unwrap();
    let caller = Arc::new(Caller::new(&data));
    let users = |first: u64, count: u64| -> Vec<Arc<User>> {
        (first..first + count).map(|number| Arc::new(User::new(&caller, number))).collect()
    };
    let (dice, report) = (Dice(plan.seed), Report::new(plan.victim, plan.seed));
    let (users, synced) = (users(10_000, USERS), users(20_000, SYNCED));
    let (ledger, drawn) = (Ledger::default(), Arc::new(AtomicU64::new(1)));
    let mut scene = Scene { plan, data, caller, users, synced, ledger, drawn, dice, report };
    for user in scene.users.iter().chain(&scene.synced) {
        let created = scene.caller.send(&user.creation()).await.unwrap();
        assert_eq!(created.status, 200, "{created:?}");
        scene.ledger.created(&user.id);
    }
    for _ in 0..scene.plan.rounds {
        if begin.elapsed() > scene.plan.limit {
            scene.report.violations.push(format!("given up after {} s", scene.plan.limit.as_secs()));
            break;
        }
        let survivor = scene.round(process).await;
        scene.report.rounds += 1;
        let Some(survivor) = survivor else { return scene.report };
        process = survivor;
        if !scene.report.violations.is_empty() {
            break;
        }
    }
    if let Err(living) = process.kill().await {
        scene.report.violations.push(format!("these outlive the stack: {living:?}"));
    }
    scene.report
}
