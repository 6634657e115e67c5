//! Nothing gets lost or overtakes when the event functions are killed; `.ci/full` does the same at length.

use local::binaries;
use std::time::Duration;
use tests::kills::{Plan, run};

#[tokio::test(flavor = "multi_thread")]
async fn every_version_comes_out_whatever_is_killed() {
    let plan = Plan {
        updates: 300,
        kills: 10,
        lags: 0,
        limit: Duration::from_secs(300),
        binaries: binaries::build(false).unwrap(),
    };
    let report = run(plan).await;
    assert_eq!(report.violations, Vec::<String>::new(), "{report}");
}
