//! Randomness, as a parameter: whoever needs it is given a source, so that every test is repeatable.

use ring::rand::SecureRandom;
use std::time::Duration;

/// Where random bytes come from.
pub trait Entropy: Send + Sync {
    /// Fills the buffer with bytes that nobody can predict.
    fn fill(&self, buffer: &mut [u8]);
}

/// The operating system's random source.
pub struct SystemEntropy(ring::rand::SystemRandom);

impl SystemEntropy {
    /// A handle on the operating system's source.
    #[expect(clippy::disallowed_methods, reason = "the one place where randomness enters the program")]
    pub fn new() -> Self {
        Self(ring::rand::SystemRandom::new())
    }
}

impl Default for SystemEntropy {
    fn default() -> Self {
        Self::new()
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        // A machine that has no randomness to give must not go on with a predictable identifier.
        self.0.fill(buffer).expect("the operating system gives random bytes");
    }
}

/// `N` random bytes.
pub fn bytes<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut buffer = [0; N];
    entropy.fill(&mut buffer);
    buffer
}

/// A random UUID (version 4, RFC 9562), lower-case with hyphens.
pub fn uuid(entropy: &dyn Entropy) -> String {
    let mut bytes: [u8; 16] = bytes(entropy);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = hex(&bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// A number in `0..bound` (bound ≥ 1), unbiased.
pub fn below(entropy: &dyn Entropy, bound: u32) -> u32 {
    // Values above the last whole multiple of `bound` would favour small results.
    let limit = u32::MAX - u32::MAX % bound;
    loop {
        let drawn = u32::from_le_bytes(bytes(entropy));
        if drawn < limit {
            return drawn % bound;
        }
    }
}

/// Waits 0–25 ms after the first lost race and twice as long at most after each further one, so that contenders come
/// apart.
pub(crate) async fn pause(entropy: &dyn Entropy, lost_races: u32) {
    let longest = 25u32 << lost_races;
    tokio::time::sleep(Duration::from_millis(below(entropy, longest + 1).into())).await;
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |four_bits: u8| char::from(DIGITS[usize::from(four_bits)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Same(u8);
    impl Entropy for Same {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    #[test]
    fn uuid_has_version_and_variant() {
        assert_eq!(uuid(&Same(0xff)), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid(&Same(0)), "00000000-0000-4000-8000-000000000000");
    }

    #[test]
    fn below_stays_below() {
        let system = SystemEntropy::new();
        assert!((0..1000).all(|_| below(&system, 7) < 7));
        assert_eq!(below(&Same(0), 10), 0);
    }
}
