//! Ctrl-C and SIGTERM: the first asks the work to end and keep what it has, the second ends it at once.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

use crate::ending::Ending;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Begins to listen. `at_once` is called before a second Ctrl-C ends the program: it ends what the program has started.
///
/// # Errors
/// When the system refuses a handler, or one is there already.
pub fn listen(at_once: impl Fn() + Send + 'static) -> Result<()> {
    ctrlc::set_handler(move || {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            at_once();
            std::process::exit(Ending::Interrupted.number().into());
        }
    })
    .context("cannot listen for Ctrl-C")
}

/// Whether the user has interrupted.
#[must_use]
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
