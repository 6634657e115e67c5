//! What was acknowledged is there after a kill; `.ci/full` does the same at length.

use local::binaries;
use std::time::Duration;
use tests::crashes::{Plan, Victim, run};

async fn survived(victim: Victim) {
    let binaries = binaries::build(false).unwrap();
    let plan = Plan { victim, rounds: 2, seed: 9, limit: Duration::from_secs(120), binaries };
    let report = run(plan).await;
    assert_eq!(report.violations, Vec::<String>::new(), "{report}");
    assert_eq!(report.rounds, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_the_stack() {
    survived(Victim::Stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_the_functions() {
    survived(Victim::Function).await;
}
