//! Sequences that meet the marks at large folios. They begin with a group that is mapped and advised, beside devices of two groups.

use super::Sequence;

pub(super) const SEQUENCES: &[Sequence] = &[
    (
        "RAM full at fault back of a whole folio",
        "large; migrate s0 v0+2 to d0; alloc b0 2; alloc b1 1; alloc b2 0; read s0 v0",
        "large; migrate s0 v0+2 to d0; alloc b0 2; alloc b1 1; read s0 v0",
    ),
    (
        "collapse",
        "large; advise s0 v4 huge; map s0 v4+2 rw; write s0 v4 #1; collapse s0 v5",
        "large; write s0 v0 #1; collapse s0 v0",
    ),
    (
        "collapse of a group that is huge already",
        "large; write s0 v0 #1; collapse s0 v0",
        "large; write s0 v0 #1; split_folio s0 v0; collapse s0 v0",
    ),
    (
        "collapse of a group without a writable page in RAM",
        "machine ram=8 device=4 spaces=2 pages=2 huge=1 rules=linux-6.12; map s0 v0+2 rw; write s0 v0 #1; protect s0 v0+2 r; \
         collapse s0 v0",
        "machine ram=8 device=4 spaces=2 pages=2 huge=1 rules=linux-6.12; map s0 v0+2 rw; write s0 v0 #1; collapse s0 v0",
    ),
    (
        "collapse of a page to which something but entries refers",
        "large; write s0 v0 #1; split_folio s0 v0; hold h0 s0 v0; collapse s0 v0",
        "large; write s0 v0 #1; split_folio s0 v0; hold h0 s0 v0; release h0; collapse s0 v0",
    ),
    (
        "collapse without a run",
        "large; write s0 v0 #1; split_folio s0 v0; alloc b0 2; alloc b1 1; collapse s0 v0",
        "large; write s0 v0 #1; split_folio s0 v0; alloc b0 2; collapse s0 v0",
    ),
    (
        "copy of a page of a large folio in dialect 6.12",
        "machine ram=8 device=4 spaces=2 pages=2 huge=1 rules=linux-6.12; map s0 v0+2 rw; advise s0 v0+2 huge; write s0 v0 #1; \
         fork s0 s1; write s0 v0 #2",
        "machine ram=8 device=4 spaces=2 pages=2 huge=1 rules=linux-6.12; map s0 v0+2 rw; advise s0 v0+2 huge; write s0 v0 #1; \
         write s0 v0 #2",
    ),
    (
        "copy of the last mapped page of a large folio",
        "large; write s0 v0 #1; fork s0 s1; write s0 v0 #2; exit s1; write s0 v1 #3",
        "large; write s0 v0 #1; fork s0 s1; write s0 v0 #2; write s0 v1 #3",
    ),
    (
        "fault back of a whole folio",
        "large; migrate s0 v0+2 to d0; read s0 v1",
        "large; migrate s0 v0 to d0; read s0 v0",
    ),
    (
        "fault back of a whole folio into single frames",
        "machine ram=4 device=2 spaces=1 pages=2 huge=1 rules=linux-7.3; map s0 v0+2 rw; migrate s0 v0+2 to d0; alloc b0 0; \
         alloc b1 0; alloc b2 0; alloc b3 0; free b0; free b2; read s0 v0",
        "machine ram=4 device=2 spaces=1 pages=2 huge=1 rules=linux-7.3; map s0 v0+2 rw; migrate s0 v0+2 to d0; alloc b0 0; \
         alloc b1 0; read s0 v0",
    ),
    (
        "fault back through a small entry of a large folio",
        "large; migrate s0 v0+2 to d0; unmap s0 v1; read s0 v0",
        "large; migrate s0 v0+2 to d0; read s0 v0",
    ),
    (
        "folio that a device keeps for want of a run",
        "machine ram=4 device=2 spaces=1 pages=2 huge=1 rules=linux-7.3; map s0 v0+2 rw; migrate s0 v0+2 to d0; alloc b0 0; \
         alloc b1 0; alloc b2 0; alloc b3 0; free b0; free b2; collect t0 d0; copy t0 0",
        "machine ram=4 device=2 spaces=1 pages=2 huge=1 rules=linux-7.3; map s0 v0+2 rw; migrate s0 v0+2 to d0; alloc b0 0; \
         alloc b1 0; collect t0 d0; copy t0 0",
    ),
    (
        "folio that is collected as a whole",
        "large; write s0 v0 #1; setup t0 s0 v0+2 to d0",
        "large; write s0 v0 #1; setup t0 s0 v1 to d0",
    ),
    (
        "folio that is not split, since something but entries refers to it",
        "large; write s0 v0 #1; pin k0 s0 v1; split_folio s0 v0",
        "large; write s0 v0 #1; pin k0 s0 v1; unpin k0; split_folio s0 v0",
    ),
    ("folio that is split", "large; write s0 v0 #1; split_folio s0 v0", "large; write s0 v0 #1; unmap s0 v1"),
    (
        "folio that is split while it is unmapped",
        "large; write s0 v0 #1; map s0 v4+3 rw; migrate s0 v4+3 to d0; migrate s0 v0+2 to d0",
        "large; write s0 v0 #1; map s0 v4+2 rw; migrate s0 v4+2 to d0; migrate s0 v0+2 to d0",
    ),
    ("fork of a huge entry", "large; write s0 v0 #1; fork s0 s1", "large; write s0 v0 #1; unmap s0 v1; fork s0 s1"),
    (
        "group of holes for which no run is found",
        "large; alloc b0 2; alloc b1 1; alloc b2 0; write s0 v0 #1",
        "large; alloc b0 2; alloc b1 1; write s0 v0 #1",
    ),
    ("group of holes that a large folio fills", "large; write s0 v1 #1", "large; read s0 v1"),
    (
        "group of holes that becomes a large folio on the device",
        "large; migrate s0 v0+2 to d0",
        "large; write s0 v0 #1; migrate s0 v0+2 to d0",
    ),
    ("group of holes that is collected as one", "large; setup t0 s0 v0+2 to d0", "large; setup t0 s0 v1 to d0"),
    ("huge entry that is removed as one", "large; write s0 v0 #1; unmap s0 v0+2", "large; write s0 v0 #1; unmap s0 v0"),
    ("huge entry that is split", "large; write s0 v0 #1; protect s0 v0 r", "large; write s0 v0 #1; protect s0 v0+2 r"),
    (
        "huge entry that is split to be moved",
        "large; write s0 v0 #1; move s0 v0+2 v3",
        "large; write s0 v0 #1; move s0 v0+2 v4",
    ),
    (
        "huge entry that moves as one",
        "large; write s0 v0 #1; move s0 v0+2 v4",
        "large; write s0 v0 #1; move s0 v0+2 v3",
    ),
    (
        "migration of a part of a huge entry",
        "large; write s0 v0 #1; setup t0 s0 v1 to d0",
        "large; write s0 v0 #1; setup t0 s0 v0+2 to d0",
    ),
    (
        "migration that passes over a page of a large folio",
        "machine ram=8 device=4 spaces=3 pages=8 huge=1; map s0 v0+2 rw; advise s0 v0+2 huge; write s0 v0 #1; protect s0 v1 r; \
         migrate s0 v0 to d0",
        "machine ram=8 device=4 spaces=3 pages=8 huge=1; map s0 v0+2 rw; advise s0 v0+2 huge; write s0 v0 #1; \
         migrate s0 v0 to d0",
    ),
    (
        "migration that puts back a pinned or held folio",
        "large; write s0 v0 #1; hold h0 s0 v1; setup t0 s0 v0+2 to d0",
        "large; write s0 v0 #1; hold h0 s0 v1; release h0; setup t0 s0 v0+2 to d0",
    ),
    (
        "operation on a part of a huge entry",
        "large; write s0 v0 #1; unmap s0 v1",
        "large; write s0 v0 #1; unmap s0 v0+2",
    ),
    (
        "page of zeros that a split of its folio drops",
        "large; write s0 v0 #1; split_folio s0 v0",
        "large; write s0 v0 #1; write s0 v1 #2; split_folio s0 v0",
    ),
    (
        "write that makes a huge entry writable",
        "large; write s0 v0 #1; fork s0 s1; exit s1; write s0 v1 #2",
        "large; write s0 v0 #1; fork s0 s1; write s0 v1 #2",
    ),
    (
        "write to a shared huge entry",
        "large; write s0 v0 #1; fork s0 s1; write s0 v1 #2",
        "large; write s0 v0 #1; fork s0 s1; exit s1; write s0 v1 #2",
    ),
];
