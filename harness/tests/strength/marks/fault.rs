//! Sequences that meet the marks at faults of the CPU: holes, copies, the way back from a device.

use super::Sequence;

pub(super) const SEQUENCES: &[Sequence] = &[
    (
        "RAM full at fault back",
        "migrate s0 v0 to d0; alloc b0 2; read s0 v0",
        "migrate s0 v0 to d0; alloc b0 1; read s0 v0",
    ),
    (
        "access to a page that its transaction has locked",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0; read s0 v0",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0; finalize t0; read s0 v0",
    ),
    (
        "copy on write",
        "write s0 v0 #1; fork s0 s1; write s0 v0 #2",
        "write s0 v0 #1; fork s0 s1; exit s1; write s0 v0 #2",
    ),
    (
        "copy on write of a held page",
        "write s0 v0 #1; fork s0 s1; hold h0 s0 v0; write s0 v0 #2",
        "write s0 v0 #1; fork s0 s1; write s0 v0 #2",
    ),
    (
        "copy on write that finds no frame",
        "write s0 v0 #1; fork s0 s1; alloc b0 1; alloc b1 0; write s0 v0 #2",
        "write s0 v0 #1; fork s0 s1; alloc b0 1; write s0 v0 #2",
    ),
    ("fault back", "migrate s0 v0 to d0; read s0 v0", "migrate s0 v0 to d0; fork s0 s1; read s0 v0"),
    ("fault back of a shared page", "migrate s0 v0 to d0; fork s0 s1; read s0 v0", "migrate s0 v0 to d0; read s0 v0"),
    (
        "hole filled in a locked space",
        "setup t0 s0 v0 to d0; write s0 v1 #1",
        "setup t0 s0 v0 to d0; finalize t0; write s0 v1 #1",
    ),
    (
        "read of a migration entry",
        "write s0 v0 #1; setup t0 s0 v0 to d0; read s0 v0",
        "write s0 v0 #1; setup t0 s0 v0 to d0; finalize t0; read s0 v0",
    ),
    (
        "write that reuses a page that was shared",
        "write s0 v0 #1; fork s0 s1; exit s1; write s0 v0 #2",
        "write s0 v0 #1; fork s0 s1; write s0 v0 #2",
    ),
    (
        "write to a migration entry",
        "write s0 v0 #1; setup t0 s0 v0 to d0; write s0 v0 #2",
        "write s0 v0 #1; setup t0 s0 v0 to d0; finalize t0; write s0 v0 #2",
    ),
    (
        "write to an exclusive page through an entry without the writable bit",
        "migrate s0 v0 to d0; protect s0 v0 r; protect s0 v0 rw; write s0 v0 #1",
        "migrate s0 v0 to d0; write s0 v0 #1",
    ),
    (
        "copy on write that finds no frame after a fault back",
        "write s0 v0 #1; fork s0 s1; migrate s0 v0 to d0; alloc b0 1; alloc b1 0; write s0 v0 #2",
        "write s0 v0 #1; fork s0 s1; alloc b0 1; alloc b1 0; write s0 v0 #2",
    ),
    // A frame of RAM is certainly used again when more were taken than there are.
    (
        "fault back into RAM whose frames are used again",
        "alloc b0 2; free b0; migrate s0 v0 to d0; read s0 v0",
        "alloc b0 1; free b0; alloc b0 0; free b0; migrate s0 v0 to d0; read s0 v0",
    ),
    (
        "fault back into RAM whose frames are used again",
        "alloc b0 1; free b0; alloc b0 0; free b0; write s0 v0 #1; migrate s0 v0 to d0; read s0 v0",
        "alloc b0 1; split b0; free b0; free b0; write s0 v0 #1; migrate s0 v0 to d0; read s0 v0",
    ),
    (
        "fault back into RAM whose frames are used again",
        "alloc b0 1; free b0; alloc b0 0; free b0; write s0 v0 #1; setup t0 s0 v0 to d0; copy t0 0; pages t0; finalize t0; \
         read s0 v0",
        "alloc b0 1; free b0; write s0 v0 #1; setup t0 s0 v0 to d0; copy t0 0; pages t0; finalize t0; read s0 v0",
    ),
    (
        "fault back into RAM whose frames are used again",
        "alloc b0 1; free b0; alloc b0 0; free b0; write s0 v1 #1; discard s0 v1; migrate s0 v0 to d0; read s0 v0",
        "alloc b0 1; free b0; alloc b0 0; free b0; read s0 v1; discard s0 v1; migrate s0 v0 to d0; read s0 v0",
    ),
];
