//! What a target does on a find: it prints what `stalemap` prints and how to go on, and aborts.

use stalemap_harness::{Divergence, Driver, minimise};
use stalemap_operations::{Machine, Operation};
use stalemap_report::{Find, Origin};

use crate::lockstep::Build;
use crate::{panics, stacks};

/// Minimises and prints the divergence, and aborts through the function that is named after it.
#[cold]
pub(crate) fn abort(
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
        Err(sentence) => eprintln!("\n{sentence}\n"),
    }
    go_on(bytes);
    stacks::abort_as(signature.oracle(), signature.operation())
}

/// Prints the commands that replay and minimise the input.
#[cfg(feature = "libfuzzer")]
fn go_on(bytes: &[u8]) {
    let file = crate::artifact::path(bytes);
    eprintln!("  Reproduce with:\n\n      stalemap run {file}\n\n  Minimize with:\n\n      stalemap minimize {file}\n");
}

/// AFL++ alone knows what it will call the file, and shows nothing of this.
#[cfg(not(feature = "libfuzzer"))]
fn go_on(_bytes: &[u8]) {
    eprintln!("  Reproduce with:\n\n      stalemap run FILE\n\n  Minimize with:\n\n      stalemap minimize FILE\n");
}
