//! Executions that do not end: the watchdog writes them down as findings and ends the program.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use stalemap_harness::{Driver, Hang, Watch, Watchdog};
use stalemap_report::Finding;

use crate::ending::Ending;
use crate::output;

/// Watches what this driver runs until the watchdog is dropped, unless the subject notices itself what does not end. `write` writes
/// the finding down; then the program ends.
pub fn watch(
    subject: &str,
    deadline: Duration,
    driver: &mut Driver,
    write: impl Fn(&Finding, &Hang) -> Result<()> + Send + 'static,
) -> Option<Watchdog> {
    if driver.watches_itself() {
        return None;
    }
    let watch = Watch::default();
    driver.watched_by(watch.clone());
    let subject = subject.to_string();
    Some(Watchdog::start(vec![watch], deadline, move |hang| end(&subject, &hang, &write)))
}

/// Writes down what hangs and ends the program as with any finding, since a thread that hangs cannot be ended. Of several
/// executions that hang the first is written down.
pub fn end(subject: &str, hang: &Hang, write: &dyn Fn(&Finding, &Hang) -> Result<()>) {
    static IS_ENDING: AtomicBool = AtomicBool::new(false);
    if IS_ENDING.swap(true, Ordering::SeqCst) {
        return;
    }
    let finding = Finding::of_hang(subject, hang);
    let ending = match write(&finding, hang).and_then(|()| output::flush()) {
        Ok(()) => Ending::Diverge,
        Err(error) => {
            output::complain(&error);
            Ending::Trouble
        }
    };
    std::process::exit(ending.number().into());
}

/// Prints what hangs on stderr, beside the output of a command that keeps no findings.
///
/// # Errors
/// None: it is a `write` for [`watch`].
pub fn tell(finding: &Finding, _: &Hang) -> Result<()> {
    output::tell(finding.text());
    Ok(())
}
