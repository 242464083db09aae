//! Sequences that meet the marks at changes of the address space: unmap, discard, protect, move, fork, exit.

use super::Sequence;

pub(super) const SEQUENCES: &[Sequence] = &[
    (
        "discard in a locked space",
        "setup t0 s0 v0 to d0; discard s0 v1",
        "setup t0 s0 v0 to d0; finalize t0; discard s0 v1",
    ),
    (
        "discard of a page that its transaction has locked",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0; discard s0 v0",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0; finalize t0; discard s0 v0",
    ),
    ("discard that is refused although it removed entries", "write s0 v3 #1; discard s0 v3+2", "discard s0 v3+2"),
    ("fork of a device page", "migrate s0 v0 to d0; fork s0 s1", "write s0 v0 #1; fork s0 s1"),
    ("fork of a held page", "write s0 v0 #1; hold h0 s0 v0; fork s0 s1", "write s0 v0 #1; fork s0 s1"),
    (
        "fork of a migration entry",
        "migrate s0 v0 to d0; collect t0 d0; fork s0 s1",
        "migrate s0 v0 to d0; collect t0 d0; finalize t0; fork s0 s1",
    ),
    ("fork of a pinned page", "pin k0 s0 v0; fork s0 s1", "pin k0 s0 v0; unpin k0; fork s0 s1"),
    (
        "fork that finds no frame for a pinned page",
        "pin k0 s0 v0; alloc b0 1; alloc b1 0; fork s0 s1",
        "pin k0 s0 v0; alloc b0 1; fork s0 s1",
    ),
    (
        "move of a migration entry",
        "migrate s0 v0 to d0; collect t0 d0; move s0 v0 v6",
        "migrate s0 v0 to d0; collect t0 d0; finalize t0; move s0 v0 v6",
    ),
    ("move that stops in the middle", "move s0 v3+2 v6", "move s0 v2+2 v6"),
    (
        "protect of a migration entry",
        "migrate s0 v0 to d0; collect t0 d0; protect s0 v0 r",
        "migrate s0 v0 to d0; collect t0 d0; finalize t0; protect s0 v0 r",
    ),
    (
        "protect that sets the writable bit",
        "write s0 v0 #1; protect s0 v0 r; protect s0 v0 rw",
        "write s0 v0 #1; fork s0 s1; protect s0 v0 r; protect s0 v0 rw",
    ),
    (
        "protect to rw of a clean entry in dialect 6.1",
        "6.1; write s0 v0 #1; protect s0 v0 r; migrate s0 v0 to d0; migrate s0 v0 from d0; protect s0 v0 rw",
        "write s0 v0 #1; protect s0 v0 r; migrate s0 v0 to d0; migrate s0 v0 from d0; protect s0 v0 rw",
    ),
    (
        "protect to rw of a clean entry in dialect 6.1",
        "6.1; migrate s0 v0 to d0; read s0 v0; protect s0 v0 r; protect s0 v0 rw",
        "6.1; write s0 v0 #1; protect s0 v0 r; protect s0 v0 rw",
    ),
    (
        "protect to rw of a device page",
        "migrate s0 v0 to d0; protect s0 v0 r; protect s0 v0 rw",
        "migrate s0 v0 to d0; read s0 v0; protect s0 v0 r; protect s0 v0 rw",
    ),
    (
        "protect to rw of a shared page",
        "write s0 v0 #1; fork s0 s1; protect s0 v0 r; protect s0 v0 rw",
        "write s0 v0 #1; protect s0 v0 r; protect s0 v0 rw",
    ),
    ("unmap or discard of a device page", "migrate s0 v0 to d0; unmap s0 v0", "write s0 v0 #1; unmap s0 v0"),
    (
        "unmap or discard of a held page",
        "write s0 v0 #1; hold h0 s0 v0; unmap s0 v0",
        "write s0 v0 #1; hold h0 s0 v0; release h0; unmap s0 v0",
    ),
    (
        "unmap or discard of a migration entry",
        "write s0 v0 #1; setup t0 s0 v0 to d0; discard s0 v0",
        "write s0 v0 #1; setup t0 s0 v0 to d0; finalize t0; discard s0 v0",
    ),
    ("unmap or discard of a pinned page", "pin k0 s0 v0; unmap s0 v0", "pin k0 s0 v0; unpin k0; unmap s0 v0"),
    (
        "exit over a migration entry",
        "migrate s0 v0 to d0; fork s0 s1; collect t0 d0; exit s1",
        "migrate s0 v0 to d0; fork s0 s1; collect t0 d0; finalize t0; exit s1",
    ),
    ("move over a mapped place", "move s0 v0 v2", "move s0 v0 v6"),
];
