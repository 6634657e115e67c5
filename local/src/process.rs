//! Operating system processes that die with the local stack.

use crate::failure::{Context, Result};
use std::fmt;
use std::io;
use std::process::Stdio;
use std::sync::{Arc, mpsc};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

/// A thread that starts processes and lasts as long as this value.
///
/// The kernel ties a process to the *thread* that started it (`PR_SET_PDEATHSIG`), and a runtime's worker threads come
/// and go. However the local stack ends, this thread ends with it and the processes are killed.
#[derive(Clone)]
pub(crate) struct Spawner {
    orders: mpsc::Sender<Order>,
    output: Output,
    ending: Ending,
}

/// When processes end that nobody ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With the thread that started them, whatever becomes of it. That takes a fork, which copies the page tables of this
    /// program for the new one to take down.
    WithUs,
    /// When they find the Runtime API gone. They start as from a small program, which is what a measurement wants.
    ByThemselves,
}

/// Where the lines go that processes write: to a function of process name and line.
#[derive(Clone)]
pub struct Output(Arc<Write>);

type Write = dyn Fn(&str, &str) + Send + Sync;

impl Output {
    /// To this function, which is called from any thread.
    pub fn new(write: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(write))
    }

    /// Writes a line.
    pub(crate) fn write(&self, name: &str, line: &str) {
        (self.0)(name, line);
    }
}

/// To standard error, each line preceded by the name.
impl Default for Output {
    fn default() -> Self {
        Self::new(|name, line| eprintln!("{name} | {line}"))
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Output")
    }
}

struct Order {
    command: Command,
    reply: oneshot::Sender<io::Result<Child>>,
}

impl Spawner {
    /// Starts the thread. Must be called inside a tokio runtime.
    pub(crate) fn start(output: Output, ending: Ending) -> Result<Self> {
        let (orders, received) = mpsc::channel::<Order>();
        let runtime = tokio::runtime::Handle::current();
        let thread = std::thread::Builder::new().name("spawner".to_owned());
        thread
            .spawn(move || {
                let _inside = runtime.enter();
                for mut order in received {
                    let _ = order.reply.send(order.command.spawn());
                }
            })
            .context("cannot start a thread")?;
        Ok(Self { orders, output, ending })
    }

    /// Writes a line where this process's own lines go.
    pub(crate) fn tell(&self, name: &str, line: &str) {
        self.output.write(name, line);
    }

    /// Starts a process in a process group of its own, so that Ctrl-C at the terminal does not reach it while it serves
    /// a request.
    pub(crate) async fn spawn(&self, name: &str, mut command: Command) -> io::Result<Child> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        if self.ending == Ending::WithUs {
            die_with_thread(command.as_std_mut(), libc::SIGKILL);
        }
        let (reply, replied) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts processes has ended");
        self.orders.send(Order { command, reply }).map_err(|_| gone())?;
        let mut child = replied.await.map_err(|_| gone())??;
        if let Some(written) = child.stdout.take() {
            tokio::spawn(echo(self.output.clone(), name.to_owned(), written));
        }
        if let Some(written) = child.stderr.take() {
            tokio::spawn(echo(self.output.clone(), name.to_owned(), written));
        }
        Ok(child)
    }
}

async fn echo(output: Output, name: String, written: impl AsyncRead + Unpin) {
    let mut written = BufReader::new(written);
    let mut line = Vec::new();
    while let Ok(1..) = written.read_until(b'\n', &mut line).await {
        output.write(&name, String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
}

/// Has the kernel send `signal` to the process when the thread that starts it ends. Only Linux can do that; elsewhere a
/// stack that is killed leaves its processes behind.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "only code between fork and exec can ask the kernel for this")]
pub fn die_with_thread(command: &mut std::process::Command, signal: libc::c_int) {
    use std::os::unix::process::CommandExt;
    let parent = libc::pid_t::try_from(std::process::id()).unwrap_or(0);
    // SAFETY: prctl and getppid are async-signal-safe, and the closure neither allocates nor takes locks.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, signal) == -1 {
                return Err(io::Error::last_os_error());
            }
            // The parent may have died before the kernel was asked.
            if libc::getppid() != parent {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            Ok(())
        });
    }
}

#[cfg(not(target_os = "linux"))]
pub fn die_with_thread(_command: &mut std::process::Command, _signal: libc::c_int) {}
