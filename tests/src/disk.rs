//! A disk that runs full under a stack: each contract refuses in its own words, the terminal says why, nothing is damaged,
//! and once there is room it goes on.

use crate::load::{Caller, Change, Process, User, findings, sync_request};
use crate::{Reply, Request};
use local::record::Record;
use serde_json::json;
use shared::profile::Profile;
use shared::store::ProfileStore;
use shared::validation::UserId;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::process::Command;
use tokio::time::sleep;

/// Changes after which even a large disk should be full.
const MOST: u64 = 3_000;

/// How long what was taken may need to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// What runs full.
#[derive(Clone, Debug)]
pub enum Disk {
    /// None of the stack's files may become longer than 1 MiB (`RLIMIT_FSIZE`), which needs no privilege. In this directory.
    Limited(PathBuf),
    /// A file system in memory of 12 MiB, mounted below this directory in a namespace of the stack's own, which ends with
    /// the stack.
    Small(PathBuf),
}

impl Disk {
    /// Starts a stack on the disk: the data directory as it is seen from here.
    async fn start(&self, program: &Path) -> (Process, PathBuf) {
        match self {
            Self::Limited(data) => {
                let mut command = Command::new("sh");
                // Whoever does not ignore the signal is ended by it.
                command.args(["-c", r#"trap "" XFSZ; exec "$@""#, "sh"]).arg(program);
                command.args(Process::ARGUMENTS).arg(data);
                (Process::run(command).await.unwrap(), data.clone())
            }
            Self::Small(place) => {
                let process = Process::run(mounted(place, "", program)).await.unwrap();
                let seen = format!("/proc/{}/root{}", process.pid(), place.join("disk/data").display());
                (process, seen.into())
            }
        }
    }

    /// Takes room away, so that a few changes more fill the disk.
    fn narrow(&self, process: &Process, data: &Path) {
        match self {
            Self::Limited(_) => process.limit_files(Some(1024 * 1024)),
            Self::Small(_) => std::fs::write(ballast(data), vec![0; 6 * 1024 * 1024]).unwrap(),
        }
    }

    fn make_room(&self, process: &Process, data: &Path) {
        match self {
            Self::Limited(_) => process.limit_files(None),
            Self::Small(_) => std::fs::remove_file(ballast(data)).unwrap(),
        }
    }
}

/// What a start says on a small disk below this directory after these commands of a shell, to which the disk is `$0`.
///
/// # Panics
/// When it starts.
pub async fn refused_start(place: &Path, commands: &str, program: &Path) -> String {
    Process::run(mounted(place, commands, program)).await.err().expect("no start on such a disk")
}

fn ballast(data: &Path) -> PathBuf {
    data.parent().unwrap().join("ballast")
}

/// The keys are not on the disk, but beside it: they are read from outside as well, by their real place.
fn mounted(place: &Path, commands: &str, program: &Path) -> Command {
    let (disk, keys) = (place.join("disk"), place.join("keys"));
    if !keys.exists() {
        std::fs::create_dir_all(disk.join("data")).unwrap();
        std::fs::create_dir(&keys).unwrap();
        symlink(&keys, disk.join("data/keys")).unwrap();
    }
    let mount = r#"mount -t tmpfs -o size=12m tmpfs "$0" && mkdir "$0/data" && ln -s "$1" "$0/data/keys""#;
    let script = format!(r#"{mount} && {{ {commands} shift; }} && exec "$@""#);
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", &script]).arg(&disk).arg(keys).arg(program);
    command.args(Process::ARGUMENTS).arg(disk.join("data"));
    command
}

/// Fills the disk by changes and empties it again, on a stack of its own. Says how many changes it took.
///
/// # Panics
/// When anything is not as it must be.
pub async fn run_full(disk: &Disk, program: &Path) -> u64 {
    let (process, data) = disk.start(program).await;
    let caller = Caller::new(&data);
    let store = Record::read(&data).unwrap().store().await;
    let user = User::new(&caller, 10_000);
    assert_eq!(caller.send(&user.creation()).await.unwrap().status, 200);
    for n in 1..=5 {
        let change = user.change(&caller, n, n);
        assert!(change.is_done(&caller.send(&change.request).await.unwrap()));
    }
    disk.narrow(&process, &data);

    let (mut n, refused) = (5, &mut Vec::<(Change, Reply)>::new());
    let mut before = profile(&store, &user).await;
    while refused.is_empty() {
        n += 1;
        assert!(n < MOST, "the disk does not run full");
        let change = large(&user, n);
        let reply = caller.send(&change.request).await.unwrap();
        if change.is_done(&reply) {
            before = profile(&store, &user).await;
        } else {
            refused.push((change, reply));
        }
    }
    for kind in 1..=5 {
        let change = user.change(&caller, kind, n + kind);
        let reply = caller.send(&change.request).await.unwrap();
        // A smaller change may still have fitted.
        if change.is_done(&reply) {
            before = profile(&store, &user).await;
        } else {
            refused.push((change, reply));
        }
    }
    for (change, reply) in refused.iter() {
        assert!(change.is_unavailable(reply), "{}: {reply:?}", change.contract);
    }
    assert!(refused.len() > 1, "only one change was refused");
    // Reading goes on, and nothing refused was written.
    let read = caller.send(&Request::get_profile(&user.id).bearer(user.token())).await.unwrap();
    assert_eq!((read.status, &read.body["data"]["profile"]["version"]), (200, &json!(before.version)));
    assert_eq!(profile(&store, &user).await, before);
    said(&process, "updates are refused until there is room").await;

    disk.make_room(&process, &data);
    for (change, _) in refused.iter() {
        let reply = caller.send(&change.request).await.unwrap();
        assert!(change.is_done(&reply), "{}: {reply:?}", change.contract);
    }
    let after = profile(&store, &user).await;
    assert_eq!(after.version, before.version + refused.len() as u64);
    assert_eq!(findings(&store).await.unwrap(), [""; 0]);
    if matches!(disk, Disk::Limited(_)) {
        process.kill().await.unwrap();
        let (process, data) = disk.start(program).await;
        let store = Record::read(&data).unwrap().store().await;
        assert_eq!(profile(&store, &user).await, after);
        process.kill().await.unwrap();
    }
    n
}

/// Fills the journal of the queues, which must take what comes afterwards all the same, and be good for the next start.
///
/// # Panics
/// When anything is not as it must be.
pub async fn run_full_of_messages(data: &Path, program: &Path) {
    let disk = Disk::Limited(data.to_owned());
    let (process, data) = disk.start(program).await;
    let caller = Caller::new(&data);
    let user = User::new(&caller, 10_000);
    assert_eq!(caller.send(&user.creation()).await.unwrap().status, 200);
    disk.narrow(&process, &data);
    let large = json!({"source": "crm", "detail-type": "Profile Sync Requested", "detail": {"x": "x".repeat(300_000)}});
    let large = Request::at("POST /_local/events").json(&large);
    let mut last = caller.send(&large).await.unwrap();
    for _ in 0..10 {
        if last.status != 202 {
            break;
        }
        last = caller.send(&large).await.unwrap();
    }
    let message = last.body["message"].as_str().unwrap_or_default();
    assert!(last.status == 500 && message.starts_with("the journal of the queues: "), "{last:?}");
    disk.make_room(&process, &data);
    assert_eq!(caller.send(&sync_request(&user.id, 7)).await.unwrap().status, 202);
    process.kill().await.unwrap();

    let (process, data) = disk.start(program).await;
    let store = Record::read(&data).unwrap().store().await;
    let deadline = Instant::now() + PATIENCE;
    while profile(&store, &user).await.text(shared::profile::Attribute::Bio) != Some("as of 7") {
        assert!(Instant::now() < deadline, "what was taken has not arrived");
        sleep(Duration::from_millis(50)).await;
    }
    process.kill().await.unwrap();
}

/// A change that needs much room.
fn large(user: &User, n: u64) -> Change {
    let fields = json!({"custom_fields": {"number": n, "filling": "x".repeat(12_000)}});
    let request = Request::put_profile(&user.id).bearer(user.token()).json(&fields);
    let request = request.header("idempotency-key", &format!("\"large {n}\""));
    Change { contract: "authms", request, values: Vec::new(), proves: None }
}

async fn profile(store: &ProfileStore, user: &User) -> Profile {
    let read = store.read(&UserId::parse(&user.id).unwrap()).await.unwrap();
    read.and_then(|record| record.profile).unwrap()
}

/// Waits until the terminal has said something.
async fn said(process: &Process, words: &str) {
    let deadline = Instant::now() + PATIENCE;
    while !process.lines().iter().any(|line| line.contains(words)) {
        assert!(Instant::now() < deadline, "the terminal does not say {words:?}: {:?}", process.lines());
        sleep(Duration::from_millis(50)).await;
    }
}
