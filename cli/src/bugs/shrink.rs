//! What proptest-state-machine makes of a finding: its shrinking, begun with the finding instead of with a sample.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use proptest::num::u32::BinarySearch;
use proptest::strategy::{BoxedStrategy, NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use proptest_state_machine::Sequential;
use stalemap_commands::interrupt::interrupted;
use stalemap_harness::{Compare, Driver};
use stalemap_operations::{Machine, Operation, Program};

use super::hunt::{Found, cpu_time};
use super::shortened::Shortened;

/// A number that shrinks from this one to 0.
#[derive(Clone, Copy, Debug)]
struct Begin(u32);

impl Strategy for Begin {
    type Tree = BinarySearch;
    type Value = u32;

    fn new_tree(&self, _: &mut TestRunner) -> NewTree<Self> {
        Ok(BinarySearch::new(self.0))
    }
}

/// Shrinks a finding for as long as it diverges; nothing where the user interrupts.
///
/// # Errors
/// When the finding does not diverge.
pub(super) fn shrink(driver: &mut Driver, finding: &Found, cap: Duration) -> Result<Option<Shortened>> {
    let start = cpu_time();
    let mut executions = 0;
    let mut run = |program: &Program| {
        executions += 1;
        let run = driver.run(program, Compare::Touched)?;
        anyhow::Ok(run.divergence)
    };
    let mut tree = strategy(finding).new_tree(&mut TestRunner::deterministic()).map_err(|it| anyhow!("{it}"))?;
    let ((machine, _), operations, seen) = tree.current();
    let program = Program { machine, operations };
    let mut divergence = run(&program)?.context("the finding does not diverge")?;
    // As its test runner tells it: what stands behind the diverging operation was not seen.
    if let Some(seen) = seen {
        seen.store(divergence.step + 1, Ordering::SeqCst);
    }
    let mut found = Found { program, divergence };
    let mut goes_on = tree.simplify();
    while goes_on && cpu_time().saturating_sub(start) < cap {
        if interrupted() {
            return Ok(None);
        }
        let ((machine, _), operations, _) = tree.current();
        let program = Program { machine, operations };
        match run(&program)? {
            Some(it) => {
                divergence = it;
                found = Found { program, divergence };
                goes_on = tree.simplify();
            }
            None => goes_on = tree.complicate(),
        }
    }
    found.program.operations.truncate(found.divergence.step + 1);
    Ok(Some(Shortened { found, executions, time: cpu_time().saturating_sub(start) }))
}

/// The machine, and how many operations were sampled on it.
type State = (Machine, usize);

/// Samples the finding: machine and operations shrink from what they are.
fn strategy(finding: &Found) -> Sequential<State, Operation, BoxedStrategy<State>, BoxedStrategy<Operation>> {
    let Program { machine, operations } = finding.program.clone();
    Sequential::new(
        operations.len().into(),
        move || {
            let sizes = machine.sizes().map(Begin);
            // Where there is no machine of such sizes it stays as it was.
            sizes.prop_map(move |sizes| (machine.resized(sizes).unwrap_or(machine), 0)).boxed()
        },
        |(machine, _): &State, operation: &Operation| operation.fits(machine),
        move |(machine, index)| shrinking(&operations[*index], *machine),
        |(machine, index), _| (machine, index + 1),
    )
}

/// An operation whose operands shrink.
fn shrinking(operation: &Operation, machine: Machine) -> BoxedStrategy<Operation> {
    let (kind, original) = (operation.kind(), *operation);
    let numbers: Vec<Begin> = operation.values().iter().map(|(field, value)| Begin(value - field.lowest())).collect();
    numbers.prop_map(move |numbers| Operation::folded(kind, numbers, &machine).unwrap_or(original)).boxed()
}
