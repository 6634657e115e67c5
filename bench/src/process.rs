//! What the kernel knows about a process (proc(5)).

use local::failure::{Context, Failure, Result};
use std::time::Duration;
use tokio::time::sleep;

/// Processor time of all threads of a process so far, once the process has come to rest: what it still does after it has
/// asked for work belongs to what it did before.
///
/// # Errors
/// When the process is gone, or does not come to rest within a second.
pub async fn cpu_time(process: u32) -> Result<Duration> {
    let mut last = run_time(process)?;
    for _ in 0..1000 {
        sleep(Duration::from_millis(1)).await;
        let now = run_time(process)?;
        if now == last {
            return Ok(now);
        }
        last = now;
    }
    Err(Failure::new("the process does not come to rest"))
}

fn run_time(process: u32) -> Result<Duration> {
    let tasks = format!("/proc/{process}/task");
    let mut nanoseconds = 0;
    for task in std::fs::read_dir(&tasks).context(&tasks)? {
        let path = task.context(&tasks)?.path().join("schedstat");
        // A thread may end between being listed and being read.
        let Ok(statistics) = std::fs::read_to_string(&path) else { continue };
        let running = statistics.split(' ').next().and_then(|number| number.parse::<u64>().ok());
        nanoseconds += running.ok_or_else(|| Failure::new(format!("{}: no number", path.display())))?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Most memory that a process has had at a time, in bytes.
///
/// # Errors
/// When the process is gone.
pub fn peak_memory(process: u32) -> Result<u64> {
    let path = format!("/proc/{process}/status");
    let status = std::fs::read_to_string(&path).context(&path)?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Ok(kilobytes.ok_or_else(|| Failure::new(format!("{path}: no VmHWM")))? * 1024)
}
