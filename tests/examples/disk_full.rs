//! Fills a small file system under a stack. Needs Linux with `unshare` and `mount`, no privilege where user namespaces may
//! be made.
//!
//! `cargo run -p tests --example disk_full`

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "what cannot go on should stop")]

use local::binaries;
use serde_json::json;
use tests::disk::{Disk, refused_start, run_full};

#[tokio::main]
async fn main() {
    let program = binaries::build(false).unwrap().remove("local").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let changes = run_full(&Disk::Small(directory.path().to_owned()), &program).await;
    let (full, read_only) = (r#"cat /dev/zero >"$0/full" 2>/dev/null;"#, r#"mount -o remount,ro "$0";"#);
    for (commands, reason) in [(full, "No space left on device"), (read_only, "Read-only file system")] {
        let words = refused_start(directory.path(), commands, &program).await;
        println!("{words}");
        let named = words.contains(&directory.path().display().to_string());
        assert!(named && words.contains(reason), "{words}");
    }
    println!("{}", json!({"disk": {"changes_until_full": changes, "refused_starts": 2}}));
}
