//! Panics: those of a subject are caught by the driver and reported as divergences, all others end the process.

use std::panic;

/// Replaces the engine's hook, which aborts before the driver can catch. Called once before the first input.
pub fn quiet_panics() {
    // What is installed now aborts; taking it away gives the hook back that prints.
    drop(panic::take_hook());
    stalemap_harness::quiet_panics();
}
