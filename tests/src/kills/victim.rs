//! Processes, and their end.

use local::runtime::Function;

/// Those of a function's processes that still run its program.
pub(super) fn living(function: &Function) -> Vec<u32> {
    let binary = &function.spec().binary;
    let runs = |pid: &u32| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == *binary);
    function.processes().into_iter().filter(runs).collect()
}

/// Kills a process without warning; whether it was there.
#[expect(unsafe_code, reason = "the standard library kills only processes that it has a handle on")]
pub fn end(pid: u32) -> bool {
    // SAFETY: kill takes two numbers, and touches no memory of ours.
    libc::pid_t::try_from(pid).is_ok_and(|pid| unsafe { libc::kill(pid, libc::SIGKILL) } == 0)
}
