//! The local stack as a process of its own.

use crate::kills::end;
use local::process::die_with_thread;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::sleep;

/// How long the functions of a stack that is gone may take to go as well.
const AFTERMATH: Duration = Duration::from_secs(10);

/// `cargo run -- --json` without cargo.
pub struct Process {
    child: Child,
    pid: u32,
    start: Duration,
    lines: Arc<Mutex<Vec<String>>>,
}

/// What a process uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// Resident memory in KiB.
    pub memory: u64,
    /// Open file descriptors.
    pub files: usize,
}

impl Process {
    /// What its program is called with before the data directory: any free port.
    pub const ARGUMENTS: [&str; 4] = ["--json", "--port", "0", "--data"];

    /// Starts a stack on a data directory and waits until it is ready. It ends with the thread that starts it.
    ///
    /// # Errors
    /// What it said on standard error, when it ended instead.
    pub async fn start(program: &Path, data: &Path) -> Result<Self, String> {
        let mut command = Command::new(program);
        command.args(Self::ARGUMENTS).arg(data);
        Self::run(command).await
    }

    /// As [`Process::start`], by a command that becomes the stack: one that limits it first, for example.
    ///
    /// # Errors
    /// As there.
    pub async fn run(mut command: Command) -> Result<Self, String> {
        let begin = Instant::now();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        die_with_thread(command.as_std_mut(), libc::SIGKILL);
        let mut child = command.spawn().unwrap();
        let mut words = BufReader::new(child.stderr.take().unwrap()).lines();
        let said = tokio::spawn(async move {
            let mut said = Vec::new();
            while let Ok(Some(line)) = words.next_line().await {
                said.push(line);
            }
            said.join("\n")
        });
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let mut events = BufReader::new(child.stdout.take().unwrap()).lines();
        while let Ok(Some(line)) = events.next_line().await {
            if line.contains(r#""event":"ready""#) {
                let kept = Arc::clone(&lines);
                tokio::spawn(async move {
                    while let Ok(Some(line)) = events.next_line().await {
                        // Requests have a status, batches are told at this level when all is well.
                        let usual =
                            [r#""status":"#, r#""outcome":"#, r#""level":"INFO""#, r#""source":"outbox""#];
                        if !usual.iter().any(|member| line.contains(member)) {
                            kept.lock().unwrap().push(line);
                        }
                    }
                });
                let pid = child.id().unwrap();
                return Ok(Self { child, pid, start: begin.elapsed(), lines });
            }
        }
        let _ = child.wait().await;
        Err(said.await.unwrap())
    }

    /// How long it took until it was ready, the look at whether everything is built included.
    pub const fn start_time(&self) -> Duration {
        self.start
    }

    /// Its process id.
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// What it said since it was ready, but for the lines about requests.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Lets none of its files become longer than this, or any as long as it may.
    #[expect(unsafe_code, reason = "the standard library limits no process")]
    pub fn limit_files(&self, bytes: Option<u64>) {
        let limit =
            libc::rlimit { rlim_cur: bytes.unwrap_or(libc::RLIM_INFINITY), rlim_max: libc::RLIM_INFINITY };
        let pid = libc::pid_t::try_from(self.pid).unwrap();
        // SAFETY: prlimit reads the one struct, and is asked to write none.
        let limited = unsafe { libc::prlimit(pid, libc::RLIMIT_FSIZE, &limit, std::ptr::null_mut()) };
        assert_eq!(limited, 0);
    }

    /// Name and process id of each function that runs.
    pub fn functions(&self) -> Vec<(String, u32)> {
        let entries = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let children = pids.filter(|pid| parent(*pid) == Some(self.pid));
        children.filter_map(|pid| Some((program(pid)?, pid))).collect()
    }

    /// Kills it without warning, and waits until its functions are gone.
    ///
    /// # Errors
    /// Names of functions that live on.
    pub async fn kill(mut self) -> Result<(), Vec<String>> {
        let functions = self.functions();
        assert!(end(self.pid), "it has ended before it was killed");
        self.child.wait().await.unwrap();
        let deadline = Instant::now() + AFTERMATH;
        loop {
            let living = functions.iter().filter(|(name, pid)| program(*pid).as_ref() == Some(name));
            let living: Vec<String> = living.map(|(name, _)| name.clone()).collect();
            if living.is_empty() {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(living);
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Footprint {
    /// Of a process that runs.
    pub fn of(pid: u32) -> Option<Self> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let memory =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))?;
        let files = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
        Some(Self { memory: memory.parse().ok()?, files })
    }
}

fn parent(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before it may hold spaces and parentheses.
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

/// The file name of the program that a process runs.
fn program(pid: u32) -> Option<String> {
    let path: PathBuf = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    // A build may have put another file in its place since.
    let name = path.file_name()?.to_str()?;
    Some(name.strip_suffix(" (deleted)").unwrap_or(name).to_owned())
}
