//! Every subset of observables: no false alarm, and each seeded bug is found that a check can still see.

use std::fs;
use std::path::Path;

mod blind;

use blind::Blind;
use stalemap_harness::{Compare, Driver, Generator, Settings, check_names};
use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::{Machine, Observables, Program, Trace};

/// All subsets, from nothing to everything.
fn subsets() -> Vec<Observables> {
    let mut subsets = vec![Observables::NONE];
    for (_, one) in Observables::ALL.each() {
        let with: Vec<_> = subsets.iter().map(|subset| subset.and(one)).collect();
        subsets.extend(with);
    }
    subsets
}

#[test]
fn what_is_not_shown_gives_no_false_alarm() {
    let mut generator = Generator::new(Settings { operations: 24, ..Settings::default() });
    let mut program = Program::default();
    for (index, shown) in (0..).zip(subsets()) {
        let mut driver = Driver::new(move |machine: &Machine| Ok(Blind { whole: Implementation::new(machine), shown }));
        for compare in [Compare::Touched, Compare::Everything] {
            generator.execution(3, index, &mut program);
            let run = driver.run(&program, compare).expect("it takes every machine");
            let skipped = driver.skipped();
            assert_eq!(run.divergence, None, "{compare:?}, not checked: {skipped:?}\n{}", Trace::from(program.clone()));
        }
    }
}

/// The seeded bugs, each with the operations that its trace in the corpus has.
fn bugs() -> impl Iterator<Item = (Bug, Program)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/bugs");
    Bug::ALL.iter().map(move |&bug| {
        let text = fs::read_to_string(folder.join(format!("{}.trace", bug.name()))).expect("a trace of each bug");
        (bug, Trace::parse(&text).expect("it is a trace").program())
    })
}

#[test]
fn a_bug_is_found_where_a_check_that_finds_it_is_made() {
    let subsets = subsets();
    let mut hidden = 0;
    for (bug, program) in bugs() {
        let switch = Switch::new(Some(bug));
        let build = |shown| {
            let switch = switch.clone();
            move |machine: &Machine| Ok(Blind { whole: Implementation::with_bug(machine, &switch), shown })
        };
        let mut driver = Driver::new(build(Observables::ALL));
        let mut diverges = |check: &str| {
            driver.use_only_oracle(Some(check));
            driver.run(&program, Compare::Everything).expect("it takes every machine").divergence.is_some()
        };
        let finding: Vec<String> = check_names().filter(|check| diverges(check)).collect();
        assert!(!finding.is_empty() || matches!(bug.name(), "percpu_list_miscount"), "{}", bug.name());
        for &shown in &subsets {
            let mut driver = Driver::new(build(shown));
            let is_found = driver.run(&program, Compare::Everything).expect("it takes every machine").divergence;
            let can_find = |check: &&String| driver.skipped().iter().all(|skipped| skipped.check != **check);
            let expected = finding.iter().find(can_find);
            assert_eq!(is_found.is_some(), expected.is_some(), "{}: {:?}", bug.name(), driver.skipped());
            hidden += usize::from(expected.is_none());
        }
    }
    let all = subsets.len() * Bug::ALL.len();
    assert!(hidden > 0 && hidden < all / 2, "of {all} pairs of bug and subset {hidden} are hidden");
}
