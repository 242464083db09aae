//! Sequences that meet the marks at pins and holds.

use super::Sequence;

pub(super) const SEQUENCES: &[Sequence] = &[
    (
        "hold of a migration entry",
        "write s0 v0 #1; setup t0 s0 v0 to d0; hold h0 s0 v0",
        "write s0 v0 #1; setup t0 s0 v0 to d0; finalize t0; hold h0 s0 v0",
    ),
    ("hold of a shared page", "write s0 v0 #1; fork s0 s1; hold h0 s0 v0", "write s0 v0 #1; hold h0 s0 v0"),
    (
        "peek at a held page that nobody maps",
        "write s0 v0 #1; hold h0 s0 v0; unmap s0 v0; peek h0",
        "write s0 v0 #1; hold h0 s0 v0; peek h0",
    ),
    ("pin in a locked space", "setup t0 s0 v0 to d0; pin k0 s0 v1", "setup t0 s0 v0 to d0; finalize t0; pin k0 s0 v1"),
    (
        "read through a pin of a page that nobody maps",
        "pin k0 s0 v0; unmap s0 v0; pin_read k0",
        "pin k0 s0 v0; pin_read k0",
    ),
    ("second pin on a page", "pin k0 s0 v0; pin k1 s0 v0", "pin k0 s0 v0; pin k1 s0 v1"),
    (
        "page that ends with its last hold",
        "write s0 v0 #1; hold h0 s0 v0; unmap s0 v0; release h0",
        "write s0 v0 #1; hold h0 s0 v0; release h0",
    ),
    ("page that ends with its last pin", "pin k0 s0 v0; unmap s0 v0; unpin k0", "pin k0 s0 v0; unpin k0"),
];
