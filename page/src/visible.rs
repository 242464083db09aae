//! What makes a silent difference visible: operations behind the trace to which a subject gives another answer.

use stalemap_harness::{Compare, enumerate_some};
use stalemap_operations::{Machine, Operation, Program, Slot, Stamp};

use crate::look::Shown;

/// Traces that are tried at the most, and at least.
const MOST_RUNS: usize = 20_000;
const LEAST_RUNS: usize = 100;
/// Frames and places of all machines of these traces together: a large machine takes long to begin with.
const MOST_PARTS: usize = 50_000_000;
/// A stamp that is seldom in a trace.
const STAMP: Stamp = Stamp(0x5a);

/// One operation that gets another answer behind these, or else two of which the second does; none where none is found.
pub(crate) fn make_visible(
    shown: &Shown,
    program: &Program,
    filled: &[Slot],
    keep_going: &mut dyn FnMut() -> bool,
) -> Option<Vec<Operation>> {
    let mut driver = shown.driver();
    driver.use_only_oracle(Some("outcome"));
    let most = most_runs(&program.machine);
    let operations = enumerate_some(&program.machine, filled.iter().copied(), STAMP, most);
    let one = operations.iter().map(|&last| vec![last]);
    let two = operations.iter().flat_map(|&first| operations.iter().map(move |&last| vec![first, last]));
    for added in one.chain(two).take(most) {
        if !keep_going() {
            return None;
        }
        let mut longer = program.clone();
        longer.operations.extend(&added);
        let run = driver.run(&longer, Compare::Outcomes).ok()?;
        if run.divergence.is_some_and(|it| it.step + 1 == longer.operations.len()) {
            return Some(added);
        }
    }
    None
}

/// How many traces are tried on a machine.
fn most_runs(machine: &Machine) -> usize {
    let [ram, first, second, spaces, pages] = machine.sizes().map(|size| size as usize);
    let parts = ram + first + second + spaces * pages;
    (MOST_PARTS / parts.max(1)).clamp(LEAST_RUNS, MOST_RUNS)
}
