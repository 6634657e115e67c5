//! What the kernel knows about a process.

use local::failure::{Context, Failure, Result};
use nix::sys::signal::{Signal, kill};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use std::time::Duration;
use tokio::time::sleep;

/// Processor time of a process so far, threads that have ended included (clock_getcpuclockid(3)), once it has come to rest:
/// what it still does after it has asked for work belongs to what it did before.
///
/// # Errors
/// When the process is gone, or does not come to rest within a second.
pub async fn cpu_time(process: u32) -> Result<Duration> {
    let clock = ClockId::pid_cpu_clock_id(pid(process)?).context("no processor clock")?;
    let run_time = || clock_gettime(clock).map(Duration::from).context("no processor time");
    let mut last = run_time()?;
    for _ in 0..1000 {
        sleep(Duration::from_millis(1)).await;
        let now = run_time()?;
        if now == last && is_waiting(process)? {
            return Ok(now);
        }
        last = now;
    }
    Err(Failure::new("the process does not come to rest"))
}

/// Whether none of its threads runs or wants to (proc_pid_stat(5): state).
fn is_waiting(process: u32) -> Result<bool> {
    let tasks = format!("/proc/{process}/task");
    for task in std::fs::read_dir(&tasks).context(&tasks)? {
        let path = task.context(&tasks)?.path().join("stat");
        // A thread may end between being listed and being read.
        let Ok(statistics) = std::fs::read_to_string(&path) else { continue };
        // The second field, a name in parentheses, may hold anything.
        let state = statistics.rsplit(')').next().and_then(|rest| rest.split_whitespace().next());
        if state != Some("S") {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Most memory that a process has had at a time, in bytes (proc_pid_status(5): `VmHWM`).
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

/// Asks a process to end.
///
/// # Errors
/// When it is gone.
pub fn terminate(process: u32) -> Result<()> {
    kill(pid(process)?, Signal::SIGTERM).context("the process cannot be ended")
}

fn pid(process: u32) -> Result<Pid> {
    i32::try_from(process).map(Pid::from_raw).context("no process id")
}
