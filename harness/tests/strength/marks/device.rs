//! Sequences that meet the marks at accesses by a device.

use super::Sequence;

pub(super) const SEQUENCES: &[Sequence] = &[
    (
        "device access to a migration entry",
        "write s0 v0 #1; setup t0 s0 v0 to d0; device_read d0 s0 v0",
        "write s0 v0 #1; setup t0 s0 v0 to d0; finalize t0; device_read d0 s0 v0",
    ),
    (
        "device access to a migration entry",
        "write s0 v0 #1; setup t0 s0 v0 to d0; device_write d0 s0 v0 #2",
        "write s0 v0 #1; setup t0 s0 v0 to d0; read s0 v0",
    ),
    (
        "device access to another device's page",
        "migrate s0 v0 to d0; device_read d1 s0 v0",
        "migrate s0 v0 to d0; device_read d0 s0 v0; write s0 v1 #1; device_read d0 s0 v1",
    ),
    (
        "device access to its own page in place",
        "migrate s0 v0 to d0; device_read d0 s0 v0",
        "migrate s0 v0 to d0; device_read d1 s0 v0",
    ),
    (
        "device access to its own page while its transaction has it locked",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0; device_read d0 s0 v0",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0; finalize t0; device_read d0 s0 v0",
    ),
    (
        "device write to its own page without the writable bit",
        "migrate s0 v0 to d0; fork s0 s1; device_write d0 s0 v0 #1",
        "migrate s0 v0 to d0; device_write d0 s0 v0 #1",
    ),
    (
        "device access that finds no frame of RAM in dialect 7.3",
        "7.3; migrate s0 v0 to d0; alloc b0 1; device_read d1 s0 v0",
        "7.3; migrate s0 v0 to d0; alloc b0 0; device_read d1 s0 v0",
    ),
    (
        "device access that finds no frame of RAM in dialect 7.3",
        "7.3; alloc b0 1; device_write d0 s0 v0 #1",
        "migrate s0 v0 to d0; alloc b0 2; device_read d1 s0 v0; device_write d1 s0 v1 #1",
    ),
];
