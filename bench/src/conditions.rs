//! Where and when something is measured.

use crate::figures::Conditions;
use local::binaries::workspace;
use shared::clock::{Clock, SystemClock};
use std::process::Command;
use std::time::Duration;

impl Conditions {
    /// Here and now. What cannot be found out is said to be unknown.
    pub fn present(took: Duration) -> Self {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
        let changed = output("git", &["status", "--porcelain"]).is_some_and(|files| !files.is_empty());
        let commit = known(output("git", &["rev-parse", "--short=12", "HEAD"]));
        Self {
            date: SystemClock.now().rfc3339(),
            processor: known(model.map(str::to_owned)),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: kernel.trim().to_owned(),
            rustc: known(output("rustc", &["--version"])),
            commit: if changed { commit + ", changed" } else { commit },
            took_s: took.as_secs_f64().round(),
        }
    }
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(workspace()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn known(found: Option<String>) -> String {
    found.unwrap_or_else(|| "unknown".to_owned())
}
