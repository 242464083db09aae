//! Transitions as a store keeps them: a bitmap, and a digest of what its bits mean.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};
use stalemap_harness::Transitions;
use stalemap_report::hex;

/// A digest of what each transition means to this version of the program.
#[must_use]
pub fn transition_table() -> String {
    static TABLE: LazyLock<String> = LazyLock::new(|| {
        let mut digest = Sha256::new();
        for cell in 0..Transitions::CELLS {
            let (kind, state, outcome) = Transitions::meaning(cell);
            digest.update(format!("{}|{state}|{outcome}\n", kind.row().word));
        }
        hex(&digest.finalize()[..6])
    });
    TABLE.clone()
}

/// A set of transitions as hexadecimal digits, four transitions each, without zeros at the end.
pub(crate) fn to_digits(transitions: &Transitions) -> String {
    let mut nibbles = vec![0u8; Transitions::CELLS.div_ceil(4)];
    for cell in transitions.iter() {
        nibbles[cell / 4] |= 1 << (cell % 4);
    }
    let digits: String =
        nibbles.into_iter().map(|nibble| char::from(b"0123456789abcdef"[usize::from(nibble)])).collect();
    digits.trim_end_matches('0').to_string()
}

/// The union of two sets.
pub(crate) fn union(one: &str, other: &str) -> String {
    let (long, short) = if one.len() >= other.len() { (one, other) } else { (other, one) };
    let digit =
        |digits: &str, at: usize| digits.as_bytes().get(at).and_then(|&it| char::from(it).to_digit(16)).unwrap_or(0);
    (0..long.len()).filter_map(|at| char::from_digit(digit(long, at) | digit(short, at), 16)).collect()
}

/// The transitions that the digits stand for in this version of the program; none where a digit is none, or stands for more.
pub(crate) fn from_digits(digits: &str) -> Option<Transitions> {
    let mut cells = Vec::new();
    for (at, digit) in digits.chars().enumerate() {
        let nibble = digit.to_digit(16)?;
        cells.extend((0..4).filter(|bit| nibble & (1 << bit) != 0).map(|bit| at * 4 + bit));
    }
    cells.iter().all(|&cell| cell < Transitions::CELLS).then(|| cells.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use stalemap_harness::Transitions;

    use super::{from_digits, to_digits, union};

    #[test]
    fn a_set_is_read_as_it_was_written_and_united() {
        let set = |cells: &[usize]| cells.iter().copied().collect::<Transitions>();
        for cells in [&[][..], &[0], &[3, 4, 77], &[Transitions::CELLS - 1]] {
            assert_eq!(from_digits(&to_digits(&set(cells))), Some(set(cells)), "{cells:?}");
        }
        let (one, other) = (to_digits(&set(&[0, 9])), to_digits(&set(&[1, 9, 200])));
        assert_eq!(union(&one, &other), to_digits(&set(&[0, 1, 9, 200])));
        assert_eq!(union(&other, &one), union(&one, &other));
        assert_eq!((from_digits("g"), from_digits(&"f".repeat(1 << 16))), (None, None));
    }
}
