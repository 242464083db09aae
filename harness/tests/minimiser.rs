//! The minimiser on findings of seeded bugs: few executions, and nothing single that could go or get smaller.

mod seeded;

use std::panic;

use seeded::Shown;
use stalemap_harness::{Compare, Driver, Generator, Settings, Signature, minimise, what_is_left};
use stalemap_implementation::{Bug, Switch};
use stalemap_operations::{Program, Trace};

/// The most executions that minimising may take.
const EXECUTIONS: u64 = 500;

/// The first finding of a bug whose executions have this many operations, that is no panic; none among many executions.
fn first_finding(driver: &mut Driver, operations: usize) -> Option<(Program, Signature)> {
    let mut generator = Generator::new(Settings { operations, ..Settings::default() });
    let mut program = Program::default();
    for index in 0..(1 << 24) / operations as u64 {
        generator.execution(11, index, &mut program);
        let run = driver.run(&program, Compare::Touched).expect("it takes every machine");
        if let Some(divergence) = run.divergence.filter(|it| it.mismatch.oracle != "panic") {
            return Some((program, divergence.signature()));
        }
    }
    None
}

#[test]
fn every_bug_is_minimised_in_few_executions_to_what_nothing_single_shortens() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let mut wrong = Vec::new();
    for &bug in Bug::ALL {
        for operations in [64, 256, 1024] {
            let mut driver = Driver::new(Shown(Switch::new(Some(bug))));
            let Some((program, signature)) = first_finding(&mut driver, operations) else {
                wrong.push(format!("{}: not found by executions of {operations} operations", bug.name()));
                continue;
            };
            let found = minimise(&mut driver, &program, &signature, &mut |_| true).expect("it diverges again");
            assert!(found.complete);
            let shown = Trace::from(found.program.clone());
            if found.executions > EXECUTIONS {
                wrong.push(format!("{}: {} executions\n{shown}", bug.name(), found.executions));
            }
            // The proof takes longer than the work.
            if operations == 64 {
                let smaller = what_is_left(&mut driver, &found.program, &signature);
                wrong.extend(smaller.map(|what| format!("{}: {what}\n{shown}", bug.name())));
            }
        }
    }
    panic::set_hook(print);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
