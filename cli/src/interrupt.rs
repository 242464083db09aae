//! Ctrl-C and SIGTERM: the first asks the work to end and keep what it has, the second ends it at once.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The exit code of an interrupted program: 128 and the number of SIGINT.
const CODE: i32 = 130;

/// Begins to listen.
pub(crate) fn listen() -> Result<()> {
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            #[cfg(unix)]
            stalemap_engines::end_all();
            std::process::exit(CODE);
        }
    })
    .context("cannot listen for Ctrl-C")
}

/// Whether somebody has interrupted.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
