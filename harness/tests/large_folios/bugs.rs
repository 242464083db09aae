//! Each seeded bug of large folios is found by the same programs, judged by the oracles that know nothing of it.

use stalemap_harness::{Compare, Driver, quiet_panics};
use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::{Dialect, Machine};

use crate::programs::program;

/// The first seeded bug of large folios; the others follow it.
const FIRST: Bug = Bug::SplitLosesExclusive;
/// So many programs are enough for each.
const PROGRAMS: u64 = 20_000;

/// How many programs it takes to find the bug, the subject's own recount not asked; without one none is to be found.
fn programs_to_find(bug: Option<Bug>) -> Option<u64> {
    let switch = Switch::new(bug);
    let mut driver = Driver::new(move |machine: &Machine| Ok(Implementation::with_bug(machine, &switch)));
    driver.without_recount();
    (0..PROGRAMS).find(|&index| {
        let run = driver.run(&program(Dialect::Linux7_3, index), Compare::Touched);
        run.expect("it takes every machine").divergence.is_some()
    })
}

#[test]
fn without_a_bug_the_same_programs_find_nothing() {
    assert_eq!(programs_to_find(None), None);
}

#[test]
fn each_seeded_bug_of_large_folios_is_found_by_programs_that_meet_them() {
    quiet_panics();
    let bugs = Bug::ALL.iter().copied().filter(|&bug| bug >= FIRST);
    let found: Vec<_> = bugs.map(|bug| (bug.name(), programs_to_find(Some(bug)))).collect();
    assert!(found.len() >= 15 && found.iter().all(|(_, programs)| programs.is_some()), "{found:#?}");
}
