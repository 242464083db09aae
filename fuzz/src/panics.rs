//! Panics: those of a subject are caught by the driver and reported as divergences, all others end the process.

use std::cell::Cell;
use std::panic;

thread_local! {
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Replaces the engine's hook, which aborts before the driver can catch. Called once before the first input.
pub fn quiet_panics() {
    // What is installed now aborts; taking it away first gives the hook back that prints.
    drop(panic::take_hook());
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !CAUGHT.get() {
            print(info);
        }
    }));
}

/// Runs what catches its own panics; they are not printed.
pub(crate) fn caught<R>(run: impl FnOnce() -> R) -> R {
    CAUGHT.set(true);
    let result = run();
    CAUGHT.set(false);
    result
}
