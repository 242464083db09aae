//! The oracles on seeded bugs: each, asked alone, catches at least one.

use std::panic;

use stalemap_harness::{Compare, Driver, Generator, ORACLE_NAMES, Settings};
use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::{Machine, Program};

/// Executions in which an oracle may catch a bug.
const EXECUTIONS: u64 = 300;

/// Whether the oracle alone catches the bug.
fn catches(oracle: &str, bug: Bug) -> bool {
    let switch = Switch::new(Some(bug));
    let mut driver = Driver::new(move |machine: &Machine| Ok(Implementation::with_bug(machine, &switch)));
    driver.use_only_oracle(Some(oracle));
    let mut generator = Generator::new(Settings::default());
    let mut program = Program::default();
    (0..EXECUTIONS).any(|index| {
        generator.execution(2, index, &mut program);
        let run = driver.run(&program, Compare::Touched).expect("it takes every machine");
        run.divergence.is_some_and(|divergence| divergence.mismatch.oracle == oracle)
    })
}

/// A seeded bug cannot show to these: `answer` compares the reference with what a trace says, and `digest` tells of a fault
/// of the harness.
const NOT_OF_A_SUBJECT: [&str; 2] = ["answer", "digest"];

#[test]
fn each_oracle_catches_a_bug_when_it_is_asked_alone() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let useless: Vec<&str> = ORACLE_NAMES
        .iter()
        .copied()
        .filter(|oracle| !NOT_OF_A_SUBJECT.contains(oracle))
        .filter(|oracle| !Bug::ALL.iter().any(|&bug| catches(oracle, bug)))
        .collect();
    panic::set_hook(print);
    assert!(useless.is_empty(), "these oracles catch nothing alone: {useless:?}");
}
