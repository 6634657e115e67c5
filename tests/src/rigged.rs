//! Time and randomness in the test's hand.

use ring::digest::{SHA256, digest};
use shared::clock::{Clock, Timestamp};
use shared::entropy::Entropy;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Where every test's clock begins: 2026-04-03T12:00:00Z.
pub const NOON: Timestamp = Timestamp::from_millis(1_775_217_600_000);

/// A clock that stands still until it is turned.
#[derive(Debug)]
pub struct Dial(AtomicI64);

impl Default for Dial {
    fn default() -> Self {
        Self(AtomicI64::new(NOON.millis()))
    }
}

impl Dial {
    /// Turns the clock forward.
    pub fn forward(&self, seconds: i64) {
        self.forward_millis(seconds * 1000);
    }

    /// Turns the clock forward by a little.
    pub fn forward_millis(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for Dial {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Bytes that look random and are the same in every run.
#[derive(Debug, Default)]
pub struct Sequence {
    drawn: AtomicU64,
    /// How often it may still be asked before it panics, plus one; 0: it never does.
    fuse: AtomicU64,
}

impl Sequence {
    /// Panics once, when it has been asked `times` more times.
    pub fn panic_after(&self, times: u64) {
        self.fuse.store(times + 1, Ordering::SeqCst);
    }
}

impl Entropy for Sequence {
    fn fill(&self, buffer: &mut [u8]) {
        let left = self.fuse.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        assert_ne!(left, Ok(1), "as the test wanted");
        for chunk in buffer.chunks_mut(32) {
            let number = self.drawn.fetch_add(1, Ordering::SeqCst);
            chunk.copy_from_slice(&digest(&SHA256, &number.to_be_bytes()).as_ref()[..chunk.len()]);
        }
    }
}
