//! Executions that do not end: the watchdog writes them down as findings and ends the program.

use anyhow::Result;
use stalemap_harness::{DEADLINE, Driver, Hang, Watch, Watchdog};
use stalemap_operations::Program;
use stalemap_report::Finding;

use crate::ending::Ending;
use crate::output;
use crate::subject::Builder;

/// Watches what this driver runs until the watchdog is dropped, unless the subject is told ahead: such an execution may wait
/// for others, and the subject notices itself what does not end. `write` writes the finding down; then the program ends.
pub(crate) fn watch<B: Builder>(
    subject: &'static str,
    driver: &mut Driver<B>,
    write: impl Fn(&Finding, Program) -> Result<()> + Send + 'static,
) -> Option<Watchdog> {
    if driver.build().looks_ahead() {
        return None;
    }
    let watch = Watch::default();
    driver.watched_by(watch.clone());
    Some(Watchdog::start(vec![watch], DEADLINE, move |hang| end(subject, hang, &write)))
}

/// Writes down what hangs and ends the program as with any finding, since a thread that hangs cannot be ended.
pub(crate) fn end(subject: &str, hang: Hang, write: &dyn Fn(&Finding, Program) -> Result<()>) {
    let ending = match write(&Finding::of_hang(subject, &hang), hang.program) {
        Ok(()) => Ending::Diverge,
        Err(error) => {
            output::complain(&error);
            Ending::Trouble
        }
    };
    std::process::exit(ending.number().into());
}
