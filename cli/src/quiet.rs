//! Panics of a subject are finds and are reported as such; their usual message on stderr is kept back.

use std::cell::Cell;
use std::panic;

thread_local! {
    static DRIVING: Cell<bool> = const { Cell::new(false) };
}

/// Puts a hook before the one that prints panics.
pub(crate) fn install() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !DRIVING.get() {
            print(panic);
        }
    }));
}

/// Does some driving; the driver catches what panics in it.
pub(crate) fn driving<T>(work: impl FnOnce() -> T) -> T {
    let before = DRIVING.replace(true);
    let result = work();
    DRIVING.set(before);
    result
}
