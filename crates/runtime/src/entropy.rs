//! The only place that makes random bytes: UIDs, the suffix of `generateName`, tokens, jitter.
//!
//! All of it comes from the operating system's generator through aws-lc-rs, so none of it is
//! guessable. Mirrors `k8s.io/apimachinery/pkg/util/rand` and `util/uuid`.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use std::time::Duration;

/// Without vowels and look-alikes, so that a suffix spells no word and is read aloud unmistaken.
const SUFFIX_ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// How many characters `generateName` appends.
pub const NAME_SUFFIX_CHARS: usize = 5;

/// Fills `bytes` with randomness.
pub fn fill(bytes: &mut [u8]) {
    SystemRandom::new().fill(bytes).expect("the system's generator does not fail once seeded");
}

/// `N` random bytes.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    fill(&mut out);
    out
}

/// A number in `0..bound`, each as likely as the other; 0 when `bound` is 0.
pub fn below(bound: u64) -> u64 {
    if bound == 0 {
        return 0;
    }
    // Values past the last whole multiple of `bound` would favour small results.
    let limit = u64::MAX - u64::MAX % bound;
    loop {
        let value = u64::from_ne_bytes(bytes());
        if value < limit {
            return value % bound;
        }
    }
}

/// A version 4 UUID in its usual text form, as in `metadata.uid`.
pub fn uuid_v4() -> String {
    let mut raw: [u8; 16] = bytes();
    raw[6] = (raw[6] & 0x0f) | 0x40;
    raw[8] = (raw[8] & 0x3f) | 0x80;
    let mut out = String::with_capacity(36);
    for (index, byte) in raw.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        for digit in [byte >> 4, byte & 0x0f] {
            out.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    out
}

/// `chars` characters of the alphabet that generated names use.
pub fn suffix(chars: usize) -> String {
    (0..chars)
        .map(|_| char::from(SUFFIX_ALPHABET[below(SUFFIX_ALPHABET.len() as u64) as usize]))
        .collect()
}

/// The suffix that `metadata.generateName` gets: five characters.
pub fn name_suffix() -> String {
    suffix(NAME_SUFFIX_CHARS)
}

/// `duration` made longer by up to `factor` times itself, so that many waiters don't wake at
/// once. A `factor` of 0 or less counts as 1, as upstream's `wait.Jitter` has it.
pub fn jitter(duration: Duration, factor: f64) -> Duration {
    let factor = if factor > 0.0 { factor } else { 1.0 };
    let fraction = below(1 << 53) as f64 / (1u64 << 53) as f64;
    duration + duration.mul_f64(fraction * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuid_has_version_and_variant() {
        for _ in 0..50 {
            let uuid = uuid_v4();
            assert_eq!(uuid.len(), 36);
            assert_eq!(&uuid[14..15], "4");
            assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        }
        assert_ne!(uuid_v4(), uuid_v4());
    }

    #[test]
    fn suffix_uses_the_whole_alphabet_and_nothing_else() {
        let text = suffix(5000);
        assert!(text.bytes().all(|b| SUFFIX_ALPHABET.contains(&b)));
        assert!(SUFFIX_ALPHABET.iter().all(|b| text.bytes().any(|c| c == *b)));
        assert_eq!(name_suffix().len(), 5);
    }

    #[test]
    fn below_stays_below() {
        assert_eq!(below(0), 0);
        assert_eq!(below(1), 0);
        assert!((0..1000).all(|_| below(3) < 3));
    }

    #[test]
    fn jitter_only_lengthens() {
        let second = Duration::from_secs(1);
        for _ in 0..100 {
            let got = jitter(second, 0.5);
            assert!(got >= second && got <= second.mul_f64(1.5));
        }
    }
}
