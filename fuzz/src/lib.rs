//! What the targets have in common: input to lockstep, lockstep to a report, a report to an abort that triage can tell apart.

mod artifact;
mod input;
mod panics;
mod stacks;

use std::cell::RefCell;

use stalemap_harness::{Compare, Divergence, Driver, minimise};
use stalemap_implementation::Implementation;
use stalemap_operations::{Machine, Operation, Trace};
use stalemap_report::{Find, Origin};

pub use input::Input;
pub use panics::quiet_panics;

type Build = fn(&Machine) -> Result<Implementation, String>;

thread_local! {
    /// Machines are built once and reset for each input.
    static DRIVER: RefCell<Driver<Build>> = RefCell::new(Driver::new(build));
}

fn build(machine: &Machine) -> Result<Implementation, String> {
    Ok(Implementation::new(machine))
}

/// Runs what the bytes mean. A divergence is minimised and printed, and the process aborts.
pub fn lockstep(bytes: &[u8]) {
    let trace = Trace::from_bytes(bytes);
    let operations: Vec<Operation> = trace.operations().collect();
    DRIVER.with_borrow_mut(|driver| {
        let run = panics::caught(|| driver.run(&trace.machine, &operations, Compare::Touched));
        let run = run.expect("the implementation takes every machine that has bytes");
        if let Some(divergence) = run.divergence {
            report(driver, bytes, &trace.machine, &operations, &divergence);
        }
    });
}

/// Prints the find as `stalemap` does, and how to go on with it, and aborts.
#[cold]
fn report(
    driver: &mut Driver<Build>,
    bytes: &[u8],
    machine: &Machine,
    operations: &[Operation],
    divergence: &Divergence,
) -> ! {
    let signature = divergence.signature();
    // First of all, and whatever happens afterwards: triage looks for this line.
    eprintln!("ASSERTION FAILED: {} {}", signature.oracle(), signature.operation());
    let find = panics::caught(|| {
        let smallest = minimise(driver, machine, operations, &signature, &mut |_| true);
        let (machine, operations, divergence) = match &smallest {
            Some(it) => (&it.machine, it.operations.as_slice(), &it.divergence),
            None => (machine, operations, divergence),
        };
        let origin = Origin { seed_and_execution: None, minimised_in: smallest.as_ref().map(|it| it.executions) };
        Find::describe(driver, "implementation", machine, operations, divergence, origin)
    });
    match find {
        Ok(find) => anstream::eprintln!("\n{}", find.text()),
        Err(sentence) => eprintln!("\n{sentence}"),
    }
    let file = artifact::path(bytes);
    eprintln!("  Reproduce with:\n\n      stalemap run {file}\n\n  Minimize with:\n\n      stalemap minimize {file}\n");
    stacks::abort_as(signature.oracle(), signature.operation())
}
