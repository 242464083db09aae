//! The targets of the lockstep: which operations and machines each takes.

#[cfg(feature = "afl-mutator")]
use stalemap_engines::protocol::{FRAMES, KERNEL, LOCKSTEP, MIGRATION};

use crate::Lockstep;

/// All levels, machines of any size.
#[must_use]
pub fn lockstep() -> Lockstep {
    Lockstep::of_levels(0..=4)
}

/// Blocks of frames, taken, split and given back (level 0).
#[must_use]
pub fn frames() -> Lockstep {
    Lockstep::of_levels(0..=0)
}

/// Memory that is shared, pinned, held and in the middle of a migration (levels 1 to 3), on machines so small that
/// everything collides.
#[must_use]
pub fn migration() -> Lockstep {
    Lockstep::of_levels(1..=3).on_machines_up_to(16).favouring_phases()
}

/// The kernel that the environment names, with the operations that a kernel can do.
///
/// # Panics
/// When it names none that counts what it passes, or that one is not built.
#[cfg(feature = "linux")]
#[must_use]
pub fn kernel() -> Lockstep {
    Lockstep::of_kernel(&crate::kernel::from_environment())
}

/// The target of this name.
#[cfg(feature = "afl-mutator")]
pub(crate) fn by_name(name: &str) -> Option<Lockstep> {
    match name {
        LOCKSTEP => Some(lockstep()),
        FRAMES => Some(frames()),
        MIGRATION => Some(migration()),
        // No kernel is asked for what it can be: machines that each can.
        KERNEL => Some(Lockstep::of_levels(1..=3).on_machines_up_to(8)),
        _ => None,
    }
}
