//! Comparing what nobody may learn by the time that it takes.

/// Whether two digests or MACs are the same, in constant time.
#[expect(deprecated, reason = "ring names no other comparison; a difference of digests tells nothing anyway")]
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    ring::constant_time::verify_slices_are_equal(a, b).is_ok()
}
