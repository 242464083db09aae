//! Sequences that meet the marks at blocks of frames.

use super::Sequence;

pub(super) const SEQUENCES: &[Sequence] = &[
    (
        "a block refused although enough frames are free",
        "alloc b0 0; alloc b1 0; alloc b2 0; alloc b3 0; free b1; free b2; alloc b4 1",
        "alloc b0 0; alloc b1 0; alloc b2 0; alloc b3 0; free b2; alloc b4 1",
    ),
    ("free of one frame of a split block", "alloc b0 1; split b0; free b0", "alloc b0 1; free b0"),
    (
        "free of the last frame of a split block",
        "alloc b0 1; split b0; free b0; free b0",
        "alloc b0 1; split b0; free b0; alloc b1 0; free b1",
    ),
];
