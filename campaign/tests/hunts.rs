//! Hunts from library calls: bugs are found at each seed, by other sources too, and nothing where there is no bug.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use stalemap_campaign::{Campaign, Hunt};
use stalemap_harness::{Compare, Driver, Settings, quiet_panics};
use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::{Machine, Program};

fn build(bug: Option<Bug>) -> impl Fn(&Machine) -> Result<Implementation, String> + Clone + Send + Sync {
    move |machine| Ok(Implementation::with_bug(machine, &Switch::new(bug)))
}

#[test]
fn a_hunt_finds_the_first_execution_that_diverges_and_counts_what_came_before_it() {
    quiet_panics();
    for bug in [Bug::ZapKeepsRmap, Bug::DirtyMeansWrite, Bug::RefillNotCounted] {
        let hunt = Hunt::new(build(Some(bug))).executions(20_000);
        let campaign = Campaign::new(build(Some(bug)));
        let mut driver = Driver::new(build(Some(bug)));
        for seed in 0..3 {
            let hunted = hunt.seed(seed).expect("it takes every machine");
            let found = hunted.found.unwrap_or_else(|| panic!("{} at seed {seed}", bug.name()));
            assert_eq!((hunted.executions, hunted.stopped), (found.index + 1, false));
            let mut operations = 0;
            for index in 0..=found.index {
                let program = campaign.clone().seed(seed).execution(index);
                let run = driver.run(&program, Compare::Touched).expect("it takes every machine");
                operations += run.steps as u64;
                assert_eq!(run.divergence.is_some(), index == found.index);
                assert_eq!(program == found.program, index == found.index);
            }
            assert_eq!(operations, hunted.operations);
        }
    }
}

#[test]
fn a_hunt_for_nothing_ends_at_its_limits() {
    let hunt = Hunt::new(build(None)).settings(Settings { operations: 8, ..Settings::default() });
    let hunted = hunt.clone().executions(300).seed(1).expect("it takes every machine");
    assert_eq!((hunted.executions, hunted.found.is_none(), hunted.stopped), (300, true, false));
    assert!(hunted.operations <= 300 * 8);
    // A clock of its own: a second passes with each look.
    let looks = Arc::new(AtomicU64::new(0));
    let clock = move || Duration::from_secs(looks.fetch_add(1, Ordering::Relaxed));
    let hunted = hunt.clone().time(Duration::from_secs(4)).clock(clock).seed(1).expect("it takes every machine");
    assert_eq!((hunted.executions, hunted.time), (48, Duration::from_secs(5)));
    let asked = AtomicU64::new(0);
    let hunted = hunt.stop_when(move || asked.fetch_add(1, Ordering::Relaxed) > 1).seed(1);
    let hunted = hunted.expect("it takes every machine");
    assert_eq!((hunted.executions, hunted.stopped), (32, true));
}

#[test]
fn a_source_is_hunted_in_again_behind_what_was_found() {
    quiet_panics();
    let campaign = Campaign::new(build(Some(Bug::RefillNotCounted))).seed(9);
    let mut next = 0;
    let mut source = |program: &mut Program| {
        *program = campaign.execution(next);
        next += 1;
    };
    let hunt = Hunt::new(build(Some(Bug::RefillNotCounted))).executions(20_000);
    let [first, second] = [(); 2].map(|()| hunt.source(&mut source).expect("it takes every machine"));
    assert!(first.found.is_some() && second.found.is_some());
    assert_eq!(first.executions + second.executions, next);
}

#[test]
fn one_oracle_alone_sees_what_is_its_own() {
    quiet_panics();
    // A dirty bit that grants writing shows as a mapping that is writable, and as nothing that placement reads.
    let hunt = Hunt::new(build(Some(Bug::DirtyMeansWrite))).executions(2_000);
    let hunted = hunt.clone().only_oracle("mapping").seed(0).expect("it takes every machine");
    assert_eq!(hunted.found.expect("it shows").divergence.mismatch.oracle, "mapping");
    let hunted = hunt.only_oracle("placement").seed(0).expect("it takes every machine");
    assert!(hunted.found.is_none() && hunted.executions == 2_000);
}
