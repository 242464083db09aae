//! Sequences that meet the marks at migration, in phases and in one step.

use super::Sequence;

pub(super) const SEQUENCES: &[Sequence] = &[
    (
        "collected page moves although nobody maps it any more",
        "write s0 v0 #1; setup t0 s0 v0 to d0; discard s0 v0; copy t0 0; pages t0",
        "write s0 v0 #1; setup t0 s0 v0 to d0; copy t0 0; pages t0",
    ),
    (
        "collected pages that RAM cannot take",
        "migrate s0 v0 to d0; collect t0 d0; alloc b0 2; copy t0 0",
        "migrate s0 v0 to d0; collect t0 d0; alloc b0 1; alloc b1 0; copy t0 0",
    ),
    (
        "copy by a mask that begins again",
        "wide; setup t0 s0 v0+9 to d0; copy t0 1",
        "wide; setup t0 s0 v0+8 to d0; copy t0 1",
    ),
    (
        "copy by a mask that begins again",
        "wide; setup t0 s0 v0+9 to d0; copy t0 254",
        "wide; setup t0 s0 v0+9 to d0; copy t0 0",
    ),
    (
        "copy by a mask that begins again",
        "wide; setup t0 s0 v0+10 to d0; copy t0 16",
        "wide; setup t0 s0 v0+9 to d0; copy t0 255",
    ),
    (
        "eviction of a shared page",
        "migrate s0 v0 to d0; fork s0 s1; evict d0",
        "migrate s0 v0 to d0; fork s0 s1; exit s1; evict d0",
    ),
    (
        "hole filled between setup and pages",
        "setup t0 s0 v0 to d0; write s0 v0 #1; copy t0 0; pages t0",
        "setup t0 s0 v0 to d0; write s0 v0 #1; discard s0 v0; copy t0 0; pages t0",
    ),
    (
        "hole that becomes a page on the device",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0",
        "setup t0 s0 v0 to d0; copy t0 255; pages t0",
    ),
    (
        "migration in one step in a locked space",
        "setup t0 s0 v0 to d0; migrate s0 v1 to d0",
        "setup t0 s0 v0 to d0; finalize t0; migrate s0 v1 to d0",
    ),
    (
        "migration from a device that stops without a frame in dialect 7.3",
        "7.3; migrate s0 v0+2 to d0; alloc b0 0; migrate s0 v0+2 from d0",
        "7.3; migrate s0 v0+2 to d0; migrate s0 v0+2 from d0",
    ),
    (
        "migration from a device that stops without a frame in dialect 7.3",
        "7.3; migrate s0 v0+2 to d0; alloc b0 1; migrate s0 v0+4 from d0",
        "7.3; migrate s0 v0+4 to d0; alloc b0 1; migrate s0 v2+2 from d0",
    ),
    ("migration in one step without a frame", "migrate s0 v0+3 to d0", "migrate s0 v0+2 to d0"),
    (
        "migration of a page that more than four places map",
        "wide; write s0 v0 #1; fork s0 s1; fork s0 s2; fork s0 s3; fork s0 s4; migrate s0 v0 to d0",
        "wide; write s0 v0 #1; fork s0 s1; fork s0 s2; fork s0 s3; migrate s0 v0 to d0",
    ),
    (
        "migration of a shared page",
        "write s0 v0 #1; fork s0 s1; migrate s0 v0 to d0",
        "write s0 v0 #1; fork s0 s1; exit s1; migrate s0 v0 to d0",
    ),
    (
        "migration that is aborted",
        "setup t0 s0 v0 to d0; copy t0 0; finalize t0",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0; finalize t0",
    ),
    (
        "migration that passes over a locked page",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0; migrate s0 v0 from d0",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0; finalize t0; migrate s0 v0 from d0",
    ),
    (
        "migration that passes over a migration entry",
        "write s0 v0 #1; setup t0 s0 v0 to d0; setup t1 s0 v0 to d0",
        "write s0 v0 #1; setup t0 s0 v0 to d0; finalize t0; setup t1 s0 v0 to d0",
    ),
    (
        "migration that passes over a page elsewhere",
        "migrate s0 v0 to d0; migrate s0 v0 to d1",
        "migrate s0 v0 to d0; migrate s0 v0 from d0; migrate s0 v0 to d1",
    ),
    (
        "migration that puts back a pinned or held page",
        "pin k0 s0 v0; migrate s0 v0 to d0",
        "pin k0 s0 v0; unpin k0; migrate s0 v0 to d0",
    ),
    (
        "migration that puts back a pinned or held page",
        "write s0 v0 #1; hold h0 s0 v0; migrate s0 v0 to d0",
        "write s0 v0 #1; hold h0 s0 v0; release h0; migrate s0 v0 to d0",
    ),
    ("migration that stops after pages have moved", "migrate s0 v3+2 to d0", "migrate s0 v4 to d0"),
    (
        "no frame left in the middle of a range",
        "setup t0 s0 v0+3 to d0; copy t0 0",
        "setup t0 s0 v0+2 to d0; copy t0 0",
    ),
    (
        "page that ends with its transaction",
        "write s0 v0 #1; setup t0 s0 v0 to d0; discard s0 v0; finalize t0",
        "write s0 v0 #1; setup t0 s0 v0 to d0; finalize t0",
    ),
    (
        "second setup in a space",
        "setup t0 s0 v0 to d0; setup t1 s0 v1 to d0",
        "setup t0 s0 v0 to d0; finalize t0; setup t1 s0 v1 to d0",
    ),
    (
        "collection by device that passes over a transaction's page",
        "migrate s0 v0 to d0; collect t0 d0; collect t1 d0",
        "migrate s0 v0 to d0; collect t0 d0; finalize t0; collect t1 d0",
    ),
    (
        "migration to a device whose frames are used again",
        "migrate s0 v0+2 to d0; read s0 v0; migrate s0 v2 to d0",
        "migrate s0 v0 to d0; read s0 v0; migrate s0 v1 to d0",
    ),
    (
        "migration to a device whose frames are used again",
        "migrate s0 v0+2 to d0; evict d0; setup t0 s0 v2 to d0; copy t0 0",
        "migrate s0 v0+2 to d0; evict d0; setup t0 s0 v2 to d0; copy t0 255",
    ),
    (
        "migration to a device whose frames are used again",
        "setup t0 s0 v0+2 to d0; copy t0 0; finalize t0; migrate s0 v0 to d0",
        "setup t0 s0 v0+2 to d0; copy t0 1; finalize t0; migrate s0 v0 to d0",
    ),
    (
        "migration to a device whose frames are used again",
        "migrate s0 v0+2 to d0; migrate s0 v0+2 from d0; migrate s0 v3 to d0",
        "alloc b0 2; free b0; migrate s0 v0+2 to d0; migrate s0 v0+2 from d0; migrate s0 v0 from d0",
    ),
    (
        "migration to a device whose frames are used again",
        "migrate s0 v0+2 to d0; discard s0 v0; migrate s0 v3 to d0",
        "alloc b0 2; free b0; migrate s0 v0 to d0; setup t0 s0 v0 from d0; copy t0 0",
    ),
    // A frame that is not there is not used again, and what takes none uses none.
    (
        "migration to a device whose frames are used again",
        "migrate s0 v0+2 to d0; evict d0; migrate s0 v2 to d0; setup t0 s0 v3 to d0; copy t0 255",
        "migrate s0 v0+3 to d0",
    ),
    (
        "second setup in a space that meets a pinned page",
        "setup t0 s0 v0 to d0; pin k0 s0 v1; setup t1 s0 v1 to d0",
        "setup t0 s0 v0 to d0; pin k0 s0 v1; setup t1 s0 v2 to d0",
    ),
    (
        "second setup in a space that meets a pinned page",
        "pin k0 s0 v1; write s0 v2 #1; setup t0 s0 v0 to d0; setup t1 s0 v1+2 to d0",
        "setup t0 s0 v0 to d0; finalize t0; pin k0 s0 v1; setup t1 s0 v1 to d0",
    ),
    (
        "second setup in a space that meets a pinned page",
        "setup t0 s0 v0 to d0; pin k0 s0 v1; setup t1 s0 v1 to d0",
        "pin k0 s0 v1; write s0 v2 #1; setup t0 s0 v0 to d0; setup t1 s0 v2 to d0",
    ),
];
