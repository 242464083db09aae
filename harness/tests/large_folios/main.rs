//! Large folios: implementation and reference do the same on machines with huge pages, and show the same after each step.

mod bugs;
mod programs;

use programs::program;
use stalemap_harness::{Compare, Driver, minimise_comparing};
use stalemap_implementation::Implementation;
use stalemap_operations::{Dialect, Machine, Trace};
use stalemap_reference::{LIMIT, MARKS, needs_huge_pages};

/// How many programs each dialect is asked.
const PROGRAMS: u64 = 8_000;

/// Runs the programs, with everything compared and recounted after each step, and panics at the first difference; how often each
/// rule was met.
fn expect_agreement(rules: Dialect, programs: std::ops::Range<u64>) -> Vec<u64> {
    let mut driver = Driver::new(|machine: &Machine| Ok(Implementation::new(machine)));
    for index in programs {
        let program = program(rules, index);
        let run = driver.run(&program, Compare::Everything).expect("it takes every machine");
        if let Some(divergence) = run.divergence {
            let signature = divergence.signature();
            let small = minimise_comparing(&mut driver, &program, &signature, Compare::Everything, &mut |_| true);
            let small = small.expect("it diverges again");
            panic!("program {index}, {signature}: {:#?}\n{}", small.divergence.mismatch, Trace::from(small.program));
        }
    }
    driver.marks().to_vec()
}

/// They are rules of the other dialects.
const NEVER_MET: [&str; 3] = [
    "collapse of a group without a writable page in RAM",
    "copy of a page of a large folio in dialect 6.12",
    "migration that passes over a page of a large folio",
];

#[test]
fn both_sides_agree_by_the_rules_of_linux_7_3_and_meet_all_of_large_folios() {
    let met = expect_agreement(Dialect::Linux7_3, 0..PROGRAMS);
    let rules = MARKS.iter().zip(met).filter(|(mark, _)| !mark.starts_with(LIMIT));
    let rules = rules.filter(|(mark, _)| needs_huge_pages(mark));
    let never: Vec<&str> = rules.filter(|&(_, met)| met == 0).map(|(&mark, _)| mark).collect();
    assert_eq!(never, NEVER_MET);
}

#[test]
fn both_sides_agree_by_the_rules_of_linux_6_12() {
    expect_agreement(Dialect::Linux6_12, 0..PROGRAMS / 2);
}

#[test]
fn both_sides_agree_by_the_rules_of_linux_6_1() {
    expect_agreement(Dialect::Linux6_1, 0..PROGRAMS / 2);
}

/// Takes minutes: `cargo test -p stalemap-harness --test large_folios -- --ignored`.
#[test]
#[ignore = "takes minutes"]
fn both_sides_agree_on_many_programs() {
    for rules in Dialect::ALL {
        expect_agreement(rules, 1_000_000..1_000_000 + 40 * PROGRAMS);
    }
}
